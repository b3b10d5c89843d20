"""Vectors: rows of four bits a dimension in SQLite (`packed`), and a FAISS index derived from them.

The rows are the truth. The FAISS file covers the rows up to some id and says so in a trailer; rows after that (the
tail) are compared directly, rows deleted since drop out when candidates are scored again from their rows. So a missing,
old or damaged file costs time, never a wrong or a lost hit.

The file holds one bit per dimension (RaBitQ) in lists of near vectors (IVF): 64 bytes each, a third of a row. It only
proposes candidates, eight times as many as are wanted; what is returned is exact. Small collections are looked through
whole.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from ask.indexer.database import Connection, same
from ask.indexer.embed import cores
from ask.indexer.packed import cosines, decode, encode, is_whole

if TYPE_CHECKING:
    import numpy.typing as npt
    from ask.indexer.embed import Vectors
    from ask.indexer.store import Store

TRAILER = 512
"""Bytes at the end of the file that say what it holds; FAISS itself stops reading before them."""
MAGIC = "ask-faiss-2"
TAIL_LIMIT = 4096
"""Rows not yet in the file above which it is written anew."""
SMALL_SCOPE = 20_000
"""Scopes of at most this many vectors are compared one by one, which is exact."""
_KEPT = 3600.0
"""Seconds that vectors of deleted texts may stay in a large file: to write it anew with every change wears disks."""
PROBES = 128
"""Lists looked through, of about √n: all of them up to 16,000 vectors."""
DEPTH = 8
"""Candidates scored from their rows, for each that is wanted."""
LEAST = 1000
"""Candidates scored from their rows in any case."""
_SAMPLE = 40
"""Vectors per list from which the lists are found."""
_ROUNDS = 8
_GROWN = 2.0
"""How many times more or fewer vectors than those from which its lists were found a file may hold."""
_BLOCK = 8192


@dataclass(frozen=True, slots=True)
class Trailer:
    """What a FAISS file says of itself."""

    magic: str
    fingerprint: str
    count: int
    last_id: int
    """The greatest row id in it."""
    database: str
    """The index it was made from: row ids of another mean nothing."""
    trained: int
    """How many there were when the lists were found."""
    crc32: int
    """Of all bytes before the trailer."""


def damaged(db: Connection, space: int, dimensions: int) -> list[int]:
    """Ids of the vectors that are not what was stored."""
    rows = db.execute("SELECT id, data FROM vectors WHERE space = ?", (space,))
    return [i for i, data in rows if not is_whole(data, dimensions)]


def put(store: Store, space: int, hashes: Sequence[bytes], vectors: Vectors, *, exact: bool) -> None:
    """Keep vectors for texts: either kind replaces an approximate one, none an exact one. One transaction.

    Chunks count as having their vector when `space` is the one that searches use.
    """
    tier = 2 if exact else 1
    with store.transaction():
        # A new row, not an update: its new id puts it into the tail, where searches see it at once.
        store.db.executemany(
            f"DELETE FROM vectors WHERE {same('hash', '?1')} AND space = ?2 AND exact = 0",
            ((key, space) for key in hashes),
        )
        put_rows(store.db, ((key, space, exact, row) for key, row in zip(hashes, encode(vectors), strict=True)))
        if space == store.space:
            store.db.executemany(
                f"UPDATE chunks SET tier = ?2 WHERE {same('hash', '?1')} AND tier < ?2", ((key, tier) for key in hashes)
            )
            store.db.executemany(
                f"UPDATE documents SET named = 1 WHERE {same('name_hash', '?1')}", ((key,) for key in hashes)
            )


def put_rows(db: Connection, rows: Iterable[tuple[bytes, int, bool, bytes]]) -> None:
    """Insert vectors, as (hash, space, exact, stored vector), but for those of texts that have one in the space, and for
    what the table does not take: rows of a damaged index hold anything."""
    db.executemany(
        "INSERT OR IGNORE INTO vectors(hash, space, exact, data) SELECT ?1, ?2, ?3, ?4"
        f" WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE {same('hash', '?1')} AND space = ?2)",
        rows,
    )


def exact_of(db: Connection, space: int, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """The stored exact vectors of texts, by their hashes; those that have none are left out."""
    query = f"SELECT data FROM vectors WHERE {same('hash', '?1')} AND space = ?2 AND exact = 1"
    found = {}
    for key in hashes:
        row = db.execute(query, (key, space)).fetchone()
        if row is not None:
            found[key] = row[0]
    return found


class Nearest:
    """Finds the vectors nearest to a query in one space.

    The first question to a small collection is answered from the rows: comparing them all takes 20 ms, importing FAISS
    50, and most processes ask once. Whoever asks again gets the FAISS index.
    """

    def __init__(self, home: Path, connection: Connection, space: int, fingerprint: str, dimensions: int) -> None:
        self._db = connection
        self._space = space
        self._dimensions = dimensions
        self._path = faiss_path(home, space)
        self._fingerprint = fingerprint
        self._index: Any = None
        self._last = 0
        """The greatest row id in the index; 0 without one, and then every row is in the tail."""
        trailer = read_trailer(self._path)
        self._wait = trailer is not None and trailer.count <= SMALL_SCOPE
        self._opened = False

    def search(
        self, query: Vectors, k: int, allowed: Collection[int] | None = None, proposed: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """The `k` nearest as (vector id, cosine), best first; only among `allowed` ids when given. `proposed`: what
        `propose` has said of the same.

        Filters work before the cut: a small scope is compared whole, a large one inside FAISS.
        """
        if allowed is not None and len(allowed) <= SMALL_SCOPE:
            return self._scored(query, sorted(allowed), k)[1]
        if proposed is None:
            self.open()
        return _best([*self._indexed_scored(query, k, allowed, proposed), *self._tail(query, k, allowed)], k)

    def propose(self, query: Vectors, k: int) -> list[int]:
        """What the FAISS file gives for the `k` nearest among all, to be scored by `search`. Call `open` before; needs no
        SQLite, so another thread can do it meanwhile."""
        return [] if self._index is None else self._indexed(query, _depth(k), None)

    def open(self) -> None:
        """Read the FAISS file, for the next question; at once, if it is worth it for the first one."""
        if self._wait:
            self._wait = False
        elif not self._opened:
            index, last = _load(self._path, self._fingerprint, identity(self._db))
            if index is not None and index.d == self._dimensions:
                self._index, self._last = index, last
            self._opened = True

    def _indexed_scored(
        self, query: Vectors, k: int, allowed: Collection[int] | None, proposed: Sequence[int] | None
    ) -> list[tuple[int, float]]:
        """The best in the FAISS file, scored from their rows; looks further where many rows are gone."""
        if self._index is None:
            return []
        depth = _depth(k)
        near = self._indexed(query, depth, allowed) if proposed is None else proposed
        while True:
            there, scored = self._scored(query, near, k)
            if there >= min(2 * k, len(near)) or len(near) < depth:
                return scored
            depth *= 4
            near = self._indexed(query, depth, allowed)

    def _indexed(self, query: Vectors, k: int, allowed: Collection[int] | None) -> list[int]:
        import faiss

        faiss.omp_set_num_threads(1)  # waiting for a second thread costs more than it gains
        parameters = faiss.IVFRaBitQSearchParameters()
        parameters.nprobe = self._probes(allowed)
        if allowed is not None:
            ids = np.fromiter(allowed, np.int64, len(allowed))
            flags = np.zeros(max(self._last, int(ids.max())) + 1, bool)
            flags[ids] = True
            parameters.sel = faiss.IDSelectorBitmap(np.packbits(flags, bitorder="little"))  # type: ignore[call-arg, arg-type]
        wanted = min(k, self._index.ntotal)
        _, found = self._index.search(query[None, :], wanted, params=parameters)
        if (found < 0).any() and parameters.nprobe < self._index.nlist:  # what is allowed lies elsewhere
            parameters.nprobe = self._index.nlist
            _, found = self._index.search(query[None, :], wanted, params=parameters)
        kept: list[int] = found[0][found[0] >= 0].tolist()
        return kept

    def _probes(self, allowed: Collection[int] | None) -> int:
        """The fewer are allowed, the further around the best of them lie."""
        share = 1.0 if allowed is None else len(allowed) / self._index.ntotal
        return min(int(self._index.nlist), math.ceil(PROBES / min(share, 1.0)))

    def _tail(self, query: Vectors, k: int, allowed: Collection[int] | None) -> list[tuple[int, float]]:
        """The best of the rows that are not in the index."""
        rows = self._db.execute(
            "SELECT id, data FROM vectors WHERE space = ? AND id > ? ORDER BY id", (self._space, self._last)
        )
        scored: list[tuple[int, float]] = []
        wanted = None if allowed is None else set(allowed)
        while block := rows.fetchmany(_BLOCK):
            kept = block if wanted is None else [row for row in block if row[0] in wanted]
            scored = _best([*scored, *self._compare(query, kept, k)], k)
        return scored

    def _scored(self, query: Vectors, ids: Sequence[int], k: int) -> tuple[int, list[tuple[int, float]]]:
        """How many of the rows there are, and the best `k` of them."""
        there, scored = 0, list[tuple[int, float]]()
        for start in range(0, len(ids), _BLOCK):
            wanted = json.dumps(list(ids[start : start + _BLOCK]))
            rows = self._db.execute(
                "SELECT id, data FROM vectors WHERE space = ? AND id IN (SELECT value FROM json_each(?))",
                (self._space, wanted),
            ).fetchall()
            there += len(rows)
            scored = _best([*scored, *self._compare(query, rows, k)], k)
        return there, scored

    def _compare(self, query: Vectors, rows: Sequence[tuple[int, bytes]], k: int) -> list[tuple[int, float]]:
        """The best `k` of the rows."""
        found = cosines([data for _, data in rows], query)
        best = np.argsort(-found, kind="stable")[:k]
        return [(rows[i][0], float(found[i])) for i in best]


def _depth(k: int) -> int:
    """Candidates scored from their rows for `k` that are wanted."""
    return max(DEPTH * k, LEAST)


def _best(scored: list[tuple[int, float]], k: int) -> list[tuple[int, float]]:
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


def faiss_path(home: Path, space: int) -> Path:
    """Where the derived index of a space lies."""
    return home / f"vectors-{space}.faiss"


def is_stale(store: Store, space: int, fingerprint: str) -> bool:
    """True when the file misses more rows than a search should compare one by one, or holds many that are gone."""
    trailer = _valid(faiss_path(store.home, space), fingerprint, identity(store.db))
    count, tail = _counts(store.db, space, trailer)
    if trailer is None:
        return count > 0
    gone = trailer.count - (count - tail)
    old = time.time() - faiss_path(store.home, space).stat().st_mtime > _KEPT
    return tail > TAIL_LIMIT or gone > (0 if old or count <= SMALL_SCOPE else TAIL_LIMIT)


def _counts(db: Connection, space: int, trailer: Trailer | None) -> tuple[int, int]:
    """All rows of a space, and those that are not in the file."""
    (count,) = db.execute("SELECT count(*) FROM vectors WHERE space = ?", (space,)).fetchone()
    if trailer is None:
        return count, count
    (tail,) = db.execute("SELECT count(*) FROM vectors WHERE space = ? AND id > ?", (space, trailer.last_id)).fetchone()
    return count, tail


def build(store: Store, space: int, fingerprint: str, dimensions: int, *, anew: bool = True) -> int:
    """Write the FAISS file of a space from its rows and put it in place with one rename. Returns the vectors in it.

    Memory is bounded: rows come in blocks, and the index has a sixth of their size. Not `anew`: in the file there is,
    vectors without rows are removed and new rows added, where its lists are good enough.
    """
    path = faiss_path(store.home, space)
    store.make_durable()  # or else rows could be lost with the power, and their ids be given again
    trailer = None if anew else _valid(path, fingerprint, identity(store.db))
    count, _ = _counts(store.db, space, trailer)
    if not count:
        path.unlink(missing_ok=True)
        return 0
    index, last, trained = None, 0, count
    if trailer is not None and trailer.trained / _GROWN <= count <= trailer.trained * _GROWN:
        index, last = _load(path, fingerprint, identity(store.db), mapped=False)  # mapped lists cannot shrink
        trained = trailer.trained
        if index is not None:
            _remove_gone(store.db, space, index, last)
    if index is None:
        index, last, trained = _lists(store.db, space, dimensions, count), 0, count
    for ids, vectors in _rows_after(store.db, space, dimensions, last):
        index.add_with_ids(vectors, ids)
        last = int(ids[-1])
    _write(path, index, Trailer(MAGIC, fingerprint, index.ntotal, last, identity(store.db), trained, 0))
    return int(index.ntotal)


def _remove_gone(db: Connection, space: int, index: Any, last: int) -> None:
    """Take out of an index the vectors whose rows are gone."""
    import faiss

    rows = db.execute("SELECT id FROM vectors WHERE space = ? AND id <= ?", (space, last))
    kept = np.fromiter((i for (i,) in rows), np.int64)
    if len(kept) < index.ntotal:
        index.remove_ids(faiss.IDSelectorNot(faiss.IDSelectorBatch(kept)))


def _lists(db: Connection, space: int, dimensions: int, count: int) -> Any:
    """An empty index whose lists fit a sample of the rows."""
    import faiss

    faiss.omp_set_num_threads(cores())
    lists = max(1, math.isqrt(count))
    index = faiss.IndexIVFRaBitQ(faiss.IndexFlatIP(dimensions), dimensions, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = _ROUNDS
    index.cp.min_points_per_centroid = 1  # else FAISS complains of small collections, on stderr
    step = max(1, count // (_SAMPLE * lists))
    sample = [vectors for _, vectors in _rows_after(db, space, dimensions, 0, step)]
    index.train(np.concatenate(sample))
    return index


def _rows_after(
    db: Connection, space: int, dimensions: int, last: int, step: int = 1
) -> Iterator[tuple[npt.NDArray[np.int64], Vectors]]:
    """Ids and vectors of the rows after `last`, or about every `step`-th of them, in blocks."""
    rows = db.execute(
        "SELECT id, data FROM vectors WHERE space = ? AND id > ? AND abs(id * 2654435761 % ?) = 0 ORDER BY id",
        (space, last, step),
    )
    while block := rows.fetchmany(_BLOCK):
        yield np.array([row[0] for row in block], np.int64), decode([row[1] for row in block], dimensions)


def _write(path: Path, index: Any, trailer: Trailer) -> None:
    """Index and trailer in one file, with one rename; `trailer` without its sum."""
    import faiss

    body = faiss.serialize_index(index).data
    trailer = replace(trailer, crc32=crc32(body))
    temporary = path.with_suffix(".new")
    with open(temporary, "wb", opener=_private) as file:
        file.write(body)
        file.write(json.dumps(asdict(trailer)).encode().ljust(TRAILER))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_trailer(path: Path) -> Trailer | None:
    """What the file says of itself, or None when it is missing or says nothing sensible."""
    try:
        with path.open("rb") as file:
            file.seek(-TRAILER, os.SEEK_END)
            trailer = Trailer(**json.loads(file.read(TRAILER)))
    except (OSError, ValueError, TypeError):
        return None
    return trailer if trailer.magic == MAGIC else None


def identity(db: Connection) -> str:
    """Names this very database; another one below the same path has another."""
    row = db.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone()
    return "" if row is None else str(row[0])


def _valid(path: Path, fingerprint: str, database: str) -> Trailer | None:
    """The trailer of a file that was made from this very database."""
    trailer = read_trailer(path)
    return trailer if trailer and (trailer.fingerprint, trailer.database) == (fingerprint, database) else None


def _load(path: Path, fingerprint: str, database: str, *, mapped: bool = True) -> tuple[Any, int]:
    """The FAISS index and the last row id in it; (None, 0) unless every byte of the file is as it was written.

    The file is `mapped`, not read: its memory is the system's, which may take it back.
    """
    trailer = _valid(path, fingerprint, database)
    if trailer is None or _sum(path) != trailer.crc32:
        return None, 0
    import faiss

    try:
        index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
    except (RuntimeError, MemoryError):  # somebody has made it look whole
        return None, 0
    sound = isinstance(index, faiss.IndexIVFRaBitQ) and index.ntotal == trailer.count
    return (index, trailer.last_id) if sound else (None, 0)


def _sum(path: Path) -> int:
    """CRC-32 of everything before the trailer: 2 GB a second, where SHA-256 would take a search at a million 0.1 s."""
    left = path.stat().st_size - TRAILER
    found = 0
    with path.open("rb") as file:
        while block := file.read(min(left, 1 << 20)):
            found = crc32(block, found)
            left -= len(block)
    return found


def verify(store: Store, space: int, fingerprint: str) -> Iterator[str]:
    """What is wrong with the FAISS file of a space, in words; nothing when it is right or absent."""
    path = faiss_path(store.home, space)
    if not path.exists():
        return
    if _load(path, fingerprint, identity(store.db))[0] is None:
        yield f"{path.name} is damaged or belongs to another index; it will be rebuilt"
