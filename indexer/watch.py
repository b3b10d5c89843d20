"""Keep the index equal to the disk as long as this runs.

Notices only wake the reconciler, which looks at the disk itself: the smallest parts that changed, everything when
notices were lost, and everything once an hour in any case. The index is locked only while there is work.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ask.indexer import approximate, database, fill_process, idle, maintain, recognition, switch
from ask.indexer import fill as filling
from ask.indexer.compile import Compiled
from ask.indexer.errors import Busy, DiskFull, ModelProblem, NotFound
from ask.indexer.notices import Notices, Pending, notices
from ask.indexer.place import prepare_home
from ask.indexer.progress import Progress
from ask.indexer.reconcile import Outcome, index, is_away, update
from ask.indexer.scan import Part
from ask.indexer.store import Store
from filelock import FileLock, Timeout

FILE = "watch.json"
LOCK = "watch.lock"
HOUR = 3600.0
"""Seconds between two looks at everything: the authority, whatever was noticed."""
UNWATCHED = 45.0
"""The same while there are folders that the system does not watch; never more than a twentieth of the time."""
TICK = 5.0
"""Seconds between two looks at which roots there are, and whether their disks are."""
TURN = 60.0
"""Seconds of embedding after which it is looked at whether there is something else to do."""
LATER = 60.0
"""Seconds until it is looked at again whether much work may be done."""
BROKEN = 300.0
"""Seconds until embedding is tried again after its process has failed."""
SHOWN = 20
"""Unwatched folders named in the report."""


@dataclass(slots=True)
class State:
    """What `ask status` tells of the watcher. Times are Unix seconds."""

    pid: int
    since: int
    scanned: int | None = None
    """End of the last look at everything."""
    folders: int = 0
    """Watched folders (on macOS and Windows: roots)."""
    unwatched: int = 0
    """Folders the system refuses to watch; they are looked at every minute or so."""
    unwatched_folders: list[str] = field(default_factory=list)
    """The first of them."""
    limit: int | None = None
    """How many folders the system watches for one user."""
    away: list[str] = field(default_factory=list)
    """Roots that are not there now; what is known of them is kept."""
    lost: int = 0
    """How often events were lost, and everything was looked at."""
    pending: int = 0
    """Changed places that are not looked at yet."""
    service: str = ""
    """Whether searches are answered, in words."""
    waits: str = ""
    """Why exact meaning waits, in words: `on battery`."""
    problem: str = ""
    """Why the last run failed, in words; it is tried again."""


def report(home: Path) -> dict[str, object]:
    """The part "watch" of `ask status`."""
    try:
        if not (home / LOCK).exists():
            return {"running": False}
        with FileLock(home / LOCK, timeout=0):
            return {"running": False}
    except Timeout:
        pass
    try:
        said = State(**json.loads((home / FILE).read_text()))
    except (OSError, ValueError, TypeError):  # it has only just started
        return {"running": True}
    return {"running": True, **asdict(said)}


def limit() -> int | None:
    """How many folders the system watches for one user; None where it does not say."""
    found = []
    for name in ("user/max_inotify_watches", "fs/inotify/max_user_watches"):
        with suppress(OSError, ValueError):
            found.append(int(Path("/proc/sys", name).read_text()))
    return min(found, default=None)


Told = Callable[[Outcome], None]


class Watcher:
    """The one watcher of a state directory."""

    def __init__(self, plan: maintain.Plan, model: Compiled, progress: Progress, told: Told) -> None:
        """`told` hears of every look at the disk. Raises `Busy` when another watcher runs."""
        prepare_home(plan.home)
        self._plan, self._model, self._progress, self._told = plan, model, progress, told
        self._lock = FileLock(plan.home / LOCK, mode=0o600)
        try:
            self._lock.acquire(timeout=1)
        except Timeout as error:
            raise Busy("another ask watch is running", "ask status tells since when.") from error
        self._pending = Pending()
        self._notices: Notices = notices(self._pending)
        self.state = State(os.getpid(), int(time.time()), limit=limit())
        self._roots: list[bytes] = []
        self._next = 0.0
        self._filled = False
        self._pause = 0.0
        """Until then nothing is tried, and until `_not_before` nothing is embedded (monotonic seconds)."""
        self._not_before = 0.0
        self._much = False
        """There is more to embed than takes a few seconds: that waits while the machine is busy or on battery."""

    def close(self) -> None:
        """Stop watching; the index is as the last look left it."""
        self._notices.stop()
        (self._plan.home / FILE).unlink(missing_ok=True)
        self._lock.release()

    def run(self) -> None:
        """Until interrupted."""
        while True:
            self.step()
            time.sleep(max(0.0, self._pause - time.monotonic()))
            self._pending.wait(TICK if self._filled or self.state.problem else 0.2)

    def step(self) -> None:
        """Do what there is to do now."""
        self._look_at_roots()
        parts, lost = self._pending.take()
        if lost:
            self.state.lost += 1
            self._start_again()
        everything = lost or time.monotonic() >= self._next
        if parts or everything:
            self._reconcile(parts, everything)
        if not self._filled and time.monotonic() >= max(self._pause, self._not_before):
            self._fill()

    def _reconcile(self, parts: list[Part], everything: bool) -> None:
        """Look at the disk. What cannot be done now is done later: nothing is lost."""
        try:
            with Store(self._plan.home, wait=fill_process.SLICE) as store:
                self._look(store, parts, everything)
                self._much = filling.pending_count(store.db) > approximate.FEW
                self._filled = not maintain.unfilled(store, self._model) and not recognition.waiting(
                    store, self._plan.languages
                )
            if self._filled:
                self.state.problem = ""
        except (Busy, DiskFull) as error:
            self.state.problem = error.message
            self._pause = time.monotonic() + TICK
            for part in parts:
                self._pending.add(part)
            if everything:
                self._next = self._pause
        self._write()

    def _look(self, store: Store, parts: list[Part], everything: bool) -> None:
        rules = maintain.consenting(store, self._plan).rules()
        reading = self._plan.reading(switch.cutter(store, self._model))
        began = time.monotonic()
        if everything:
            self._roots = [path for _, path in store.roots()]
            self._notices.roots(self._roots)
            outcome = index(store, self._roots, rules, reading, self._progress, self._notices.enter)
            self.state.scanned = int(time.time())
            self._next = time.monotonic() + self._until_next(time.monotonic() - began)
        else:
            outcome = update(store, parts, rules, reading, self._progress, self._notices.enter)
        self._told(outcome)

    def _until_next(self, took: float) -> float:
        return max(UNWATCHED, 20 * took) if self._notices.unwatched else HOUR

    def _fill(self) -> None:
        """Meaning follows words, in a process of its own; a model that fails costs meaning only."""
        self.state.waits = idle.reason() if self._much else ""
        if self.state.waits:
            self._not_before = time.monotonic() + LATER
            self._write()
            return
        end = time.monotonic() + TURN

        def enough() -> bool:
            return self._pending.urgent() or time.monotonic() >= end

        try:
            self._filled = fill_process.fill(self._plan.home, self._model, self._plan.workers, enough)
            if self._filled:
                self._filled = self._look_at_pictures(enough)
            self.state.problem = ""
        except (Busy, DiskFull) as error:
            self.state.problem = error.message
            self._pause = time.monotonic() + TICK
        except ModelProblem as error:
            self.state.problem = error.message
            self._not_before = time.monotonic() + BROKEN
        self._write()

    def _look_at_pictures(self, enough: Callable[[], bool]) -> bool:
        """Text in pictures comes last. True when no picture is left, and none held text that is now to be embedded."""
        with Store(self._plan.home, wait=fill_process.SLICE) as store:
            found = maintain.look_at_pictures(store, self._plan, self._model, self._progress, enough=enough)
        return not found and not enough()

    def _start_again(self) -> None:
        """Watches, too, may have been lost: make all of them anew, while everything is looked at."""
        self._notices.stop()
        self._notices = notices(self._pending)

    def _look_at_roots(self) -> None:
        """A root that another command added or a disk that came back is a reason to look at everything."""
        try:
            with database.reading(self._plan.home) as db:
                roots = [bytes(path) for (path,) in db.execute("SELECT path FROM roots ORDER BY path")]
                away = [path for path in roots if is_away(db, path)]
        except NotFound:
            return  # nothing is indexed yet
        names = [os.fsdecode(path) for path in away]
        if set(roots) - set(self._roots) or set(self.state.away) - set(names):
            self._next = 0.0
        if names != self.state.away:
            self.state.away = names
            self._write()

    def _write(self) -> None:
        unwatched = self._notices.unwatched
        self.state.folders, self.state.unwatched = self._notices.folders, len(unwatched)
        self.state.unwatched_folders = [os.fsdecode(path) for path in unwatched[:SHOWN]]
        self.state.pending = len(self._pending)
        temporary = self._plan.home / f"{FILE}.new"
        with suppress(OSError):  # a full disk: watching matters more than telling of it
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(asdict(self.state)))
            temporary.replace(self._plan.home / FILE)
