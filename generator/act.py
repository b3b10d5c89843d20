"""Reasoning in steps (ReAct): Thought, Action, Observation, until there is an answer or the steps are used up.

The model sees passages only as observations, numbered on; its answer is checked against them like any other. Each step
is an event, so that a person sees what was done.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from ask.generator import tools
from ask.generator.answer import Clock, Desk, judged, values, whole
from ask.generator.context import Passage, distinct
from ask.generator.grammar import NOT_FOUND
from ask.generator.model import Message, Prompt
from ask.generator.prompts import PromptFile
from ask.generator.results import Done, Event, Found, Step, Token
from ask.generator.tools import Call, Catalogue
from ask.indexer.errors import AskError, UsageError
from ask.retriever.hits import Hit

STEPS = 6
"""Most actions for one question."""
SHOWN = 4
"""Most passages of one observation."""
LONGEST = 1200
"""Most code points of one passage in an observation."""

_ACTION = re.compile(r"^\s*Action:\s*(.+)$", re.MULTILINE)
_ANSWER = re.compile(r"^\s*(?:Final )?Answer:\s*(.+)", re.MULTILINE | re.DOTALL)
_THOUGHT = re.compile(r"^\s*Thought:\s*(.+?)(?=^\s*(?:Action|Answer|Final Answer):|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """What the model wrote in one step, taken apart."""

    thought: str
    action: str
    answer: str


def read(text: str) -> Said:
    """Take a step apart. An answer counts only when no action comes before it."""
    thought, action, answer = _THOUGHT.search(text), _ACTION.search(text), _ANSWER.search(text)
    acts = action is not None and (answer is None or action.start() < answer.start())
    return Said(
        thought.group(1).strip() if thought else "",
        action.group(1).strip() if action and acts else "",
        answer.group(1).strip() if answer and not acts else "",
    )


def answered(
    question: str, catalogue: Catalogue, desk: Desk, prompt: PromptFile, steps: int = STEPS
) -> Generator[Event]:
    """Answer by acting; the last event is `Done`."""
    clock = Clock()
    work = _Work(question, catalogue, desk, prompt, steps)
    text = yield from work.run()
    clock.lap("steps")
    yield Found(tuple(passage.hit for passage in work.passages))
    yield Token(text)
    answer = judged(question, text, work.passages, [passage.hit for passage in work.passages], desk)
    clock.lap("check")
    notes = answer.notes if text else (*answer.notes, f"no answer after {steps} steps")
    yield Done(replace(answer, notes=notes, timing_ms=clock.laps))


class _Work:
    """The steps taken so far, and the passages seen in them."""

    def __init__(self, question: str, catalogue: Catalogue, desk: Desk, prompt: PromptFile, steps: int) -> None:
        self._catalogue = catalogue
        self._desk = desk
        self._prompt = prompt
        self._steps = steps
        self._values = values(question, desk)
        self._log: list[tuple[str, str]] = []
        self.passages: list[Passage] = []

    def run(self) -> Generator[Event, None, str]:
        """Step until there is an answer; returns it, or nothing."""
        for step in range(self._steps + 1):
            said = read(whole(self._desk.model, self._conversation(), self._prompt.sampling))
            if said.thought:
                yield Step("thought", said.thought)
            if said.answer:
                return said.answer
            if step == self._steps:
                break
            if not said.action:
                self._log.append((f"Thought: {said.thought}", "Write an Action or an Answer."))
                continue
            kind, observation = self._do(said.action)
            yield Step(kind, said.action, observation)
            self._log.append((f"Thought: {said.thought}\nAction: {said.action}", observation))
        return ""

    def _conversation(self) -> Prompt:
        """The prompt with all steps; the oldest observations are shortened until it fits."""
        room = self._desk.model.room - self._prompt.sampling.max_tokens
        while self._desk.model.size(prompt := self._messages()) > room and self._shorten():
            pass
        return prompt

    def _shorten(self) -> bool:
        for at, (said, observation) in enumerate(self._log[:-1]):
            if len(observation) > 20:
                self._log[at] = (said, "(seen)")
                return True
        return False

    def _messages(self) -> list[Message]:
        filled = self._prompt.filled(tools=tools.described(), steps=str(self._steps), **self._values)
        messages = [Message("user", filled)] if isinstance(filled, str) else list(filled)
        for said, observation in self._log:
            messages += [Message("assistant", said), Message("user", f"Observation: {observation}")]
        return messages

    def _do(self, action: str) -> tuple[str, str]:
        """(kind of step, observation). What a model gets wrong it is told; nothing it writes can raise."""
        try:
            call = tools.parsed(action)
        except UsageError as wrong:
            return "thought", f"Error: {wrong.message}"
        try:
            return call.tool, self._observed(call)
        except AskError as wrong:
            return call.tool, f"Error: {wrong.message}"

    def _observed(self, call: Call) -> str:
        if call.tool == "calculate":
            return tools.calculated(call)
        if call.tool == "count":
            after, before = call.day("after"), call.day("before")
            return str(self._catalogue.count(call.text("query"), after, before, call.text("kind")))
        if call.tool == "list":
            return self._listed(self._catalogue.list(call.day("after"), call.day("before"), call.text("kind")))
        if call.tool == "open":
            return self._shown([self._catalogue.open(self._numbered(int(call.text("number"))))])
        return self._shown(distinct(self._catalogue.search(call.text("query")))[:SHOWN])

    def _numbered(self, number: int) -> Hit:
        if not 1 <= number <= len(self.passages):
            raise UsageError(f"there is no passage [{number}]")
        return self.passages[number - 1].hit

    def _shown(self, hits: Sequence[Hit]) -> str:
        """Passages as an observation; what was seen before keeps its number."""
        shown = [self._passage(hit) for hit in hits]
        neutral = self._desk.model.neutral
        return "\n".join(f"{neutral(p.header)}\n{neutral(p.text)}" for p in shown) or NOT_FOUND

    def _passage(self, hit: Hit) -> Passage:
        text = (hit.text or hit.snippet)[:LONGEST]
        for seen in self.passages:
            if (seen.hit.path, seen.hit.document, seen.start, seen.text) == (hit.path, hit.document, hit.start, text):
                return seen
        self.passages.append(Passage(len(self.passages) + 1, hit, text, hit.start))
        return self.passages[-1]

    def _listed(self, hits: Sequence[Hit]) -> str:
        neutral = self._desk.model.neutral
        return "\n".join(neutral(self._passage(hit).header) for hit in hits[:20]) or NOT_FOUND
