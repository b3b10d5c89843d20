"""The words side: BM25 over four fields of the word index."""

from __future__ import annotations

from collections.abc import Sequence

from ask.indexer import words
from ask.indexer.database import Connection
from ask.retriever.query import Query

WEIGHTS = (1.0, 1.5, 0.5, 1.0)
"""Of body, title and headings, path, symbols and facts."""
DEPTH = 1000
"""Matches whose scores are kept: fusion wants the score of what meaning found, too."""


def search(db: Connection, query: Query, scope: tuple[str, list[object]] | None, k: int = DEPTH) -> dict[int, float]:
    """The best `k` chunks by words with their BM25 scores (higher is better), best first.

    `scope` is SQL that selects the ids of the chunks that may be found; None: all.
    """
    expression = match_expression(query)
    within, values = ("", []) if scope is None else (f" AND rowid IN ({scope[0]})", scope[1])
    weights = ", ".join(str(weight) for weight in WEIGHTS)
    rows = db.execute(
        f"SELECT rowid, bm25(words, {weights}) AS score FROM words WHERE words MATCH ?{within} ORDER BY score LIMIT ?",
        (expression, *values, k),
    )
    return {row[0]: -row[1] for row in rows}


def match_expression(query: Query) -> str:
    """The question in FTS5's language: any word, all phrases and needed words, none that is unwanted."""
    wanted = [_any_form(word) for word in query.words]
    expression = " OR ".join(wanted)
    for part in (*query.phrases, *query.needed):
        expression = f"({expression}) AND {_phrase(part)}"
    for part in query.unwanted:
        expression = f"({expression}) NOT {_phrase(part)}"
    return expression


def must_match(query: Query) -> str | None:
    """The part of the question that every hit must fulfil, whichever side found it; None when there is none."""
    if not (query.phrases or query.needed):
        return None
    return " AND ".join(_phrase(part) for part in (*query.phrases, *query.needed))


def must_not_match(query: Query) -> str | None:
    """What no hit may hold; None when there is nothing."""
    return " OR ".join(_phrase(part) for part in query.unwanted) or None


def _any_form(word: str) -> str:
    return f"({words.quoted(words.query_terms(word))})"


def _phrase(text: str) -> str:
    """A sequence of words in either language's terms."""
    forms = dict.fromkeys(words.terms(text, lang) for lang in ("en", "cs"))
    return "(" + " OR ".join('"' + form.replace('"', '""') + '"' for form in forms) + ")"


def matching(db: Connection, expression: str, ids: Sequence[int]) -> set[int]:
    """Which of the chunks `ids` match an expression."""
    wanted = set(ids)
    return {i for (i,) in db.execute("SELECT rowid FROM words WHERE words MATCH ?", (expression,)) if i in wanted}
