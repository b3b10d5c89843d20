"""A conversation: follow-ups are understood, searched for and answered; what was said is remembered until forgotten.

A follow-up that does not stand by itself is first written out by the model (query rewriting), as one more turn of the
conversation, so that what the model has read stays read. Passages that were given before are given again while they
answer, for the same reason. The oldest turns go when the window is full.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from ask.generator import context
from ask.generator.answer import Clock, Desk, Search, chosen, judged, nothing, stream, values, whole
from ask.generator.context import Passage
from ask.generator.model import Message, Prompt
from ask.generator.prompts import PromptFile
from ask.generator.results import Answer, Done, Event, Found, Step
from ask.generator.words import WORD, fold, full_stems, language
from ask.retriever.hits import Hit, Results

MOST_TURNS = 12
"""Turns remembered, whatever the window holds."""
LONGEST_QUESTION = 300
"""Code points; a rewritten question that is longer is none."""

_REFERS = frozenset(
    "it its he him his she her hers they them their theirs that this these those there then one ones same other"
    " former latter to ten ta tam tehdy tom toho tomu tim on ona ono oni jeho jej ji jim jich jejich nej ni nich"
    " tento tato tyto stejny druhy".split()
)
_GOES_ON = re.compile(r"(?:and|but|so|or|what about|how about|also|a|ale|takze|nebo|co|i)\b")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was typed, and what was answered."""

    question: str
    answer: str


class Conversation:
    """Remembers turns and the passages that the model has read. One at a time."""

    def __init__(self, desk: Desk, search: Search, prompt: PromptFile, rewrite: PromptFile) -> None:
        """`prompt` is `chat` or a persona, `rewrite` the prompt of that name."""
        self._desk = desk
        self._search = search
        self._prompt = prompt
        self._rewrite = rewrite
        self.turns: list[Turn] = []
        self._passages: tuple[Passage, ...] = ()

    def forget(self) -> None:
        """Forget everything that was said and read."""
        self.turns.clear()
        self._passages = ()

    def ask(self, typed: str) -> Generator[Event]:
        """Answer a question or a follow-up; the last event is `Done`."""
        clock = Clock()
        question = self._understood(typed)
        if question != typed:
            yield Step("rewrite", question)
        clock.lap("rewrite")
        results = self._search(question)
        clock.lap("search")
        yield Found(results.hits)
        if not results.hits:
            yield Done(replace(nothing(typed, (), self._desk), timing_ms=clock.laps))
            return
        passages = self._read(question, results)
        prompt = self._fitting(typed, passages)
        clock.lap("context")
        text = yield from stream(self._desk.model, prompt, self._prompt.sampling)
        clock.lap("model")
        answer = judged(question, text, passages, results.hits, self._desk)
        clock.lap("check")
        self._remember(typed, answer, passages)
        yield Done(replace(answer, question=typed, timing_ms=clock.laps))

    def _understood(self, typed: str) -> str:
        """The question as it can be searched for."""
        if not self.turns or stands_alone(typed):
            return typed
        fallback = f"{self.turns[-1].question} {typed}"
        prompt = self._conversation(typed, self._passages)
        instruction = self._rewrite.filled(**values(typed, self._desk))
        if isinstance(prompt, str) or isinstance(instruction, str):
            return fallback  # a play has no place for instructions
        prompt = [*prompt[:-1], instruction[-1]]
        rewritten = whole(self._desk.model, prompt, self._rewrite.sampling).strip("\"' \n")
        return rewritten if self._plausible(rewritten, typed) else fallback

    def _plausible(self, rewritten: str, typed: str) -> bool:
        """A question about what was talked of: most of its words were said before."""
        spoken = language(typed)
        words = set(full_stems(rewritten, spoken))
        said = " ".join([typed, *(f"{turn.question} {turn.answer}" for turn in self.turns)])
        known = words & set(full_stems(said, spoken))
        return bool(words) and len(rewritten) <= LONGEST_QUESTION and len(known) >= len(words) / 2

    def _read(self, question: str, results: Results) -> tuple[Passage, ...]:
        """The passages to answer from: those already read when the best hit is among them, else the new ones."""
        read = {_place(passage.hit) for passage in self._passages}
        if self._passages and all(_place(hit) in read for hit in results.hits[:1]):
            return self._passages
        return chosen(question, results.hits, self._desk, self._prompt)

    def _fitting(self, typed: str, passages: Sequence[Passage]) -> Prompt:
        """The conversation so far with its last question; the oldest turns go until it fits."""
        room = self._desk.model.room - self._prompt.sampling.max_tokens
        while True:
            prompt = self._conversation(typed, passages)
            if not self.turns or self._desk.model.size(prompt) <= room:
                return prompt
            del self.turns[0]

    def _conversation(self, typed: str, passages: Sequence[Passage]) -> Prompt:
        sources = context.layout(passages, self._desk.model.neutral)
        filled = self._prompt.filled(sources=sources, history=self._transcript(), **values(typed, self._desk))
        if isinstance(filled, str):
            return filled
        said = [
            message
            for turn in self.turns
            for message in (Message("user", turn.question), Message("assistant", turn.answer))
        ]
        *head, question = filled
        return [*head, *said, question]

    def _transcript(self) -> str:
        """Earlier turns for a persona, with the names that its transcript uses."""
        text = self._prompt.turns[0][1]
        speaker = text.rstrip().rsplit("\n", 1)[-1].rstrip(": ")
        return "\n".join(f"User: {turn.question}\n{speaker}: {turn.answer}" for turn in self.turns)

    def _remember(self, typed: str, answer: Answer, passages: tuple[Passage, ...]) -> None:
        said = answer.text or "I did not find that in your files."
        neutral = self._desk.model.neutral
        self.turns.append(Turn(neutral(typed), neutral(said)))
        del self.turns[:-MOST_TURNS]
        self._passages = passages


def stands_alone(question: str) -> bool:
    """True for a question that needs nothing said before it to be understood."""
    folded = fold(question).strip()
    words = WORD.findall(folded)
    refers = any(word in _REFERS for word in words) or bool(_GOES_ON.match(folded))
    return not refers and len(full_stems(question, language(question))) >= 2


def _place(hit: Hit) -> tuple[str, str | None, int]:
    return hit.path, hit.document, hit.start
