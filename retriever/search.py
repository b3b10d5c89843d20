"""From a question to ranked hits: the one path, in order.

    words + meaning → rank → one hit for each document → snippet

Nothing here imports torch; ONNX Runtime and FAISS are loaded by the first question that needs meaning.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Literal, ParamSpec

from ask.indexer import database, spaces
from ask.indexer.compile import MODELS
from ask.indexer.spaces import Space
from ask.retriever import (
    alignment,
    assemble,
    code_questions,
    code_words,
    cue_candidates,
    entries,
    lexical,
    notes,
    periods,
    rank,
    rows,
    shorthand,
)
from ask.retriever.cues import POSTED, WEIGHTS
from ask.retriever.entries import Entry
from ask.retriever.frequencies import Frequencies
from ask.retriever.fuse import Fused
from ask.retriever.hits import Hit, Results
from ask.retriever.lexical import Lexical
from ask.retriever.meaning import DEPTH, Meaning, Near
from ask.retriever.query import Query

if TYPE_CHECKING:
    from ask.indexer.embed import Embedder

P = ParamSpec("P")
Only = Literal["both", "words", "meaning"]

READ = 30
"""Candidates that are compared word by word, the best: 60 rank the first ten the same and take twice as long."""
SURE = 0.5
"""Trust in meaning from which it may choose what a snippet shows."""
LIFTED = 0.06
"""What cues add from which a hit is one, where a question says nothing else: "invoice" finds a Czech "Faktura"."""
NEAR_ENOUGH = 0.30
"""Cosine below which a hit without a single matching word is called a near miss."""


def _at_one_moment(ask: Callable[Concatenate[Searcher, P], Results]) -> Callable[Concatenate[Searcher, P], Results]:
    """All that a question reads belongs to one state of the index, whatever is written meanwhile."""

    @wraps(ask)
    def asked(self: Searcher, *args: P.args, **kwargs: P.kwargs) -> Results:
        self.db.execute("BEGIN")
        try:
            self.frequencies.refresh()
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
        self.db = database.connect(home)
        self.frequencies = Frequencies(self.db)
        self._meaning = Meaning(home, models or home / MODELS, self.db)

    def close(self) -> None:
        """Let go of the index."""
        self.db.close()

    def keep(self) -> None:
        """Keep the exact vectors that questions have made, if the index can be written now."""
        self._meaning.keep()

    @_at_one_moment
    def search(self, query: Query, *, n: int = 10, only: Only = "both") -> Results:
        """The best `n` documents for a question."""
        clock = _Clock()
        with clock.stage("words"):
            query = periods.resolved(self.db, query)
            scope = query.filters.scope()
        space = self.space() if only != "words" else None
        depth = max(DEPTH, n)
        if space is not None:
            with clock.stage("load"):
                coming = self._meaning.begin(self._meaning.open(space), query, scope, depth)
        with clock.stage("words"):
            found = lexical.search(self.db, self.frequencies, query, scope) if only != "meaning" else Lexical()
        near: Near | None = None
        pointed: list[int] = []
        if space is not None:
            with clock.stage("embed"):
                near = coming.result()
            with clock.stage("meaning"):
                self._meaning.look(near, scope, depth)
                pointed = cue_candidates.candidates(self.db, query, scope) if only == "both" else []
                self._meaning.compare(near, [*list(found.passages)[: max(rank.MOST, n)], *pointed])
                self._obey(query, near.cosines)
        with clock.stage("look up"):
            candidates = rank.worth_ranking(found, near, max(rank.MOST, n))
            known = entries.entries(self.db, candidates, None if space is None else space.id)
        if near is not None:
            with clock.stage("sharpen"):
                self._meaning.sharpen(near, known, lambda: self._ranked(query, only, found, near, known), self.budget)
            if query.like is None:
                with clock.stage("turn"):
                    self._meaning.turn(near, known)
        texts = rows.Texts(self.db)
        with clock.stage("fuse"):
            fused = self._ranked(query, only, found, near, known)
            if only == "both":
                fused = self._word_by_word(query, texts, found, near, fused)
            if query.cues and only == "both":
                fused = rank.with_cues(self.db, texts, query.cues, fused, set(pointed))
        with clock.stage("show"):
            hits = assemble.hits(self.db, texts, query, fused, n, self._meaning.learned)
            of_words = near.opened.embedder.word_vectors() if near is not None and near.trusted >= SURE else None
            if of_words is not None:
                hits = assemble.centred(self.db, query, hits, of_words)
        return self._results(query, only, hits, found, near, clock)

    def similar(self, path: Path, *, n: int = 10) -> Results:
        """Documents nearest in meaning to a file in the index, its name included. Raises `NotFound`."""
        return self.search(Query("", typed=str(path), like=path), n=n)

    def space(self) -> Space | None:
        """The active space, None before the first vector."""
        return spaces.active(self.db)

    def embedder(self) -> Embedder | None:
        """The model of the active space; None when nothing has been embedded."""
        space = self.space()
        return None if space is None else self._meaning.open(space).embedder

    def _ranked(
        self, query: Query, only: Only, found: Lexical, near: Near | None, known: Sequence[Entry]
    ) -> list[Fused]:
        """The candidates of both sides, or of the `only` one, best first."""
        return rank.by_meaning(near) if only == "meaning" else rank.by_both(query, found, near, known)

    def _word_by_word(
        self, query: Query, texts: rows.Texts, found: Lexical, near: Near | None, fused: list[Fused]
    ) -> list[Fused]:
        """The best candidates read and compared with the question word by word: code by its names, prose by its words."""
        best = list(rows.rows(self.db, [one.id for one in fused[:READ]]))
        weights = shorthand.weights(query.words, found.rarity)
        programs = [row for row in best if row.kind in code_questions.KINDS] if weights else []
        code = [shorthand.read(texts.of(row), row.id, row.language) for row in programs]
        fused = shorthand.with_shorthand(code, weights, fused)
        of_words = near.opened.embedder.word_vectors() if near is not None else None
        if near is None or of_words is None:
            return fused
        if (learnt := near.opened.code_words) is not None:
            fused = code_words.with_code_words(code, weights, fused, learnt, of_words, near.trusted)
        prose = {row.id: texts.of(row) for row in best if row.kind not in alignment.OTHER}
        return alignment.with_alignment(prose, query.text, fused, of_words, near.trusted)

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

    def _results(
        self, query: Query, only: Only, hits: list[Hit], found: Lexical, near: Near | None, clock: _Clock
    ) -> Results:
        """The hits if they are good enough, with what limits them; else the nearest misses, and why there are none."""
        alone = query.like is not None and not query.words  # what is nearest to a file is what was asked for
        cosines = near.cosines if near else {}
        least = LIFTED if query.cues is not None and query.cues.say_all() else POSTED
        kept = (hit for hit in hits if alone or _is_good(hit, found, cosines, least))
        good = [replace(hit, rank=at) for at, hit in enumerate(kept, 1)]
        limits = notes.limits(self.db, by_meaning=only != "words", nothing=not good)
        more = notes.words_nowhere if good else notes.reasons
        return Results(
            query.typed,
            tuple(good),
            near=() if good else tuple(hits[:3]),
            notes=(*limits, *more(self.db, self.frequencies, query)),
            timing_ms=clock.timing(),
            cues=query.cues.shown() if query.cues else "",
            limits=query.filters.shown(),
        )


def _is_good(hit: Hit, found: Lexical, cosines: Mapping[int, float], least: float) -> bool:
    """Worth calling an answer: it shares a word with the question, its meaning is near, or cues lift it by `least`."""
    cued = sum(value for name, value in hit.why.items() if name in WEIGHTS)
    return hit.id in found.passages or cosines.get(hit.id, 0.0) >= NEAR_ENOUGH or cued >= least


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
