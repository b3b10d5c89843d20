"""From how many files of a folder text is had, by suffix: python benchmarks/formats.py FOLDER [--why SUFFIX…]

Where `recollindex` is installed, recoll reads the same folder into an index of its own, and what it got stands beside.
A file counts when there is any text but its name. Reads in this process; the workers' limits are not at work.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from ask.indexer.pool import turned

TEXTLESS = ("encrypted", "empty", "scanned", "only names")
"""Reasons that lie in the file: there is no text to be had, or, in archives, none but the names of the members."""


def ours(path: Path) -> str:
    """`text`, or the reason why there is none."""
    try:
        documents = list(read(Source(content(path), path.name, str(path))))
    except Unreadable as problem:
        return problem.reason
    return "text" if any(document.kind != "archive" for document in documents) else "only names"


def content(path: Path) -> bytes:
    """The bytes of a file, or what a helper of the system makes of them."""
    with path.open("rb") as file:
        other = turned(os.fsencode(path), file.fileno())
        if other is None:
            return file.read()
    with os.fdopen(other, "rb") as made:
        return made.read()


def recolls(folder: Path) -> set[Path] | None:
    """The files of which recoll has text; None where it is not installed."""
    if shutil.which("recollindex") is None:
        return None
    with tempfile.TemporaryDirectory() as state:
        settings = f"topdirs = {folder}\nloglevel = 1\n"
        (Path(state) / "recoll.conf").write_text(settings, encoding="utf-8")
        plain = {**os.environ, "PATH": f"/usr/bin:/bin:{os.environ['PATH']}"}  # its filters start `python3`
        subprocess.run(["recollindex", "-c", state, "-z"], env=plain, capture_output=True, check=True)
        query = ["recollq", "-c", state, "-n", "0-1000000", "-F", "url dbytes", f"dir:{folder}"]
        answer = subprocess.run(query, env=plain, capture_output=True, check=True, text=True).stdout
    return set(_with_text(answer))


def _with_text(answer: str) -> Iterator[Path]:
    for line in answer.splitlines()[2:]:
        url, size, *_ = [*(base64.b64decode(part).decode("utf-8", "replace") for part in line.split(" ")[:2]), "", ""]
        if size.isdecimal() and int(size) > 0:
            yield Path(unquote(url.removeprefix("file://")))


def main() -> None:
    """Print a row for each suffix, the most frequent first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--why", nargs="*", default=[], help="name the files of these suffixes that give no text")
    asked = parser.parse_args()
    files = sorted(path for path in asked.folder.resolve().rglob("*") if path.is_file() and path.stat().st_size)
    start = time.process_time()
    outcomes = {path: ours(path) for path in files}
    seconds = time.process_time() - start
    recoll = recolls(asked.folder.resolve())
    by_suffix: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        by_suffix[path.suffix.lower()].append(path)
    print("suffix    files  text  without  share  recoll  why not")
    for suffix, paths in sorted(by_suffix.items(), key=lambda item: (-len(item[1]), item[0])):
        print(_row(suffix or "(none)", [outcomes[path] for path in paths], _count(recoll, paths)))
        for path in paths if suffix in asked.why else ():
            if outcomes[path] != "text":
                print(f"    {path.name}: {outcomes[path]}{' (recoll has text)' if recoll and path in recoll else ''}")
    print(_row("all", list(outcomes.values()), _count(recoll, files)))
    print(f"{seconds:.1f} s of processor time, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB")


def _count(recoll: set[Path] | None, paths: list[Path]) -> str:
    return "" if recoll is None else str(sum(path in recoll for path in paths))


def _row(name: str, outcomes: list[str], recoll: str) -> str:
    reasons = Counter(outcomes)
    text = reasons.pop("text", 0)
    textless = sum(reasons[reason] for reason in TEXTLESS)
    share = f"{100 * text / (len(outcomes) - textless):.0f} %" if len(outcomes) > textless else "–"
    why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f"{name:<9} {len(outcomes):>5} {text:>5} {textless:>8} {share:>6}  {recoll:>6}  {why}"


if __name__ == "__main__":
    main()
