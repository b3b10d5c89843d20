"""One scan makes the index equal to the disk: new and changed files are read, vanished ones forgotten.

It is idempotent and can be interrupted anywhere: what is done is done, the next run does the rest. The watcher, the
`index` command and `check --repair` all come through here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ask.indexer.database import below
from ask.indexer.documents import UNREADABLE
from ask.indexer.pool import Read, ReaderSettings, read_files
from ask.indexer.prepare import reader_version
from ask.indexer.progress import Progress
from ask.indexer.rules import Rules
from ask.indexer.scan import Found, Left, scan
from ask.indexer.store import FileRow, FileState, LeftOut, Store

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


def index(store: Store, paths: Sequence[bytes], rules: Rules, settings: ReaderSettings, progress: Progress) -> Outcome:
    """Bring everything at and below `paths` up to date. A path that is not there is kept as it was known when it is a
    root (its disk may be away), and forgotten when it lies in a root that is there."""
    outcome = Outcome()
    for path in paths:
        if _is_away(store, path):
            outcome.missing_roots.append(path)
        else:
            _index_one(store, _readable_path(path), rules, settings, progress, outcome)
    store.drop_orphans()
    return outcome


def _is_away(store: Store, path: bytes) -> bool:
    if os.path.lexists(path):
        return False
    above = [root for _, root in store.roots() if path.startswith(below(root)[0])]
    return not any(os.path.lexists(root) for root in above)


def _readable_path(path: bytes) -> bytes:
    """The file that a link names: a link to a folder can be read as it is, one to a file is never opened."""
    is_link = os.path.isfile(path) and os.path.islink(path)  # noqa: PTH113, PTH114 (pathlib cannot hold bytes)
    return os.path.realpath(path) if is_link else path


def _index_one(
    store: Store, path: bytes, rules: Rules, settings: ReaderSettings, progress: Progress, outcome: Outcome
) -> None:
    root_id = store.add_root(path)
    run = _Run(store, root_id, rules, settings, progress, outcome, known=store.files_below(path))
    complete = run.scan(path)
    run.read_waiting()
    if complete:
        run.count_gone(store.drop_unseen(path, run.seen))
        if (root_id, path) in store.roots():
            store.root_scanned(root_id)


@dataclass(slots=True)
class _Run:
    """One scan of one root."""

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

    @property
    def reader(self) -> int:
        """Names the code and the model that chunks are cut by."""
        return reader_version(self.settings.tokenizer, self.settings.window)

    def scan(self, path: bytes) -> bool:
        """Look at every name; keep what must be read for later. False when the root itself could not be read."""
        self.seen = self.store.next_scan()
        reader = self.reader
        same: list[int] = []
        left: list[LeftOut] = []
        self.progress.stage("looking", None)
        others = [other for _, other in self.store.roots() if other != path]
        is_root = path in {known for _, known in self.store.roots()}
        complete = True
        for entry in scan(path, self.rules, others=others):
            self.progress.advance(1, os.fsdecode(entry.path))
            row = self.known.get(entry.path)
            if isinstance(entry, Left) and entry.reason == "vanished":
                complete = complete and not (is_root and entry.path == path)  # a root may come back with its disk
            elif isinstance(entry, Left):
                complete = complete and entry.path != path
                self._leave(entry, row, same, left)
            elif row is not None and _unchanged(row, entry, reader):
                same.append(row.id)
                self._count_known(row)
            else:
                self.waiting.append((_state(entry), row))
            if len(same) + len(left) >= _BATCH:
                self._flush(same, left)
        self._flush(same, left)
        return complete

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
        if row is not None and row.status != "indexed" and row.reason == entry.reason:
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

    def read_waiting(self) -> None:
        """Read what is new or changed; each file is stored as soon as it is read."""
        if not self.waiting:
            return
        rows = {state.path: row for state, row in self.waiting}
        self.waiting.sort(key=lambda pair: -pair[0].mtime_ns)  # what is fresh is findable first
        self.progress.stage("reading", len(self.waiting))
        for result in self._read_all([state for state, _ in self.waiting]):
            self._store(result, rows[result.state.path])
            self.progress.advance(1, os.fsdecode(result.state.path))

    def _read_all(self, states: Sequence[FileState]) -> Iterator[Read]:
        """Read all; a file that killed its worker is tried once more, alone at the end."""
        again: list[FileState] = []
        for result in read_files(states, self.settings):
            if result.crashed:
                again.append(result.state)
            else:
                yield result
        if again:
            yield from read_files(again, self.settings)

    def _store(self, result: Read, row: FileRow | None) -> None:
        state, reader = result.state, self.reader
        if not result.reason:
            self.store.put_file(
                self.root_id, state, result.documents, content=result.content, reader=reader, seen=self.seen
            )
            self._count_stored(row, result.content)
            return
        if row is not None and row.status == "indexed" and result.reason in _PASSING:
            self.store.mark_seen([row.id], self.seen)  # its last text stays findable; the next run tries again
            self.outcome.unreadable[state.path] = result.reason
            return
        reason = "quarantined" if result.crashed else result.reason
        left = LeftOut(state, reason, result.detail, crashes=_GIVE_UP if result.crashed else 0)
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

    def count_gone(self, contents: Sequence[bytes | None]) -> None:
        """What vanished here and appeared there with the same content has moved."""
        moved = (Counter(content for content in contents if content) & self.arrived).total()
        self.outcome.moved += moved
        self.outcome.new -= moved
        self.outcome.removed += len(contents) - moved


def _state(entry: Found) -> FileState:
    return FileState(entry.path, entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode)


def _unchanged(row: FileRow, entry: Found, reader: int) -> bool:
    """Size, both times and inode tell; ctime catches a file rewritten with its old size and time."""
    if row.reason in _TRY_AGAIN:
        return False
    same = (row.size, row.mtime_ns, row.ctime_ns) == (entry.size, entry.mtime_ns, entry.ctime_ns)
    return same and row.reader == reader
