"""The index as the tools of a model that acts see it (`tools.Catalogue`). Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from ask.generator.context import Library, widened
from ask.indexer.words import query_terms, quoted
from ask.retriever import lexical, rows
from ask.retriever.filters import DATE, Filters
from ask.retriever.hits import Hit
from ask.retriever.query import parse
from ask.retriever.search import Searcher

OPENED = 1500
"""Code points before and after a passage that `open` reads."""
LISTED = 20
_HOLDS = "d.id IN (SELECT h.document_id FROM words JOIN chunks h ON h.id = words.rowid WHERE words MATCH ?)"


class IndexCatalogue:
    """Searches, opens, lists and counts in one index."""

    def __init__(self, searcher: Searcher, library: Library, hits: int = 6) -> None:
        self._searcher = searcher
        self._library = library
        self._hits = hits

    def search(self, query: str) -> Sequence[Hit]:
        """See `tools.Catalogue`. Raises `EmptyQuery`."""
        return self._searcher.search(parse(query), n=self._hits).hits

    def open(self, hit: Hit) -> Hit:
        """The hit with the text around it."""
        return widened(hit, self._library, OPENED)

    def list(self, after: date | None, before: date | None, kind: str) -> Sequence[Hit]:
        """The first chunk of each document, newest first."""
        db = self._searcher.db
        condition, values = _limits(after, before, kind).sql()
        found = db.execute(
            "SELECT min(c.id) FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
            f" WHERE {condition} GROUP BY d.id ORDER BY {DATE} DESC LIMIT {LISTED}",
            values,
        ).fetchall()
        listed = rows.rows(db, [i for (i,) in found])
        texts = rows.Texts(db)
        return [row.hit(rank, texts.of(row)) for rank, row in enumerate(listed, 1)]

    def count(self, query: str, after: date | None, before: date | None, kind: str) -> int:
        """Documents that hold every telling word of `query`, in any of its forms; all of them when it is empty.

        Raises `EmptyQuery`. Counted by SQL: a search looks at its best candidates only.
        """
        condition, values = _limits(after, before, kind).sql()
        for wanted, expression in _expressions(query) if query.strip() else ():
            condition += f" AND {'' if wanted else 'NOT '}{_HOLDS}"
            values.append(expression)
        row = self._searcher.db.execute(
            "SELECT count(DISTINCT d.id) FROM chunks c JOIN documents d ON d.id = c.document_id"
            f" JOIN files f ON f.id = d.file_id WHERE {condition}",
            values,
        )
        return int(row.fetchone()[0])


def _expressions(text: str) -> Iterator[tuple[bool, str]]:
    """(whether a document must hold it, FTS5 expression that one of its chunks matches) for each part of a question."""
    query = parse(text)
    yield from ((True, quoted(terms)) for word in query.words if (terms := query_terms(word)))
    if (must := lexical.must_match(query)) is not None:
        yield True, must
    if (must_not := lexical.must_not_match(query)) is not None:
        yield False, must_not


def _limits(after: date | None, before: date | None, kind: str) -> Filters:
    """`before` is a day that still counts: what people say with "until 31 May"."""
    until = None if before is None else _midnight(before + timedelta(days=1))
    return Filters(None if after is None else _midnight(after), until, (kind,) if kind else ())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
