"""Indexing from nothing: ours, the plain script everybody writes, and recoll where it is installed, on the same files.

    python benchmarks/run.py [--files 2000 | --corpus DIR] [--models DIR]

Writes `run.json`, `run.md` and `run.png` to `benchmarks/results`. All runs are processes of their own, one after the
other on the same machine; ratios are worth more than seconds. The plain script's time is counted without the import of
torch, ours from the start of the process to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import machine
import many
from ask.indexer import database

RECOLL = "topdirs = {files}\nskippedNames =\nnoContentSuffixes =\nindexallfilenames = 1\nthrQSizes = -1 -1 -1\n"


def ours(files: Path, home: Path) -> dict[str, dict[str, float]]:
    """Words, then meaning, then the same again, then with a hundredth touched, then with one line changed."""
    index = [*machine.ASK, "index", str(files), "-q", "--wait"]
    environment = {"ASK_HOME": str(home)}
    steps = {"words": _run([*index, "words"], environment)}
    steps["approximate meaning, after words"] = _run([*index, "instant"], environment)
    steps["exact meaning, after that"] = _run([*index, "full"], environment)
    steps["nothing changed"] = _run([*index, "full"], environment)
    texts = sorted(path for path in files.rglob("*") if path.is_file())
    for path in texts[:: max(1, len(texts) // max(1, len(texts) // 100))]:
        path.write_text(path.read_text("utf-8") + "\none more line\n", "utf-8")
    steps["1 % of the files changed"] = _run([*index, "full"], environment)
    largest = files / "large.txt"
    largest.write_text("".join(f"line {n} of a long file about number {n * n}\n" for n in range(20_000)), "utf-8")
    _run([*index, "full"], environment)
    largest.write_text(largest.read_text("utf-8").replace("line 9999 of", "the very line 9999 of"), "utf-8")
    before = _rows(home)
    steps["a line of a 1 MB file changed"] = {**_run([*index, "full"], environment), "embedded": _rows(home) - before}
    return steps


def _run(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    done = machine.timed(command, environment)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{command} ended with status {done.returncode}:\n{done.errors}")
    return {"wall_s": round(done.seconds, 2), "processor_s": round(done.processor, 2), "peak_mb": round(done.peak_mb)}


def _rows(home: Path) -> int:
    """The greatest row id of a vector: it counts what was ever embedded."""
    with closing(database.connect(home)) as db:
        return int(db.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()[0])


def plain(files: Path) -> dict[str, float]:
    """The plain script."""
    done = machine.timed(
        [sys.executable, str(Path(__file__).with_name("plain.py")), str(files)], {"HF_HUB_OFFLINE": "1"}
    )
    if done.returncode:
        raise SystemExit(f"the plain script failed:\n{done.errors}")
    told = json.loads(done.output.strip().splitlines()[-1])
    return {
        "wall_s": told["seconds"],
        "processor_s": round(done.processor, 2),
        "chunks": told["chunks"],
        "peak_mb": round(done.peak_mb),
    }


def recoll(files: Path, place: Path) -> dict[str, float] | None:
    """`recollindex` on the same files; None where it is not installed."""
    if shutil.which("recollindex") is None:
        return None
    place.mkdir()
    (place / "recoll.conf").write_text(RECOLL.format(files=files))
    return _run(["recollindex", "-c", str(place), "-z"], {"LANG": "C.UTF-8"})


def sizes(home: Path) -> dict[str, int]:
    """Text, and what the index takes, derived files included and compiled models not."""
    done = machine.timed([*machine.ASK, "status", "--json"], {"ASK_HOME": str(home)})
    report = json.loads(done.output)
    return {"chunks": report["chunks"]["total"], **report["bytes"]}


def measure(files: Path, models: Path | None, place: Path) -> dict[str, object]:
    """Everything, in one go."""
    home = place / "state"
    home.mkdir(mode=0o700)
    if models is not None:
        (home / "models").symlink_to(models.resolve())
    found = {"machine": machine.facts(), "measured": machine.today(), "recoll": recoll(files, place / "recoll")}
    return {**found, "plain": plain(files), "ours": ours(files, home), "sizes": sizes(home)}


def table(result: dict[str, object]) -> str:
    """All runs in Markdown, each beside the plain script."""
    script: dict[str, float] = result["plain"]  # type: ignore[assignment]
    rows: dict[str, dict[str, float]] = {"the plain script": script}
    if result["recoll"]:
        rows["recollindex (words)"] = result["recoll"]  # type: ignore[assignment]
    rows |= {f"ask: {name}": step for name, step in result["ours"].items()}  # type: ignore[attr-defined]
    lines = ["| | wall, s | ratio to the plain script | peak, MB |", "|---|--:|--:|--:|"]
    for name, step in rows.items():
        ratio = step["wall_s"] / script["wall_s"]
        lines.append(f"| {name} | {step['wall_s']:.1f} | {ratio:.3f} | {step['peak_mb']:.0f} |")
    kept: dict[str, int] = result["sizes"]  # type: ignore[assignment]
    lines += ["", f"{kept['chunks']:,} chunks; index / extracted text: {kept['index'] / kept['text']:.2f}."]
    lines += [machine.line(result["machine"])]  # type: ignore[arg-type]
    return "\n".join(lines) + "\n"


def draw(result: dict[str, object], path: Path) -> None:
    """Bars of the times."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    steps = {"plain script": result["plain"], "recollindex": result["recoll"], **result["ours"]}  # type: ignore[dict-item]
    named = {name: step["wall_s"] for name, step in steps.items() if step}  # type: ignore[index]
    figure, axes = pyplot.subplots(figsize=(8, 3.5))
    axes.barh(list(named), list(named.values()))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000, metavar="N", help="files of a made-up home")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="text files to copy and index instead")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of compiled models to use")
    parser.add_argument("--results", type=Path, default=machine.RESULTS, metavar="DIR")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ask-run-") as scratch:
        place = Path(scratch).resolve()
        if given.corpus:
            shutil.copytree(given.corpus, place / "files")
        else:
            many.plant(place / "files", given.files)
        result = measure(place / "files", given.models, place)
    given.results.mkdir(parents=True, exist_ok=True)
    (given.results / "run.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (given.results / "run.md").write_text(table(result), "utf-8")
    draw(result, given.results / "run.png")
    sys.stdout.write(table(result))


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
