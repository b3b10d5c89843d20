"""The spaces that vectors live in: one for each model that made some. Searches use one of them, the active one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ask.indexer.database import Connection, same

if TYPE_CHECKING:
    from ask.indexer.store import Store


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one model."""

    id: int
    fingerprint: str
    """See `Compiled.fingerprint`."""
    model: str
    """Name of the compiled model's folder."""
    dimensions: int


_COLUMNS = "SELECT id, fingerprint, model, dimensions FROM spaces"


def active(db: Connection) -> Space | None:
    """The space that searches use; None before the first vector."""
    row = db.execute(f"{_COLUMNS} WHERE id = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'space')").fetchone()
    return None if row is None else Space(*row)


def every(db: Connection) -> list[Space]:
    """All spaces, also those whose model is no longer or not yet in use."""
    return [Space(*row) for row in db.execute(f"{_COLUMNS} ORDER BY id")]


def known(db: Connection, fingerprint: str) -> int | None:
    """The id of a model's space; None where it has none."""
    row = db.execute("SELECT id FROM spaces WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return None if row is None else int(row[0])


def of(store: Store, fingerprint: str, model: str, dimensions: int) -> int:
    """The id of a model's space, which is made where there is none."""
    with store.transaction():
        return _of(store.db, fingerprint, model, dimensions)


def activate(store: Store, fingerprint: str, model: str, dimensions: int) -> int:
    """Make a model's space the one that searches use; returns its id. Chunks learn which vectors they have in it."""
    with store.transaction():
        space = _of(store.db, fingerprint, model, dimensions)
        if store.space != space:
            take_stock(store.db, space)
            store.set_meta("space", str(space))
    store.space = space
    return space


def take_stock(db: Connection, space: int) -> None:
    """Let chunks and documents know which vectors they have in a space. To be called within a transaction."""
    db.execute(
        f"UPDATE chunks SET tier = coalesce((SELECT 1 + exact FROM vectors v WHERE {same('v.hash', 'chunks.hash')}"
        " AND v.space = ?), 0)",
        (space,),
    )
    db.execute(
        f"UPDATE documents SET named = EXISTS (SELECT 1 FROM vectors WHERE {same('hash', 'name_hash')} AND space = ?)",
        (space,),
    )


def _of(db: Connection, fingerprint: str, model: str, dimensions: int) -> int:
    found = known(db, fingerprint)
    if found is not None:
        return found
    row = db.execute(
        "INSERT INTO spaces(fingerprint, model, dimensions) VALUES (?, ?, ?) RETURNING id",
        (fingerprint, model, dimensions),
    ).fetchone()
    return int(row[0])
