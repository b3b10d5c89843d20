"""Verify everything the index claims, and mend it from the source files."""

from __future__ import annotations

from pathlib import Path

from ask.indexer import database, maintain, vectors
from ask.indexer.compile import Compiled
from ask.indexer.errors import DamagedIndex
from ask.indexer.progress import Progress
from ask.indexer.store import Store


def check(store: Store, progress: Progress) -> list[str]:
    """Everything that is wrong, in words; an empty list when all is well."""
    progress.stage("checking", None, "steps")
    found: list[str] = []
    for step in (_pages, _references, _words, _texts, _vectors, _derived):
        try:
            found += step(store)
        except (database.DatabaseError, DamagedIndex) as error:
            found.append(f"{step.__name__.strip('_')}: {error}")
        progress.advance(1, step.__name__.strip("_"))
    return found


def _pages(store: Store) -> list[str]:
    rows = [row[0] for row in store.db.execute("PRAGMA integrity_check(20)")]
    return [] if rows == ["ok"] else [f"database: {row}" for row in rows]


def _references(store: Store) -> list[str]:
    return [f"database: a row of {row[0]} refers to nothing" for row in store.db.execute("PRAGMA foreign_key_check")]


def _words(store: Store) -> list[str]:
    """Compare the word index with the terms of the stored texts; SQLite raises when they differ."""
    store.db.execute("INSERT INTO words(words, rank) VALUES ('integrity-check', 1)")
    return []


def _texts(store: Store) -> list[str]:
    found = []
    for document_id, blob, length in store.db.execute("SELECT id, text, length FROM documents"):
        if len(database.decompress(blob)) != length:
            found.append(f"document {document_id}: its text has another length than recorded")
    (outside,) = store.db.execute(
        'SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c."end" > d.length OR c.start >= c."end"'
    ).fetchone()
    return [*found, *([f"{outside} chunks lie outside their text"] if outside else [])]


def _vectors(store: Store) -> list[str]:
    found = []
    for space, dimensions in store.db.execute("SELECT id, dimensions FROM spaces").fetchall():
        (odd,) = store.db.execute(
            "SELECT count(*) FROM vectors WHERE space = ? AND length(data) != ?", (space, 4 + dimensions)
        ).fetchone()
        if odd:
            found.append(f"{odd} vectors have the wrong size")
    (wrong,) = store.db.execute(
        "SELECT count(*) FROM chunks c LEFT JOIN vectors v ON v.hash = c.hash AND v.space = ?"
        " WHERE c.tier != coalesce(1 + v.exact, 0)",
        (store.space,),
    ).fetchone()
    return [*found, *([f"{wrong} chunks do not know the state of their vector"] if wrong else [])]


def _derived(store: Store) -> list[str]:
    return [
        problem
        for space, fingerprint in store.db.execute("SELECT id, fingerprint FROM spaces").fetchall()
        for problem in vectors.verify(store, space, fingerprint)
    ]


def repair(home: Path, problems: list[str], plan: maintain.Plan, model: Compiled, progress: Progress) -> None:
    """Mend: derived parts are derived again; when the rows themselves are damaged, everything is read anew."""
    with Store(home, wait=60.0) as store:
        roots = [path for _, path in store.roots()] if _readable(store) else []
        if not any(problem.startswith(("database", "pages", "texts", "document")) for problem in problems):
            _derive_again(store, model)
            if not check(store, progress):
                maintain.fill(store, model, None, progress)
                return
    _start_over(home)
    with Store(home, wait=60.0) as store:
        maintain.index(store, roots, plan, model, progress)
        maintain.fill(store, model, None, progress)


def _readable(store: Store) -> bool:
    try:
        store.roots()
    except database.DatabaseError:
        return False
    return True


def _derive_again(store: Store, model: Compiled) -> None:
    with store.transaction():
        store.db.execute("INSERT INTO words(words) VALUES ('rebuild')")
        store.db.execute(
            "DELETE FROM vectors WHERE length(data) !="
            " (SELECT 4 + dimensions FROM spaces WHERE spaces.id = vectors.space)"
        )
        store.db.execute(
            "UPDATE chunks SET tier = coalesce((SELECT 1 + exact FROM vectors v WHERE v.hash = chunks.hash"
            " AND v.space = ?), 0)",
            (store.space,),
        )
    if store.space:
        vectors.build(store, store.space, model.fingerprint, model.dimensions)


def _start_over(home: Path) -> None:
    """Set the damaged database aside; nothing of the user's is lost, it is all derived from the files."""
    damaged = home / database.FILE
    for suffix in ("-wal", "-shm"):
        (home / (database.FILE + suffix)).unlink(missing_ok=True)
    damaged.unlink(missing_ok=True)
    for derived in home.glob("vectors-*.faiss"):
        derived.unlink()
