"""A checkout of thousands of files, more events than the system keeps, more folders than it watches: all is found."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import watch

FILES = 300
"""In the burst, times `ASK_FAULTS`, at most 12,000."""
FOLDERS = 20
LIMIT = "echo 5 > /proc/sys/user/max_inotify_watches"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify and user namespaces")
def test_a_burst_beyond_every_limit(ask: Any, tmp_path: Path, scale: int) -> None:
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-r", "sh", "-c", LIMIT], capture_output=True, check=False).returncode:
        pytest.skip("needs user namespaces")
    root, count = tmp_path / "files", min(FILES * scale, 12_000)
    for folder in range(FOLDERS):
        (root / f"folder{folder}").mkdir(parents=True)
    (root / "first.txt").write_text("here before the burst\n")
    assert ask.run("index", root, "--wait", "words").code == 0
    command = [unshare, "-r", "sh", "-c", f'{LIMIT}; exec "$@"', "sh", *ask.command("watch")]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env={**os.environ, **ask.environ}, **streams) as watcher:
        try:
            wait(lambda: watch.report(ask.home).get("scanned") is not None)
            os.kill(watcher.pid, signal.SIGSTOP)
            burst(root, count)
            os.kill(watcher.pid, signal.SIGCONT)
            began = time.monotonic()
            wait(lambda: indexed(ask) == count + 1)
            took = time.monotonic() - began
            wait(lambda: watch.report(ask.home)["lost"] != 0)
            state = watch.report(ask.home)
        finally:
            watcher.kill()
        assert watcher.stderr
        assert watcher.stderr.read() == b"", "libraries do not speak to the user"
    assert (state["folders"], state["unwatched"], state["limit"]) == (5, FOLDERS + 1 - 5, 5)
    print(f"{count:,} files found within {took:.0f} s")  # noqa: T201


def burst(root: Path, count: int) -> None:
    """Write the files, and in a watched folder more events than the system keeps."""
    for number in range(count):
        (root / f"folder{number % FOLDERS}" / f"note{number}.txt").write_text(f"note {number} about pears\n")
    churn = root / "churn.txt"
    for number in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) // 3):
        churn.write_text(f"{number}\n")
        churn.unlink()


def indexed(ask: Any) -> int:
    with closing(ask.db()) as db:
        return int(db.execute("SELECT count(*) FROM files WHERE status = 'indexed'").fetchone()[0])


def wait(holds: Any) -> None:
    end = time.monotonic() + 600
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
