"""Checking an answer against what it cites, by code.

Each sentence is held against the passages it names: every number, date and name in it must occur there, and enough of
its words (or, where a model of meaning is at hand, of its meaning). A sentence that names no passage, or the wrong one,
is given the marker of the passage that holds it, if there is one. The quote behind a marker is a sentence of the
passage, word for word, and it must stand in the file as it is now. What is not supported is marked; when too little is,
the answer is withheld.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ask.generator import particulars
from ask.generator.context import Passage
from ask.generator.extractive import Embedder
from ask.generator.results import Citation, Claim
from ask.generator.sentences import Sentence, sentences
from ask.generator.words import WORD, fold, full_stems, language
from ask.retriever.hits import Hit

SUPPORT = 0.5
"""Share of a sentence's words that must stand in what it cites."""
ENOUGH = 0.5
"""Share of the answer's text that must be supported, or it is withheld."""

_MARKER = re.compile(r"\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
TextNow = Callable[[Hit], str | None]
"""The text of a hit's document as its file holds it now."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer after the check."""

    text: str
    """With the markers that hold; those of passages that do not exist are gone."""
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    share: float
    """Share of the text in supported sentences, 0 to 1."""
    stale: tuple[str, ...] = ()
    """Paths of files that no longer hold what was quoted."""

    @property
    def grounded(self) -> bool:
        return bool(self.claims) and all(claim.supported for claim in self.claims) and not self.stale

    @property
    def withheld(self) -> bool:
        return self.share < ENOUGH


@dataclass(frozen=True, slots=True)
class _Support:
    """How well one passage backs one sentence."""

    passage: Passage
    score: float
    missing: tuple[str, ...]
    quote: Sentence

    @property
    def holds(self) -> bool:
        return not self.missing and self.score >= SUPPORT


def check(
    question: str, text: str, passages: Sequence[Passage], text_now: TextNow, embedder: Embedder | None = None
) -> Checked:
    """Check what a model wrote. `passages` are those it was given; `text_now` reads the files again."""
    report = _Report(text_now)
    at = 0
    for sentence in _sentences(text):
        report.copy(text[at : sentence.start])
        at = sentence.end
        if _says_something(sentence.text):
            report.add(*_claim(question, sentence.text, passages, embedder))
        else:
            report.copy(sentence.text)
    report.copy(text[at:])
    return report.checked()


class _Report:
    """What a check has found so far."""

    def __init__(self, text_now: TextNow) -> None:
        self._written = ""
        self._claims: list[Claim] = []
        self._citations: dict[tuple[str, int, int], Citation] = {}
        self._fresh = _Freshness(text_now)

    def copy(self, text: str) -> None:
        """Text that claims nothing."""
        self._written += text

    def add(self, supports: Sequence[_Support], claim: Claim) -> None:
        """A claim with what backs it; a quote that no longer stands in its file backs nothing."""
        for support in supports:
            place = support.passage.cite(support.quote.start, support.quote.end)
            stands = self._fresh.stands(support.passage.hit, place.quote)
            claim = claim if stands else replace(claim, supported=False)
            key = (place.marker, place.start, len(place.quote))
            self._citations.setdefault(key, replace(place, verified=stands))
        start = len(self._written)
        self._written += claim.text
        self._claims.append(replace(claim, start=start, end=len(self._written)))

    def checked(self) -> Checked:
        """The whole."""
        total = sum(len(claim.text) for claim in self._claims)
        supported = sum(len(claim.text) for claim in self._claims if claim.supported)
        citations = sorted(self._citations.values(), key=lambda citation: int(citation.marker[1:-1]))
        share = supported / total if total else 0.0
        return Checked(self._written, tuple(self._claims), tuple(citations), share, self._fresh.stale())


def _sentences(text: str) -> list[Sentence]:
    """Sentences of an answer; markers that follow a full stop belong to the sentence before them."""
    joined: list[Sentence] = []
    for sentence in sentences(text):
        lead = _leading_markers(sentence.text)
        if lead and joined:
            before = joined[-1]
            end = sentence.start + lead
            joined[-1] = Sentence(text[before.start : end], before.start, end)
            rest = text[end : sentence.end]
            start = end + len(rest) - len(rest.lstrip())
            if start < sentence.end:
                joined.append(Sentence(text[start : sentence.end], start, sentence.end))
        else:
            joined.append(sentence)
    return joined


def _leading_markers(text: str) -> int:
    """Length of the markers at the beginning of a text."""
    found = re.match(rf"(?:{_MARKER.pattern})+[.,;]?", text)
    return found.end() if found else 0


def _says_something(sentence: str) -> bool:
    """Headings, rules and fences say nothing that could be checked."""
    bare = _MARKER.sub("", sentence).strip()
    return bool(WORD.search(bare)) and not bare.startswith(("#", "```"))


def _claim(
    question: str, sentence: str, passages: Sequence[Passage], embedder: Embedder | None
) -> tuple[list[_Support], Claim]:
    """What backs a sentence, and the sentence with the right markers."""
    numbers = [int(part) for found in _MARKER.findall(sentence) for part in re.split(r"[,;]\s*", found.strip())]
    bare = _MARKER.sub("", sentence).strip()
    named = [_support(question, bare, passage, embedder) for passage in passages if passage.number in numbers]
    holding = _backing(named)
    if not holding:
        others = [_support(question, bare, passage, embedder) for passage in passages if passage.number not in numbers]
        best = max((support for support in others if support.holds), key=lambda support: support.score, default=None)
        holding = [best] if best else []
    markers = tuple(support.passage.marker for support in holding or named)
    score = max((support.score for support in holding or named), default=0.0)
    missing = () if holding else _common(named)
    marked = _with_markers(bare, markers)
    return holding, Claim(marked, 0, len(marked), markers, score, missing, bool(holding))


def _common(supports: Sequence[_Support]) -> tuple[str, ...]:
    """What is missing from every passage that was named."""
    if not supports:
        return ()
    return tuple(word for word in supports[0].missing if all(word in support.missing for support in supports))


def _backing(named: Sequence[_Support]) -> list[_Support]:
    """Those of the passages named that back a sentence, alone or together: between them nothing is missing."""
    if _common(named):
        return []
    parts = [support for support in named if support.score >= SUPPORT / 2]
    return parts if sum(support.score for support in parts) >= SUPPORT else []


def _with_markers(sentence: str, markers: Sequence[str]) -> str:
    """The sentence with its markers before the full stop."""
    if not markers:
        return sentence
    bare = sentence.rstrip(".!?… ")
    return f"{bare} {''.join(markers)}{sentence[len(bare) :].strip()}"


def _support(question: str, sentence: str, passage: Passage, embedder: Embedder | None) -> _Support:
    quote, share = _best_quote(sentence, passage, embedder)
    missing = _missing(question, sentence, f"{passage.header}\n{passage.hit.title}\n{passage.text}")
    return _Support(passage, share, missing, quote)


def _missing(question: str, sentence: str, source: str) -> tuple[str, ...]:
    """Numbers, dates and names of a sentence that occur neither in the source nor, for names, in the question."""
    in_source = particulars.numbers(source) | particulars.counted(source)
    lost = [number for number in particulars.numbers(sentence) if number not in in_source]
    words = frozenset(map(fold, WORD.findall(f"{source}\n{question}")))
    words |= frozenset(part for word in words for part in re.split(r"\W", word))
    strange = [name for name in particulars.names(sentence) if not particulars.same_name(name, words)]
    return (*sorted(lost), *sorted(strange))


def _best_quote(sentence: str, passage: Passage, embedder: Embedder | None) -> tuple[Sentence, float]:
    """The sentence of the passage that backs a claim best, and how much of the claim the passage holds (0 to 1).

    Across languages words cannot be compared; there the particulars alone decide, which are checked elsewhere.
    """
    spoken = language(sentence)
    claimed = set(full_stems(sentence, spoken)) | particulars.numbers(sentence)
    inside = sentences(passage.text, passage.hit.kind) or [Sentence(passage.text, 0, len(passage.text))]
    holds = [set(full_stems(each.text, spoken)) | particulars.numbers(each.text) for each in inside]
    shares = [len(claimed & words) / max(len(claimed), 1) for words in holds]
    whole = len(claimed & set().union(*holds, full_stems(passage.header, spoken))) / max(len(claimed), 1)
    if embedder is not None:
        vectors = embedder.embed([sentence, *(each.text for each in inside)])
        near = [float(cosine) for cosine in vectors[1:] @ vectors[0]]
        best = max(range(len(inside)), key=lambda at: shares[at] + near[at])
        whole = max(whole, near[best])
    else:
        best = max(range(len(inside)), key=lambda at: shares[at])
    if language(passage.text) != spoken and particulars.numbers(sentence) | particulars.names(sentence):
        whole = max(whole, SUPPORT)
    return inside[best], whole


class _Freshness:
    """Whether quotes still stand in their files; each document is read once."""

    def __init__(self, text_now: TextNow) -> None:
        self._text_now = text_now
        self._texts: dict[tuple[str, str | None], str | None] = {}
        self._stale: dict[str, None] = {}

    def stands(self, hit: Hit, quote: str) -> bool:
        document = (hit.path, hit.document)
        if document not in self._texts:
            self._texts[document] = self._text_now(hit)
        now = self._texts[document]
        if now is not None and quote in now:
            return True
        self._stale[hit.path] = None
        return False

    def stale(self) -> tuple[str, ...]:
        return tuple(self._stale)


def verified(citations: Sequence[Citation], hits: Sequence[Hit], text_now: TextNow) -> tuple[Citation, ...]:
    """Citations made elsewhere (by quoting), each marked with whether it stands in its file now."""
    by_place = {(hit.path, hit.document): hit for hit in hits}
    fresh = _Freshness(text_now)
    return tuple(
        replace(citation, verified=fresh.stands(by_place[citation.path, citation.document], citation.quote))
        for citation in citations
    )
