"""The parent's side of the workers: hand out files, collect documents, bury the dead.

Each worker has a thread here that waits for it. A worker that dies or exceeds the clock is replaced; the file it was
reading is reported as `quarantined` (second time) or for another try (first time).
"""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from ask.indexer.errors import Unreadable
from ask.indexer.extract import Limits
from ask.indexer.store import DocumentRow, FileState
from ask.indexer.worker import from_json, receive, send


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How files are read: by how many workers, within which limits, cut for which model."""

    tokenizer: Path
    window: int
    """Tokens a chunk may have with its context and special tokens."""
    workers: int = 2
    limits: Limits = field(default_factory=Limits)
    memory_mb: int = 1500
    """Address space of a worker, MiB. Libraries alone map about 400."""
    seconds: int = 20
    """Processor time for one file."""
    patience: int = 30
    """Wall time for one file, seconds."""


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading one file."""

    state: FileState
    documents: tuple[DocumentRow, ...] = ()
    content: bytes = b""
    reason: str = ""
    """Why there are no documents; empty when there are."""
    detail: str = ""
    crashed: bool = False
    """Reading it killed the worker or took too long."""


T = TypeVar("T")


class _Worker:
    """One child process and the socket to it."""

    def __init__(self, settings: ReaderSettings) -> None:
        self._settings = settings
        self._child: subprocess.Popen[bytes] | None = None
        self._peer: socket.socket | None = None

    def read(self, state: FileState) -> Read:
        """Read one file. Never raises for anything that is the file's fault."""
        try:
            descriptor = os.open(state.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
        except OSError as error:
            reason = "vanished" if isinstance(error, FileNotFoundError) else "no permission"
            return Read(state, reason=reason, detail=error.strerror or "")
        try:
            return self._ask(state, descriptor)
        except (OSError, ValueError, TypeError, KeyError) as error:
            self.stop()
            slow = isinstance(error, TimeoutError)
            detail = f"not read within {self._settings.patience} s" if slow else "its parser crashed"
            return Read(state, reason="timeout" if slow else "damaged", detail=detail, crashed=True)
        except Unreadable as error:
            return Read(state, reason=error.reason, detail=error.message)
        finally:
            os.close(descriptor)

    def stop(self) -> None:
        if self._peer is not None:
            self._peer.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self._child = self._peer = None

    def _ask(self, state: FileState, descriptor: int) -> Read:
        peer = self._connected()
        name = os.fsdecode(os.path.basename(state.path))
        job = {
            "name": name,
            "path": os.fsdecode(state.path),
            "raw": state.path.hex(),
            "modified": _moment(state.mtime_ns).isoformat(),
            "seconds": self._settings.seconds,
        }
        send(peer, job, descriptor if hasattr(socket, "send_fds") else None)
        documents: list[DocumentRow] = []
        while True:
            answer, _ = receive(peer)
            if answer is None:
                raise ConnectionError("worker died")
            if "reason" in answer:
                raise Unreadable(answer["reason"], answer["detail"])
            if "content" in answer:
                return Read(state, tuple(documents), bytes.fromhex(answer["content"]))
            documents.append(from_json(answer))

    def _connected(self) -> socket.socket:
        if self._peer is not None and self._child is not None and self._child.poll() is None:
            return self._peer
        self.stop()
        ours, theirs = socket.socketpair()
        theirs.set_inheritable(True)
        setup = json.dumps({
            "socket": theirs.fileno(), "tokenizer": str(self._settings.tokenizer), "window": self._settings.window,
            "memory_mb": self._settings.memory_mb, "limits": asdict(self._settings.limits),
        })  # fmt: skip
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ask.indexer.worker", setup],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),), env=environment,
        )  # fmt: skip
        theirs.close()
        ours.settimeout(self._settings.patience)
        self._peer = ours
        return ours


def _moment(mtime_ns: int) -> datetime:
    """A file's time, kept within what a date can say: clocks have been wrong before."""
    seconds = min(max(mtime_ns // 10**9, -(10**10)), 10**11)
    return datetime.fromtimestamp(seconds, UTC)


def read_files(states: Iterable[FileState], settings: ReaderSettings) -> Iterator[Read]:
    """Read files with parallel workers, in the order in which they are done.

    At most a few files wait on either side, so memory does not grow with the number of files. Closing the iterator
    (also by an exception in its consumer) ends the workers.
    """
    jobs: queue.Queue[FileState | None] = queue.Queue(maxsize=settings.workers * 4)
    done: queue.Queue[Read | None] = queue.Queue(maxsize=settings.workers * 4)
    stopping = threading.Event()
    threads = [threading.Thread(target=_work, args=(settings, jobs, done, stopping)) for _ in range(settings.workers)]
    feeder = threading.Thread(target=_feed, args=(states, jobs, len(threads), stopping))
    for thread in [*threads, feeder]:
        thread.daemon = True
        thread.start()
    running = len(threads)
    try:
        while running:
            result = done.get()
            if result is None:
                running -= 1
            else:
                yield result
    finally:
        stopping.set()
        _drain(jobs, done, [*threads, feeder])


def _feed(
    states: Iterable[FileState], jobs: queue.Queue[FileState | None], workers: int, stopping: threading.Event
) -> None:
    for state in states:
        if not _put(jobs, state, stopping):
            return
    for _ in range(workers):
        _put(jobs, None, stopping)


def _work(
    settings: ReaderSettings,
    jobs: queue.Queue[FileState | None],
    done: queue.Queue[Read | None],
    stopping: threading.Event,
) -> None:
    worker = _Worker(settings)
    try:
        while not stopping.is_set():
            state = jobs.get()
            if state is None or not _put(done, worker.read(state), stopping):
                break
    finally:
        worker.stop()
        _put(done, None, stopping)


def _put(line: queue.Queue[T], item: T, stopping: threading.Event) -> bool:
    while not stopping.is_set():
        try:
            line.put(item, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False


def _drain(
    jobs: queue.Queue[FileState | None], done: queue.Queue[Read | None], threads: list[threading.Thread]
) -> None:
    """Wake whoever waits for a job, and wait until all have gone."""
    while any(thread.is_alive() for thread in threads):
        for line in (jobs, done):
            while not line.empty():
                line.get_nowait()
        try:
            jobs.put(None, timeout=0.05)
        except queue.Full:
            continue
        for thread in threads:
            thread.join(0.05)
