"""Following one file through a search: at which stage was it lost?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ask.indexer.database import lies_in
from ask.indexer.documents import REASONS
from ask.indexer.words import query_terms, quoted
from ask.retriever import lexical
from ask.retriever.filters import Filters
from ask.retriever.hits import Hit, Results
from ask.retriever.query import Query
from ask.retriever.search import NEAR_ENOUGH, Searcher

DEEP = 1000
"""Ranks looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to the file at one stage."""

    stage: str
    passed: bool
    what: str


def follow(searcher: Searcher, query: Query, path: str) -> list[Step]:
    """The stages a file has passed, the last one being where it was lost, if it was."""
    searcher.frequencies.refresh()
    raw = os.fsencode(path)
    row = searcher.db.execute("SELECT id, status, reason, detail FROM files WHERE path = ?", (raw,)).fetchone()
    if row is None:
        return [Step("scanned", False, _not_scanned(searcher, raw))]
    if row[1] != "indexed":
        detail = f" ({row[3]})" if row[3] else ""
        return [Step("scanned", True, "found on disk"), Step("read", False, REASONS.get(row[2], row[2]) + detail)]
    chunks = [i for (i,) in searcher.db.execute(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.file_id = ?", (row[0],)
    )]  # fmt: skip
    steps = [Step("scanned", True, "found on disk"), _read(searcher, row[0])]
    steps += [*_limits(searcher, query, row[0]), *_operators(searcher, query, chunks)]
    return [*steps, _words(searcher, query, chunks), _meaning(searcher, query, path), _rank(searcher, query, path)]


def _limits(searcher: Searcher, query: Query, file_id: int) -> Iterator[Step]:
    """Whether the file is within what the search is limited to; each limit that it fails is named."""
    if not query.filters:
        return
    failed = [one.shown() for one in query.filters.each() if not _within(searcher, one, file_id)]
    if failed:
        yield Step("limits", False, f"it is not within: {' · '.join(failed)}")
    else:
        passed = _within(searcher, query.filters, file_id)
        yield Step("limits", passed, f"{'it is within' if passed else 'no part of it is within all of'}: "
                   + query.filters.shown())  # fmt: skip


def _within(searcher: Searcher, filters: Filters, file_id: int) -> bool:
    condition, values = filters.sql()
    found = searcher.db.execute(
        "SELECT 1 FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
        f" WHERE f.id = ? AND {condition} LIMIT 1",
        (file_id, *values),
    ).fetchone()
    return found is not None


def _operators(searcher: Searcher, query: Query, chunks: Sequence[int]) -> Iterator[Step]:
    """Exact phrases, needed and unwanted words."""
    must, must_not = lexical.must_match(query), lexical.must_not_match(query)
    holding = set(chunks) if must is None else lexical.matching(searcher.db, must, chunks)
    if must is not None:
        asked = ", ".join((*query.phrases, *query.needed))
        said = f"{len(holding)} of its {len(chunks)} chunks hold all of: {asked}"
        yield Step("needed", bool(holding), said if holding else f"none of its chunks holds all of: {asked}")
    if must_not is not None:
        left = holding - lexical.matching(searcher.db, must_not, list(holding))
        yield Step("unwanted", bool(left), f"{len(left)} of its chunks are without: {', '.join(query.unwanted)}")


def _not_scanned(searcher: Searcher, raw: bytes) -> str:
    roots = [bytes(root) for (root,) in searcher.db.execute("SELECT path FROM roots")]
    if os.path.isdir(raw) and b"\0" not in raw:  # noqa: PTH112 (pathlib cannot hold bytes)
        return "it is a folder; name a file in it"
    if not any(lies_in(raw, root) for root in roots):
        return "it lies in no indexed folder; run: ask index on its folder"
    above = raw
    while len(above) > 1:
        above = os.path.dirname(above)  # noqa: PTH120 (pathlib cannot hold bytes)
        left = searcher.db.execute("SELECT reason, detail FROM files WHERE path = ?", (above,)).fetchone()
        if left is not None:
            return f"its folder {os.fsdecode(above)} is left out: {REASONS.get(left[0], left[0])} {left[1]}".rstrip()
    return "it was not there when its folder was indexed last; run: ask index"


def _read(searcher: Searcher, file_id: int) -> Step:
    documents, chunks, exact = searcher.db.execute(
        "SELECT count(DISTINCT d.id), count(c.id), coalesce(sum(c.tier = 2), 0) FROM documents d"
        " LEFT JOIN chunks c ON c.document_id = d.id WHERE d.file_id = ?",
        (file_id,),
    ).fetchone()
    counts = (
        f"{count} {name}{'' if count == 1 else 's'}" for count, name in ((documents, "document"), (chunks, "chunk"))
    )
    return Step("read", True, f"{', '.join(counts)}, {exact} of them with an exact meaning")


def _words(searcher: Searcher, query: Query, chunks: Sequence[int]) -> Step:
    ranked = list(lexical.search(searcher.db, searcher.frequencies, query).passages)
    own = set(chunks)
    best = next((rank for rank, chunk in enumerate(ranked, 1) if chunk in own), None)
    held = [word for word in query.words if lexical.matching(searcher.db, quoted(query_terms(word)), chunks)]
    lacking = [word for word in query.words if word not in held]
    if best is None:
        return Step("words", False, f"none of its chunks holds a telling word of the question: {', '.join(lacking)}")
    said = f"its best chunk is number {best} of {len(ranked)} by words; it holds {', '.join(held)}"
    return Step("words", True, said + (f", not {', '.join(lacking)}" if lacking else ""))


def _meaning(searcher: Searcher, query: Query, path: str) -> Step:
    if searcher.space() is None:
        return Step("meaning", False, "nothing has a meaning in the index yet")
    hit = _hit(searcher.search(query, n=DEEP, only="meaning"), path)
    if hit is None:
        without = f"not near enough in meaning (cosine below {NEAR_ENOUGH:.2f}), or without one so far"
        return Step("meaning", False, without)
    about = "" if hit.exact else ", by an approximation so far"
    return Step("meaning", True, f"number {hit.rank} by meaning, cosine {hit.score:.3f}{about}")


def _rank(searcher: Searcher, query: Query, path: str) -> Step:
    hit = _hit(searcher.search(query, n=DEEP), path)
    if hit is None:
        return Step("ranked", False, "not among the candidates of either side, or excluded above")
    copies = " (as a copy of another file)" if path in hit.family else ""
    parts = ", ".join(f"{name} {value:+.3f}" for name, value in hit.why.items() if value)
    return Step("ranked", True, f"number {hit.rank}{copies}, score {hit.score:.3f}: {parts}")


def _hit(results: Results, path: str) -> Hit | None:
    """The hit that stands for a file, a near miss as well."""
    return next((hit for hit in (*results.hits, *results.near) if hit.stands_for(path)), None)
