"""The process that answers for the service: it keeps the model and the index open and runs what clients hand over.

One command at a time; who has to wait longer than a moment runs it by himself. It is a process of its own beside the
watcher, so that all its memory is free again when nobody has asked for a while, and so that it may take over a client's
folder, environment and streams as its own.

A client is greeted with a line. It then sends a line of JSON, `{"arguments": ["search", "tomatoes"], …}`, and gets one,
`{"status": 0}`. Its standard streams may come with the first byte (SCM_RIGHTS), and the command writes to them itself;
else what it wrote is in the reply as `output` and `errors`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ask.cli import client, start
from ask.cli.session import Session
from ask.indexer import database
from ask.indexer.errors import AskError
from ask.retriever.search import Searcher

IDLE = 600.0
"""Seconds without a question after which the process ends and gives back its memory."""
_TICK = 2.0
_PATIENCE = 5.0
"""Seconds a client may take to say what it wants."""
_LARGEST = 1 << 22
"""Bytes of a request."""


class Kept:
    """The index, open from one command to the next."""

    def __init__(self) -> None:
        self._opened: tuple[object, Searcher] | None = None

    def searcher(self, home: Path) -> Searcher:
        """The index below `home` as it is now: after a repair, another file has its name."""
        with suppress(FileNotFoundError):
            status = (home / database.FILE).stat()
            identity = (home, status.st_dev, status.st_ino)
            if self._opened is None or self._opened[0] != identity:
                self.close()
                self._opened = (identity, Searcher(home))
            return self._opened[1]
        return Searcher(home)  # which says that there is none

    def close(self) -> None:
        """Let go of it."""
        if self._opened is not None:
            self._opened[1].close()
        self._opened = None


def serve(listener: socket.socket, home: Path, idle: float = IDLE) -> None:
    """Answer until nobody has asked for `idle` seconds, or the service has gone."""
    service = os.getppid()
    kept = Session.kept = Kept()
    with suppress(AskError, database.DatabaseError):
        kept.searcher(home).embedder()
    listener.settimeout(_TICK)
    last = time.monotonic()
    while time.monotonic() - last < idle and os.getppid() == service:
        try:
            line, _ = listener.accept()
        except TimeoutError:
            continue
        with line, suppress(OSError):  # the client has gone
            line.settimeout(_PATIENCE)
            if client.peer(line) == os.getuid() and not _converse(line):
                return
            last = time.monotonic()
    kept.close()


def _converse(line: socket.socket) -> bool:
    """Greet, run, reply. False when this process is of no use any more: the program has been replaced."""
    line.sendall(client.HELLO)
    first, streams, _, _ = socket.recv_fds(line, 1, 3)
    try:
        line_in = line.makefile("rb")
        request = _checked((b"" if first == b"\n" else first) + line_in.readline(_LARGEST))
        if request is None:
            return bool(first)
        if request.get("program", client.program()) != client.program():
            _send(line, {"declined": "another version"})
            return False
        _send(line, _run(request, streams))
        return True
    finally:
        for stream in streams:
            os.close(stream)


def _checked(raw: bytes) -> dict[str, Any] | None:
    """The request; None for what is none."""
    with suppress(ValueError):
        request = json.loads(raw)
        words = request.get("arguments") if isinstance(request, dict) else None
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            return request  # type: ignore[no-any-return]
    return None


def _send(line: socket.socket, reply: dict[str, object]) -> None:
    line.settimeout(None)
    line.sendall(json.dumps(reply).encode() + b"\n")


def _run(request: dict[str, Any], streams: Sequence[int]) -> dict[str, object]:
    arguments = start.meant(request["arguments"])
    if arguments[0] not in client.SERVED or "-" in arguments:
        return {"declined": "not a command that the service runs"}
    with _environment(request.get("environment", dict(os.environ))):
        if _writes(arguments):
            return {"declined": "a language model writes"}
        try:
            os.chdir(request.get("folder") or "/")
        except OSError:
            return {"declined": "the folder cannot be entered"}
        try:
            if len(streams) == 3:
                with _standard_streams(streams, request.get("encoding") or "utf-8"):
                    return {"status": start.run(arguments)}
            return _captured(arguments)
        finally:
            os.chdir("/")


def _writes(arguments: Sequence[str]) -> bool:
    """True when a language model would answer: that takes long, and its process belongs to whoever asked."""
    named = any(word.startswith("--model") for word in arguments)
    return arguments[0] == "answer" and (named or bool(Session().settings.llm))


def _captured(arguments: list[str]) -> dict[str, object]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(os.devnull).open("rb") as nothing:
        with _standard_streams([nothing.fileno(), out.fileno(), err.fileno()], "utf-8"):
            status = start.run(arguments)
        return {"status": status, "output": _content(out), "errors": _content(err)}


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


@contextmanager
def _environment(given: dict[str, str]) -> Iterator[None]:
    """The client's environment, as far as commands look at it."""
    before = dict(os.environ)
    kept = {name: value for name, value in before.items() if not client.passed(name)}
    os.environ.clear()
    os.environ.update({**kept, **{name: value for name, value in given.items() if client.passed(name)}})
    time.tzset()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _standard_streams(streams: Sequence[int], encoding: str) -> Iterator[None]:
    """The client's streams in the place of ours. Nothing of them is left open afterwards: a pipe must see its end."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = open(0, encoding=encoding, errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=encoding, closefd=False, buffering=1 if os.isatty(1) else -1)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    try:
        yield
    finally:
        for opened in (sys.stdin, sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                opened.close()
        sys.stdin, sys.stdout, sys.stderr = before
        _no_streams()


def _no_streams() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    os.close(nothing)


def main() -> None:
    """`python -m ask.cli.answering SOCKET HOME`, started by the service with its listening socket."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # `start` turns it into Ctrl-C, which ends a command only
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        serve(listener, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
