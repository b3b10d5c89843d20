"""What a question gives back: an answer with its citations, and the events that come on the way to it.

Every way of asking (`answer`, `chat`, `act`, `deep`, `script`) is an iterator of `Event`; the last one is `Done` with
the whole `Answer`. Nothing here prints; whoever shows an event passes its text through the output gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ask.retriever.hits import Hit


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a source file that backs a sentence of the answer."""

    marker: str
    """As it stands in the answer: `[1]`."""
    path: str
    document: str | None
    line: int | None
    """1-based first and last line of the quote in the source file; None where the file has no lines."""
    end_line: int | None
    page: int | None
    quote: str
    """Verbatim from the extracted text."""
    start: int = 0
    """Offset of the quote in the document's text, in code points."""
    verified: bool = True
    """The quote stands in the source file as it is now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer with what the check found."""

    text: str
    start: int
    """Offset in the answer, in code points."""
    end: int
    markers: tuple[str, ...]
    """What it cites, in order of appearance."""
    support: float
    """0 to 1, higher is better: how much of it stands in what it cites."""
    missing: tuple[str, ...] = ()
    """Numbers, dates and names of the sentence that occur in nothing it cites."""
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A question answered, or an honest "not found". The JSON of `--json` has these fields (`as_json`)."""

    question: str
    text: str
    """Empty when nothing was found."""
    grounded: bool
    """Every citation stands in its source now, and every sentence is supported by what it cites."""
    abstained: bool
    """No answer is given: nothing was found, or what the model wrote is not supported."""
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    """The passages, always given, also when no answer is."""
    model: str = ""
    """Name of the language model; empty: the sentences are quoted, none was asked."""
    host: str = ""
    """Where the model runs when that is not this machine; shown with every answer."""
    confidence: float = 0.0
    """0 to 1: how likely the first sentence answers the question. With a model: the share of supported sentences."""
    claims: tuple[Claim, ...] = ()
    withheld: str = ""
    """What the model wrote when it was not supported well enough to be shown as an answer."""
    notes: tuple[str, ...] = ()
    """What a person should know: files changed since, passages left out, what was not found."""
    timing_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The passages, before any model is asked."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Something done on the way."""

    kind: str
    """search, open, list, count, calculate, thought, note, load or rewrite."""
    text: str
    result: str = ""
    """What came of it; empty while it is still running."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer as it is written. It is not checked yet: `Done` holds what counts."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end of every iterator of events."""

    answer: Answer


Event = Found | Step | Token | Done


def as_json(answer: Answer, hits: list[dict[str, object]]) -> dict[str, object]:
    """The answer as one JSON document. `hits` are the passages as every other command writes them."""
    return {
        "question": answer.question,
        "answer": answer.text or None,
        "grounded": answer.grounded,
        "abstained": answer.abstained,
        "confidence": round(answer.confidence, 4),
        "citations": [_citation(citation) for citation in answer.citations],
        "claims": [_claim(claim) for claim in answer.claims],
        "withheld": answer.withheld or None,
        "hits": hits,
        "model": answer.model or None,
        "host": answer.host or None,
        "notes": list(answer.notes),
        "timing_ms": dict(answer.timing_ms),
    }


def _citation(citation: Citation) -> dict[str, object]:
    return {
        "marker": citation.marker,
        "path": citation.path,
        "document": citation.document,
        "line": citation.line,
        "end_line": citation.end_line,
        "page": citation.page,
        "quote": citation.quote,
        "verified": citation.verified,
    }


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "text": claim.text,
        "markers": list(claim.markers),
        "support": round(claim.support, 4),
        "missing": list(claim.missing),
        "supported": claim.supported,
    }
