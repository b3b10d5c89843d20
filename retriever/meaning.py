"""The side of meaning (dense retrieval): a question's vector, the chunks nearest to it, and their cosines.

    question → vector → nearest chunks → those that words found, too → exact cosines for the best → those of code turned

The first two need no SQLite and run in a thread of their own, while the words side reads its lists. ONNX Runtime and FAISS are loaded by the first question that needs them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ask.indexer import words
from ask.indexer.compile import read_card
from ask.indexer.database import Connection, same
from ask.indexer.errors import NotFound
from ask.indexer.spaces import Space, active
from ask.retriever import code_questions, code_words
from ask.retriever.code_questions import CodeQuestions
from ask.retriever.code_words import CodeWords
from ask.retriever.entries import Entry
from ask.retriever.fuse import Fused, trust
from ask.retriever.lexical import Scope
from ask.retriever.query import Query
from ask.retriever.sharpen import Learned, calibrated, sharpen

if TYPE_CHECKING:
    from ask.indexer.embed import Embedder, Vectors
    from ask.indexer.vectors import Nearest

DEPTH = 150
"""Vectors taken from the nearest."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A space that can be asked: with its model and its FAISS file."""

    space: Space
    embedder: Embedder
    nearest: Nearest
    code_words: CodeWords | None
    """How words of a question and names in code are compared, if the model is the one that this was learnt for."""


@dataclass(frozen=True, slots=True)
class Near:
    """What meaning says about one question."""

    opened: Opened
    vector: Vectors
    """What chunks are compared with: float32, shape (dimensions,), length 1."""
    trusted: float
    """How far meaning is to be trusted for this question, 0 to 1."""
    proposed: Sequence[int] | None = None
    """The vectors that FAISS takes for the nearest; None where a filter is to be kept to."""
    cosines: dict[int, float] = field(default_factory=dict)
    """Of the candidates, by chunk; filled in and made exact as the search goes on."""
    stored: dict[int, bytes] = field(default_factory=dict)
    """Their vectors as they are stored, of those that have one."""


class Meaning:
    """The model and the vectors of one index, kept between questions."""

    def __init__(self, home: Path, models: Path, db: Connection) -> None:
        self._home = home
        self._models = models
        self._db = db
        self._embedder: Embedder | None = None
        self._code_questions: CodeQuestions | None = None
        self._code_words: CodeWords | None = None
        self._nearest: tuple[Space, tuple[int, int], Nearest] | None = None
        """With its space, and the time and size of the FAISS file it was opened from."""
        self._learned: Learned = {}
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="meaning")

    @property
    def learned(self) -> Collection[int]:
        """Chunks whose exact vectors questions have made; the index has approximate ones."""
        return self._learned.keys()

    def open(self, space: Space) -> Opened:
        """The space with its model and FAISS file, read anew when they are not those of the last question."""
        from ask.indexer.vectors import Nearest, faiss_path

        if self._embedder is None or self._embedder.model.fingerprint != space.fingerprint:
            from ask.indexer.embed import Embedder

            self._embedder = Embedder(read_card(self._models / space.model))
            self._code_questions = code_questions.of_model(space.fingerprint)
            self._code_words = code_words.of_model(space.fingerprint)
        path = faiss_path(self._home, space.id)
        state = (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else (0, 0)
        if self._nearest is None or self._nearest[:2] != (space, state):
            fresh = Nearest(self._home, self._db, space.id, space.fingerprint, space.dimensions)
            self._nearest = (space, state, fresh)
        return Opened(space, self._embedder, self._nearest[2], self._code_words)

    def begin(self, opened: Opened, query: Query, scope: Scope | None, depth: int) -> Future[Near]:
        """Begin with what needs no SQLite, in a thread: the vector to look near, how far to trust what is found there, and
        FAISS's proposals; no chunk is compared yet. Raises `NotFound`."""
        like = None if query.like is None else self._mean(opened.space, query.like)
        if scope is None:
            opened.nearest.open()

        def near() -> Near:
            vector = _vector(opened.embedder, query, like)
            trusted = trust(opened.embedder.fragmentation(words.words(query.text)))
            return Near(opened, vector, trusted, opened.nearest.propose(vector, depth) if scope is None else None)

        return self._beside.submit(near)

    def look(self, near: Near, scope: Scope | None, depth: int) -> None:
        """Take the chunks nearest to the question, by their texts or by the names of their files."""
        space = near.opened.space
        found = dict(near.opened.nearest.search(near.vector, depth, self._allowed(space, scope), near.proposed))
        within, values = ("", []) if scope is None else (f" AND c.id IN ({scope[0]})", scope[1])
        sought = (json.dumps(list(found)), space.id, *values)
        rows = self._db.execute(
            "SELECT c.id, v.data, v.id FROM json_each(?) wanted JOIN vectors v ON v.id = wanted.value"
            f" JOIN chunks c ON {same('c.hash', 'v.hash')} WHERE v.space = ?{within}",
            sought,
        ).fetchall()
        near.cosines.update({chunk: found[vector_id] for chunk, _, vector_id in rows})
        near.stored.update({chunk: data for chunk, data, _ in rows})
        named = self._db.execute(
            "SELECT min(c.id) FROM json_each(?) wanted JOIN vectors v ON v.id = wanted.value"
            f" JOIN documents d ON {same('d.name_hash', 'v.hash')} JOIN chunks c ON c.document_id = d.id"
            f" WHERE v.space = ?{within} GROUP BY d.id",
            sought,
        )
        self.compare(near, [row[0] for row in named])

    def compare(self, near: Near, ids: Sequence[int]) -> None:
        """Cosines for these chunks, too, so that what words have found is judged by both sides; 0 without a vector."""
        from ask.indexer.packed import cosines

        missing = [i for i in ids if i not in near.cosines]
        rows = self._db.execute(
            "SELECT c.id, v.data FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value"
            f" JOIN vectors v ON {same('v.hash', 'c.hash')} AND v.space = ?",
            (json.dumps(missing), near.opened.space.id),
        ).fetchall()
        values = cosines([data for _, data in rows], near.vector)
        near.cosines.update(dict.fromkeys(missing, 0.0))
        near.cosines.update(zip([row[0] for row in rows], values.tolist(), strict=True))
        near.stored.update(rows)

    def sharpen(
        self, near: Near, entries: Sequence[Entry], ranked: Callable[[], Sequence[Fused]], budget: float
    ) -> None:
        """Exact cosines for the best of the entries that have approximate ones, within `budget` seconds; `ranked` tells
        which are best, by approximate meaning and words together."""
        cosines = near.cosines
        cosines.update({i: float(v @ near.vector) for i, (_, v) in self._learned.items() if i in cosines})
        waiting = {e.chunk for e in entries if e.tier < 2 and e.chunk in cosines and e.chunk not in self._learned}
        if not waiting:
            return
        best_first = [one.id for one in ranked() if one.id in waiting]
        learned = sharpen(self._db, near.opened.embedder, best_first, budget)
        exact = {i: float(found @ near.vector) for i, (_, found) in learned.items()}
        cosines.update(calibrated(cosines, exact, [i for i in waiting if i not in exact]))
        self._learned |= learned

    def turn(self, near: Near, entries: Sequence[Entry]) -> None:
        """Compare the entries that are code with the question as it is turned towards code."""
        if self._code_questions is None:
            return
        from ask.indexer.packed import cosines

        kinds = code_questions.KINDS
        there = near.stored.keys() & near.cosines.keys()
        languages = {e.chunk: e.language for e in entries if e.kind in kinds and e.chunk in there}
        if not languages:
            return
        moved = self._code_questions.turned(near.vector) - near.vector
        gained = cosines([near.stored[chunk] for chunk in languages], moved)  # linear: one cosine less the other
        gains = dict(zip(languages, gained.tolist(), strict=True))
        for chunk, gain in code_questions.level(gains, languages).items():
            near.cosines[chunk] += gain

    def keep(self) -> None:
        """Keep the exact vectors that questions have made, if the index can be written now."""
        if self._learned and (space := active(self._db)) is not None:
            from ask.indexer.fill import keep

            keep(self._home, space.fingerprint, dict(self._learned.values()))
        self._learned = {}

    def _mean(self, space: Space, path: Path) -> Vectors:
        """The mean of a file's chunks. Raises `NotFound`."""
        from ask.indexer.packed import decode

        blobs = self._db.execute(
            "SELECT v.data FROM files f JOIN documents d ON d.file_id = f.id JOIN chunks c ON c.document_id = d.id"
            f" JOIN vectors v ON {same('v.hash', 'c.hash')} WHERE f.path = ? AND v.space = ? ORDER BY c.id LIMIT 200",
            (os.fsencode(path), space.id),
        ).fetchall()
        if not blobs:
            raise self._without_meaning(path)
        return _unit(decode([blob for (blob,) in blobs], space.dimensions).mean(axis=0))

    def _without_meaning(self, path: Path) -> NotFound:
        """Why nothing can be like this file."""
        from ask.indexer.documents import REASONS

        row = self._db.execute("SELECT reason FROM files WHERE path = ?", (os.fsencode(path),)).fetchone()
        if row is not None and row[0]:
            return NotFound(f"{path} is not in the index: {REASONS.get(row[0], row[0])}", "See: ask status --skipped")
        if row is not None:
            return NotFound(f"{path} has no meaning in the index yet", "Run: ask index on its folder.")
        hint = "It is a folder; name a file in it." if os.path.isdir(path) else "Run: ask index on its folder."  # noqa: PTH112
        return NotFound(f"{path} is not in the index", hint)

    def _allowed(self, space: Space, scope: Scope | None) -> set[int] | None:
        """The vectors of the chunks that may be hits; None: all."""
        if scope is None:
            return None
        rows = self._db.execute(
            f"SELECT v.id FROM vectors v JOIN chunks c ON {same('v.hash', 'c.hash')}"
            f" WHERE v.space = ? AND c.id IN ({scope[0]})",
            (space.id, *scope[1]),
        )
        return {i for (i,) in rows}


def _vector(embedder: Embedder, query: Query, like: Vectors | None) -> Vectors:
    """Of the question, of what hits are to be `like`, or between the two."""
    if like is None:
        return embedder.embed_query(query.text)
    return like if not query.text else _unit(like + embedder.embed_query(query.text))


def of_names(near: Near, blobs: Mapping[int, bytes]) -> dict[int, float]:
    """Cosines of the question and of files' names, whose stored vectors are given; by the same keys."""
    if not blobs:
        return {}
    from ask.indexer.packed import cosines

    return dict(zip(blobs, map(float, cosines(list(blobs.values()), near.vector)), strict=True))


def _unit(vector: Vectors) -> Vectors:
    import numpy as np

    unit: Vectors = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return unit
