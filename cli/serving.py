"""The socket on which the resident process is asked, and the process behind it, which comes and goes."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from ask.cli.client import SOCKET

_LONGEST = 100
"""Bytes of a socket's path that every system takes."""
_TICK = 1.0
_AGAIN = 5.0
"""Seconds until another process is tried after one that has failed."""


class Service:
    """Listens while it is open. There is one in a state directory, because there is one watcher."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / SOCKET
        self._ended = Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._listener, self.says = self._listen()
        """Whether searches are answered, in words for `ask status`."""
        self._thread = Thread(target=self._run, name="service", daemon=True)
        if self._listener is not None:
            self._thread.start()

    def _listen(self) -> tuple[socket.socket | None, str]:
        if sys.platform == "win32":
            return None, "does not answer searches: not on this system"
        if len(os.fsencode(self._path)) > _LONGEST:
            return None, "does not answer searches: the path of the state directory is too long for a socket"
        self._path.unlink(missing_ok=True)  # of a watcher that was killed
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            listener.bind(str(self._path))
            listener.listen(16)
        except OSError as error:
            listener.close()
            return None, f"does not answer searches: {error.strerror}"
        finally:
            os.umask(before)
        return listener, "answers searches"

    def close(self) -> None:
        """Answer no more."""
        if self._listener is None:
            return
        self._path.unlink(missing_ok=True)
        self._ended.set()
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.terminate()
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        """A process for the first question, and again one whenever somebody asks and there is none."""
        assert self._listener is not None  # noqa: S101 (the thread is started with one only)
        wanted = True
        while not self._ended.is_set():
            if wanted:
                self._answer(self._listener.fileno())
            wanted = bool(select.select([self._listener], [], [], _TICK)[0])

    def _answer(self, listener: int) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "ask.cli.answering", str(listener), str(self._home)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[listener], start_new_session=True,
        )  # fmt: skip
        if self._ended.is_set():
            self._child.terminate()
        if self._child.wait() != 0:
            self._ended.wait(_AGAIN)
