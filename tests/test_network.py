"""Nothing leaves the machine: indexing, searching and answering work without a network and never try to reach one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Tree = Callable[..., Path]

NOTES = {
    "garden.md": "# Garden\n\nThe tomatoes need water twice a day in August.\n",
    "page.html": '<html><head><link rel="stylesheet" href="http://192.0.2.1/a.css"></head>'
    '<body><img src="http://192.0.2.1/b.png"><p>A page that names other pages.</p></body></html>',
    "feed.xml": '<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a>An otter by the river</a>',
    "tool.py": '"""Counts badgers."""\n\ndef count_badgers(field):\n    return len(field)\n',
}
"""Among them files that would make a careless parser fetch something. The addresses are those of RFC 5737."""
COMMANDS = (
    ("index", "{root}"),
    ("search", "when do tomatoes need water", "--json"),
    ("when do tomatoes need water?",),
    ("similar", "{root}/garden.md"),
    ("status",),
    ("doctor",),
    ("check",),
    ("watch", "--once"),
    ("forget", "-y", "{root}/tool.py"),
)


def commands(root: Path) -> Iterator[tuple[str, ...]]:
    for words in COMMANDS:
        yield tuple(word.format(root=root) for word in words)


def run(ask: Any, prefix: tuple[str, ...], words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, *map(str, ask.command(*words))],
        env={**os.environ, **ask.environ},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_everything_works_where_there_is_no_network(ask: Any, tree: Tree) -> None:
    """A network namespace of its own has no interface that is up, not even loopback."""
    unshare = shutil.which("unshare")
    prefix = next((p for p in (("-rn",), ("-n",)) if unshare and _permitted(unshare, *p)), None)
    if unshare is None or prefix is None:
        pytest.skip("needs unshare and the right to make a network namespace")
    for words in commands(tree(NOTES)):
        done = run(ask, (unshare, *prefix), words)
        assert done.returncode in (0, 2) if words[0] == "doctor" else done.returncode == 0, (words, done.stderr)


def _permitted(*command: str) -> bool:
    return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_nothing_connects(ask: Any, tree: Tree, tmp_path: Path) -> None:
    """Every call that could reach a network, in every process and thread, as the kernel saw it."""
    strace = shutil.which("strace")
    quick = ("-f", "--seccomp-bpf")  # stops a process at the traced calls only
    if not strace or not _permitted(strace, *quick, "-o", "/dev/null"):
        pytest.skip("needs strace and the right to trace: this proof was not made")
    log = tmp_path / "calls"
    for number, words in enumerate(commands(tree(NOTES))):
        prefix = (strace, *quick, "-qq", "-e", "trace=%network", "-o", f"{log}{number}")
        done = run(ask, prefix, words)
        assert done.returncode in (0, 2) if words[0] == "doctor" else done.returncode == 0, (words, done.stderr)
        seen = Path(f"{log}{number}").read_text().splitlines()
        assert [call for call in seen if reaches_out(call)] == []
    assert "socketpair(AF_UNIX" in Path(f"{log}0").read_text(), (
        "strace saw the pipe to the worker, so it saw everything"
    )


def reaches_out(call: str) -> bool:
    """A socket of any family but AF_UNIX that was made, or an address of another family that was used.

    Refused ones do not count: `ask doctor` tries whether they are refused.
    """
    found = re.search(r"\b(socket|connect|bind|sendto|sendmsg|listen)\((.*)\)\s+= (-?\d+)", call)
    if found is None:
        return False
    name, arguments, result = found.groups()
    if name == "socket":
        return "AF_UNIX" not in arguments and not result.startswith("-")
    return re.search(r"AF_(?!UNIX|UNSPEC)\w+", arguments) is not None


def test_the_reading_of_traces_is_right() -> None:
    """The proof above is worth what this function is worth."""
    assert reaches_out("12 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=…}, 16) = 0")
    assert reaches_out("12 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=…}, 16) = -1 ENETUNREACH (…)")
    assert reaches_out("12 socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 5")
    assert reaches_out("12 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 5")
    assert reaches_out('12 sendto(5, "x", 1, 0, {sa_family=AF_INET, …}, 16) = 1')
    assert not reaches_out("12 socket(AF_UNIX, SOCK_STREAM, 0) = 5")
    assert not reaches_out('12 connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = -1 ENOENT (…)')
    assert not reaches_out("12 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = -1 EPERM (Operation not permitted)")
