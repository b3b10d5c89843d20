"""From a question to ranked hits: the one path, in order.

    parse → words → meaning → fuse → one hit per document → snippet

Nothing here imports torch; ONNX Runtime and FAISS are loaded by the first question that needs meaning.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec

from ask.indexer import database, words
from ask.indexer.compile import read_card
from ask.indexer.errors import NotFound
from ask.indexer.names import name_text
from ask.retriever import cued, lexical, meant, missing, periods, rows
from ask.retriever.cues import POSTED, WEIGHTS, Cues, prior
from ask.retriever.families import Families
from ask.retriever.fuse import Candidate, Fused, fuse, trust
from ask.retriever.hits import Copy, Hit, Results
from ask.retriever.lexical import Lexical
from ask.retriever.query import Query
from ask.retriever.sharpen import Learned, calibrated, inexact, sharpen
from ask.retriever.snippet import Span, part

if TYPE_CHECKING:
    from ask.indexer.embed import Embedder, Vectors
    from ask.indexer.vectors import Nearest

P = ParamSpec("P")
Only = Literal["both", "words", "meaning"]

MEANING_DEPTH = 200
"""Chunks taken from the meaning side."""
CANDIDATES = 400
"""Chunks that are scored by both sides."""
CUED = 120
"""Best candidates for which cues of time, kind and people are weighed."""
LOOK_FURTHER = 20
"""Documents looked at beyond those shown, for copies of those shown."""
UNSURE = 0.5
"""Trust in meaning below which it does not choose what a snippet shows."""
NEAR_ENOUGH = 0.30
"""Cosine below which a hit without a single matching word is called a near miss."""


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors that searches use now."""

    id: int
    fingerprint: str
    model: str
    dimensions: int


def _at_one_moment(ask: Callable[Concatenate[Searcher, P], Results]) -> Callable[Concatenate[Searcher, P], Results]:
    """All that a question reads belongs to one state of the index, whatever is written meanwhile."""

    @wraps(ask)
    def asked(self: Searcher, *args: P.args, **kwargs: P.kwargs) -> Results:
        self.db.execute("BEGIN")
        try:
            return ask(self, *args, **kwargs)
        finally:
            self.db.execute("COMMIT")

    return asked  # type: ignore[return-value]


class Searcher:
    """Answers questions from one index. Opens it for reading only; may live long (service) or for one question."""

    def __init__(self, home: Path, models: Path | None = None, budget: float = 0.5) -> None:
        """Raises `NotFound` when there is no index below `home` yet. `budget`: seconds that a question may spend on exact
        vectors for good candidates that have approximate ones."""
        self.home = home
        self.budget = budget
        self.models = models or home / "models"
        self.db = database.connect(home)
        self._embedder: Embedder | None = None
        self._nearest: tuple[Space, tuple[int, int], Nearest] | None = None
        self._learned: Learned = {}

    def keep(self) -> None:
        """Keep the exact vectors that questions have made, if the index can be written now."""
        if self._learned and (space := self.space()) is not None:
            from ask.indexer.fill import keep

            keep(self.home, space.fingerprint, dict(self._learned.values()))
        self._learned = {}

    def close(self) -> None:
        """Let go of the index."""
        self.db.close()

    @_at_one_moment
    def search(self, query: Query, *, n: int = 10, only: Only = "both") -> Results:
        """The best `n` documents for a question."""
        clock = _Clock()
        with clock.stage("words"):
            query = periods.resolved(self.db, query)
            scope = self._scope(query)
            found = lexical.search(self.db, query, scope) if only != "meaning" else Lexical()
        cosines: dict[int, float] = {}
        trusted = 0.0
        space = self.space() if only != "words" else None
        vector: Vectors | None = None
        pointed: list[int] = []
        if space is not None:
            with clock.stage("load"):
                embedder, nearest = self._meaning(space)
            with clock.stage("embed"):
                vector = self._asked(space, embedder, query)
                trusted = trust(embedder.fragmentation(words.words(query.text)))
            with clock.stage("meaning"):
                cosines = self._near(space, nearest, vector, scope, max(MEANING_DEPTH, n))
                pointed = cued.candidates(self.db, query, scope) if only == "both" else []
                self._complete(space, vector, cosines, [*list(found.passages)[: max(CANDIDATES, n)], *pointed])
                self._obey(query, cosines)
            with clock.stage("sharpen"):
                self._sharpen(
                    embedder, vector, cosines, lambda: self._ranked(query, only, cosines, found, space, vector, trusted)
                )
        with clock.stage("fuse"):
            fused = self._ranked(query, only, cosines, found, space, vector, trusted, most=max(CANDIDATES, n))
            if query.cues and only == "both":
                fused = self._with_cues(query.cues, fused, set(pointed))
        with clock.stage("show"):
            hits = self._hits(query, fused, n)
            if vector is not None and trusted >= UNSURE:
                hits = self._centred(query, hits, vector)
        cues = query.cues.shown() if query.cues else ""
        alone = query.like is not None and not query.words  # what is nearest to a file is what was asked for
        good = [hit for hit in hits if alone or _is_good(hit, found, cosines)]
        near = () if good else tuple(hits[:3])
        notes = (*self._notes(only, nothing=not good), *(missing.reasons(self.db, query) if not good else ()))
        return Results(query.typed, tuple(good), near, notes, clock.timing(), cues, query.filters.shown())

    def _ranked(
        self,
        query: Query,
        only: Only,
        cosines: Mapping[int, float],
        found: Lexical,
        space: Space | None,
        vector: Vectors | None,
        trusted: float,
        most: int = CANDIDATES,
    ) -> list[Fused]:
        """The candidates of both sides, or of the `only` one, best first."""
        if only == "meaning":
            return [Fused(i, {"meaning": c}) for i, c in sorted(cosines.items(), key=lambda pair: -pair[1])]
        ids = list(cosines) if cosines else list(found.passages)[:most]
        only_cues = query.cues is not None and bool(query.cues) and query.cues.say_all()
        return fuse(self._candidates(ids, cosines, found, space, vector), found, trusted, only_cues=only_cues)

    def _candidates(
        self,
        ids: Sequence[int],
        cosines: Mapping[int, float],
        found: Lexical,
        space: Space | None,
        vector: Vectors | None,
    ) -> list[Candidate]:
        """What both sides say of each chunk, and what its file's name says."""
        rows = self.db.execute(
            "SELECT c.id, c.document_id, c.symbols, f.path, r.path, d.member, v.data FROM json_each(?) wanted"
            " JOIN chunks c ON c.id = wanted.value JOIN documents d ON d.id = c.document_id"
            " JOIN files f ON f.id = d.file_id JOIN roots r ON r.id = f.root_id"
            " LEFT JOIN vectors v ON v.hash = d.name_hash AND v.space = ?",
            (json.dumps(list(ids)), 0 if space is None else space.id),
        ).fetchall()
        shares: dict[int, float] = {}
        for _, document, _, path, root, member, _ in rows:
            if document not in shares:
                shares[document] = found.share(words.terms(name_text(path, root, member), "cs").split())
        names = self._name_cosines(space, vector, {row[1]: row[-1] for row in rows if row[-1]})
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

    def _with_cues(self, cues: Cues, fused: Sequence[Fused], pointed: Collection[int]) -> list[Fused]:
        """The best candidates and those that cues point to again, with what fits the cues of the question lifted."""
        weighed = [one for rank, one in enumerate(fused) if rank < CUED or one.id in pointed]
        by_id = {candidate.id: candidate for candidate in weighed}
        lifted: list[Fused] = []
        for row in rows.rows(self.db, list(by_id)):
            body = (
                rows.text(self.db, row.document_id)[row.start : row.end] if cues.of("kind") or cues.of("link") else ""
            )
            parts = prior(cues, row.date, row.kind, row.people, body)
            lifted.append(Fused(row.id, {**by_id[row.id].parts, **parts}))
        return [*sorted(lifted, key=lambda one: (-one.score, one.id)), *(o for o in fused if o.id not in by_id)]

    def _name_cosines(
        self, space: Space | None, vector: Vectors | None, blobs: Mapping[int, bytes]
    ) -> dict[int, float]:
        if space is None or vector is None or not blobs:
            return {}
        from ask.indexer.vectors import decode

        return dict(zip(blobs, map(float, decode(list(blobs.values()), space.dimensions) @ vector), strict=True))

    def _asked(self, space: Space, embedder: Embedder, query: Query) -> Vectors:
        """The vector to look near: of the question, of the file that hits are to be like, or between the two."""
        if query.like is None:
            return embedder.embed_query(query.text)
        like = self._mean(space, query.like)
        return like if not query.text else _unit(like + embedder.embed_query(query.text))

    def _mean(self, space: Space | None, path: Path) -> Vectors:
        """The mean of a file's chunks. Raises `NotFound`."""
        from ask.indexer.vectors import decode

        blobs = self.db.execute(
            "SELECT v.data FROM files f JOIN documents d ON d.file_id = f.id JOIN chunks c ON c.document_id = d.id"
            " JOIN vectors v ON v.hash = c.hash WHERE f.path = ? AND v.space = ? ORDER BY c.id LIMIT 200",
            (os.fsencode(path), 0 if space is None else space.id),
        ).fetchall()
        if space is None or not blobs:
            raise NotFound(f"{path} has no meaning in the index yet", "Run: ask index on its folder.")
        return _unit(decode([blob for (blob,) in blobs], space.dimensions).mean(axis=0))

    def similar(self, path: Path, *, n: int = 10) -> Results:
        """Documents nearest in meaning to a file in the index, its name included. Raises `NotFound`."""
        return self.search(Query("", typed=str(path), like=path), n=n)

    def embedder(self) -> Embedder:
        """The model of the active space. Raises `NotFound` when nothing has been embedded."""
        space = self.space()
        if space is None:
            raise NotFound("no model has been prepared yet", "Run: ask index ~/some/folder")
        return self._meaning(space)[0]

    def space(self) -> Space | None:
        """The active space, None before the first vector."""
        row = self.db.execute(
            "SELECT id, fingerprint, model, dimensions FROM spaces"
            " WHERE id = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'space')"
        ).fetchone()
        return None if row is None else Space(*row)

    def _scope(self, query: Query) -> tuple[str, list[object]] | None:
        if not query.filters:
            return None
        condition, values = query.filters.sql()
        return (
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
            f" WHERE {condition}",
            values,
        )

    def _meaning(self, space: Space) -> tuple[Embedder, Nearest]:
        from ask.indexer.vectors import Nearest, faiss_path

        if self._embedder is None or self._embedder.model.fingerprint != space.fingerprint:
            from ask.indexer.embed import Embedder

            self._embedder = Embedder(read_card(self.models / space.model))
        path = faiss_path(self.home, space.id)
        state = (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else (0, 0)
        if self._nearest is None or self._nearest[:2] != (space, state):
            fresh = Nearest(self.home, self.db, space.id, space.fingerprint, space.dimensions)
            self._nearest = (space, state, fresh)
        return self._embedder, self._nearest[2]

    def _near(
        self,
        space: Space,
        nearest: Nearest,
        vector: Vectors,
        scope: tuple[str, list[object]] | None,
        depth: int = MEANING_DEPTH,
    ) -> dict[int, float]:
        """The nearest chunks with their cosines."""
        allowed: set[int] | None = None
        if scope is not None:
            allowed = {
                i
                for (i,) in self.db.execute(
                    f"SELECT v.id FROM vectors v JOIN chunks c ON c.hash = v.hash WHERE v.space = ? AND c.id IN ({scope[0]})",
                    (space.id, *scope[1]),
                )
            }
        found = dict(nearest.search(vector, depth, allowed))
        within, values = ("", []) if scope is None else (f" AND c.id IN ({scope[0]})", scope[1])
        found_rows = self.db.execute(
            "SELECT c.id, v.id FROM json_each(?) wanted JOIN vectors v ON v.id = wanted.value"
            f" JOIN chunks c ON c.hash = v.hash WHERE v.space = ?{within}",
            (json.dumps(list(found)), space.id, *values),
        )
        near = {chunk: found[vector_id] for chunk, vector_id in found_rows}
        named = self.db.execute(
            "SELECT min(c.id) FROM json_each(?) wanted JOIN vectors v ON v.id = wanted.value"
            f" JOIN documents d ON d.name_hash = v.hash JOIN chunks c ON c.document_id = d.id WHERE v.space = ?{within}"
            " GROUP BY d.id",
            (json.dumps(list(found)), space.id, *values),
        )
        self._complete(space, vector, near, [row[0] for row in named])
        return near

    def _complete(self, space: Space, vector: Vectors, cosines: dict[int, float], ids: Sequence[int]) -> None:
        """Cosines also for what only the words have found, so that both kinds of candidates are judged by both sides."""
        from ask.indexer.vectors import decode

        missing = [i for i in ids if i not in cosines]
        found_rows = self.db.execute(
            "SELECT c.id, v.data FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value"
            " JOIN vectors v ON v.hash = c.hash AND v.space = ?",
            (json.dumps(missing), space.id),
        ).fetchall()
        values = decode([data for _, data in found_rows], space.dimensions) @ vector
        cosines.update({row[0]: float(value) for row, value in zip(found_rows, values, strict=True)})
        cosines.update({i: 0.0 for i in missing if i not in cosines})

    def _sharpen(
        self,
        embedder: Embedder,
        vector: Vectors,
        cosines: dict[int, float],
        ranked: Callable[[], Sequence[Fused]],
    ) -> None:
        """Exact cosines for the best candidates that have approximate ones, within the budget; `ranked` tells which are
        best, by approximate meaning and words together."""
        cosines.update({i: float(v @ vector) for i, (_, v) in self._learned.items() if i in cosines})
        waiting = set(inexact(self.db, [i for i in cosines if i not in self._learned]))
        if not waiting:
            return
        best_first = [one.id for one in ranked() if one.id in waiting]
        learned = sharpen(self.db, embedder, best_first, self.budget)
        exact = {i: float(found @ vector) for i, (_, found) in learned.items()}
        cosines.update(calibrated(cosines, exact, [i for i in waiting if i not in exact]))
        self._learned |= learned

    def _obey(self, query: Query, cosines: dict[int, float]) -> None:
        """Exact phrases, needed and unwanted words bind the meaning side, too."""
        must, must_not = lexical.must_match(query), lexical.must_not_match(query)
        if must is not None:
            kept = lexical.matching(self.db, must, list(cosines))
            for i in set(cosines) - kept:
                del cosines[i]
        if must_not is not None:
            for i in lexical.matching(self.db, must_not, list(cosines)):
                del cosines[i]

    def _hits(self, query: Query, fused: Sequence[Fused], n: int) -> list[Hit]:
        """One hit for each of the best `n` documents, through its best chunk; copies of a text are one hit."""
        by_id = {candidate.id: candidate for candidate in fused}
        hits: list[Hit] = []
        families = Families()
        for row in rows.rows(self.db, list(by_id)):
            if query.like is not None and row.path == str(query.like):
                continue
            at = families.known(row.document_hash)
            if at is None:
                text = rows.text(self.db, row.document_id)
                at = families.join(row.document_hash, row.path, row.member, text)
            if families.count > n + LOOK_FURTHER:
                break
            if at == len(hits) < n:
                hits.append(self._hit(query, by_id[row.id], row, at + 1))
            elif at < len(hits):
                hits[at] = _with_copy(hits[at], row, same=families.leads(at, row.document_hash))
        return hits

    def _hit(self, query: Query, candidate: Fused, row: rows.Row, rank: int) -> Hit:
        body = rows.text(self.db, row.document_id)[row.start : row.end]
        focus = query.cues.focus(body, row.kind, row.people) if query.cues else None
        start, end = part(body, query.words, focus)
        return Hit(
            rank=rank,
            score=candidate.score,
            id=row.id,
            path=row.path,
            document=row.member,
            kind=row.kind,
            title=row.title,
            line=row.line,
            end_line=row.end_line,
            page=row.page,
            date=row.date,
            snippet=body[start:end],
            why=dict(candidate.parts),
            text=body,
            heading=row.headings,
            document_id=row.document_id,
            start=row.start,
            exact=row.tier == 2 or row.id in self._learned,
            lines=rows.line_numbers(self.db, row, [row.start + at for at in _line_starts(body, start, end)]),
            focus=_within(focus, start, end),
        )

    def _centred(self, query: Query, hits: list[Hit], vector: Vectors) -> list[Hit]:
        """Snippets of the best hits around what means the question, where its words do not stand there."""
        short = [h for h in hits[: meant.HITS] if h.focus is None and not meant.told_by_words(h.text, query.words)]
        if not short or self._embedder is None:
            return hits
        found = meant.best_sentences([hit.text for hit in short], vector, self._embedder)
        spans = {hit.id: span for hit, span in zip(short, found, strict=True) if span is not None}
        return [replace(hit, **self._shown(hit, query, spans[hit.id])) if hit.id in spans else hit for hit in hits]

    def _shown(self, hit: Hit, query: Query, focus: Span) -> dict[str, Any]:
        """What of a hit depends on its focus, a part of its text."""
        start, end = part(hit.text, query.words, focus)
        row = next(rows.rows(self.db, [hit.id]))
        numbers = rows.line_numbers(self.db, row, [hit.start + at for at in _line_starts(hit.text, start, end)])
        return {"snippet": hit.text[start:end], "lines": numbers, "focus": _within(focus, start, end)}

    def _notes(self, searched: Only, *, nothing: bool) -> Iterator[str]:
        """What limits the answer, in words."""
        # "tier < 2" lets SQLite use the index of what is pending; counting all tiers would read a million rows.
        pending = dict(self.db.execute("SELECT tier, count(*) FROM chunks WHERE tier < 2 GROUP BY tier").fetchall())
        if pending and searched != "words":
            (total,) = self.db.execute("SELECT count(*) FROM chunks").fetchone()
            yield coverage(total, pending.get(0, 0), pending.get(1, 0))
        (unread,) = self.db.execute(
            "SELECT count(*) FROM files WHERE status != 'indexed' AND status = 'unreadable'"
        ).fetchone()
        if unread and not nothing:  # else they are named
            yield f"{unread} {'file' if unread == 1 else 'files'} could not be read (ask status --skipped)"


def coverage(total: int, without: int, approximate: int) -> str:
    """How far meaning has come: `meaning covers 100 % of the index, 31 % of it exactly; words cover all of it`."""
    covered, exact = (100 * (total - without) // total, 100 * (total - without - approximate) // total)
    return f"meaning covers {covered} % of the index, {exact} % of it exactly; words cover all of it"


def _unit(vector: Vectors) -> Vectors:
    import numpy as np

    unit: Vectors = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return unit


def _with_copy(hit: Hit, row: rows.Row, *, same: bool) -> Hit:
    if row.path == hit.path or row.path in hit.family:
        return hit
    return replace(hit, copies=(*hit.copies, Copy(row.path, row.date, same)))


def _line_starts(text: str, start: int, end: int) -> list[int]:
    """Where the lines begin that a part of a text shows, the first one perhaps not from its beginning."""
    return [text.rfind("\n", 0, start) + 1, *(at + 1 for at in range(start, end) if text[at] == "\n")]


def _within(span: Span | None, start: int, end: int) -> Span | None:
    """Offsets in a text → offsets in its part from `start` to `end`."""
    return None if span is None else (span[0] - start, min(span[1], end) - start)


def _is_good(hit: Hit, found: Lexical, cosines: Mapping[int, float]) -> bool:
    """Worth calling an answer: it shares a word with the question, its meaning is near, or it is what cues ask for."""
    cued = sum(value for name, value in hit.why.items() if name in WEIGHTS)
    return hit.id in found.passages or cosines.get(hit.id, 0.0) >= NEAR_ENOUGH or cued >= POSTED


class _Clock:
    """Milliseconds per stage."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}
        self._begun = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._spent[name] = self._spent.get(name, 0.0) + 1000 * (time.perf_counter() - begun)

    def timing(self) -> dict[str, float]:
        return {**self._spent, "total": 1000 * (time.perf_counter() - self._begun)}
