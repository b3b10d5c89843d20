"""From what words and meaning have found to ranked chunks."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from ask.indexer.database import Connection, same
from ask.indexer.names import name_terms
from ask.retriever import rows
from ask.retriever.cues import Cues, prior
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


def by_both(db: Connection, query: Query, found: Lexical, near: Near | None, most: int = MOST) -> list[Fused]:
    """The candidates of both sides, or without `near` the best by words alone, at least `most`, best first."""
    cosines = near.cosines if near else {}
    ids = list(cosines) if cosines else list(found.passages)[: max(most, BY_WORDS)]
    only_cues = query.cues is not None and bool(query.cues) and query.cues.say_all()
    return fuse(_candidates(db, ids, found, near), found, near.trusted if near else 0.0, only_cues=only_cues)


def with_cues(db: Connection, cues: Cues, fused: Sequence[Fused], pointed: Collection[int]) -> list[Fused]:
    """The best candidates and those that cues point to again, with what fits the cues of the question lifted."""
    weighed = {one.id: one for rank, one in enumerate(fused) if rank < CUED or one.id in pointed}
    reads_body = bool(cues.of("kind") or cues.of("link"))
    lifted: list[Fused] = []
    for row in rows.rows(db, list(weighed)):
        body = rows.chunk_text(db, row) if reads_body else ""
        parts = prior(cues, row.date, row.kind, row.people, body)
        lifted.append(Fused(row.id, {**weighed[row.id].parts, **parts}))
    return [*best_first(lifted), *(one for one in fused if one.id not in weighed)]


def _candidates(db: Connection, ids: Sequence[int], found: Lexical, near: Near | None) -> list[Candidate]:
    """What both sides say of each chunk, and what its file's name says."""
    rows = db.execute(
        "SELECT c.id, c.document_id, c.symbols, f.path, r.path, d.member, v.data FROM json_each(?) wanted"
        " JOIN chunks c ON c.id = wanted.value JOIN documents d ON d.id = c.document_id"
        " JOIN files f ON f.id = d.file_id JOIN roots r ON r.id = f.root_id"
        f" LEFT JOIN vectors v ON {same('v.hash', 'd.name_hash')} AND v.space = ?",
        (json.dumps(list(ids)), near.opened.space.id if near else 0),
    ).fetchall()
    shares: dict[int, float] = {}
    for _, document, _, path, root, member, _ in rows:
        if document not in shares:
            shares[document] = found.share(name_terms(path, root, member))
    cosines: Mapping[int, float] = near.cosines if near else {}
    names = of_names(near, {row[1]: row[-1] for row in rows if row[-1]}) if near else {}
    return [
        Candidate(
            id=chunk,
            document=document,
            cosine=cosines.get(chunk, 0.0),
            name_cosine=names.get(document, 0.0),
            name_share=shares[document],
            named=found.named(symbols.split()),
        )
        for chunk, document, symbols, *_ in rows
    ]
