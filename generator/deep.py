"""A broad question, thoroughly (query decomposition): split it, look each part up, take notes, write one answer.

Notes are checked against their passages before anything is written from them, and parts that were not found are named.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace

from ask.generator import grounding
from ask.generator.answer import Clock, Desk, Search, chosen, fill, judged, nothing, stream, values, whole
from ask.generator.context import Passage
from ask.generator.grammar import NOT_FOUND
from ask.generator.neutral import inert
from ask.generator.prompts import PromptFile
from ask.generator.results import Done, Event, Found, Step
from ask.retriever.hits import Hit

PARTS = 4
"""Most smaller questions."""
LONGEST_PART = 200

_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")
_MARKER = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True)
class DeepPrompts:
    """The three stages: `deep-split`, `deep-notes`, `deep`."""

    split: PromptFile
    notes: PromptFile
    final: PromptFile


def answered(question: str, search: Search, desk: Desk, prompts: DeepPrompts) -> Generator[Event]:
    """Answer thoroughly; the last event is `Done`."""
    clock = Clock()
    work = _Work(search, desk, prompts)
    for part in parts(question, desk, prompts.split):
        yield from work.look_up(part)
    clock.lap("notes")
    hits = tuple(work.hits)
    yield Found(hits)
    missing = tuple(f"not found: {part}" for part in work.missing)
    if not work.notes:
        yield Done(replace(nothing(question, hits, desk), notes=missing, timing_ms=clock.laps))
        return
    prompt = prompts.final.filled(notes="\n".join(work.notes), **values(question, desk))
    text = yield from stream(desk.model, prompt, prompts.final.sampling)
    clock.lap("model")
    answer = judged(question, text, work.passages, hits, desk)
    clock.lap("check")
    yield Done(replace(answer, notes=(*answer.notes, *missing), timing_ms=clock.laps))


def parts(question: str, desk: Desk, prompt: PromptFile) -> list[str]:
    """The question itself, then the smaller ones that the model names; no two alike."""
    text = whole(desk.model, prompt.filled(**values(question, desk)), prompt.sampling)
    named = (_BULLET.sub("", line).strip() for line in text.splitlines())
    wanted = [line for line in named if 8 <= len(line) <= LONGEST_PART and any(letter.isalpha() for letter in line)]
    return list({part.lower(): part for part in (question, *wanted)}.values())[: PARTS + 1]


class _Work:
    """What was read and noted so far; passages are numbered through all parts."""

    def __init__(self, search: Search, desk: Desk, prompts: DeepPrompts) -> None:
        self._search = search
        self._desk = desk
        self._prompts = prompts
        self.passages: list[Passage] = []
        self.hits: list[Hit] = []
        self.notes: list[str] = []
        self.missing: list[str] = []

    def look_up(self, part: str) -> Generator[Event]:
        """Search for one part and note what its passages say."""
        hits = self._search(part).hits
        self.hits += [hit for hit in hits if hit.id not in {known.id for known in self.hits}]
        yield Step("search", part, f"{len(hits)} hits")
        notes = self._noted(part, hits) if hits else []
        if notes:
            yield Step("note", part, "\n".join(notes))
            self.notes += [note for note in notes if note not in self.notes]
        else:
            self.missing.append(part)

    def _noted(self, part: str, hits: Iterable[Hit]) -> list[str]:
        desk, prompt = self._desk, self._prompts.notes
        passages = chosen(part, tuple(hits), desk, prompt)
        text = whole(desk.model, fill(prompt, part, passages, desk), prompt.sampling)
        if not text or text.upper().startswith(NOT_FOUND):
            return []
        safe = inert(text, [passage.text for passage in passages])
        checked = grounding.check(part, safe, passages, desk.library.text_now, desk.embedder)
        numbers = {passage.number: self._number(passage) for passage in passages}
        return [self._renumbered(claim.text, numbers) for claim in checked.claims if claim.supported]

    def _number(self, passage: Passage) -> int:
        """The number of a passage among all."""
        for known in self.passages:
            if (known.hit.id, known.start, known.text) == (passage.hit.id, passage.start, passage.text):
                return known.number
        self.passages.append(replace(passage, number=len(self.passages) + 1))
        return len(self.passages)

    def _renumbered(self, note: str, numbers: dict[int, int]) -> str:
        bare = _BULLET.sub("", note)
        text = _MARKER.sub(lambda found: f"[{numbers.get(int(found.group(1)), 0)}]", bare)
        return f"- {self._desk.model.neutral(text)}"
