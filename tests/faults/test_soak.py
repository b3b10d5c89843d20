"""A watcher among constant changes neither grows nor gathers open files."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import watch

SECONDS = 30.0
"""Of churn, times `ASK_FAULTS`, at most half an hour."""


def memory(pid: int) -> int:
    """Bytes of memory that are the process's own and in use."""
    words = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGE_SIZE")


def started(pid: int) -> list[int]:
    """Processes that it has started and that live."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def works(pid: int) -> bool:
    """True while a process it has started reads files or embeds."""
    try:
        return any(b"ask.indexer" in Path(f"/proc/{child}/cmdline").read_bytes() for child in started(pid))
    except OSError:  # it has just ended
        return True


def resident(pid: int) -> int:
    """Bytes in memory of a process and all it has started, shared libraries counted each time."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(resident, started(pid)))


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_churn_under_watch(ask: Any, notes: Path, chance: random.Random, scale: int) -> None:
    assert ask.run("index", notes).code == 0
    with ask.start("watch", start_new_session=True) as child:
        try:
            wait(lambda: watch.report(ask.home).get("scanned") is not None)
            length = min(SECONDS * scale, 1800)
            churn(notes, chance, length / 3)
            settle(ask, notes, child.pid)
            before = memory(child.pid), descriptors(child.pid)
            churn(notes, chance, length * 2 / 3)
            settle(ask, notes, child.pid)
            after = memory(child.pid), descriptors(child.pid)
            idle = resident(child.pid)
        finally:
            child.send_signal(signal.SIGTERM)
            child.communicate()
    print(f"memory {before[0] >> 10:,} -> {after[0] >> 10:,} kB, at rest {idle >> 10:,} kB with all it needs")  # noqa: T201
    print(f"open files {before[1]} -> {after[1]}")  # noqa: T201
    assert after[1] <= before[1]
    assert after[0] < before[0] * 1.05, "grows"
    assert idle < 250 << 20


def churn(root: Path, chance: random.Random, seconds: float) -> None:
    """Write, rewrite, rename and delete a few times a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number = chance.randrange(40)
        file = root / f"folder{number % 5}" / f"churn{number}.txt"
        match chance.randrange(4):
            case 0 if file.exists():
                file.unlink()
            case 1 if file.exists():
                file.replace(file.with_name(f"renamed{number}.txt"))
            case _:
                file.write_text(f"note {chance.randrange(1000)} about plums\n")
        time.sleep(0.1)


def settle(ask: Any, root: Path, pid: int) -> None:
    """Until the index is equal to the disk and nobody reads or embeds any more."""

    def same() -> bool:
        if works(pid):
            return False
        with closing(ask.db()) as db:
            rows = db.execute("SELECT path, size FROM files WHERE status = 'indexed'").fetchall()
            if db.execute("SELECT 1 FROM chunks WHERE tier < 2").fetchone():
                return False
        found = {os.fsdecode(bytes(path)): size for path, size in rows}
        return found == {str(path): path.stat().st_size for path in root.rglob("*") if path.is_file()}

    wait(same)
    time.sleep(2)
    wait(same)


def wait(holds: Any) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)
