"""The words side: BM25 of passages and of whole documents, term by term.

FTS5 scores each term of the question by itself; the scores are put together here. That gives three things which one
FTS5 query cannot: forms of one word share one rarity, a document is scored as a whole although its passages are
indexed one by one, and terms that nearly everything holds are only looked up for candidates that rarer terms have
found (a query of stopwords over 300,000 passages took FTS5 340 ms).
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from ask.indexer import words
from ask.indexer.database import Connection
from ask.retriever.frequencies import Frequencies
from ask.retriever.query import Query

WEIGHTS = (1.0, 1.5, 0.5, 1.0)
"""Of body, title and headings, path, symbols and facts."""
BUDGET = 5_000
"""Passages looked at for terms taken one by one, rarest first; more frequent terms only count for what these have found
and for passages that hold several."""
MANY = 200_000
"""Passages in an index from which half the budget finds the same: what is frequent there tells less."""
COMMON = 100_000
"""Passages that may hold a term for it to be looked up although rarer ones are there. Passing over so many takes 8 ms,
and a term that frequent tells little."""
K1 = 1.2
B = 0.75
"""The constants of BM25 as FTS5 has them."""
_MOST_CANDIDATES = 2_000
_NEARLY = 0.999
"""Most that a passage may come near to holding a term infinitely often."""
_MARGIN = 1_000
"""Code points of white space that may stand before the first passage of a document."""
_RAREST = 3
"""Terms of which a passage must hold two to be looked at although it lacks the rarest."""
_PAIRS = 500
"""Such passages that are taken; where there are so many, those with one frequent term need not be looked at."""
_SHOWN = 10
"""Documents by which it is judged how well words tell the best ones from the rest."""

Scope = tuple[str, list[object]]
"""SQL that selects the ids of the chunks that may be found, with its parameters."""


@dataclass(frozen=True, slots=True)
class Lexical:
    """What the words side says; higher is better."""

    passages: Mapping[int, float] = field(default_factory=dict)
    """BM25 of each matching chunk, best first."""
    documents: Mapping[int, float] = field(default_factory=dict)
    """BM25 of the whole documents of these chunks, by document id."""
    document_of: Mapping[int, int] = field(default_factory=dict)
    """Document of each chunk."""
    coverage: Mapping[int, float] = field(default_factory=dict)
    """Share of the question's rarity (sum of idf) found in each chunk, 0 to 1."""
    rarity: Mapping[str, float] = field(default_factory=dict)
    """The terms of the question with their idf; the rarer, the higher."""
    beginnings: Mapping[int, float] = field(default_factory=dict)
    """BM25 of the first passage of a document, by document id: what a text is about, it says at its beginning."""
    whole: float = 1.0
    """The sum of the question's rarity."""

    def share(self, terms: Collection[str]) -> float:
        """How much of the question's rarity stands in a text of these terms, 0 to 1."""
        return sum([idf for term, idf in self.rarity.items() if term in terms]) / self.whole

    def named(self, symbols: Iterable[str]) -> float:
        """How well one of these identifiers names what is asked for, 0 to 1.

        Its share of the question's rarity, times the share of the identifier that the question says: `check` is in many
        names, `check_call` is about just that.
        """
        return max((self._named(symbol) for symbol in symbols), default=0.0)

    def _named(self, symbol: str) -> float:
        parts = words.part_stems(symbol)
        said = [self.rarity[part] for part in parts if part in self.rarity]
        return sum(said) / self.whole * len(said) / len(parts) if said else 0.0

    def separation(self) -> float:
        """How far the best document stands above the tenth by its best passage, 0 to 1: how sure the words are."""
        best: dict[int, float] = {}
        for passage, score in self.passages.items():  # best first
            best.setdefault(self.document_of[passage], score)
            if len(best) == _SHOWN:
                top, *_, last = best.values()
                return 1 - last / top
        return 1.0 if best else 0.0


@dataclass(frozen=True, slots=True)
class _Term:
    text: str
    """FTS5 string."""
    frequency: int
    """Passages that hold it."""
    idf: float


def search(db: Connection, frequencies: Frequencies, query: Query, scope: Scope | None = None) -> Lexical:
    """Score every passage that holds a telling word of the question, within `scope` if given."""
    terms = _terms(frequencies, query)
    tally = _Tally(db, frequencies.passages())
    within = _within(query, scope)
    budget = BUDGET if frequencies.passages() < MANY else BUDGET // 2
    candidates: list[int] = []
    for term in terms:
        if tally.shares and term.frequency > COMMON:
            break  # so are all that follow
        if not candidates and term.frequency > budget:
            candidates = _candidates(db, terms, within, tally)
        if candidates:
            tally.add(term, _for_candidates(db, term, candidates))
        else:
            tally.add(term, _for_all(db, term, within, BUDGET))
            budget -= term.frequency
    return tally.result({term.text: term.idf for term in terms})


def _terms(frequencies: Frequencies, query: Query) -> list[_Term]:
    """The terms of the question that occur, the rarest first."""
    total = frequencies.passages()
    found: dict[str, _Term] = {}
    for word in query.words:
        for text, frequency in _forms(frequencies, word):
            idf = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
            found[text] = _Term(text, frequency, idf)
    return sorted(found.values(), key=lambda term: (term.frequency, term.text))


def _forms(frequencies: Frequencies, word: str) -> list[tuple[str, int]]:
    """The terms that stand for a word here with their frequencies: for each part its stem or its Czech root."""
    stems, roots = words.stems_of(word), words.roots_of(word)
    forms = [max(stem, roots[i], key=frequencies.of) if i < len(roots) else stem for i, stem in enumerate(stems)]
    return [(form, frequencies.of(form)) for form in forms if frequencies.of(form)]


def _within(query: Query, scope: Scope | None) -> tuple[str, str, list[object]]:
    """(FTS5 conditions, SQL conditions, parameters) that every passage must meet."""
    needed = "".join(f" AND {phrase(part)}" for part in (*query.phrases, *query.needed))
    unwanted = "".join(f" NOT {phrase(part)}" for part in query.unwanted)
    if scope is None:
        return needed + unwanted, "", []
    return needed + unwanted, f" AND rowid IN ({scope[0]})", scope[1]


_SCORE = "bm25(words, " + ", ".join(str(weight) for weight in WEIGHTS) + ")"


def _candidates(
    db: Connection, terms: Sequence[_Term], within: tuple[str, str, list[object]], tally: _Tally
) -> list[int]:
    """The passages for which frequent terms are looked up: the best by rarer ones, and those that hold two of the rarest
    three. None where there are no rarer ones and too few of the others: then all that hold the rarest are to be scored.

    Without pairs, in an index of a million passages, a third of the best ten were missed: those that hold several words
    of the question, but not its rarest.
    """
    together = _pairs(db, [term for term in terms[:_RAREST] if term.frequency <= COMMON], within)
    return list({*tally.best(_MOST_CANDIDATES), *together}) if tally.shares or len(together) >= _PAIRS else []


def _pairs(db: Connection, terms: Sequence[_Term], within: tuple[str, str, list[object]]) -> list[int]:
    """The best passages that hold two of the terms."""
    if len(terms) < 2:
        return []
    conditions, sql, values = within
    pairs = " OR ".join("(" + " AND ".join(words.quoted([t.text]) for t in two) + ")" for two in combinations(terms, 2))
    select, asked = f"SELECT rowid FROM words WHERE words MATCH ?{sql}", (f"({pairs}){conditions}", *values)
    ids = db.execute(f"{select} LIMIT {_PAIRS + 1}", asked).fetchall()
    if len(ids) > _PAIRS:  # only then are scores worth their time
        ids = db.execute(f"{select} ORDER BY {_SCORE} LIMIT {_PAIRS}", asked).fetchall()
    return [i for (i,) in ids]


def _for_all(db: Connection, term: _Term, within: tuple[str, str, list[object]], limit: int) -> list[tuple[int, float]]:
    conditions, sql, values = within
    expression = f"({words.quoted([term.text])}){conditions}"
    order = f" ORDER BY score LIMIT {limit}" if term.frequency > limit else ""
    return db.execute(
        f"SELECT rowid, {_SCORE} AS score FROM words WHERE words MATCH ?{sql}{order}", (expression, *values)
    ).fetchall()


def _for_candidates(db: Connection, term: _Term, ids: Sequence[int]) -> list[tuple[int, float]]:
    # The plus keeps SQLite from asking FTS5 for each id by itself, which takes longer than passing over all matches.
    return db.execute(
        f"SELECT rowid, {_SCORE} FROM words WHERE words MATCH ? AND +rowid IN (SELECT value FROM json_each(?))",
        (words.quoted([term.text]), json.dumps(list(ids))),
    ).fetchall()


class _Place(NamedTuple):
    """Where a passage stands; lengths in code points."""

    passage: int
    document: int
    whole: int
    """Length of the document."""
    length: int
    first: bool
    """It is the beginning of its document."""


class _Tally:
    """Scores of passages and documents as term after term comes in.

    A question to a large index adds up tens of thousands of numbers here: hence plain loops.
    """

    def __init__(self, db: Connection, total: int) -> None:
        self._db = db
        self._total = total
        self.passages: dict[int, float] = {}
        self.shares: list[tuple[_Term, dict[int, float]]] = []
        """For each term, how near each passage comes to holding it infinitely often (BM25's tf part, 0 to 1)."""

    def add(self, term: _Term, scored: list[tuple[int, float]]) -> None:
        # FTS5 multiplies by its own idf, which sees one term at a time; we want ours.
        theirs = max(math.log((self._total - term.frequency + 0.5) / (term.frequency + 0.5)), 1e-6)
        scale = -1 / (theirs * (K1 + 1))
        weight = term.idf * (K1 + 1)
        passages = self.passages
        shares: dict[int, float] = {}
        for row, score in scored:
            shares[row] = share = min(score * scale, _NEARLY)
            passages[row] = passages.get(row, 0.0) + weight * share
        self.shares.append((term, shares))

    def best(self, count: int) -> list[int]:
        """The best passages; of equals the older one first."""
        return sorted(sorted(self.passages), key=self.passages.__getitem__, reverse=True)[:count]

    def result(self, rarity: Mapping[str, float]) -> Lexical:
        whole = sum(rarity.values()) or 1.0
        ranked = self.best(_MOST_CANDIDATES)
        places = self._places(ranked)
        covered, documents = self._put_together(places)
        return Lexical(
            passages={row: self.passages[row] for row in ranked},
            documents=documents,
            document_of={place.passage: place.document for place in places},
            coverage={row: idf / whole for row, idf in covered.items()},
            rarity=rarity,
            beginnings={place.document: self.passages[place.passage] for place in places if place.first},
            whole=whole,
        )

    def _places(self, ids: Sequence[int]) -> list[_Place]:
        rows = self._db.execute(
            'SELECT c.id, d.id, d.length, c."end" - c.start,'
            f" c.start < {_MARGIN} AND NOT EXISTS (SELECT 1 FROM chunks e WHERE e.document_id = d.id AND e.start < c.start)"
            " FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value JOIN documents d ON d.id = c.document_id",
            (json.dumps(sorted(ids)),),  # in the order of the table
        )
        return list(map(_Place._make, rows))

    def _put_together(self, places: Sequence[_Place]) -> tuple[dict[int, float], dict[int, float]]:
        """(the idf of the terms that each passage holds, BM25 of documents with a document's term frequencies added up
        over its passages).

        share = tf / (tf + K), so tf = K · share / (1 - share), K being larger for longer passages. Means are those of
        what was found.
        """
        lengths = {place.document: place.whole for place in places}
        mean = sum(lengths.values()) / max(len(lengths), 1)
        mean_passage = sum([place.length for place in places]) / max(len(places), 1)
        saturations = {document: _saturation(length / mean) for document, length in lengths.items()}
        known = [(p.passage, p.document, _saturation(p.length / mean_passage)) for p in places]
        covered = dict.fromkeys((p.passage for p in places), 0.0)
        scores: dict[int, float] = defaultdict(float)
        for term, shares in self.shares:
            times: dict[int, float] = {}
            for row, document, saturation in known:
                if row in shares:
                    share = shares[row]
                    covered[row] += term.idf
                    times[document] = times.get(document, 0.0) + saturation * share / (1 - share)
            weight = term.idf * (K1 + 1)
            for document, tf in times.items():
                scores[document] += weight * tf / (tf + saturations[document])
        return covered, scores


def _saturation(length: float) -> float:
    """The K of BM25, at which a term counts half: for a text of `length` times the mean."""
    return K1 * (1 - B + B * length)


def must_match(query: Query) -> str | None:
    """The part of the question that every hit must fulfil, whichever side found it; None when there is none."""
    if not (query.phrases or query.needed):
        return None
    return " AND ".join(phrase(part) for part in (*query.phrases, *query.needed))


def must_not_match(query: Query) -> str | None:
    """What no hit may hold; None when there is nothing."""
    return " OR ".join(phrase(part) for part in query.unwanted) or None


def phrase(text: str) -> str:
    """A sequence of words as it stands in a text of either language."""
    forms = dict.fromkeys(words.terms(text, lang) for lang in ("en", "cs"))
    return "(" + " OR ".join('"' + form.replace('"', '""') + '"' for form in forms) + ")"


def matching(db: Connection, expression: str, ids: Sequence[int]) -> set[int]:
    """Which of the chunks `ids` match an expression."""
    rows = db.execute(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid IN (SELECT value FROM json_each(?))",
        (expression, json.dumps(list(ids))),
    )
    return {row[0] for row in rows}
