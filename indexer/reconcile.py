"""One scan makes the index equal to the disk: new and changed files are read, vanished ones forgotten.

It is idempotent and can be interrupted anywhere: what is done is done, the next run does the rest. The watcher, the
`index` command and `check --repair` all come through here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ask.indexer.documents import UNREADABLE
from ask.indexer.errors import NotFound
from ask.indexer.pool import Read, ReaderSettings, read_files
from ask.indexer.prepare import reader_version
from ask.indexer.progress import Progress
from ask.indexer.rules import Rules
from ask.indexer.scan import Found, Left, scan
from ask.indexer.store import FileRow, FileState, LeftOut, Store

_BATCH = 500
_TRY_AGAIN = frozenset(["changing", "vanished", "no permission"])
"""Reasons that may be gone the next time, whatever the file's times say."""
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
    """Bring everything at and below `paths` up to date. Raises `NotFound` for a path that is no root and not there."""
    outcome = Outcome()
    for path in paths:
        if not os.path.lexists(path):
            if path not in {known for _, known in store.roots()}:
                raise NotFound(f"there is no {os.fsdecode(path)}", "Check the spelling.")
            outcome.missing_roots.append(path)
            continue
        _index_one(store, path, rules, settings, progress, outcome)
    store.drop_orphans()
    return outcome


def _index_one(
    store: Store, path: bytes, rules: Rules, settings: ReaderSettings, progress: Progress, outcome: Outcome
) -> None:
    root_id = store.add_root(path)
    run = _Run(store, root_id, rules, settings, progress, outcome, known=store.files_below(path))
    complete = run.scan(path)
    run.read_waiting()
    if complete:
        gone = store.drop_unseen(path, run.seen)
        outcome.removed += len(gone) - outcome.moved
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

    def scan(self, path: bytes) -> bool:
        """Look at every name; keep what must be read for later. False when the root itself could not be read."""
        self.seen = self.store.next_scan()
        reader = reader_version()
        same: list[int] = []
        left: list[LeftOut] = []
        self.progress.stage("looking", None)
        others = [other for _, other in self.store.roots() if other != path]
        complete = True
        for entry in scan(path, self.rules, others=others):
            self.progress.advance(1, os.fsdecode(entry.path))
            row = self.known.get(entry.path)
            if isinstance(entry, Left):
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
        if found.reason in {"no permission", "vanished"}:
            self.outcome.unreadable[entry.path] = found.reason
            if row is not None and row.status == "indexed":
                return  # what could be read once is kept until it is known to be gone: not seen, not dropped here
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
            self.store.put_left_out(self.root_id, left, reader=reader_version(), seen=self.seen)
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
        state, reader = result.state, reader_version()
        if not result.reason:
            self.store.put_file(
                self.root_id, state, result.documents, content=result.content, reader=reader, seen=self.seen
            )
            self._count_stored(row)
            return
        reason = "quarantined" if result.crashed else result.reason
        left = LeftOut(state, reason, result.detail, crashes=_GIVE_UP if result.crashed else 0)
        self.store.put_left_out(self.root_id, [left], reader=reader, seen=self.seen)
        if reason in UNREADABLE:
            self.outcome.unreadable[state.path] = reason
        else:
            self.outcome.skipped += 1

    def _count_stored(self, row: FileRow | None) -> None:
        if row is None:
            self.outcome.new += 1
        else:
            self.outcome.changed += 1


def _state(entry: Found) -> FileState:
    return FileState(entry.path, entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode)


def _unchanged(row: FileRow, entry: Found, reader: int) -> bool:
    """Size, both times and inode tell; ctime catches a file rewritten with its old size and time."""
    if row.reason in _TRY_AGAIN:
        return False
    same = (row.size, row.mtime_ns, row.ctime_ns) == (entry.size, entry.mtime_ns, entry.ctime_ns)
    return same and row.reader == reader
