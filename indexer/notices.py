"""What the system says about changes on the disk, gathered until it is worth looking.

Two sources with one shape. On Linux every folder that a scan reads gets its own watch, through watchdog's layer over
inotify: folders that are left out cost none and wake nobody, a watch that the system refuses is known by name, and
lost events are told. Its usual observer knows neither: below the top it drops the error of a full table of watches,
and it keeps an overflow of the queue to itself. Elsewhere that observer watches whole roots.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from ask.indexer.ignores import GIT_FILE, OWN_FILES
from ask.indexer.scan import Part

QUIET = 0.5
"""Seconds without a change before it is looked at: a save is many events."""
AT_MOST = 5.0
"""Seconds a change waits when there is never quiet."""
LAZY = 60.0
"""Seconds a file waits that is written to and stays open, such as a log."""
ENOUGH = 10_000
"""Parts waiting above which everything is looked at instead."""
_SEPARATOR = os.fsencode(os.sep)
logging.getLogger("watchdog").addHandler(logging.NullHandler())  # or else Python prints what it logs, raw, on stderr
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)


class Pending:
    """Parts of the disk to look at, from any thread; `take` gives those that are due."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._parts: dict[Part, None] = {}
        self._later: dict[Part, float] = {}
        self._first = self._last = 0.0
        self._lost = False

    def add(self, part: Part, *, lazily: bool = False) -> None:
        """Something changed there."""
        with self._changed:
            now = self._clock()
            if lazily:
                self._later.setdefault(part, now + LAZY)
            else:
                self._first = self._first if self._parts else now
                self._last = now
                self._parts[part] = None
            if len(self._parts) + len(self._later) > ENOUGH:
                self._forget(lost=True)
            self._changed.notify_all()

    def lost(self) -> None:
        """Something changed, and nobody knows where."""
        with self._changed:
            self._forget(lost=True)
            self._changed.notify_all()

    def urgent(self) -> bool:
        """True when something is due now."""
        with self._changed:
            return self._due() <= self._clock()

    def __len__(self) -> int:
        with self._changed:
            return len(self._parts) + len(self._later)

    def wait(self, seconds: float) -> None:
        """Until something is due, at most so long."""
        end = self._clock() + seconds
        with self._changed:
            while (now := self._clock()) < min(end, self._due()):
                self._changed.wait(min(end, self._due()) - now)

    def take(self) -> tuple[list[Part], bool]:
        """The parts that are due, none inside another, and whether events were lost and everything must be seen."""
        with self._changed:
            lost, now = self._lost, self._clock()
            parts = list(self._parts) if self._soon() <= now else []
            parts += [part for part, due in self._later.items() if due <= now]
            for part in parts:
                self._later.pop(part, None)
                self._parts.pop(part, None)
            if lost:
                self._forget(lost=False)
        return ([] if lost else outermost(parts)), lost

    def _soon(self) -> float:
        return min(self._first + AT_MOST, self._last + QUIET) if self._parts else float("inf")

    def _due(self) -> float:
        if self._lost:
            return 0.0
        return min(self._soon(), min(self._later.values(), default=float("inf")))

    def _forget(self, *, lost: bool) -> None:
        self._lost = lost
        self._parts.clear()
        self._later.clear()


def outermost(parts: list[Part]) -> list[Part]:
    """Without those that lie in a deep one of the others, in order of path."""
    kept: list[Part] = []
    top: bytes | None = None
    for part in sorted(set(parts), key=lambda each: (each.path.rstrip(_SEPARATOR) + _SEPARATOR, not each.deep)):
        here = part.path.rstrip(_SEPARATOR) + _SEPARATOR
        if top is not None and here.startswith(top):
            continue
        kept.append(part)
        if part.deep:
            top = here
    return kept


class Notices(Protocol):
    """A source of changes."""

    @property
    def folders(self) -> int:
        """How many folders are watched."""

    @property
    def unwatched(self) -> list[bytes]:
        """Folders whose changes the system will not tell."""

    def enter(self, folder: bytes) -> None:
        """This folder is about to be read: tell of changes in it from now on."""

    def roots(self, paths: list[bytes]) -> None:
        """These are the roots; some may be files."""

    def stop(self) -> None:
        """No more changes are told."""


def notices(pending: Pending) -> Notices:
    """The best source on this system."""
    return FolderNotices(pending) if sys.platform == "linux" else TreeNotices(pending)


class FolderNotices:
    """inotify: one watch for each folder that is read."""

    def __init__(self, pending: Pending) -> None:
        from watchdog.observers.inotify_c import InotifyFD

        self.pending = pending
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._watched: dict[bytes, tuple[Any, Any]] = {}
        self._refused: set[bytes] = set()
        self._fd = InotifyFD()
        self._fd.start()

    @property
    def folders(self) -> int:
        return len(self._watched)

    @property
    def unwatched(self) -> list[bytes]:
        return sorted(self._refused)

    def enter(self, folder: bytes, only: bytes = b"") -> None:
        """Watch a folder, or in it only the file with that name."""
        key = folder if not only else os.path.join(folder, only)  # noqa: PTH118 (pathlib cannot hold bytes)
        with self._lock:
            if key in self._watched:
                return
            number: Any = next(self._ids)
            try:
                watch = self._fd.add_callback(folder, _mask(), _Folder(self, folder, only, key), number)
            except OSError as error:
                if error.errno not in _GONE:
                    self._refused.add(key)
                return
            self._watched[key] = (watch, number)
            self._refused.discard(key)

    def roots(self, paths: list[bytes]) -> None:
        for path in paths:
            if not os.path.isdir(path):  # noqa: PTH112
                folder, _, name = path.rpartition(_SEPARATOR)
                self.enter(folder or _SEPARATOR, name)

    def leave(self, folder: bytes) -> None:
        """The folder is no longer at this place, nor is what was below it."""
        inside = folder + _SEPARATOR
        with self._lock:
            keys = [key for key in self._watched if key == folder or key.startswith(inside)]
            watches = [self._watched.pop(key) for key in keys]
            self._refused = {key for key in self._refused if key != folder and not key.startswith(inside)}
        self._fd.remove_callbacks(watches)

    def deleted(self, key: bytes, watch: Any) -> None:
        """The system has ended this watch."""
        with self._lock:
            if self._watched.get(key, (None,))[0] == watch:
                del self._watched[key]

    def stop(self) -> None:
        self._fd.stop()
        self._fd.join()


class _Folder:
    """Hears of one folder; knows its path when the watch was made."""

    def __init__(self, owner: FolderNotices, path: bytes, only: bytes, key: bytes) -> None:
        self._owner = owner
        self._path = path
        self._only = only
        self._key = key

    def on_event(self, event: Any) -> None:
        """Something happened in the folder or to it."""
        name: bytes = event.name
        if self._only:
            if name == self._only:
                self._owner.pending.add(Part(self._key, deep=True))
            return
        if not name:
            self._owner.pending.add(Part(self._path, deep=True))
            return
        path = os.path.join(self._path, name)  # noqa: PTH118
        if event.is_directory:
            if event.is_moved_from or event.is_delete:
                self._owner.leave(path)
            self._owner.pending.add(Part(path, deep=True))
        elif name == GIT_FILE or name in OWN_FILES:
            self._owner.pending.add(Part(self._path, deep=True))
        else:
            self._owner.pending.add(Part(self._path, deep=False), lazily=event.is_modify)

    def on_watch_deleted(self, wd: Any) -> None:
        """The folder is gone."""
        self._owner.deleted(self._key, wd)

    def on_queue_overflow(self) -> None:
        """More happened than the system kept."""
        self._owner.pending.lost()


def _mask() -> Any:
    """Changes only; opening and reading, which `ask` does itself, wake nobody."""
    from watchdog.observers.inotify_c import InotifyConstants as Kind

    return (
        Kind.IN_CREATE | Kind.IN_DELETE | Kind.IN_MOVED_FROM | Kind.IN_MOVED_TO | Kind.IN_CLOSE_WRITE | Kind.IN_MODIFY
        | Kind.IN_ATTRIB | Kind.IN_DELETE_SELF | Kind.IN_MOVE_SELF | Kind.IN_ONLYDIR | Kind.IN_DONT_FOLLOW
        | Kind.IN_EXCL_UNLINK
    )  # fmt: skip


class TreeNotices:
    """watchdog's observer over whole roots, for systems that can watch a tree in one piece."""

    def __init__(self, pending: Pending) -> None:
        from watchdog.observers import Observer

        self.pending = pending
        self._watched: set[bytes] = set()
        self._refused: set[bytes] = set()
        self._observer = Observer()
        self._observer.start()
        self._warnings = _Warnings(pending)
        logging.getLogger("watchdog").addHandler(self._warnings)

    @property
    def folders(self) -> int:
        return len(self._watched)

    @property
    def unwatched(self) -> list[bytes]:
        return sorted(self._refused)

    def enter(self, folder: bytes) -> None:
        """Nothing to do: the root above it is watched."""

    def roots(self, paths: list[bytes]) -> None:
        for path in paths:
            folder = path if os.path.isdir(path) else os.path.dirname(path)  # noqa: PTH112, PTH120
            if folder in self._watched:
                continue
            try:
                self._observer.schedule(self, os.fsdecode(folder), recursive=folder == path)  # type: ignore[arg-type]
                self._watched.add(folder)
                self._refused.discard(folder)
            except OSError:
                self._refused.add(folder)

    def dispatch(self, event: Any) -> None:
        """What watchdog calls with every event."""
        if event.event_type in ("opened", "closed_no_write"):
            return
        for path in filter(None, (os.fsencode(event.src_path), os.fsencode(event.dest_path or ""))):
            folder, _, name = path.rpartition(_SEPARATOR)
            if event.is_directory:
                if event.event_type != "modified":  # a name in it came or went, which has its own event
                    self.pending.add(Part(path, deep=True))
            elif name == GIT_FILE or name in OWN_FILES:
                self.pending.add(Part(folder, deep=True))
            else:
                self.pending.add(Part(folder, deep=False))

    def stop(self) -> None:
        logging.getLogger("watchdog").removeHandler(self._warnings)
        self._observer.stop()
        self._observer.join()


class _Warnings(logging.Handler):
    """watchdog tells its log, and nobody else, that events were lost."""

    def __init__(self, pending: Pending) -> None:
        super().__init__(logging.WARNING)
        self._pending = pending

    def emit(self, record: logging.LogRecord) -> None:
        self._pending.lost()
