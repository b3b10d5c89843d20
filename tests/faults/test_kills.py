"""Killed at any moment: the index is in order, what was stored stays, and the next run ends where none was killed."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import database

pytestmark = pytest.mark.slow
Check = Callable[[Path], list[str]]
KILLS = 6
"""SIGKILLs at random moments, times `ASK_FAULTS`."""


def stored(home: Path) -> set[bytes]:
    """Files whose text is in the index."""
    with closing(database.connect(home)) as db:
        return {bytes(path) for (path,) in db.execute("SELECT path FROM files WHERE status = 'indexed'")}


def test_killed_at_random_moments(
    fresh: Any, few_notes: Path, killable: Any, contents: Any, problems: Check, chance: random.Random, scale: int
) -> None:
    whole = fresh("whole").home
    killable.run(whole, few_notes)
    began = time.monotonic()
    again = fresh("again").home
    assert killable.run(again, few_notes) == 0
    took = time.monotonic() - began
    wanted = contents(whole)
    assert contents(again) == wanted
    home, killed, homes = fresh("killed0").home, 0, 0
    known: set[bytes] = set()
    while killed < KILLS * scale:
        status = killable.run(home, few_notes, chance.uniform(0, took))
        if (home / database.FILE).exists():
            assert problems(home) in ([], ["database: nothing is indexed yet"])
        killed += status == -signal.SIGKILL
        took *= 0.9 if status == 0 else 1.03  # how busy the machine is changes: most runs shall be killed
        if (home / database.FILE).exists():
            assert known <= stored(home), "a file that was stored is gone"
            known = stored(home)
        if status == 0 or chance.random() < 0.2:
            assert killable.run(home, few_notes) == 0
            assert contents(home) == wanted
            shutil.rmtree(home)
            homes, known = homes + 1, set()
            print(f"killed {killed} times, {homes} indexes compared", flush=True)  # noqa: T201
            home = fresh(f"killed{homes}").home
    assert killable.run(home, few_notes) == 0
    assert contents(home) == wanted
    assert problems(home) == []


def test_killed_at_every_sync_and_rename(
    fresh: Any, tmp_path: Path, contents: Any, problems: Check, scale: int
) -> None:
    """strace ends the process inside the n-th call that makes something last."""
    strace = shutil.which("strace")
    probe = ("-f", "-o", "/dev/null", "-e", "inject=fdatasync:signal=KILL:when=9", "true")
    if not strace or subprocess.run([strace, *probe], capture_output=True, check=False).returncode:
        pytest.skip("needs strace and the right to trace")
    root = tmp_path / "files"
    root.mkdir()
    for number in range(4):
        (root / f"{number}.txt").write_text(f"note {number} about {number * 7} pears\n")
    whole = fresh("whole")
    assert whole.run("index", root).code == 0
    wanted = contents(whole.home)
    calls = "fdatasync,fsync,rename,renameat,renameat2,ftruncate,unlink"
    done = 0
    for number in range(1, 4 if scale == 1 else 200):
        ask = fresh(f"state{number}")
        log = tmp_path / "log"
        options = ("-f", "-o", log, "-e", f"trace={calls}")
        inject = ("-e", f"inject={calls}:signal=KILL:when={number}")
        status = _run(ask, (strace, *options, *inject), "index", root)
        done += status in (-signal.SIGKILL, 128 + signal.SIGKILL)
        if status == 0:
            break
        if number % 20 == 0:
            print(f"killed at {done} calls", flush=True)  # noqa: T201
        if (ask.home / database.FILE).exists():
            assert problems(ask.home) in ([], ["database: nothing is indexed yet"]), number
        assert ask("index", root).code == 0, number
        assert contents(ask.home) == wanted, number
        assert problems(ask.home) == [], number
    assert done >= 3
    print(f"killed at {done} calls")  # noqa: T201


@pytest.mark.parametrize(("error", "word"), [("ENOSPC", "no room"), ("EIO", "cannot be used|no room|damaged")])
def test_failing_writes(
    fresh: Any, tmp_path: Path, contents: Any, problems: Check, scale: int, error: str, word: str
) -> None:
    """The n-th write to the database and all after it fail: a clean error, nothing broken, and it goes on later."""
    strace = shutil.which("strace")
    probe = ("-f", "-o", "/dev/null", "-e", "inject=pwrite64:error=EIO:when=9+", "true")
    if not strace or subprocess.run([strace, *probe], capture_output=True, check=False).returncode:
        pytest.skip("needs strace and the right to trace")
    root = tmp_path / "files"
    root.mkdir()
    for number in range(4):
        (root / f"{number}.txt").write_text(f"note {number} about {number * 7} pears\n")
    whole = fresh("whole")
    assert whole.run("index", root).code == 0
    wanted = contents(whole.home)
    numbers = (2, 30) if scale == 1 else range(1, 201)
    failed = 0
    for number in numbers:
        ask = fresh(f"state{number}")
        options = ("-f", "-o", tmp_path / "log", "-e", "trace=pwrite64")
        command = [strace, *options, "-e", f"inject=pwrite64:error={error}:when={number}+", *ask.command("index", root)]
        ran = subprocess.run(command, env=_environ(ask), capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            break
        failed += 1
        if failed % 20 == 0:
            print(f"{error} at {failed} writes", flush=True)  # noqa: T201
        assert ran.returncode == 2, (number, ran.stderr)
        assert "Traceback" not in ran.stderr, (number, ran.stderr)
        assert re.search(word, ran.stderr), (number, ran.stderr)
        assert ask("index", root).code == 0, number
        assert contents(ask.home) == wanted, number
        assert problems(ask.home) == [], number
        shutil.rmtree(ask.home)
    assert failed >= 2
    print(f"{error} at {failed} writes")  # noqa: T201


def _environ(ask: Any) -> dict[str, str]:
    return {**os.environ, **ask.environ}


def _run(ask: Any, prefix: tuple[Any, ...], *words: Any) -> int:
    ran = subprocess.run([*prefix, *ask.command(*words)], env=_environ(ask), capture_output=True, check=False)
    return ran.returncode
