"""Answers written by a language model: which one, what it is given, and how its words are shown as they come.

On a terminal the words appear as they are written, and what the check found is said below them. Anything else gets the
checked answer only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from ask.cli import answers, gate, library, options, render
from ask.cli.installed import PROMPTS, language_models
from ask.cli.render import View
from ask.cli.session import Session
from ask.cli.settings import Settings
from ask.generator import act, deep, material, prompts
from ask.generator.answer import Desk, written
from ask.generator.catalogue import IndexCatalogue
from ask.generator.engine import EngineSettings
from ask.generator.grammar import NOT_FOUND
from ask.generator.local import LocalModel
from ask.generator.models import choose
from ask.generator.prompts import PromptFile
from ask.generator.results import Answer, Done, Event, Found, Step, Token
from ask.generator.servers import SERVER_ROOM, ServerModel
from ask.indexer.errors import UsageError
from ask.retriever.hits import Results
from ask.retriever.search import Searcher

Find = Callable[[str], Results]
"""Looks a question up in the index and in the material that came with it."""
IN_STEPS = ("act", "deep")
"""Ways of asking that search themselves, several times."""
_RESULT = 300
"""Most code points of what a step brought that are shown."""


def server(session: Session, address: str) -> ServerModel:
    """The model on a server, from `http://127.0.0.1:11434/v1#name`.

    Raises `UsageError`, also for machines that are not among the setting `llm_hosts`.
    """
    base, _, name = address.partition("#")
    if not name:
        raise UsageError(f"{address!r} does not say which model", "For example: http://127.0.0.1:11434/v1#llama3.2")
    values = session.settings
    room = values.llm_context or SERVER_ROOM
    return ServerModel(base, name, key=values.llm_key, room=room, named=values.llm_hosts)


@contextmanager
def desk(session: Session, searcher: Searcher, texts: Mapping[str, str]) -> Iterator[Desk]:
    """The model that is set and what it works with. `texts` came with the question, by name. Raises `ModelProblem`."""
    at_hand = library.of(session, searcher, texts)
    embedder = searcher.embedder()
    name = session.settings.llm
    if "://" in name:
        yield Desk(server(session, name), at_hand, embedder)
        return
    path = Path(options.absolute(name))
    if not path.is_file():
        path = choose(name, language_models(session)).path
    with closing(LocalModel(path, engine_settings(session.settings))) as model:
        yield Desk(model, at_hand, embedder, strict=session.settings.llm_cited)


def engine_settings(values: Settings) -> EngineSettings:
    """How the model's process is run."""
    usual = EngineSettings()
    return EngineSettings(
        context=min(usual.context, values.llm_context or usual.context),
        most_context=values.llm_context or usual.most_context,
        threads=values.threads,
        gpu_layers=values.llm_gpu_layers,
        memory=values.llm_memory,
        idle=values.llm_idle,
    )


def prompt(session: Session, name: str) -> PromptFile:
    """The way of asking of that name. Raises `NotFound`, and `UsageError` for one that answers no question."""
    found = prompts.load(name, session.home / PROMPTS)
    if name not in IN_STEPS and not {"question", "sources"} <= found.places():
        raise UsageError(f"the prompt {name!r} answers no question", "It has no place for {question} and {sources}.")
    return found


def rewriting(session: Session) -> PromptFile:
    """How a follow-up is written out as a question of its own."""
    return prompts.load("rewrite", session.home / PROMPTS)


def with_material(question: str, texts: Mapping[str, str], found: Results, searcher: Searcher) -> Results:
    """What came with the question, best pieces first, then the hits of the index."""
    embedder = searcher.embedder() if texts else None
    brought = [material.passages(question, name, text, embedder) for name, text in texts.items()]
    pieces = [hit for results in brought for hit in results.hits]
    hits = [replace(hit, id=-rank) for rank, hit in enumerate(pieces, 1)]
    notes = [note for results in brought for note in results.notes]
    return replace(found, hits=(*hits, *found.hits), notes=(*notes, *found.notes))


def events(
    session: Session, searcher: Searcher, at: Desk, question: str, found: Results, find: Find, how: PromptFile
) -> Generator[Event]:
    """The way of asking that `how` stands for. `found` are the hits of the question itself."""
    if how.name == "deep":
        own = session.home / PROMPTS
        stages = deep.DeepPrompts(prompts.load("deep-split", own), prompts.load("deep-notes", own), how)
        return deep.answered(question, find, at, stages)
    if how.name == "act":
        return act.answered(question, IndexCatalogue(searcher, at.library), at, how)
    return written(question, found, at, how)


def last(happening: Generator[Event]) -> Answer:
    """The answer, when nobody looks on while it is written."""
    with closing(happening):
        for event in happening:
            if isinstance(event, Done):
                return event.answer
    raise AssertionError("events end with Done")


def show(happening: Generator[Event], session: Session, view: View) -> Answer:
    """Show what happens: the hits at once, then steps and words as they come, then the sources."""
    words = _Words(live=session.look.width is not None)
    with closing(happening):
        for event in happening:
            match event:
                case Found(hits):
                    session.put(render.hits([hit for hit in hits if hit.id >= 0], view))
                case Step():
                    session.put(_step(event, view))
                case Token(text):
                    words.write(text)
                case Done(answer):
                    session.put(_ending(answer, view) if words.end() else answers.answer(answer, view))
                    return answer
    raise AssertionError("events end with Done")


def _step(step: Step, view: View) -> Iterator[str]:
    yield view.terminal.paint(gate.clean(f"{step.kind}: {step.text}"), "dim")
    if step.result:
        result = gate.clean(step.result)
        shortened = result[:_RESULT] + (view.terminal.sign("…") if len(result) > _RESULT else "")
        yield view.terminal.paint(f"  {shortened}", "dim")


def _ending(answer: Answer, view: View) -> Iterator[str]:
    """Below words that are on the screen already: what is wrong with them, and where they come from."""
    if answer.abstained:
        yield from answers.answer(answer, view)
        return
    for claim in answer.claims:
        if not claim.supported:
            yield view.terminal.paint(answers.UNSUPPORTED, "bad") + " " + gate.clean(claim.text)
    yield from answers.sources(answer, view)
    yield from render.notes(answer.notes, view)


class _Words:
    """The words of a model on a terminal, through the gate. Nothing is written where nobody watches."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._gate = gate.Stream()
        self._held = ""
        self._begun = False

    def write(self, piece: str) -> None:
        """Words as they come; the beginning is held back while it may become "NOT FOUND"."""
        if not self._live:
            return
        if not self._begun:
            self._held += piece
            start = self._held.strip().upper()
            if NOT_FOUND.startswith(start[: len(NOT_FOUND)]):
                return
            self._begun, piece = True, self._held.lstrip()
        self._put(self._gate.feed(piece))

    def end(self) -> bool:
        """True when words have been written; the line they are on is ended."""
        if self._begun:
            self._put(self._gate.close() + "\n")
        return self._begun

    @staticmethod
    def _put(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
