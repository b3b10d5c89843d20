"""What indexing would do and take, told beforehand: nothing is changed, a sample is measured.

Everything is looked at as an index run looks at it. Of the files to be read a sample goes the whole way, through the
workers into an index in a temporary folder that is gone afterwards, and a few of its chunks are embedded.
The rest is multiplication by kind of file, so a forecast is worth as much as the sample is like the rest.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ask.indexer import database, fill, maintain
from ask.indexer.compile import MODELS, Compiled, compiled_model, is_compiled
from ask.indexer.documents import UNREADABLE
from ask.indexer.embed import Embedder
from ask.indexer.errors import NotFound, UsageError
from ask.indexer.pool import read_files
from ask.indexer.prepare import reader_version
from ask.indexer.progress import Progress
from ask.indexer.reconcile import state_of, unchanged
from ask.indexer.rows import FileRow, FileState, hash_of
from ask.indexer.scan import Left, scan
from ask.indexer.static import Static
from ask.indexer.store import Store, known_below

SAMPLE = 200
"""Files read to measure."""
SAMPLE_BYTES = 20_000_000
PATIENCE = 10.0
"""Seconds after which no further file of the sample is stored."""
EMBEDDED = 64
"""Chunks embedded to measure."""
NAMED = 100
"""Paths of likely secrets that are named."""
_ENDS = 16_384
"""Bytes at both ends of files of one size by which copies are told."""
_PER_VECTOR = 120
"""Bytes beside the values of a vector: its hash, its row and its index in the database, and 69 in the FAISS file."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So many files of so many bytes."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.files + other.files, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would do. Times are wall seconds on this machine as busy as it is now."""

    unchanged: Amount
    """Known and not read again."""
    to_read: Mapping[str, Amount]
    """New or changed files by suffix, the largest kinds first."""
    left_out: Mapping[str, Amount]
    """By reason; a folder counts as one file without size, because it is not looked into."""
    unreadable: Mapping[str, int]
    """By reason."""
    secrets: tuple[str, ...]
    """Paths that look secret and are left out; the first hundred."""
    copies: Amount
    """Files that are likely copies of others to be read; they cost no embedding."""
    sampled: Amount
    """What was read to measure."""
    chunks: int
    seconds: Mapping[str, float]
    """Until each tier is complete: `scan`, `words`, `instant`, `full`; they do not add up, each holds the one before."""
    disk: int
    """Bytes the index would grow by."""


@dataclass(slots=True)
class _Looked:
    """What a scan found."""

    found: list[FileState] = field(default_factory=list)
    same: Amount = Amount()
    left: dict[str, Amount] = field(default_factory=lambda: defaultdict(Amount))
    unreadable: Counter[str] = field(default_factory=Counter)
    secrets: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Embedding:
    """Seconds for a chunk, either way."""

    approximate: float = 0.0
    exact: float = 0.0


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the sample took."""

    read: Amount
    chunks: Mapping[str, tuple[int, int]]
    """By suffix: chunks, and bytes of the files they came from."""
    seconds: float
    disk: int
    embedding: _Embedding


def forecast(home: Path, paths: Sequence[bytes], plan: maintain.Plan, name: str, progress: Progress) -> Forecast:
    """Foresee `ask index` on `paths`, which must exist. Raises `UsageError`."""
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"there is no {os.fsdecode(path)}", "Check the spelling.")
    known, consented = _known(home, paths)
    with tempfile.TemporaryDirectory(prefix="ask-plan-") as scratch:
        models = home / MODELS if is_compiled(home / MODELS, name) else Path(scratch) / MODELS
        if models.is_relative_to(scratch):
            progress.note(f"Preparing the model {name} to measure with (about 20 seconds) …")
        model = compiled_model(models, name)
        begun = time.perf_counter()
        looked = _look(paths, replace(plan, consented=(*plan.consented, *consented)), model, known, progress)
        scanning = time.perf_counter() - begun
        measured = _measure(Path(scratch) / "state", _sample(looked.found), plan, model, progress)
    return _multiplied(looked, scanning, measured, model)


def _known(home: Path, paths: Iterable[bytes]) -> tuple[dict[bytes, FileRow], list[bytes]]:
    """What an index that may be there knows of the paths, and what there is consent for."""
    with suppress(NotFound), database.reading(home) as db:
        files = {path: row for below in paths for path, row in known_below(db, below).items()}
        return files, maintain.consents(db)
    return {}, []


def _look(
    paths: Sequence[bytes], plan: maintain.Plan, model: Compiled, known: Mapping[bytes, FileRow], progress: Progress
) -> _Looked:
    looked = _Looked()
    reading, rules = plan.reading(model), plan.rules()
    reader = reader_version(reading.tokenizer, reading.window)
    progress.stage("looking", None)
    for path in paths:
        for entry in scan(path, rules, others=[other for other in paths if other != path]):
            progress.advance(1, os.fsdecode(entry.path))
            if isinstance(entry, Left):
                _leave(looked, entry)
                continue
            row, state = known.get(entry.path), state_of(entry, None)
            if row is not None and unchanged(row, state, reader):
                looked.same += Amount(1, entry.size)
            else:
                looked.found.append(state)
    return looked


def _leave(looked: _Looked, entry: Left) -> None:
    if entry.reason in UNREADABLE:
        looked.unreadable[entry.reason] += 1
        return
    looked.left[entry.reason] += Amount(1, entry.size)
    if entry.reason == "secret" and len(looked.secrets) < NAMED:
        looked.secrets.append(os.fsdecode(entry.path))


def suffix(path: bytes) -> str:
    """The kind of a file by its name: `.py`, in lower case; empty for none."""
    name = os.fsdecode(path.rpartition(os.fsencode(os.sep))[2])
    stem, dot, end = name.rpartition(".")
    return f".{end.lower()}" if stem and dot and len(end) <= 10 else ""


def _by_suffix(states: Iterable[FileState]) -> dict[str, list[FileState]]:
    groups: dict[str, list[FileState]] = defaultdict(list)
    for state in states:
        groups[suffix(state.path)].append(state)
    return groups


def _sample(states: Sequence[FileState]) -> list[FileState]:
    """Files of every kind, the more of it there are the more, in chance order; the same for the same tree."""
    chance = random.Random(0)  # noqa: S311 (no secret)
    chosen: list[FileState] = []
    for group in _by_suffix(states).values():
        share = max(2, round(SAMPLE * len(group) / max(len(states), 1)))
        chosen += chance.sample(group, min(share, len(group)))
    chance.shuffle(chosen)
    kept, size = [], 0
    for state in chosen:
        if size + state.size <= SAMPLE_BYTES:
            kept.append(state)
            size += state.size
    return kept


def _measure(
    state: Path, sample: Sequence[FileState], plan: maintain.Plan, model: Compiled, progress: Progress
) -> _Measured:
    """Index the sample by itself."""
    read = Amount()
    chunks: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    progress.stage("measuring", len(sample))
    with Store(state) as store:
        root = store.add_root(os.fsencode(os.sep))
        begun = time.perf_counter()
        for result in read_files(sample, plan.reading(model)):
            progress.advance(1, os.fsdecode(result.state.path))
            if not read.files:
                begun = time.perf_counter()  # the workers have started, which the whole run pays for once, too
            kind = suffix(result.state.path)
            made = sum(len(row.chunks) for row in result.documents)
            read += Amount(1, result.state.size)
            chunks[kind] = (chunks[kind][0] + made, chunks[kind][1] + result.state.size)
            if result.documents:
                store.put_file(root, result.state, result.documents, content=result.content, reader=0, seen=1)
            if time.perf_counter() - begun > PATIENCE:
                break
        seconds = time.perf_counter() - begun
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages, page = (store.db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        return _Measured(read, dict(chunks), seconds, pages * page, _embedding(store, model, plan.workers))


def _embedding(store: Store, model: Compiled, threads: int | None) -> _Embedding:
    pending = [each.text for each in fill.load_pending(store.db, fill.next_ids(store.db))]
    if not pending:
        return _Embedding()
    embedder = Embedder(model, threads)
    table = Static(embedder)
    few = random.Random(0).sample(pending, min(EMBEDDED, len(pending)))  # noqa: S311
    embedder.embed(few[:1])  # the first call allocates
    return _Embedding(
        approximate=_each(lambda: table.first(table.features(pending)), len(pending)),
        exact=_each(lambda: embedder.embed(few), len(few)),
    )


def _each(work: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / count


def _multiplied(looked: _Looked, scanning: float, measured: _Measured, model: Compiled) -> Forecast:
    groups = {kind: _amount(states) for kind, states in _by_suffix(looked.found).items()}
    sampled = sum(made for made, _ in measured.chunks.values())
    chunks = sum(_expected(measured, kind, amount.bytes) for kind, amount in groups.items())
    share = chunks / sampled if sampled else 0.0
    copies = _copies(looked.found)
    fresh = 1 - copies.bytes / max(_amount(looked.found).bytes, 1)
    words = scanning + share * measured.seconds
    return Forecast(
        unchanged=looked.same,
        to_read=dict(sorted(groups.items(), key=lambda pair: (-pair[1].bytes, pair[0]))),
        left_out=dict(sorted(looked.left.items(), key=lambda pair: (-pair[1].files, pair[0]))),
        unreadable=dict(looked.unreadable.most_common()),
        secrets=tuple(looked.secrets),
        copies=copies,
        sampled=measured.read,
        chunks=round(chunks),
        seconds={
            "scan": round(scanning, 1),
            "words": round(words, 1),
            "instant": round(words + chunks * fresh * measured.embedding.approximate, 1),
            "full": round(words + chunks * fresh * measured.embedding.exact, 1),
        },
        disk=round(share * measured.disk + chunks * fresh * (model.dimensions / 2 + _PER_VECTOR)) if sampled else 0,
    )


def _amount(states: Iterable[FileState]) -> Amount:
    return sum((Amount(1, state.size) for state in states), Amount())


def _expected(measured: _Measured, kind: str, size: int) -> float:
    """Chunks of so many bytes of a kind; of one that was not sampled as of all."""
    made, read = measured.chunks.get(kind, (0, 0))
    if not read:
        made, read = (sum(pair[at] for pair in measured.chunks.values()) for at in range(2))
    return size * made / read if read else 0.0


def _copies(states: Sequence[FileState]) -> Amount:
    """Files of one size that begin and end alike, beyond the first of each."""
    sizes: dict[int, list[FileState]] = defaultdict(list)
    for state in states:
        sizes[state.size].append(state)
    found = Amount()
    for group in sizes.values():
        seen: set[bytes] = set()
        for state in group if len(group) > 1 else ():
            ends = _read_ends(state)
            found += Amount(1, state.size) if ends in seen else Amount()
            seen |= {ends} if ends else set()
    return found


def _read_ends(state: FileState) -> bytes:
    """A hash of both ends of a file; empty when it cannot be read."""
    with suppress(OSError), open(state.path, "rb") as file:  # noqa: PTH123 (pathlib cannot hold bytes)
        start = file.read(_ENDS)
        file.seek(max(state.size - _ENDS, 0))
        return hash_of(start + file.read(_ENDS))
    return b""
