"""The parent's side of the workers: hand out files, collect documents, bury the dead.

Each worker has a thread here that waits for it. A worker that dies or exceeds the clock is replaced; the file it was
reading is reported as `quarantined` (second time) or for another try (first time).
"""

from __future__ import annotations

import errno
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from ask.indexer import helper, helpers
from ask.indexer.errors import IndexProblem, Unreadable
from ask.indexer.extract import Limits, Recognition
from ask.indexer.extract.helped import FOLDER, WAYS, Way
from ask.indexer.rows import DocumentRow, FileState, hash_of
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
    recognition: Recognition | None = None
    """None: pictures of text are not looked at."""


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

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
"""Where files of programs lie in memory; else they lie on the disk for a moment, for the eyes of the user only."""
_START = 60.0
"""Seconds for a worker to be ready: a cold disk and a busy machine are slow."""
_TICK = 0.2
"""Seconds after which a waiting thread looks whether it is still wanted."""
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_PROBLEMS = {
    errno.ENOENT: "vanished",
    errno.ENOTDIR: "vanished",
    errno.ESTALE: "vanished",
    errno.ELOOP: "special",  # a link has taken its place
    errno.ENXIO: "special",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
}


class _Worker:
    """One child process and the socket to it."""

    def __init__(self, settings: ReaderSettings) -> None:
        self._settings = settings
        self._child: subprocess.Popen[bytes] | None = None
        self._peer: socket.socket | None = None

    def read(self, state: FileState) -> Read:
        """Read one file. Never raises for anything that is the file's fault; `IndexProblem` when no worker starts."""
        peer = self._connected()
        try:
            descriptor = os.open(state.path, _OPEN)
        except OSError as error:
            return Read(state, reason=_PROBLEMS.get(error.errno or 0, "damaged"), detail=error.strerror or "")
        other: int | None = None
        try:
            other = turned(state.path, descriptor, self._allowance())
            read = self._ask(peer, state, descriptor if other is None else other)
            return read if other is None else replace(read, content=_content(descriptor) if read.content else b"")
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            self.stop()
            slow = isinstance(error, TimeoutError)
            detail = f"not read within {self._settings.patience} s" if slow else "its parser crashed"
            return Read(state, reason="timeout" if slow else "damaged", detail=detail, crashed=True)
        except Unreadable as error:
            return Read(state, reason=error.reason, detail=error.message)
        finally:
            os.close(descriptor)
            if other is not None:
                os.close(other)

    def _allowance(self) -> helper.Allowance:
        """What a helper may cost: as much as reading the file in a worker."""
        settings = self._settings
        return helper.Allowance(settings.seconds, settings.patience, settings.memory_mb, settings.limits.bytes_out)

    def kill(self) -> None:
        """End the child at once; whoever waits for its answer sees the end of the connection. From any thread."""
        child = self._child
        if child is not None:
            child.kill()

    def stop(self) -> None:
        """End the child and let go of it."""
        if self._peer is not None:
            self._peer.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self._child = self._peer = None

    def _ask(self, peer: socket.socket, state: FileState, descriptor: int) -> Read:
        name = os.fsdecode(os.path.basename(state.path))  # noqa: PTH119 (pathlib cannot hold bytes)
        job = {
            "name": name,
            "path": os.fsdecode(state.path),
            "raw": state.path.hex(),
            "modified": _moment(state.mtime_ns).isoformat(),
            "seconds": self._settings.seconds,
            "recognition": asdict(self._settings.recognition) if self._settings.recognition else None,
            "credit": asdict(state.credit) if state.credit else None,
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
        """The connection to a living child that has said that it is ready."""
        if self._peer is not None and self._child is not None and self._child.poll() is None:
            return self._peer
        self.stop()
        ours, theirs = socket.socketpair()
        with theirs:
            self._peer = ours
            self._child = self._started(theirs)
        ours.settimeout(_START)
        try:
            ready, _ = receive(ours)
        except (OSError, ValueError):
            ready = None
        if ready is None:
            status = self._child.poll()
            self.stop()
            raise IndexProblem(f"the process that reads files does not start (it ended with {status})", "ask doctor")
        ours.settimeout(self._settings.patience)
        return ours

    def _started(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        """A child that speaks to `theirs`, which it has as its standard input."""
        setup = json.dumps({
            "tokenizer": str(self._settings.tokenizer), "window": self._settings.window,
            "memory_mb": self._settings.memory_mb, "limits": asdict(self._settings.limits),
        })  # fmt: skip
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
        environment["LC_ALL"] = "C.UTF-8"  # else libarchive loses the names that the user's locale has no letters for
        by_copy = sys.platform == "win32"  # where a socket cannot be a standard stream
        child = subprocess.Popen(
            # -P: modules are never looked for in the folder one happens to stand in, whoever put them there.
            [sys.executable, "-P", "-m", "ask.indexer.worker", setup],
            stdin=subprocess.PIPE if by_copy else theirs.fileno(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        if child.stdin is not None:
            with child.stdin:
                child.stdin.write(theirs.share(child.pid))  # type: ignore[attr-defined,unused-ignore]
        return child


def turned(path: bytes, descriptor: int, allowance: helper.Allowance | None = None) -> int | None:
    """What a program of the system makes of a file that we cannot read, in memory; None where none is wanted."""
    way = WAYS.get(os.fsdecode(os.path.splitext(path)[1]).lower())  # noqa: PTH122 (pathlib cannot hold bytes)
    program = helpers.program(way.program) if way is not None and helpers.is_there(way.program) else None
    if way is None or program is None or sys.platform == "win32":  # where a file cannot be handed over like this
        return None
    if os.pread(descriptor, len(way.magic), 0) != way.magic:
        return None
    said = _said(program, way, descriptor, allowance)
    if not said.output:
        raise Unreadable("damaged" if not said.whole else "empty", f"{way.program} finds no text in it")
    with (
        tempfile.TemporaryFile()
        if not hasattr(os, "memfd_create")
        else os.fdopen(os.memfd_create("turned"), "w+b") as file
    ):
        file.write(said.output)
        file.seek(0)
        return os.dup(file.fileno())


def _said(program: Path, way: Way, descriptor: int, allowance: helper.Allowance | None) -> helper.Said:
    """What the program makes of the file: its output, or the files it makes, one after the other."""
    readable = [b"/dev/stdin", *map(os.fsencode, way.readable)]
    if FOLDER not in way.arguments:
        return helper.run(program, way.arguments, readable=readable, descriptor=descriptor, allowance=allowance)
    with tempfile.TemporaryDirectory(prefix="ask-", dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        arguments = [name if argument == FOLDER else argument for argument in way.arguments]
        folder = Path(name)
        said = helper.run(
            program, arguments, readable=readable, descriptor=descriptor, folder=folder, allowance=allowance
        )
        made = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        return helper.Said(b"\n".join(path.read_bytes() for path in made), said.whole)


def _content(descriptor: int) -> bytes:
    """The hash by which the index names the bytes of a file."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return hash_of(file.read())


def _moment(mtime_ns: int) -> datetime:
    """A file's time, kept within what a date can say: clocks have been wrong before."""
    seconds = min(max(mtime_ns // 10**9, -(10**10)), 10**11)
    return datetime.fromtimestamp(seconds, UTC)


def read_files(states: Iterable[FileState], settings: ReaderSettings) -> Iterator[Read]:
    """Read files with parallel workers, in the order in which they are done.

    At most a few files wait on either side, so memory does not grow with the number of files. Closing the iterator
    (also by an exception in its consumer) ends the workers.
    """
    with closing(read_together(states, settings)) as batches:
        for batch in batches:
            yield from batch


def read_together(states: Iterable[FileState], settings: ReaderSettings) -> Generator[list[Read]]:
    """The same; those that were done while the consumer was busy come together, so that it can be quick with them."""
    crew = _Crew(settings)
    try:
        yield from crew.read(states)
    finally:
        crew.dismiss()


class _Crew:
    """Workers, each with a thread that waits for it, and the two queues between them and the reader."""

    def __init__(self, settings: ReaderSettings) -> None:
        self._workers = [_Worker(settings) for _ in range(settings.workers)]
        self._jobs: queue.Queue[FileState | None] = queue.Queue(settings.workers * 4)
        self._done: queue.Queue[Read | BaseException | None] = queue.Queue(settings.workers * 2)  # with all their texts
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def read(self, states: Iterable[FileState]) -> Generator[list[Read]]:
        """Start everything; results as they come. What goes wrong in a thread is raised here."""
        tasks = [partial(self._feed, states), *(partial(self._work, worker) for worker in self._workers)]
        for task in tasks:
            self._threads.append(threading.Thread(target=self._guarded, args=(task,), daemon=True))
            self._threads[-1].start()
        running = len(tasks)
        while running:
            done = [self._done.get()]
            done += [self._done.get() for _ in range(self._done.qsize())]  # nobody else takes any
            if batch := [each for each in done if isinstance(each, Read)]:
                yield batch
            for each in done:
                if isinstance(each, BaseException):
                    raise each
            running -= done.count(None)

    def dismiss(self) -> None:
        """End everything at once and wait until it has ended: no process and no thread stays behind."""
        self._stopping.set()
        while any(thread.is_alive() for thread in self._threads):
            for worker in self._workers:
                worker.kill()
            for thread in self._threads:
                thread.join(0.02)

    def _guarded(self, task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 (handed over, not swallowed)
            self._put(self._done, error)
        else:
            self._put(self._done, None)

    def _feed(self, states: Iterable[FileState]) -> None:
        for state in states:
            if not self._put(self._jobs, state):
                return
        for _ in self._workers:
            self._put(self._jobs, None)

    def _work(self, worker: _Worker) -> None:
        try:
            while (state := self._next()) is not None:
                self._put(self._done, worker.read(state))
        finally:
            worker.stop()

    def _next(self) -> FileState | None:
        while not self._stopping.is_set():
            try:
                return self._jobs.get(timeout=_TICK)
            except queue.Empty:
                continue
        return None

    def _put(self, line: queue.Queue[T], item: T) -> bool:
        while not self._stopping.is_set():
            try:
                line.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return True
        return False
