"""Verify everything the index claims, and mend it from the source files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from ask.indexer import database, maintain, packed, reconcile, sources, spaces, switch, vectors
from ask.indexer.compile import Compiled
from ask.indexer.database import same
from ask.indexer.errors import DamagedIndex
from ask.indexer.fill import embedded_text
from ask.indexer.progress import Progress
from ask.indexer.rows import hash_of
from ask.indexer.scan import Part
from ask.indexer.store import Store

_ODD = (database.DatabaseError, DamagedIndex, ValueError, TypeError, AttributeError, OverflowError)
"""What reading a damaged row can raise: it may hold a value of any type."""
_WAIT = 60.0
"""Seconds to wait for another writer."""
_DERIVED = ("words", "vectors")
"""What a problem begins with that can be mended from other rows; for others everything is read anew."""


def check(home: Path, progress: Progress) -> list[str]:
    """Everything that is wrong with the index, in words; an empty list when all is well. Raises `NotFound`, `Busy`."""
    if not (home / database.FILE).exists():
        raise database.nothing_indexed()
    try:
        with Store(home, wait=_WAIT) as store:
            return problems(store, progress)
    except DamagedIndex as error:
        return [f"database: {error.message}"]


def problems(store: Store, progress: Progress) -> list[str]:
    """Everything that is wrong with an index that could be opened."""
    progress.stage("checking", None, "steps")
    found: list[str] = []
    for name, step in _STEPS.items():
        try:
            found += [f"{name}: {problem}" for problem in step(store)]
        except _ODD as error:
            found.append(f"{name}: {error}")
        progress.advance(1, name)
    return found


def can_compare(found: Sequence[str]) -> bool:
    """Whether the rows can be held against the files, after these problems: else all files are read anew to mend them."""
    return all(problem.startswith(_DERIVED) for problem in found)


def compare(home: Path, plan: maintain.Plan, model: Compiled, progress: Progress, most: int | None) -> sources.Compared:
    """Hold the rows against the source files, all or so many taken by chance. Raises `Busy`, `IndexProblem`."""
    with Store(home, wait=_WAIT) as store:
        return sources.compare(store, plan.reading(switch.cutter(store, model)), progress, most)


def _pages(store: Store) -> Iterator[str]:
    for (row,) in store.db.execute("PRAGMA integrity_check(20)"):
        if row != "ok":
            yield row


def _references(store: Store) -> Iterator[str]:
    for row in store.db.execute("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} refers to nothing"


def _words(store: Store) -> Iterator[str]:
    """Compare the word index with the terms of the stored texts; SQLite raises when they differ."""
    store.db.execute("INSERT INTO words(words, rank) VALUES ('integrity-check', 1)")
    yield from ()


def _texts(store: Store) -> Iterator[str]:
    """Texts and chunks are named by hashes of what they were when they were stored."""
    rows = store.db.execute("SELECT id, title, header, text, hash FROM documents")
    for document_id, title, header, blob, key in rows:
        text = database.decompress(blob)
        if hash_of(text.encode()) != key:
            yield f"the text of document {document_id} is not what was stored"
        elif _odd_chunks(store, document_id, title, header, text):
            yield f"a chunk of document {document_id} is not what was stored"


def _odd_chunks(store: Store, document_id: int, title: str, header: str, text: str) -> bool:
    rows = store.db.execute(
        'SELECT start, "end", heading, context, hash FROM chunks WHERE document_id = ? ORDER BY start', (document_id,)
    )
    reached = 0
    for start, end, heading, length, key in rows:
        embedded = embedded_text(title, header, heading, length, text[start:end])
        if not reached <= start < end or hash_of(embedded.encode()) != key:
            return True
        reached = end
    return False


def _vectors(store: Store) -> Iterator[str]:
    for space in spaces.every(store.db):
        if odd := len(vectors.damaged(store.db, space.id, space.dimensions)):
            yield f"{odd} are not what was stored"
    (wrong,) = store.db.execute(
        f"SELECT count(*) FROM chunks c LEFT JOIN vectors v ON {same('v.hash', 'c.hash')} AND v.space = ?"
        " WHERE c.tier != coalesce(1 + v.exact, 0)",
        (store.space,),
    ).fetchone()
    if wrong:
        yield f"{wrong} chunks do not know the state of theirs"
    (wrong,) = store.db.execute(
        "SELECT count(*) FROM documents"
        f" WHERE named != EXISTS (SELECT 1 FROM vectors WHERE {same('hash', 'name_hash')} AND space = ?)",
        (store.space,),
    ).fetchone()
    if wrong:
        yield f"{wrong} documents do not know the state of their names"
    for space in spaces.every(store.db):
        yield from vectors.verify(store, space.id, space.fingerprint)


_STEPS = {"database": _pages, "references": _references, "texts": _texts, "words": _words, "vectors": _vectors}


def repair(
    home: Path,
    found: Sequence[str],
    plan: maintain.Plan,
    model: Compiled,
    progress: Progress,
    different: Sequence[bytes] = (),
) -> list[str]:
    """Mend what `check` found: derived parts are derived again; damaged rows are read anew from the files. `different`
    are the files that `compare` found to be others than what is stored; of a sound index they alone are read.

    Returns what is still wrong. Vectors that are whole are kept in any case: they cost the most.
    """
    if can_compare(found):
        with suppress(*_ODD), Store(home, wait=_WAIT) as store:
            if found:
                _derive_again(store)
                maintain.fill(store, model, None, progress)
            if different:
                _read_again(store, different, plan, model, progress)
            if not (left := problems(store, progress)):
                return left
    _start_over(home, plan, model, progress)
    return check(home, progress)


def _derive_again(store: Store) -> None:
    with store.transaction():
        store.db.execute("INSERT INTO words(words) VALUES ('rebuild')")
        for space in spaces.every(store.db):
            odd = vectors.damaged(store.db, space.id, space.dimensions)
            store.db.executemany("DELETE FROM vectors WHERE id = ?", ((i,) for i in odd))
        spaces.take_stock(store.db, store.space)
    for derived in store.home.glob("vectors-*"):
        derived.unlink()


def _read_again(store: Store, paths: Sequence[bytes], plan: maintain.Plan, model: Compiled, progress: Progress) -> None:
    store.distrust(paths)
    rules, reading = maintain.consenting(store, plan).rules(), plan.reading(switch.cutter(store, model))
    reconcile.update(store, [Part(path, deep=True) for path in paths], rules, reading, progress)
    maintain.cover(store, model, None, progress)


def _start_over(home: Path, plan: maintain.Plan, model: Compiled, progress: Progress) -> None:
    """A new database from the source files, with the roots and whole vectors of the damaged one."""
    for suffix in ("", "-wal", "-shm"):
        file = home / (database.FILE + suffix)
        if file.exists():
            file.replace(home / (database.ASIDE + file.name))
    for derived in home.glob("vectors-*"):
        derived.unlink()
    with Store(home, wait=_WAIT) as store:
        roots = _saved(store, home / (database.ASIDE + database.FILE))
        if not roots:
            progress.note("Which folders were indexed is lost: run ask index on them.")
        maintain.index(store, roots, plan, model, progress)
        maintain.fill(store, model, None, progress)
    for file in home.glob(database.ASIDE + "*"):
        file.unlink()


def _saved(store: Store, damaged: Path) -> list[bytes]:
    """Copy what can still be read of a damaged database and costs the most: its vectors. Returns its roots."""
    with closing(_Salvage(damaged)) as old:
        roots = [path for (path,) in old.rows("SELECT path FROM roots") if isinstance(path, bytes)]
        for (consented,) in old.rows("SELECT value FROM meta WHERE key = ?", maintain.CONSENTED):
            with suppress(*_ODD):  # consent that cannot be read has not been given
                maintain.remember(store, [bytes.fromhex(path) for path in json.loads(consented)])
        with store.transaction():
            for space in old.rows("SELECT id, fingerprint, model, dimensions FROM spaces"):
                if [type(value) for value in space] != [int, str, str, int]:
                    continue
                store.db.execute("INSERT INTO spaces(id, fingerprint, model, dimensions) VALUES (?, ?, ?, ?)", space)
                for *row, data in old.rows("SELECT hash, space, exact, data FROM vectors WHERE space = ?", space[0]):
                    if packed.is_whole(data, space[3]):
                        vectors.put_rows(store.db, [(*row, *packed.renewed([data], space[3]))])
    return roots


class _Salvage:
    """Reads a damaged database as far as that goes."""

    def __init__(self, path: Path) -> None:
        self._db = database.sqlite.connect(path)

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with suppress(database.DatabaseError):
            yield from self._db.execute(query, values)

    def close(self) -> None:
        self._db.close()
