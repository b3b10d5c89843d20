"""Files whose names, titles and texts are full of escape sequences: what the real commands say of them is harmless.

On a terminal and in a pipe, in answers and in errors. The gate itself is tested in `test_gate.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs names of any bytes and a terminal"),
]
EVIL = (
    "\x1b]52;c;cm0gLXJm\x07", "\x1b[2J", "\x9b31m", "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1bP$q\x1b\\",
    "\u202egpj.exe\u202c", "\x1bc", "\x9d0;title\x9c", "\r\x1b[Kgone", "\x1b[6n", "\u2066\u200b\ufeff", "\x08\x08\x7f\x05",
)  # fmt: skip
OWN = re.compile(
    rb"\x1b\[[0-9;]*m|\x1b\]8;;(?:file://[A-Za-z0-9%./:~_-]*)?\x1b\\|\x1b\[\?25[hl]|\x1b\[[0-9]*[A-DGK]|\r"
)
"""Our own: colours, links to files, and what a progress bar needs. (A terminal ends lines in CR LF.)"""


@pytest.fixture(scope="module")
def hostile(new_ask: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("hostile")
    root = folder / "files"
    root.mkdir()
    for number, evil in enumerate(EVIL):
        name = f"walnut {number} {evil}".replace("/", "_").replace("\0", "")
        (root / f"{name}.md").write_text(f"# Walnuts {evil}\n\nThe walnuts {evil} are dried {evil} in autumn {evil}.\n")
        (root / f"{name}.html").write_text(f"<title>Walnut {evil}</title><p>Walnut {evil} oil is pressed {evil} cold.")
        (root / f"{name}.docx").write_bytes(f"no document {evil}".encode())
    (root / f".env{EVIL[0]}").write_text("TOKEN=1")
    ask = new_ask(folder / "state")
    ask.run("index", root, "--quiet")
    return ask


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("search", "dried walnuts in autumn", "-n", "30"),
    ("search", "walnut oil", "--explain"),
    ("search", "walnut", "--files"),
    ("search", "walnut", "--json"),
    ("how are walnuts dried?", "--no-model"),
    ("status",),
    ("status", "--skipped"),
    ("similar", "{file}"),
    ("get", "{file}"),
    ("why", "walnut", "{file}"),
    ("audit",),
    ("search", "\x1b]52;c;AAAA\x07 walnut \x9b31m"),
    ("index", "{root}"),
    ("index", "{root}/\x1b[2Jnowhere\u202e"),
    ("forget", "-y", "{root}/\x1b[2Jnowhere\x9b1m"),
    ("\x1b[2J", "--no-such-option\x1b[2J"),
)


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_every_command_is_harmless(hostile: Any, tty: bool) -> None:
    root = hostile.home.parent / "files"
    file = next(root.glob("walnut 0*.md"))
    coloured = 0
    for words in COMMANDS:
        command = [word.format(root=root, file=file) for word in words]
        raw = (on_terminal if tty else in_pipe)(hostile, command)
        coloured += raw.count(b"\x1b[")
        shown = OWN.sub(b"", raw).decode("utf-8", "surrogateescape")
        assert len(shown) > 5 or words[0] == "audit", words
        assert unsafe(shown) == [], words
    assert (coloured > 50) == tty, "a terminal gets colours, or it was none"


def unsafe(text: str) -> list[str]:
    """Controls and what is invisible, by Unicode's categories."""
    return [f"U+{ord(c):04X} in {text[max(0, at - 30) : at + 10]!r}" for at, c in enumerate(text)
            if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]  # fmt: skip


def in_pipe(ask: Any, command: list[str]) -> bytes:
    said = ask.run(*command)
    return bytes((said.out + said.err).encode())


def on_terminal(ask: Any, command: list[str]) -> bytes:
    """What comes out at the other end of a terminal that can do everything."""
    import pty

    leader, follower = pty.openpty()
    environ = {**os.environ, **ask.environ, "TERM": "xterm-kitty", "FORCE_HYPERLINK": "1"}
    environ.pop("NO_COLOR", None)
    streams = {"stdin": follower, "stdout": follower, "stderr": follower}
    with subprocess.Popen(ask.command(*command), env=environ, **streams) as child:
        os.close(follower)
        out = bytearray()
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # Linux says so when the last writer has gone
                break
            if not piece:
                break
            out += piece
        child.wait()
    os.close(leader)
    return bytes(out)
