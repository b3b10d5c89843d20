"""What the extractors make of real files, and how fast: python benchmarks/read_formats.py FOLDER…

For each extractor: files, megabytes, documents, blocks, MB/s of processor time, and why files gave no text. Reads in
this process, so that time and memory are those of the extractors alone.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ask.indexer.errors import Unreadable
from ask.indexer.extract import Limits, Source, choose


@dataclass
class Tally:
    """What one extractor did."""

    files: int = 0
    size: int = 0
    documents: int = 0
    blocks: int = 0
    seconds: float = 0.0
    slowest: tuple[float, str] = (0.0, "")
    reasons: Counter[str] = field(default_factory=Counter)


def measure(path: Path, tallies: dict[str, Tally]) -> None:
    """Read one file and add it to the tally of the extractor that claimed it."""
    source = Source(path.read_bytes(), path.name, str(path))
    name = "none"
    start = time.process_time()
    try:
        claim = choose(source)
        name = claim.name
        documents = list(claim.read(source))
    except Unreadable as problem:
        tallies[name].reasons[problem.reason] += 1
        documents = []
    seconds = time.process_time() - start
    tally = tallies[name]
    tally.files += 1
    tally.size += len(source.data)
    tally.documents += len(documents)
    tally.blocks += sum(len(document.blocks) for document in documents)
    tally.seconds += seconds
    tally.slowest = max(tally.slowest, (seconds, str(path)))


def main() -> None:
    """Walk the folders named on the command line and print a table."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for root in sys.argv[1:]:
        for folder, _, names in os.walk(root):
            for path in (Path(folder, name) for name in names):
                if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size < Limits().bytes_in:
                    measure(path, tallies)
    print(f"{'extractor':<12}{'files':>7}{'MB':>9}{'MB/s':>8}{'docs':>7}{'blocks':>9}{'slowest':>9}  without text")
    for name, tally in sorted(tallies.items()):
        speed = tally.size / 1e6 / max(tally.seconds, 1e-9)
        print(
            f"{name:<12}{tally.files:>7}{tally.size / 1e6:>9.1f}{speed:>8.2f}{tally.documents:>7}{tally.blocks:>9}"
            f"{tally.slowest[0]:>8.2f}s  {dict(tally.reasons) or ''}"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
