"""A disk or a quota that is full: a clear error, nothing broken, and on it goes when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="needs POSIX limits")]
Check = Callable[[Path], list[str]]


def in_shell(ask: Any, script: str, *prefix: str) -> subprocess.CompletedProcess[str]:
    """A script that may use `$ASK` and `$ASK_HOME`."""
    environment = {**os.environ, **ask.environ, "ASK": str(ask.command()[0])}
    return subprocess.run([*prefix, "sh", "-c", script], env=environment, capture_output=True, text=True, check=False)


def test_a_full_disk(ask: Any, notes: Path) -> None:
    """The state directory on a file system of 1 MB, which then grows; nobody outside sees it."""
    unshare = shutil.which("unshare")
    models = os.readlink(ask.home / "models")  # noqa: PTH115
    mount = f"mount -t tmpfs -o size=1m,mode=700 none $ASK_HOME && ln -s {models} $ASK_HOME/models"
    if not unshare or in_shell(ask, mount, unshare, "-rm").returncode:
        pytest.skip("needs the right to mount in a namespace of its own")
    script = (
        f"{mount} || exit 99\n"
        f"$ASK index {notes} >/dev/null; echo first $?\n"
        "$ASK check >/dev/null; echo check $?\n"
        "mount -o remount,size=100m none $ASK_HOME\n"
        f"$ASK index {notes} >/dev/null; echo second $?\n"
        "$ASK check >/dev/null; echo check $?\n"
        "$ASK search 'line 3 of note 7' --json >/dev/null; echo search $?\n"
    )
    done = in_shell(ask, script, unshare, "-rm")
    assert done.stdout.split("\n")[:5] == ["first 2", "check 0", "second 0", "check 0", "search 0"], done.stderr
    assert "no room" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("blocks", [100, 400, 900])
def test_a_limit_on_the_size_of_files(
    ask: Any, fresh: Any, notes: Path, contents: Any, problems: Check, blocks: int
) -> None:
    whole = fresh("whole")
    assert whole.run("index", notes).code == 0
    done = in_shell(ask, f"ulimit -f {blocks}; exec $ASK index {notes}")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "no room" in done.stderr
    assert ask("index", notes).code == 0
    assert problems(ask.home) == []
    assert contents(ask.home) == contents(whole.home)
