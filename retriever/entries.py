"""What the index holds of the chunks that may become hits, as far as it takes to put them in order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from ask.indexer.database import Connection, same


class Entry(NamedTuple):
    """A chunk with what is known of its document and file."""

    chunk: int
    document: int
    tier: int
    """2: its vector is exact."""
    symbols: str
    """Names of functions and classes in it, separated by spaces."""
    kind: str
    language: str
    """Of a program, or the text's own; empty where it is not known."""
    path: bytes
    root: bytes
    """The folder that was indexed."""
    member: str | None
    name: bytes | None
    """Vector of what the path says, as it is stored."""


def entries(db: Connection, ids: Iterable[int], space: int | None) -> list[Entry]:
    """The entries of chunks, with the vectors of one space; ids that are gone are left out."""
    rows = db.execute(
        "SELECT c.id, c.document_id, c.tier, c.symbols, d.kind, d.language, f.path, r.path, d.member, v.data"
        " FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value JOIN documents d ON d.id = c.document_id"
        " JOIN files f ON f.id = d.file_id JOIN roots r ON r.id = f.root_id"
        f" LEFT JOIN vectors v ON {same('v.hash', 'd.name_hash')} AND v.space = ?",
        (json.dumps(list(ids)), space),
    )
    return list(map(Entry._make, rows))
