"""From a question and its hits to an answer: the one path, in order.

    hits → context (what fits) → prompt → model (streams) → grounding (checked by code) → Answer

Without a model the hits' best sentences are the answer. Every way of asking ends here; `chat`, `act`, `deep` and
`script` only differ in what they do before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ask.generator import context, extractive, grammar, grounding
from ask.generator.child import PromptTooLong
from ask.generator.context import Library, Passage
from ask.generator.extractive import Embedder
from ask.generator.model import LanguageModel, Prompt
from ask.generator.neutral import inert
from ask.generator.results import Answer, Done, Event, Found, Step, Token
from ask.generator.sampling import Sampling
from ask.generator.thoughts import Thought, parted
from ask.indexer.words import language
from ask.retriever.hits import Hit, Results

if TYPE_CHECKING:
    from ask.generator.prompts import PromptFile

LANGUAGES = {"cs": "Czech", "en": "English"}
"""As prompts name them; any other is "the language of the question", which a model sees for itself."""
Search = Callable[[str], Results]
"""Looks a question up; ranked hits."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What everybody who writes an answer has at hand."""

    model: LanguageModel
    library: Library
    embedder: Embedder | None = None
    """Helps the check across different wordings; without it words alone are compared."""
    budget: int = 1600
    """Most tokens of passages given to the model. More is read longer and not understood better by small models."""
    strict: bool = False
    """Hold the model to the form of a cited answer by a grammar."""


def quoted(question: str, results: Results, embedder: Embedder | None, library: Library | None = None) -> Answer:
    """An answer without a model: sentences of the hits, each checked to stand in its file now."""
    found = extractive.answer(question, results, embedder, library)
    if library is None:
        return found
    citations = grounding.verified(found.citations, results.hits, library.text_now)
    stale = sorted({citation.path for citation in citations if not citation.verified})
    grounded = found.grounded and not stale
    return replace(found, citations=citations, grounded=grounded, notes=(*found.notes, *changed(stale)))


def written(question: str, results: Results, desk: Desk, prompt: PromptFile) -> Generator[Event]:
    """An answer by a model, streaming; the last event is `Done`. Raises `ModelProblem`, with the hits already given."""
    clock = Clock()
    yield Found(results.hits)
    if not results.hits:
        yield Done(nothing(question, results.hits, desk))
        return
    passages = chosen(question, results.hits, desk, prompt)
    clock.lap("context")
    filled = fill(prompt, question, passages, desk)
    form = grammar.cited(len(passages)) if desk.strict else ""
    text = yield from stream(desk.model, filled, prompt.sampling, form)
    clock.lap("model")
    answer = judged(question, text, passages, results.hits, desk)
    clock.lap("check")
    yield Done(replace(answer, timing_ms=clock.laps))


def chosen(question: str, hits: Sequence[Hit], desk: Desk, prompt: PromptFile, **others: str) -> tuple[Passage, ...]:
    """The passages that fit beside everything else. Raises `PromptTooLong` when not even one does."""
    bare = prompt.filled(**values(question, desk), **others)
    room = desk.model.room - desk.model.size(bare) - prompt.sampling.max_tokens
    passages = context.choose(hits, min(room, desk.budget), desk.model.count, desk.library)
    if not passages:
        raise PromptTooLong(
            f"the question leaves no room for sources: {desk.model.room} tokens are all there is",
            "Ask a shorter question, or allow more context.",
        )
    return passages


def fill(prompt: PromptFile, question: str, passages: Sequence[Passage], desk: Desk, **others: str) -> Prompt:
    """The prompt with everything in its place."""
    sources = context.layout(passages, desk.model.neutral)
    return prompt.filled(sources=sources, **values(question, desk), **others)


def values(question: str, desk: Desk) -> dict[str, str]:
    """What every prompt may ask for."""
    return {
        "question": desk.model.neutral(question),
        "language": LANGUAGES.get(language(question), "the language of the question"),
        "today": time.strftime("%Y-%m-%d"),
    }


def stream(
    model: LanguageModel, prompt: Prompt, sampling: Sampling, form: str = ""
) -> Generator[Token | Step, None, str]:
    """Tokens as they come, thoughts as steps; returns the whole text without thoughts."""
    text = ""
    with closing(model.write(prompt, sampling, form)) as pieces:
        for piece in parted(pieces, model.thinks(prompt)):
            if isinstance(piece, Thought):
                yield Step("thought", piece.text)
            else:
                text += piece
                yield Token(piece)
    return text.strip()


def whole(model: LanguageModel, prompt: Prompt, sampling: Sampling) -> str:
    """The continuation of a prompt, when nobody waits for its single words."""
    pieces: list[str] = []
    with closing(model.write(prompt, sampling)) as written_pieces:
        pieces.extend(piece for piece in parted(written_pieces, model.thinks(prompt)) if isinstance(piece, str))
    return "".join(pieces).strip()


def judged(question: str, text: str, passages: Sequence[Passage], hits: Sequence[Hit], desk: Desk) -> Answer:
    """What the model wrote, checked; withheld when too little of it is supported."""
    if not text or text.upper().startswith(grammar.NOT_FOUND):
        return nothing(question, hits, desk)
    safe = inert(text, [passage.text for passage in passages])
    checked = grounding.check(question, safe, passages, desk.library.text_now, desk.embedder)
    return Answer(
        question=question,
        text="" if checked.withheld else checked.text,
        grounded=checked.grounded,
        abstained=checked.withheld,
        citations=checked.citations,
        hits=tuple(hits),
        model=desk.model.name,
        host=desk.model.host,
        confidence=checked.share,
        claims=checked.claims,
        withheld=checked.text if checked.withheld else "",
        notes=changed(checked.stale),
    )


def nothing(question: str, hits: Sequence[Hit], desk: Desk) -> Answer:
    """An honest "not found" by a model that was asked, or for want of passages to ask it about."""
    return Answer(
        question, "", grounded=False, abstained=True, hits=tuple(hits), model=desk.model.name, host=desk.model.host
    )


def changed(stale: Sequence[str]) -> tuple[str, ...]:
    """Notes about files that no longer hold what was quoted."""
    return tuple(f"{path} has changed since it was indexed; what is quoted from it may be gone" for path in stale)


class Clock:
    """How long each stage took, in milliseconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.laps[stage] = (now - self._last) * 1000
        self._last = now
