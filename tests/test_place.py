"""Which file system a folder lies on, read from the kernel's own list."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from ask.indexer.place import NETWORK, mounted, network_type

LIST = r"""
22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
23 22 0:21 / /proc rw - proc proc rw
40 22 0:40 / /home/jana/far rw,relatime shared:20 - nfs4 server:/export rw
41 40 0:41 / /home/jana/far/near rw - tmpfs none rw
42 22 0:42 / /home/jana/My\040Files rw - fuse.sshfs jana@server: rw
43 22 8:3 / /twice rw - ext4 /dev/sda3 rw
44 43 0:44 / /twice rw master:1 shared:4 - cifs //server/share rw
""".strip().splitlines()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/jana/notes", "ext4"),
        ("/home/jana/far", "nfs4"),
        ("/home/jana/far/away", "nfs4"),
        ("/home/jana/farther", "ext4"),
        ("/home/jana/far/near/by", "tmpfs"),
        ("/home/jana/My Files/a", "fuse.sshfs"),
        ("/twice/x", "cifs"),
        ("/", "ext4"),
    ],
)
def test_the_deepest_and_latest_mount_counts(path: str, kind: str) -> None:
    assert mounted(LIST, path) == kind


def test_lines_that_are_something_else_are_passed_over() -> None:
    assert mounted(["", "nonsense", "1 2 3 4 5", *LIST], "/x") == "ext4"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_machine(tmp_path: Path) -> None:
    assert network_type(tmp_path) == ""
    assert network_type(Path("/proc")) == ""
    assert mounted(Path("/proc/self/mountinfo").read_text().splitlines(), "/proc") == "proc"
    assert "ext4" not in NETWORK


@pytest.mark.skipif(os.name == "nt", reason="no owners as POSIX has them")
def test_the_state_of_another_user_is_refused(ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings and models would be obeyed; also by a command that only reads."""
    (tmp_path / "a.txt").write_text("a note")
    assert ask("index", tmp_path / "a.txt", "--wait", "words").code == 0
    monkeypatch.setattr(os, "getuid", lambda: ask.home.stat().st_uid + 1)
    for words in (("index", tmp_path / "a.txt"), ("search", "note"), ("status",), ("watch",), ("check",), ("doctor",)):
        said = ask(*words)
        assert (said.code, "belongs to another user" in said.err) == (2, True), (words, said)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_state_on_a_network_disk_is_refused(ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("a note")
    line = f"99 1 0:99 / {os.path.realpath(ask.home)} rw - nfs4 server:/home rw"
    read = Path.read_text

    def pretended(at: Path, *words: Any, **options: Any) -> str:
        return line if str(at) == "/proc/self/mountinfo" else read(at, *words, **options)

    monkeypatch.setattr(Path, "read_text", pretended)
    said = ask("index", tmp_path / "a.txt")
    assert (said.code, "network disk (nfs4)" in said.err) == (2, True), said
    assert not (ask.home / "index.db").exists()
