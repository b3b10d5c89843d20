"""Answers without a language model: the best sentences of the best passages, word for word.

Every sentence of the passages gets a score from what can be seen in it: how near it is in meaning to the question,
alone and with the sentence before it; the share of the question's words in it and around it, rarer words counting more;
neighbouring words in common; whether it holds a date, a number or a name where one is asked for; and how good its
passage is. The confidence looks at meaning and at the names in the question only, because a good rank among poor
passages says nothing. What was measured, and what was tried and left out, is in docs/answers.md.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from ask.generator import seeking
from ask.generator.context import Library, Passage, widened
from ask.generator.expected import expected, names, numbers, offers
from ask.generator.results import Answer, Citation
from ask.generator.sentences import LINE_KINDS, Sentence, sentences
from ask.generator.words import full_stems, language, pairs, stems
from ask.retriever.hits import Hit, Results
from ask.retriever.kind_cues import Kinds
from ask.retriever.links import has_link

PASSAGES = 10
"""Passages looked into."""
CANDIDATES = 16
"""Sentences whose meaning is computed: the best by words and passage. More change nothing and cost time."""
WIDENED = 3
"""Best passages that are read on before and after, by `AROUND` code points: an answer often stands just beside."""
AROUND = 400
SHOWN = 3
"""Sentences of an answer."""
ENOUGH = 0.1
"""Confidence below which nothing is answered. Twice as much withheld a right first sentence from 4 in 100 questions."""
SURE = 0.2
"""Confidence below which it is said that the sentences may be beside the point."""
AS_GOOD = 0.8
"""Share of the best file's score from which on another one is named beside it."""
UNSURE = "not sure: these are the nearest sentences, and may be beside the point"
_LABEL = re.compile(r"(?:title|tags|keywords|aliases|layout)\s*:", re.IGNORECASE)
_TOP = 500
"""Code points at the top of a note in which such a line describes it."""
BEFORE = 200
"""Code points of the sentence before that go into the meaning of a sentence in its context."""


class Embedder(Protocol):
    """Turns texts into vectors, float32 of length one, in rows."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence with its passage and its score."""

    hit: Hit
    sentence: Sentence
    score: float
    """Higher is better; comparable within one question."""
    meaning: float
    """Mean cosine of the question with the sentence alone and in its context; without an embedder a guess by words."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    hit: Hit
    sentence: Sentence
    before: str
    stems: list[str]
    near: frozenset[str]
    """Stems of the sentence and of its neighbours."""


def answer(
    question: str, results: Results, embedder: Embedder | None, library: Library | None = None, shown: int = SHOWN
) -> Answer:
    """The best sentences as an answer, or an honest "not found".

    `embedder` None: by words alone. `library` None: the best passages are not read on before and after.
    """
    began = time.perf_counter()
    wider = () if library is None else tuple(widened(hit, library, AROUND) for hit in results.hits[:WIDENED])
    quotes = best_sentences(question, (*wider, *results.hits[len(wider) :]), embedder)
    confidence = confidence_of(question, quotes[0]) if quotes else 0.0
    things = seeking.looks_for(question)
    found = _files(things, results.hits, quotes, library) if things else []
    kept = found or (quotes if confidence >= ENOUGH else [])
    citations = tuple(cite(quote, number) for number, quote in enumerate(kept[:shown], 1))
    lines = [_named(q.hit, c) if found else _readable(c) for q, c in zip(kept[:shown], citations, strict=True)]
    return Answer(
        question=question,
        text="\n".join(f"{line} {citation.marker}" for line, citation in zip(lines, citations, strict=True)),
        grounded=bool(citations),
        abstained=not citations,
        citations=citations,
        hits=results.hits,
        confidence=confidence,
        notes=(UNSURE,) if kept and not found and confidence < SURE else (),
        timing_ms={"sentences": (time.perf_counter() - began) * 1000},
    )


def _files(
    things: tuple[Kinds, ...], hits: Sequence[Hit], quotes: Sequence[Quote], library: Library | None
) -> list[Quote]:
    """The files that are one of the things, each with the line that says what it is, else with its best sentence."""
    fitting = [hit for hit in hits if seeking.fits(hit, things)]
    links = any(thing.link for thing in things)
    found: list[Quote] = []
    for hit in fitting:
        if hit.score >= AS_GOOD * fitting[0].score:
            own = [quote for quote in quotes if (quote.hit.path, quote.hit.document) == (hit.path, hit.document)]
            linked = [quote for quote in own if has_link(quote.sentence.text)]
            found += linked[:1] if links else _introduced(hit, library) or own[:1]
    return found


def _introduced(hit: Hit, library: Library | None) -> list[Quote]:
    """The line at its top by which a script or program says what it is."""
    if hit.kind not in ("script", "code"):
        return []
    whole = hit if library is None else widened(hit, library, hit.start)
    line = seeking.introduction(whole.text or whole.snippet, hit.kind) if whole.start == 0 else None
    return [Quote(whole, line, hit.score, 0.0)] if line else []


def best_sentences(question: str, hits: Sequence[Hit], embedder: Embedder | None) -> list[Quote]:
    """Sentences of the passages that may answer the question, best first, none twice."""
    spoken = language(question)
    candidates = _unique(_candidates(hits[:PASSAGES], spoken))
    by_words = _word_scores(question, spoken, candidates)
    order = sorted(range(len(candidates)), key=lambda at: -by_words[at])[:CANDIDATES]
    chosen = [candidates[at] for at in order]
    meanings = _shared(question, spoken, chosen) if embedder is None else _meanings(question, chosen, embedder)
    quotes = [
        Quote(candidates[at].hit, candidates[at].sentence, by_words[at] + meaning, meaning)
        for at, meaning in zip(order, meanings, strict=True)
    ]
    return sorted(quotes, key=lambda quote: -quote.score)


def _candidates(hits: Sequence[Hit], spoken: str) -> list[_Candidate]:
    found: list[_Candidate] = []
    for hit in hits:
        inside = sentences(hit.text or hit.snippet, hit.kind)
        stemmed = [stems(sentence.text, spoken) for sentence in inside]
        for at, sentence in enumerate(inside):
            near = frozenset(stem for around in stemmed[max(at - 1, 0) : at + 2] for stem in around)
            before = inside[at - 1].text[-BEFORE:] if at else ""
            following = inside[at + 1].text if at + 1 < len(inside) else ""
            if len(inside) == 1 or not (_is_heading(sentence, hit) or _heads(sentence, following, hit)):
                found.append(_Candidate(hit, sentence, before, stemmed[at], near))
    return found


def _is_heading(sentence: Sentence, hit: Hit) -> bool:
    """A short line at the top of a text, or above a section, that names what follows and says nothing about it."""
    if hit.kind in LINE_KINDS or sentence.text.rstrip().endswith((".", "!", "?", "…", '"', "“", ")")):
        return False
    top = hit.start + sentence.start == 0 and len(sentence.text.split()) <= 8
    return top or sentence.text.lstrip().startswith("#") or sentence.text in (hit.title, *hit.heading)


def _heads(sentence: Sentence, following: str, hit: Hit) -> bool:
    """A few words on a line of their own that name what the longer text below them says; or the title above a note."""
    text = sentence.text.strip()
    if hit.kind in LINE_KINDS or not text[:1].isalnum():
        return False
    if hit.start + sentence.start < _TOP and _LABEL.match(text):
        return True
    named = len(text.split()) <= 5 and not text.endswith((".", "!", "?", "…")) and not any(map(str.isdigit, text))
    return named and len(following) > 2 * len(text)


def _unique(candidates: list[_Candidate]) -> list[_Candidate]:
    """Drop sentences that were seen in a better passage, and those without a word."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for candidate in candidates:
        words = tuple(candidate.stems)
        if words and words not in seen:
            seen.add(words)
            kept.append(candidate)
    return kept


def _word_scores(question: str, spoken: str, candidates: list[_Candidate]) -> list[float]:
    """The part of the score that needs no model."""
    asked = set(full_stems(question, spoken))
    asked_pairs = pairs(full_stems(question, spoken))
    rarity = _rarity(asked, candidates)
    all_rarity = sum(rarity.values()) or 1.0
    kind = expected(question)
    best = max((candidate.hit.score for candidate in candidates), default=0.0)

    def score(candidate: _Candidate) -> float:
        inside = sum(rarity[stem] for stem in asked.intersection(candidate.stems)) / all_rarity
        around = sum(rarity[stem] for stem in asked & candidate.near) / all_rarity
        common = len(asked_pairs & pairs(candidate.stems)) / max(len(asked_pairs), 1)
        fits = offers(kind, question, candidate.sentence.text)
        passage = min(max(candidate.hit.score / best, 0.0), 1.0) if best > 0 else 0.0
        return 0.4 * inside + 0.2 * around + 0.3 * common + 0.25 * fits + 0.5 * passage

    return [score(candidate) for candidate in candidates]


def _rarity(asked: set[str], candidates: list[_Candidate]) -> dict[str, float]:
    """How much a word of the question tells among these sentences: what nearly all of them hold tells little."""
    holding = Counter(stem for candidate in candidates for stem in asked.intersection(candidate.stems))
    total = len(candidates)
    return {stem: math.log(1 + (total - holding[stem] + 0.5) / (holding[stem] + 0.5)) for stem in asked}


def _shared(question: str, spoken: str, candidates: list[_Candidate]) -> list[float]:
    """Where no model can be run: the share of the question's words, scaled to what cosines reach."""
    asked = set(full_stems(question, spoken))
    return [0.8 * len(asked & candidate.near) / max(len(asked), 1) for candidate in candidates]


def _meanings(question: str, candidates: list[_Candidate], embedder: Embedder) -> list[float]:
    """Mean of two cosines with the question: the sentence alone, and after its title and the sentence before it."""
    if not candidates:
        return []
    alone = [candidate.sentence.text for candidate in candidates]
    vectors = embedder.embed([question, *alone, *(_in_context(candidate) for candidate in candidates)])
    cosines = vectors[1:] @ vectors[0]
    return [float(mean) for mean in cosines.reshape(2, -1).mean(axis=0)]


def _in_context(candidate: _Candidate) -> str:
    return f"{_title(candidate.hit)}. {candidate.before} {candidate.sentence.text}".lstrip(". ")


def _title(hit: Hit) -> str:
    """What a passage is about: its title and headings, or the line that heads its text."""
    named = " ".join((hit.title, *hit.heading)).strip()
    if not named and hit.start == 0:
        first = sentences((hit.text or hit.snippet)[:200], hit.kind)
        named = first[0].text if first and _is_heading(first[0], hit) else ""
    return named.replace("_", " ")


def confidence_of(question: str, quote: Quote) -> float:
    """0 to 1: how likely the sentence answers the question: by meaning, words, and what is asked for and missing.

    A logistic curve; its middle lies where answerable and unanswerable questions about the same passages are as many.
    """
    spoken = language(question)
    title = _title(quote.hit)
    at_hand = set(stems(f"{title} {quote.hit.text or quote.hit.snippet}", spoken))
    asked = set(full_stems(question, spoken))
    told = set(stems(f"{title} {quote.sentence.text}", spoken))
    particulars = [stem for word in (*names(question), *numbers(question)) for stem in stems(word, spoken)]
    missing = any(stem not in at_hand for stem in particulars)
    silent = not offers(expected(question), question, quote.sentence.text)
    evidence = quote.meaning + 0.15 * len(asked & told) / max(len(asked), 1) - 0.1 * missing - 0.05 * silent
    return 1 / (1 + math.exp(-8 * (evidence - 0.62)))


def cite(quote: Quote, number: int) -> Citation:
    """The place of a sentence in its file. `number` is that of its marker, 1-based."""
    hit, sentence = quote.hit, quote.sentence
    return Passage(number, hit, hit.text or hit.snippet, hit.start).cite(sentence.start, sentence.end)


_MARKS = re.compile(r"(?:[-*+•–#/;%>|{\"'\\]+|<!--)(?=\s)\s*|\"{3}|'{3}")
"""Marks of a list, a comment or a heading at the beginning of a line."""
_INNER_MARKS = re.compile(r"\n[ \t]*(?:#+|//+|\*|--|;+|%+|>)[ \t]+")
"""Marks on the further lines of a wrapped comment or a quoted mail."""


def _readable(citation: Citation) -> str:
    """A quote as it is read: on one line, without the marks before it."""
    line = " ".join(_INNER_MARKS.sub(" ", citation.quote).split())
    return line[marks.end() :] if (marks := _MARKS.match(line)) and marks.end() < len(line) else line


def _named(hit: Hit, citation: Citation) -> str:
    """A quote behind the name of its file, unless it begins with it. A mail has its subject for a name."""
    subject = " ".join(hit.title.split()) if hit.kind == "mail" else ""
    name = subject or (citation.document or citation.path).rsplit("/", 1)[-1]
    line = _readable(citation)
    return line if seeking.begins_with_name(line, name) else f"{name}: {line}"
