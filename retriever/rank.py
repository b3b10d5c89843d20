"""From what words and meaning have found to ranked chunks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ask.indexer.database import Connection
from ask.indexer.names import name_terms
from ask.retriever import rows
from ask.retriever.cues import Cues, prior
from ask.retriever.entries import Entry
from ask.retriever.fuse import Candidate, Fused, best_first, fuse
from ask.retriever.lexical import Lexical
from ask.retriever.meaning import Near, of_names
from ask.retriever.query import Query

MOST = 200
"""Chunks that are scored by both sides."""
BY_WORDS = 400
"""Chunks that are scored where there is no meaning to tell which are worth it."""
CUED = 120
"""Best candidates for which cues of time, kind and people are weighed."""


def by_meaning(near: Near | None) -> list[Fused]:
    """The candidates of meaning alone, best first."""
    cosines = near.cosines if near else {}
    return [Fused(i, {"meaning": c}) for i, c in sorted(cosines.items(), key=lambda pair: -pair[1])]


def worth_ranking(found: Lexical, near: Near | None, most: int) -> list[int]:
    """The candidates of both sides, or without `near` the best by words alone, at least `most`."""
    return list(near.cosines) if near and near.cosines else list(found.passages)[: max(most, BY_WORDS)]


def by_both(query: Query, found: Lexical, near: Near | None, entries: Sequence[Entry]) -> list[Fused]:
    """The entries by what both sides say of them, or without `near` by words alone, best first."""
    only_cues = query.cues is not None and bool(query.cues) and query.cues.say_all()
    return fuse(_candidates(entries, found, near), found, near.trusted if near else 0.0, only_cues=only_cues)


def with_cues(
    db: Connection, texts: rows.Texts, cues: Cues, fused: Sequence[Fused], pointed: Collection[int]
) -> list[Fused]:
    """The best candidates and those that cues point to again, with what fits the cues of the question lifted."""
    weighed = {one.id: one for rank, one in enumerate(fused) if rank < CUED or one.id in pointed}
    reads_body = bool(cues.of("kind") or cues.of("link"))
    lifted: list[Fused] = []
    for row in rows.rows(db, list(weighed)):
        body = texts.of(row) if reads_body else ""
        parts = prior(cues, row.date, row.kind, row.people, body)
        lifted.append(Fused(row.id, {**weighed[row.id].parts, **parts}))
    return [*best_first(lifted), *(one for one in fused if one.id not in weighed)]


def _candidates(entries: Sequence[Entry], found: Lexical, near: Near | None) -> list[Candidate]:
    """What both sides say of each chunk, and what its file's name says."""
    of_document = {entry.document: entry for entry in entries}
    shares = {at: found.share(name_terms(of.path, of.root, of.member)) for at, of in of_document.items()}
    cosines: Mapping[int, float] = near.cosines if near else {}
    names = of_names(near, {at: of.name for at, of in of_document.items() if of.name}) if near else {}
    return [
        Candidate(
            id=entry.chunk,
            document=entry.document,
            cosine=cosines.get(entry.chunk, 0.0),
            name_cosine=names.get(entry.document, 0.0),
            name_share=shares[entry.document],
            named=found.named(entry.symbols.split()),
        )
        for entry in entries
    ]
