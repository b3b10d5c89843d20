"""What the index holds about the chunks that may become hits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ask.indexer.database import Connection, decompress
from ask.indexer.errors import NotFound
from ask.indexer.unix_time import of_unix
from ask.retriever.filters import DATE
from ask.retriever.hits import Hit

_BATCH = 64
_BEGINNING = 300
"""Code points of a snippet that nothing was searched for."""
_SELECT = f"""
SELECT c.id, c.start, c."end", c.line, c.end_line, c.page, c.heading, c.tier, d.id, d.member, d.kind, d.title, d.hash,
       f.path, {DATE}, d.people, d.language
FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value JOIN documents d ON d.id = c.document_id
JOIN files f ON f.id = d.file_id ORDER BY wanted.key
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A chunk with its document and file."""

    id: int
    start: int
    end: int
    line: int | None
    end_line: int | None
    page: int | None
    heading: str
    """JSON array or empty."""
    tier: int
    document_id: int
    member: str | None
    kind: str
    title: str
    document_hash: bytes
    raw_path: bytes
    seconds: int
    """Unix time of the document."""
    people_json: str
    """JSON array of who wrote it and to whom, the author first."""
    language: str
    """Of a program, or the text's own; empty where it is not known."""

    @property
    def path(self) -> str:
        """Absolute path of the file, undecodable bytes as surrogates."""
        return os.fsdecode(self.raw_path)

    @property
    def headings(self) -> tuple[str, ...]:
        """Headings above the chunk, outermost first."""
        return tuple(json.loads(self.heading)) if self.heading else ()

    @property
    def people(self) -> tuple[str, ...]:
        """Who wrote it and to whom, the author first."""
        return tuple(json.loads(self.people_json))

    @property
    def date(self) -> datetime | None:
        """The document's date; None for one that no calendar knows."""
        return of_unix(self.seconds)

    def hit(self, rank: int, text: str) -> Hit:
        """As a hit that was not searched for: without a score, the beginning of its chunk's `text` as the snippet."""
        return Hit(
            rank=rank,
            score=0.0,
            id=self.id,
            path=self.path,
            document=self.member,
            kind=self.kind,
            title=self.title,
            line=self.line,
            end_line=self.end_line,
            page=self.page,
            date=self.date,
            snippet=text[:_BEGINNING],
            why={},
            text=text,
            heading=self.headings,
            document_id=self.document_id,
            start=self.start,
            exact=self.tier == 2,
        )


def rows(db: Connection, ids: Sequence[int]) -> Iterator[Row]:
    """The rows of chunks in the order of `ids`, fetched as they are asked for; ids that are gone are left out."""
    for start in range(0, len(ids), _BATCH):
        for row in db.execute(_SELECT, (json.dumps(list(ids[start : start + _BATCH])),)):
            yield Row(*row)


def line_numbers(db: Connection, row: Row, body: str, lines: Sequence[int]) -> tuple[int | None, ...]:
    """The source lines of those lines of a chunk that begin at these offsets of its text, `body`, code points; None where
    that is not known exactly."""
    (kept,) = db.execute("SELECT lines FROM documents WHERE id = ?", (row.document_id,)).fetchone()
    if kept is not None:
        known = dict(json.loads(decompress(kept)))
        return tuple(known.get(row.start + offset) for offset in lines)
    return tuple(None if row.line is None else row.line + body.count("\n", 0, offset) for offset in lines)


def text(db: Connection, document_id: int) -> str:
    """The whole extracted text of a document. Raises `NotFound`."""
    row = db.execute("SELECT text FROM documents WHERE id = ?", (document_id,)).fetchone()
    if row is None:
        raise NotFound(f"document {document_id} is not in the index any more")
    return decompress(row[0])


class Texts:
    """Texts of chunks, each read once: the best are compared with the question, and shown."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._of: dict[int, str] = {}

    def of(self, row: Row) -> str:
        """The text of a chunk. Raises `NotFound`."""
        if row.id not in self._of:
            self._of[row.id] = text(self._db, row.document_id)[row.start : row.end]
        return self._of[row.id]
