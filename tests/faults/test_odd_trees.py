"""Trees as they are found in real homes: every file has an end, and none stops the others."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")

NAMES = (b"\xff\xfe.txt", b"new\nline.txt", b"\x1b]0;title\x07.txt", b"tab\t.txt", b" .txt", b"-rf.txt", b"$(x).txt",
         "žluťoučký kůň.txt".encode(), "e\u0301.txt".encode(), "\u202etxt.exe.txt".encode(),
         b"'\".txt", b"a" * 251 + b".txt")  # fmt: skip
"""Names of any bytes but NUL and the separator."""


def test_every_odd_file_has_an_end(ask: Any, tmp_path: Path, problems: Callable[[Path], list[str]]) -> None:
    root = tmp_path / "files"
    root.mkdir()
    special = _special(root)
    for name in NAMES:
        Path(os.fsdecode(os.path.join(os.fsencode(root), name))).write_text("an ordinary text about walnuts\n")  # noqa: PTH118
    for year, seconds in ((1960, -315_619_200), (2400, 13_569_465_600), (0, 0)):
        file = root / f"year{year}.txt"
        file.write_text(f"a text from {year}\n")
        with contextlib.suppress(OverflowError):
            os.utime(file, (seconds, seconds))
    with (root / "sparse.txt").open("wb") as sparse:
        sparse.truncate(1 << 40)
    (root / "shut.txt").write_text("nobody may read this\n")
    (root / "shut.txt").chmod(0)
    (root / "shut").mkdir()
    (root / "shut" / "inside.txt").write_text("nor this\n")
    (root / "shut").chmod(0)
    try:
        done = ask.run("index", root, "--json", "--wait", "words")
    finally:
        (root / "shut").chmod(0o700)
    assert done.code in (0, 3), done.err
    with closing(ask.db()) as db:
        reasons = {bytes(path): reason for path, reason in db.execute("SELECT path, reason FROM files")}
    for name in NAMES:
        assert reasons[os.path.join(os.fsencode(root), name)] == "", name  # noqa: PTH118
    for name in special:
        assert reasons[os.fsencode(root / name)] == "special", name
    assert reasons[os.fsencode(root / "sparse.txt")] == "too large"
    assert reasons[os.fsencode(root / "year1960.txt")] == reasons[os.fsencode(root / "year2400.txt")] == ""
    if os.geteuid() != 0:
        assert reasons[os.fsencode(root / "shut.txt")] == reasons[os.fsencode(root / "shut")] == "no permission"
    assert problems(ask.home) == []
    assert ask("search", "walnuts", "--json").json()["hits"]
    assert "\x1b" not in ask("search", "walnuts").out
    again = ask("index", root, "--json", "--wait", "words").json()
    assert (again["new"], again["removed"]) == (int(os.geteuid() != 0) * 2, 0)


def _special(root: Path) -> list[str]:
    """Things that are no files; reading some of them would never end. Returns their names."""
    os.mkfifo(root / "fifo.txt")
    (root / "loop.txt").symlink_to("loop.txt")
    (root / "up").symlink_to(root)
    (root / "dangling.txt").symlink_to("nowhere")
    names = ["fifo.txt", "loop.txt", "up", "dangling.txt"]
    before = Path.cwd()
    os.chdir(root)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket.txt")
    finally:
        os.chdir(before)
    names.append("socket.txt")
    with contextlib.suppress(PermissionError):
        os.mknod(root / "zero.txt", 0o20666, os.makedev(1, 5))
        names.append("zero.txt")
    return names


def test_a_file_rewritten_with_its_size_and_time_is_read_again(ask: Any, tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    file = root / "note.txt"
    file.write_text("about apples\n")
    before = file.stat()
    assert ask("index", root, "--wait", "words").code == 0
    file.write_text("about cherry\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert ask("index", root, "--wait", "words", "--json").json()["changed"] == 1
    assert ask("search", "cherry", "--only", "words", "--json").json()["hits"]


def test_a_folder_moved_away_while_it_is_read(ask: Any, tmp_path: Path, problems: Callable[[Path], list[str]]) -> None:
    root = tmp_path / "files"
    for number in range(60):
        (root / f"f{number % 6}").mkdir(parents=True, exist_ok=True)
        (root / f"f{number % 6}" / f"{number}.txt").write_text(f"note {number}\n")
    with ask.start("index", root, "--wait", "words") as child:
        for number in range(6):
            (root / f"f{number}").rename(root / f"g{number}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.3)
        child.communicate()
        assert child.returncode in (0, 3)
    assert ask("index", root, "--wait", "words").code == 0
    assert ask.count("SELECT count(*) FROM files WHERE status = 'indexed'") == 60
    assert problems(ask.home) == []
