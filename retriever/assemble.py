"""From ranked chunks to hits: one for each document, copies put together, with a snippet and its lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ask.indexer.database import Connection
from ask.retriever import rows
from ask.retriever.families import Families
from ask.retriever.focus import HITS, best_sentences, told_by_words
from ask.retriever.fuse import Fused
from ask.retriever.hits import Copy, Hit
from ask.retriever.query import Query
from ask.retriever.snippet import Span, part

if TYPE_CHECKING:
    from ask.indexer.word_vectors import WordVectors

LOOK_FURTHER = 20
"""Documents looked at beyond those shown, for copies of those shown."""


def hits(
    db: Connection, texts: rows.Texts, query: Query, fused: Sequence[Fused], n: int, exact: Collection[int] = ()
) -> list[Hit]:
    """One hit for each of the best `n` documents, through its best chunk; copies of a text are one hit. `exact` are
    chunks that this search knows the exact meaning of, while the index does not yet."""
    by_id = {candidate.id: candidate for candidate in fused}
    found: list[Hit] = []
    families = Families()
    for row in rows.rows(db, list(by_id)):
        if query.like is not None and row.path == str(query.like):
            continue
        at = families.known(row.document_hash)
        if at is None:
            read = partial(rows.text, db, row.document_id)
            at = families.join(row.document_hash, row.path, row.member, read)
        if families.count > n + LOOK_FURTHER:
            break
        if at == len(found) < n:
            sure = row.tier == 2 or row.id in exact
            found.append(_hit(db, query, by_id[row.id], row, texts.of(row), at + 1, exact=sure))
        elif at < len(found):
            found[at] = _with_copy(found[at], row, same=families.leads(at, row.document_hash))
    return found


def centred(db: Connection, query: Query, found: list[Hit], vectors: WordVectors) -> list[Hit]:
    """Snippets of the best hits around what says the same as the question, where its words do not stand there."""
    short = [h for h in found[:HITS] if h.focus is None and not told_by_words(h.text, query.words)]
    sentences = best_sentences(query.text, [hit.text for hit in short], vectors)
    spans = {hit.id: span for hit, span in zip(short, sentences, strict=True) if span is not None}
    return [replace(hit, **_shown(db, hit, query, spans[hit.id])) if hit.id in spans else hit for hit in found]


def _hit(db: Connection, query: Query, candidate: Fused, row: rows.Row, body: str, rank: int, *, exact: bool) -> Hit:
    focus = query.cues.focus(body, row.kind, row.people) if query.cues else None
    start, end = part(body, query.words, focus)
    return replace(
        row.hit(rank, body),
        score=candidate.score,
        snippet=body[start:end],
        why=dict(candidate.parts),
        exact=exact,
        lines=rows.line_numbers(db, row, body, _line_starts(body, start, end)),
        focus=_within(focus, start, end),
    )


def _shown(db: Connection, hit: Hit, query: Query, focus: Span) -> dict[str, Any]:
    """What of a hit depends on its focus, a part of its text."""
    start, end = part(hit.text, query.words, focus)
    row = next(rows.rows(db, [hit.id]))
    numbers = rows.line_numbers(db, row, hit.text, _line_starts(hit.text, start, end))
    return {"snippet": hit.text[start:end], "lines": numbers, "focus": _within(focus, start, end)}


def _with_copy(hit: Hit, row: rows.Row, *, same: bool) -> Hit:
    if hit.stands_for(row.path):
        return hit
    return replace(hit, copies=(*hit.copies, Copy(row.path, row.date, same)))


def _line_starts(text: str, start: int, end: int) -> list[int]:
    """Where the lines begin that a part of a text shows, the first one perhaps not from its beginning."""
    return [text.rfind("\n", 0, start) + 1, *(at + 1 for at in range(start, end) if text[at] == "\n")]


def _within(span: Span | None, start: int, end: int) -> Span | None:
    """Offsets in a text → offsets in its part from `start` to `end`."""
    return None if span is None else (span[0] - start, min(span[1], end) - start)
