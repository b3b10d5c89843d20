"""How long a person waits for a search that starts from nothing: process, libraries, model, index, answer.

    python benchmarks/cold.py [--chunks 10000] [--rounds 9] [--keep DIR]

Every figure is a process of its own, started in turn with the others (so that a busy machine hits all alike) after one
that is not counted: the files are in the system's cache, as they are after the first search of a day. Wall time is what
a person waits; processor time says what is left of it on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import home
import machine

QUESTION = "parse a date from a mail header"
COMMANDS: dict[str, list[str]] = {
    "python itself": [sys.executable, "-c", "pass"],
    "ask --version": [*machine.ASK, "--version"],
    "ask search --only words": [*machine.ASK, "search", QUESTION, "--only", "words", "--json"],
    "ask search": [*machine.ASK, "search", QUESTION, "--json"],
}
_LIBRARIES = re.compile(
    r"^(numpy|onnxruntime|tokenizers|faiss|typer|pydantic|rich|click|pysqlite3|sqlite3|Stemmer|zstandard|dateparser"
    r"|platformdirs|importlib\.metadata|site|ask\.\w+\.\w+)$"
)
_FORBIDDEN = ("torch", "sentence_transformers", "transformers", "onnx", "pydantic", "rich")


def measure(state: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Each command `rounds` times, in turn."""
    spent: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
    for turn in range(rounds + 1):
        for name, command in COMMANDS.items():
            done = machine.timed(command, {"ASK_HOME": str(state)})
            if done.returncode != 0:
                raise SystemExit(f"{name} ended with status {done.returncode}:\n{done.errors}")
            if turn:
                spent[name].append((done.seconds, done.processor, done.peak_mb))
    return {
        name: {
            "wall_s": round(statistics.median(wall for wall, _, _ in runs), 3),
            "fastest_s": round(min(wall for wall, _, _ in runs), 3),
            "processor_s": round(statistics.median(processor for _, processor, _ in runs), 3),
            "peak_mb": round(max(peak for _, _, peak in runs)),
        }
        for name, runs in spent.items()
    }


def imports(state: Path, command: list[str]) -> dict[str, float]:
    """Milliseconds that a search spends importing each library (with what that imports), the longest first."""
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]],
        env={**os.environ, "ASK_HOME": str(state)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found: dict[str, float] = {}
    for line in done.stderr.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and _LIBRARIES.match(name := parts[2].strip()):
            found[name] = int(parts[1]) / 1000
        if len(parts) == 3 and parts[2].strip() in _FORBIDDEN:
            found[f"{parts[2].strip()} (should not be there)"] = int(parts[1]) / 1000
    return dict(sorted(found.items(), key=lambda pair: -pair[1])[:25])


def stages(state: Path) -> dict[str, float]:
    """Milliseconds of each stage as the command reports them."""
    done = machine.timed(COMMANDS["ask search"], {"ASK_HOME": str(state)})
    timing: dict[str, float] = json.loads(done.output)["timing_ms"]
    return timing


def chunks(state: Path) -> int:
    """Chunks in an index."""
    done = machine.timed([*machine.ASK, "status", "--json"], {"ASK_HOME": str(state)})
    return int(json.loads(done.output)["chunks"]["total"])


def run(place: Path, wanted: int, rounds: int) -> dict[str, object]:
    """Everything about one size."""
    state = home.build(place, wanted)
    return {
        "machine": machine.facts(),
        "measured": machine.today(),
        "chunks": chunks(state),
        "processes": measure(state, rounds),
        "stages_ms": stages(state),
        "imports_ms": imports(state, COMMANDS["ask search"]),
        "imports_words_ms": imports(state, COMMANDS["ask search --only words"]),
    }


def table(result: dict[str, object]) -> str:
    """The processes in Markdown."""
    processes: dict[str, dict[str, float]] = result["processes"]  # type: ignore[assignment]
    lines = [
        f"| {result['chunks']:,} chunks | wall, s | fastest, s | processor, s | peak, MB |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {run['wall_s']:.2f} | {run['fastest_s']:.2f} | {run['processor_s']:.2f} | {run['peak_mb']:.0f} |"
        for name, run in processes.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=10_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=9, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the index there and use it again")
    parser.add_argument("--results", type=Path, default=machine.RESULTS, metavar="DIR")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ask-cold-") as scratch:
        result = run((given.keep or Path(scratch)).resolve() / f"{given.chunks}", given.chunks, given.rounds)
    given.results.mkdir(parents=True, exist_ok=True)
    (given.results / "cold.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (given.results / "cold.md").write_text(table(result), "utf-8")
    sys.stdout.write(json.dumps(result, indent=1) + "\n" + table(result))


if __name__ == "__main__":
    main()
