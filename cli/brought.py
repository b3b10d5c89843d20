"""Text that comes with a question: a file that is named, the clipboard, or what is piped in."""

from __future__ import annotations

import os
import select
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from ask.cli import options
from ask.indexer.errors import UsageError

PATIENCE = 1.0
"""Seconds to wait for the first byte of a pipe nobody has mentioned: a silent one must not stop a script."""
MOST = 8_000_000
"""Bytes that are read; more than is looked at."""
STDIN = "standard input"
CLIPBOARD = "clipboard"
READERS = (
    ("WAYLAND_DISPLAY", ("wl-paste", "--no-newline")),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-out")),
    ("DISPLAY", ("xsel", "--clipboard", "--output")),
    ("", ("pbpaste",)),
    ("", ("powershell.exe", "-NoProfile", "-Command", "Get-Clipboard")),
)
"""Programs that print the clipboard, each with the variable without which it cannot work."""


def texts(file: Path | None, *, clipboard: bool = False) -> dict[str, str]:
    """Texts by name: the file (`-` stands for standard input, waited for), the clipboard, and what has been piped in.

    Raises `UsageError` for what is not text, and where the clipboard cannot be read.
    """
    found: dict[str, bytes] = {}
    if file is not None and str(file) != "-":
        path = options.absolute(file)
        with open(path, "rb") as opened:  # noqa: PTH123 (a path as named, which pathlib would tidy)
            found[path] = opened.read(MOST)
    if clipboard:
        found[CLIPBOARD] = _clipboard()
    found[STDIN] = _stdin(wait=str(file) == "-")
    return {name: _text(name, data) for name, data in found.items() if data.strip()}


def _text(name: str, data: bytes) -> str:
    if b"\0" in data:
        raise UsageError(f"{name} is not text", "Index it, and ask about it then: ask index PATH")
    return data.decode("utf-8", "replace")


def _clipboard() -> bytes:
    """What is on the clipboard, by the first program that can tell."""
    at_hand = [
        command
        for variable, command in READERS
        if shutil.which(command[0]) and (not variable or os.environ.get(variable))
    ]
    if not at_hand:
        names = ", ".join(command[0] for _, command in READERS[:3])
        raise UsageError("the clipboard cannot be read here", f"Install one of {names}, or pipe the text in.")
    try:
        done = subprocess.run(at_hand[0], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        raise UsageError(f"{at_hand[0][0]} does not answer", "Pipe the text in instead.") from None
    if done.returncode != 0 or not done.stdout.strip():
        raise UsageError("there is no text on the clipboard", "Copy some first.")
    return done.stdout[:MOST]


def _stdin(*, wait: bool) -> bytes:
    """What is piped in; nothing from a terminal, a closed or silent pipe, or a file that somebody else is reading."""
    try:
        number = sys.stdin.fileno()
        kind = os.fstat(number)
    except (OSError, ValueError, AttributeError):  # closed, no real file, or None
        return b""
    if stat.S_ISREG(kind.st_mode):
        # `while read -r line; do ask "$line"; done < list` has begun to read it: the rest is not for us.
        return os.pread(number, MOST, 0) if os.lseek(number, 0, os.SEEK_CUR) == 0 else b""
    if not wait and not (stat.S_ISFIFO(kind.st_mode) and select.select([number], [], [], PATIENCE)[0]):
        return b""
    return sys.stdin.buffer.read(MOST)
