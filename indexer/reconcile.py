"""One scan makes the index equal to the disk: new and changed files are read, vanished ones forgotten.

It is idempotent and can be interrupted anywhere: what is done is done, the next run does the rest. The watcher, the
`index` command and `check --repair` all come through here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ask.indexer import helpers
from ask.indexer.database import Connection, below, lies_in
from ask.indexer.documents import UNREADABLE, Credit
from ask.indexer.history import Histories
from ask.indexer.pool import Read, ReaderSettings, read_together
from ask.indexer.prepare import reader_version
from ask.indexer.progress import Progress
from ask.indexer.recognition import pictures_in
from ask.indexer.rows import FileRow, FileState, LeftOut
from ask.indexer.rules import Rules
from ask.indexer.scan import Entry, Found, Left, Part, scan
from ask.indexer.store import Store

_BATCH = 500
_TRY_AGAIN = frozenset(["changing", "vanished", "no permission"])
"""Reasons that may be gone the next time, whatever the file's times say."""
_PASSING = frozenset(["changing", "no permission"])
"""Reasons for which the text of a file, once read, is kept."""
_GIVE_UP = 2
"""Crashes after which a file is set aside until it changes."""


@dataclass(slots=True)
class Outcome:
    """What a run did, counted in files."""

    new: int = 0
    changed: int = 0
    moved: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0
    """Left out on purpose, this run or before."""
    unreadable: dict[bytes, str] = field(default_factory=dict)
    """Path and reason of every file that should be in the index but could not be read."""
    missing_roots: list[bytes] = field(default_factory=list)
    """Roots that are not there now; what is known of them is kept."""


Entered = Callable[[bytes], None]
"""Told of every folder right before its names are read."""


def _nobody(_: bytes) -> None:
    """Not interested."""


def index(
    store: Store,
    paths: Sequence[bytes],
    rules: Rules,
    settings: ReaderSettings,
    progress: Progress,
    entered: Entered = _nobody,
) -> Outcome:
    """Bring everything at and below `paths` up to date. A path that is not there is kept as it was known when it is a
    root (its disk may be away), and forgotten when it lies in a root that is there."""
    outcome = Outcome()
    for path in paths:
        if is_away(store.db, path):
            outcome.missing_roots.append(path)
            continue
        path = _readable_path(path)
        root_id = store.add_root(path)
        run = _Run(store, root_id, rules, settings, progress, outcome, known=store.files_below(path))
        entries = scan(path, rules, others=_others(store, path), entered=entered)
        if run.reconcile(Part(path, deep=True), entries) and (root_id, path) in store.roots():
            store.root_scanned(root_id)
            store.set_meta(_mounted(path), str(int(os.path.ismount(path))))
    store.drop_orphans()
    return outcome


def update(
    store: Store,
    parts: Sequence[Part],
    rules: Rules,
    settings: ReaderSettings,
    progress: Progress,
    entered: Entered = _nobody,
) -> Outcome:
    """Bring parts of known roots up to date, as a run over the whole roots would; parts of no root are passed over."""
    outcome = Outcome()
    for part in parts:
        above = [root for root in store.roots() if lies_in(part.path, root[1])]
        if not above:
            continue
        root_id, root = max(above, key=lambda each: len(each[1]))
        if is_away(store.db, root):
            outcome.missing_roots.append(root)
            continue
        if not os.path.isdir(part.path):  # noqa: PTH112 (pathlib cannot hold bytes)
            part = Part(part.path, deep=True)  # gone, with all that was below it
        known = store.files_below(part.path) if part.deep else store.files_in(part.path)
        run = _Run(store, root_id, rules, settings, progress, outcome, known=known)
        run.reconcile(part, scan(root, rules, others=_others(store, root), part=part, entered=entered))
    if outcome.changed or outcome.removed or outcome.moved:
        store.drop_orphans()
    return outcome


def is_away(db: Connection, path: bytes) -> bool:
    """True for a root that is not there now, or whose disk is not: an empty folder stays where it was mounted."""
    roots = [bytes(root) for (root,) in db.execute("SELECT path FROM roots")]
    if os.path.lexists(path):
        mounted = db.execute("SELECT 1 FROM meta WHERE key = ? AND value = '1'", (_mounted(path),)).fetchone()
        return path in roots and mounted is not None and not os.path.ismount(path)
    return not any(os.path.lexists(root) for root in roots if lies_in(path, root))


def _mounted(root: bytes) -> str:
    """Key under which it is remembered whether a root was the top of a disk of its own."""
    return f"mounted {root.hex()}"


def _others(store: Store, path: bytes) -> list[bytes]:
    return [other for _, other in store.roots() if other != path]


def _readable_path(path: bytes) -> bytes:
    """The file that a link names: a link to a folder can be read as it is, one to a file is never opened."""
    is_link = os.path.isfile(path) and os.path.islink(path)  # noqa: PTH113, PTH114 (pathlib cannot hold bytes)
    return os.path.realpath(path) if is_link else path


@dataclass(slots=True)
class _Run:
    """One scan of one root or of a part of it."""

    store: Store
    root_id: int
    rules: Rules
    settings: ReaderSettings
    progress: Progress
    outcome: Outcome
    known: dict[bytes, FileRow]
    seen: int = 0
    waiting: list[tuple[FileState, FileRow | None]] = field(default_factory=list)
    arrived: Counter[bytes] = field(default_factory=Counter)
    """Contents of files that were not known, to see what has only moved."""
    histories: Histories = field(init=False)

    def __post_init__(self) -> None:
        self.histories = Histories(self.store.db)

    @property
    def reader(self) -> int:
        """Names the code and the model that chunks are cut by."""
        return reader_version(self.settings.tokenizer, self.settings.window)

    def reconcile(self, part: Part, entries: Iterable[Entry]) -> bool:
        """Make the index equal to `entries`, which are all there is in that part. False when it could not be read."""
        complete = self._look(part.path, entries)
        self._read_waiting()
        if complete:
            self._count_gone(self.store.drop_unseen(part.path, self.seen, deep=part.deep))
            if part.deep:
                self.histories.forget_others(part.path, below(part.path))
        return complete

    def _look(self, path: bytes, entries: Iterable[Entry]) -> bool:
        """Look at every name; keep what must be read for later. False when `path` itself could not be read."""
        self.seen = self.store.next_scan()
        same: list[int] = []
        left: list[LeftOut] = []
        self.progress.stage("looking", None)
        roots = {root for _, root in self.store.roots()}
        complete = True
        for entry in entries:
            self.progress.advance(1, os.fsdecode(entry.path))
            row = self.known.get(entry.path)
            if isinstance(entry, Left) and entry.reason == "vanished":
                complete = complete and entry.path not in roots  # a root may come back with its disk
            elif isinstance(entry, Left):
                out_of_reach = entry.path in roots or entry.reason in UNREADABLE
                complete = complete and not (out_of_reach and path.startswith(entry.path))
                self._leave(entry, row, same, left)
            else:
                self._consider(state_of(entry, self.histories.of(entry.path)), row, same)
            if len(same) + len(left) >= _BATCH:
                self._flush(same, left)
        self._flush(same, left)
        return complete

    def _consider(self, state: FileState, row: FileRow | None, same: list[int]) -> None:
        if row is not None and row.history == state.history and unchanged(row, state, self.reader):
            same.append(row.id)
            self._count_known(row)
        else:
            self.waiting.append((state, row))

    def _leave(self, entry: Left, row: FileRow | None, same: list[int], left: list[LeftOut]) -> None:
        found = LeftOut(FileState(entry.path, entry.size, 0, 0, 0), entry.reason, entry.detail)
        if found.reason in UNREADABLE:
            self.outcome.unreadable[entry.path] = found.reason
            if entry.is_dir:
                self.store.keep_below(entry.path, self.seen)
            if row is not None and row.status == "indexed":
                same.append(row.id)  # what could be read once is kept until it is known to be gone
                return
        else:
            self.outcome.skipped += 1
        if row is not None and row.status != "indexed" and (row.reason, row.size) == (entry.reason, entry.size):
            same.append(row.id)
        else:
            left.append(found)

    def _count_known(self, row: FileRow) -> None:
        if row.status == "indexed":
            self.outcome.unchanged += 1
        elif row.status == "unreadable":
            self.outcome.unreadable[row.path] = row.reason
        else:
            self.outcome.skipped += 1

    def _flush(self, same: list[int], left: list[LeftOut]) -> None:
        if same:
            self.store.mark_seen(same, self.seen)
        if left:
            self.store.put_left_out(self.root_id, left, reader=self.reader, seen=self.seen)
        same.clear()
        left.clear()

    def _read_waiting(self) -> None:
        """Read what is new or changed; each file is stored as soon as it is read, with those that wait beside it: a commit
        takes as long as storing a small file."""
        if not self.waiting:
            return
        rows = {state.path: row for state, row in self.waiting}
        self.waiting.sort(key=lambda pair: -pair[0].mtime_ns)  # what is fresh is findable first
        self.progress.stage("reading", len(self.waiting))
        for batch in self._read_all([state for state, _ in self.waiting]):
            with self.store.transaction():
                for result in batch:
                    self._store(result, rows[result.state.path])
            self.progress.advance(len(batch), os.fsdecode(batch[-1].state.path))

    def _read_all(self, states: Sequence[FileState]) -> Iterator[list[Read]]:
        """Read all; a file that killed its worker is tried once more, alone at the end."""
        again: list[FileState] = []
        for batch in read_together(states, self.settings):
            again += [result.state for result in batch if result.crashed]
            if whole := [result for result in batch if not result.crashed]:
                yield whole
        if again:
            yield from read_together(again, self.settings)

    def _store(self, result: Read, row: FileRow | None) -> None:
        state, reader = result.state, self.reader
        if not result.reason:
            self.store.put_file(
                self.root_id, state, result.documents, content=result.content, reader=reader, seen=self.seen,
                pictures=pictures_in(state.path, "", result.documents),
            )  # fmt: skip
            self._count_stored(row, result.content)
            return
        if row is not None and row.status == "indexed" and result.reason in _PASSING:
            self.store.mark_seen([row.id], self.seen)  # its last text stays findable; the next run tries again
            self.outcome.unreadable[state.path] = result.reason
            return
        reason = "quarantined" if result.crashed else result.reason
        crashes = _GIVE_UP if result.crashed else 0
        left = LeftOut(state, reason, result.detail, crashes, pictures_in(state.path, reason, ()))
        self.store.put_left_out(self.root_id, [left], reader=reader, seen=self.seen)
        if reason in UNREADABLE:
            self.outcome.unreadable[state.path] = reason
        else:
            self.outcome.skipped += 1

    def _count_stored(self, row: FileRow | None, content: bytes) -> None:
        if row is None:
            self.outcome.new += 1
            self.arrived[content] += 1
        else:
            self.outcome.changed += 1

    def _count_gone(self, contents: Sequence[bytes | None]) -> None:
        """What vanished here and appeared there with the same content has moved; what had none was not indexed."""
        gone = Counter(content for content in contents if content)
        moved = (gone & self.arrived).total()
        self.outcome.moved += moved
        self.outcome.new -= moved
        self.outcome.removed += gone.total() - moved


def state_of(entry: Found, credit: Credit | None) -> FileState:
    """What a scan found of a file, with what its history tells."""
    return FileState(entry.path, entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode, credit)


def unchanged(row: FileRow, state: FileState, reader: int) -> bool:
    """Size and times tell; ctime catches a file rewritten with its old size and time."""
    if row.reason in _TRY_AGAIN or (row.reason == "needs helper" and helpers.is_there(row.detail)):
        return False
    same = (row.size, row.mtime_ns, row.ctime_ns) == (state.size, state.mtime_ns, state.ctime_ns)
    return same and row.reader == reader
