"""Where the shell's lines come from: a person at a terminal, or a pipe."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from ask.cli.shell import Reader
from ask.retriever.hits import Hit


def reader(home: Path, *, keep_history: bool = True) -> Reader:
    """Lines from whoever is there. The history lies in `home`, the state directory, made when there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        return Piped(sys.stdin)
    from ask.cli.typed import Typed  # prompt_toolkit takes a while to import

    return Typed(home / "history" if keep_history else None)


class Piped:
    """The lines of a stream, without prompts. Implements `Reader`."""

    interactive = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def read(self, prompt: str, hits: tuple[Hit, ...]) -> str | None:
        """The next line."""
        line = self._stream.readline()
        return line.rstrip("\r\n") if line else None
