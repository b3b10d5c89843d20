"""Reading around a hit: the whole chunk, or lines of its document."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ask.indexer.database import Connection
from ask.indexer.errors import NotFound
from ask.retriever import rows


@dataclass(frozen=True, slots=True)
class Passage:
    """Verbatim text of a document."""

    id: int
    path: str
    document: str | None
    kind: str
    title: str
    line: int | None
    """1-based line of the file where the text begins; None where the file has no lines."""
    end_line: int | None
    page: int | None
    text: str

    def as_json(self) -> dict[str, object]:
        """As `ask get --json` writes it."""
        return {name: getattr(self, name) for name in self.__slots__}


def passage(db: Connection, chunk_id: int, first: int | None = None, count: int | None = None) -> Passage:
    """The text of a chunk; with `first` (1-based), `count` lines of its whole document instead. Raises `NotFound`."""
    found = next(rows.rows(db, [chunk_id]), None)
    if found is None:
        raise NotFound(f"there is no hit #{chunk_id}", "Its file may have changed since; search again.")
    whole = rows.text(db, found.document_id)
    if first is None:
        text, line, end_line = whole[found.start : found.end], found.line, found.end_line
    else:
        lines = whole.split("\n")
        if first > len(lines):
            raise NotFound(f"the document of #{chunk_id} has {len(lines):,} lines", f"Try: ask get {chunk_id}:1")
        wanted = lines[max(first - 1, 0) : max(first - 1, 0) + (count or 40)]
        text, line, end_line = "\n".join(wanted), first, first + max(len(wanted) - 1, 0)
    return Passage(
        found.id, os.fsdecode(found.raw_path), found.member, found.kind, found.title, line, end_line, found.page, text
    )


def neighbours(db: Connection, document_id: int, start: int, end: int, before: int, after: int) -> str:
    """The text of a document from `before` code points before `start` to `after` code points after `end`."""
    whole = rows.text(db, document_id)
    return whole[max(start - before, 0) : end + after]
