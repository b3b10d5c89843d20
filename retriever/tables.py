"""Counts and lists out of the index, with the query that made them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ask.indexer import words
from ask.indexer.database import Connection
from ask.indexer.unix_time import of_unix
from ask.indexer.words import fold
from ask.retriever.counting import Counting
from ask.retriever.filters import DATE

Cell = str | int | datetime | None

_DOCUMENTS = "documents d JOIN files f ON f.id = d.file_id"
_FILES = "files f LEFT JOIN documents d ON d.id = (SELECT min(id) FROM documents WHERE file_id = f.id)"
_SIZE = {"documents": "CASE WHEN d.member IS NULL THEN f.size ELSE d.bytes END", "files": "f.size"}
_ORDER = {"newest": "date DESC", "oldest": "date", "largest": "size DESC", "smallest": "size"}
_GROUPS = {
    "kind": "coalesce(d.kind, 'not read')",
    "year": f"strftime('%Y', {DATE}, 'unixepoch')",
    "language": "coalesce(nullif(d.language, ''), '-')",
    "state": "CASE WHEN f.status = 'indexed' THEN f.status ELSE f.status || ': ' || f.reason END",
}
_BEGINNING = """d.id IN (SELECT c.document_id FROM words JOIN chunks c ON c.id = words.rowid
       WHERE words MATCH ? AND c.start = (SELECT min(start) FROM chunks WHERE document_id = c.document_id))"""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that answer a question, exactly."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """Paths as `os.fsdecode` gives them, dates timezone-aware, sizes in bytes."""
    total: int
    """How many there are, listed or not."""
    sql_shown: str
    """The query with its values, to be read, and to be run on the index by whoever doubts it."""


def run(db: Connection, counting: Counting) -> Table:
    """Count or list. What is listed is in the order asked for, then by path, so that the same index gives the same."""
    return _count(db, counting) if counting.act == "count" else _list(db, counting)


def _count(db: Connection, counting: Counting) -> Table:
    name = counting.by or ("kind" if counting.unit == "documents" else "state")
    condition, values = _where(counting)
    order = f'"{name}"' if name == "year" else f'"{counting.unit}" DESC, "{name}"'
    query = (
        f'SELECT {_GROUPS[name]} AS "{name}", count(*) AS "{counting.unit}"\n'
        f"FROM {_from(counting)}\nWHERE {condition}\nGROUP BY 1\nORDER BY {order}"
    )
    found = db.execute(query, values).fetchall()
    total = sum(number for _, number in found)
    return Table((name, counting.unit), tuple((key, number) for key, number in found), total, shown(query, values))


def _list(db: Connection, counting: Counting) -> Table:
    condition, values = _where(counting)
    query = (
        f"SELECT f.path, d.member, coalesce(d.kind, '') AS kind, coalesce(d.title, '') AS title,\n"
        f"       {DATE} AS date, {_SIZE[counting.unit]} AS size, count(*) OVER () AS total\n"
        f"FROM {_from(counting)}\nWHERE {condition}\n"
        f"ORDER BY {_ORDER[counting.order]}, f.path, d.id\nLIMIT ?"
    )
    everything = [*values, counting.limit]
    found = db.execute(query, everything).fetchall()
    rows = tuple(
        (os.fsdecode(bytes(path)), member, kind, title, of_unix(seconds), size)
        for path, member, kind, title, seconds, size, _ in found
    )
    columns = ("path", "document", "kind", "title", "date", "size")
    return Table(columns, rows, found[0][-1] if found else 0, shown(query, everything))


def _from(counting: Counting) -> str:
    return _DOCUMENTS if counting.unit == "documents" else _FILES


def _where(counting: Counting) -> tuple[str, list[object]]:
    conditions = list(_conditions(counting))
    return "\n  AND ".join(text for text, _ in conditions), [value for _, values in conditions for value in values]


def _conditions(counting: Counting) -> Iterator[tuple[str, list[object]]]:
    limits = counting.filters
    yield replace(limits, languages=(), people=limits.people if not counting.authored else ()).sql()
    if limits.languages:  # of whole documents; `Filters` also asks each chunk for the language of its words
        yield f"d.language IN ({', '.join('?' * len(limits.languages))})", list(limits.languages)
    if limits.people and counting.authored:
        author = "instr(fold(coalesce(json_extract(d.people, '$[0]'), '')), ?)"  # some mails have no author
        yield "(" + " OR ".join([author] * len(limits.people)) + ")", [fold(person) for person in limits.people]
    if counting.holds:
        terms = dict.fromkeys(term for word in counting.holds if " " not in word for term in words.query_terms(word))
        yield _BEGINNING, [words.quoted(terms)]


def shown(query: str, values: list[object]) -> str:
    """A query with its values in their places. No text of ours holds a question mark but for a value."""
    parts = query.split("?")
    return "".join(part + value for part, value in zip(parts, [*map(_literal, values), ""], strict=True))


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return _bytes_literal(value)
    return "'" + str(value).replace("'", "''") + "'"


def _bytes_literal(value: bytes) -> str:
    """A path to be read where it is text, hexadecimal where it is not."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"x'{value.hex()}'"
    return f"CAST({_literal(text)} AS BLOB)" if text.isprintable() else f"x'{value.hex()}'"
