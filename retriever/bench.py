"""Questions made out of the index itself, whose answers are therefore known: how often is the right file found?

Two sorts. A *title* is asked as a document or its first heading says it. A *memory* is what one half remembers of a
passage: the rarest words of one of its sentences, without those that stand in this passage alone, which would give it
away. Both are easier than real questions, which use words of their own, so the figures compare settings and sides of
the search on the same files; they are no grade.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from statistics import mean, median
from typing import Literal, get_args

from ask.indexer import words
from ask.indexer.database import Connection
from ask.indexer.progress import Progress
from ask.retriever import rows
from ask.retriever.query import parse
from ask.retriever.search import Only, Searcher

Sort = Literal["title", "memory"]
DEPTH = 10
"""Hits in which the right file counts as found."""
TITLE_WORDS = range(2, 13)
"""Telling words of a title that makes a question."""
MEMORY_WORDS = range(3, 7)
"""Words of a memory: fewer would be a guess, more are not remembered."""
_SENTENCE = re.compile(r"[^.!?\n]{30,400}")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the file that it was made from."""

    sort: Sort
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Score:
    """How one side of the search answered one sort of questions. Means over all of them, 0 to 1, higher is better."""

    sort: Sort
    side: Only
    questions: int
    first: float
    """Share of questions whose file came first (recall@1)."""
    found: float
    """Share of questions whose file was among the first ten (recall@10)."""
    mrr: float
    """Mean of 1/rank, 0 for what is not among the first ten."""
    ms: float
    """Median time of a search, milliseconds, with the model loaded."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The whole outcome."""

    scores: tuple[Score, ...]
    missed: tuple[Question, ...]
    """Questions whose file the search as it is meant did not find, in the order of asking."""


def make_questions(db: Connection, count: int, seed: int) -> list[Question]:
    """Up to `count` questions of each sort, each from another document; the same index and seed give the same."""
    left: dict[Sort, int] = dict.fromkeys(get_args(Sort), count)
    questions: list[Question] = []
    for document, path in _shuffled(db, seed):
        chance = random.Random(f"{seed} {path!r}")  # noqa: S311 (nobody gains by guessing)
        for sort in sorted(left, key=lambda each: -left[each]):  # in turn, as long as both can be made
            text = _MAKERS[sort](db, document, chance) if left[sort] else ""
            if text:
                questions.append(Question(sort, text, os.fsdecode(path)))
                left[sort] -= 1
                break
        if not any(left.values()):
            break
    return questions


def _shuffled(db: Connection, seed: int) -> list[tuple[int, bytes]]:
    """Documents and their paths in an order that depends on the paths and the seed, not on when they were indexed."""
    found = db.execute("SELECT d.id, f.path, d.member FROM documents d JOIN files f ON f.id = d.file_id")
    keyed = [(blake2b(f"{seed}\0{member}".encode() + path).digest(), i, bytes(path)) for i, path, member in found]
    return [(number, path) for _, number, path in sorted(keyed)]


def _title(db: Connection, document: int, _: random.Random) -> str:
    """The title or first heading, if it is of some length and nothing else has it."""
    (title,) = db.execute("SELECT title FROM documents WHERE id = ?", (document,)).fetchone()
    if not title:
        heading = db.execute(
            "SELECT heading FROM chunks WHERE document_id = ? AND heading != '' ORDER BY start LIMIT 1", (document,)
        ).fetchone()
        title = json.loads(heading[0])[-1] if heading else ""
    text = " ".join(words.words(title))
    (same,) = db.execute("SELECT count(*) FROM documents WHERE title = ?", (title,)).fetchone()
    return text if same <= 1 and len(_telling(text)) in TITLE_WORDS else ""


def _memory(db: Connection, document: int, chance: random.Random) -> str:
    """The rarest words of a sentence that other passages hold, too, in their order."""
    sentences = _SENTENCE.findall(rows.text(db, document))
    for sentence in chance.sample(sentences, min(len(sentences), 8)):
        known = {word: _passages(db, word) for word in _telling(sentence) if not word.isdecimal()}
        shared = sorted((word for word, held in known.items() if held > 1), key=lambda word: known[word])
        kept = shared[: MEMORY_WORDS[-1]]
        if len(kept) in MEMORY_WORDS:
            return " ".join(word for word in known if word in kept)
    return ""


def _telling(text: str) -> list[str]:
    """The different words of a text that carry meaning, in order."""
    different = dict.fromkeys(words.words(text))
    return [word for word in different if len(word) > 2 and words.fold(word) not in words.STOPWORDS]


def _passages(db: Connection, word: str) -> int:
    """In how many chunks a word stands, in its most frequent form."""
    held = (db.execute("SELECT doc FROM vocabulary WHERE term = ?", (t,)).fetchone() for t in words.query_terms(word))
    return max((row[0] for row in held if row), default=0)


_MAKERS: Mapping[Sort, Callable[[Connection, int, random.Random], str]] = {"title": _title, "memory": _memory}


def run(searcher: Searcher, questions: Sequence[Question], progress: Progress) -> Bench:
    """Ask all questions by each side of the search that there is, after one that loads the model."""
    sides: list[Only] = ["words", "meaning", "both"] if searcher.space() is not None else ["words"]
    if questions:
        searcher.search(parse(questions[0].text))
    progress.stage("asking", len(sides) * len(questions), "questions")
    asked = {side: [_asked(searcher, question, side, progress) for question in questions] for side in sides}
    scores = []
    for sort, side in product(get_args(Sort), sides):
        answers = [answer for answer in asked[side] if answer.question.sort == sort]
        scores += [_score(sort, side, answers)] if answers else []
    missed = [answer.question for answer in asked[sides[-1]] if answer.rank is None]
    return Bench(tuple(scores), tuple(missed))


@dataclass(frozen=True, slots=True)
class _Answer:
    question: Question
    rank: int | None
    """Where the right file stood, 1-based; None: not among the first ten."""
    ms: float


def _asked(searcher: Searcher, question: Question, side: Only, progress: Progress) -> _Answer:
    begun = time.perf_counter()
    found = searcher.search(parse(question.text), n=DEPTH, only=side)
    spent = 1000 * (time.perf_counter() - begun)
    progress.advance(1)
    ranks = (hit.rank for hit in (*found.hits, *found.near) if hit.stands_for(question.path))
    return _Answer(question, next(ranks, None), spent)


def _score(sort: Sort, side: Only, answers: Sequence[_Answer]) -> Score:
    ranks = [answer.rank for answer in answers]
    return Score(
        sort,
        side,
        len(answers),
        first=mean(float(rank == 1) for rank in ranks),
        found=mean(float(rank is not None) for rank in ranks),
        mrr=mean(1 / rank if rank else 0.0 for rank in ranks),
        ms=median(answer.ms for answer in answers),
    )
