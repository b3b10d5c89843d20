"""Copy the sample collection to a folder, with the dates its files would have: `scripts/sample.py FOLDER`.

Git keeps no times, and without them nothing is "years ago". The dates are in data/sample-dates.tsv.
"""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"


def dates() -> dict[str, datetime]:
    """Paths below data/sample, with when they were last changed: noon, so that the day is the same nearly everywhere."""
    lines = (DATA / "sample-dates.tsv").read_text("utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {path: datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC) for path, day in pairs}


def copy(target: Path) -> None:
    """Make `target` the sample collection; what lies there already and has other names stays."""
    shutil.copytree(DATA / "sample", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path, date in dates().items():
        os.utime(target / path, (date.timestamp(), date.timestamp()))


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
