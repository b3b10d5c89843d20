"""Following one file through a search: at which stage was it lost?"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ask.indexer.documents import REASONS
from ask.retriever import lexical
from ask.retriever.query import Query
from ask.retriever.search import Searcher

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
    raw = os.fsencode(path)
    row = searcher.db.execute("SELECT id, status, reason, detail FROM files WHERE path = ?", (raw,)).fetchone()
    if row is None:
        return [Step("scanned", False, _not_scanned(searcher, raw))]
    if row[1] != "indexed":
        detail = f" ({row[3]})" if row[3] else ""
        return [Step("scanned", True, "found on disk"), Step("read", False, REASONS.get(row[2], row[2]) + detail)]
    steps = [Step("scanned", True, "found on disk"), _read(searcher, row[0])]
    chunks = {i for (i,) in searcher.db.execute(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.file_id = ?", (row[0],))}  # fmt: skip
    steps += [_words(searcher, query, chunks), _rank(searcher, query, path)]
    return steps


def _not_scanned(searcher: Searcher, raw: bytes) -> str:
    roots = [bytes(root) for (root,) in searcher.db.execute("SELECT path FROM roots")]
    inside = any(raw == root or raw.startswith(root.rstrip(b"/") + b"/") for root in roots)
    if not inside:
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
    return Step("read", True, f"{documents} documents, {chunks} chunks, {exact} of them with an exact meaning")


def _words(searcher: Searcher, query: Query, chunks: set[int]) -> Step:
    found = lexical.search(searcher.db, query)
    ranked = list(found.passages)
    best = next((rank for rank, chunk in enumerate(ranked, 1) if chunk in chunks), None)
    if best is None:
        return Step("words", False, "none of its chunks holds a telling word of the question")
    return Step("words", True, f"its best chunk is number {best} of {len(ranked)} by words")


def _rank(searcher: Searcher, query: Query, path: str) -> Step:
    results = searcher.search(query, n=DEEP)
    for hit in (*results.hits, *results.near):
        if path == hit.path or path in hit.family:
            copies = " (as a copy of another file)" if path in hit.family else ""
            parts = ", ".join(f"{name} {value:+.3f}" for name, value in hit.why.items() if value)
            return Step("ranked", True, f"number {hit.rank}{copies}, score {hit.score:.3f}: {parts}")
    return Step("ranked", False, "not among the candidates of either side, or a filter excludes it")
