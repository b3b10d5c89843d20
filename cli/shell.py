"""The interactive shell: `ask` without a question.

A line is a question, or a command that begins with a slash. `Shell.handle` takes one line and knows nothing of
terminals; lines come from `reading.py`, and what a question does is the `Engine`'s business.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal, Protocol

from ask.cli import gate, narrow, render, snippet
from ask.indexer.errors import AskError, UsageError
from ask.retriever.filters import Filters
from ask.retriever.hits import Hit, Results

Say = Callable[[str], None]
"""Shows a line that is ready to be shown."""
Open = Callable[[str, int | None], None]
"""Opens the file at an absolute path, at a 1-based line; None where the file has no lines."""

_CUES: Mapping[str, Literal["on", "off", "strict"]] = {"on": "on", "off": "off", "strict": "strict"}
_BARE: Mapping[str, str] = {"exit": "quit", "quit": "quit", "help": "help", "?": "help"}
"""Words that, alone on a line, are no question: what every other shell obeys."""
MULTI, END = "!multi", "!end"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked."""

    text: str
    filters: Filters = field(default_factory=Filters)
    count: int = 10
    """How many hits to show."""
    skip: int = 0
    """How many of the best hits were shown before: /more goes on behind them."""
    explain: bool = False
    cues: Literal["on", "off", "strict"] = "on"
    """Whether what the question says of time, kind and people counts, and whether it excludes."""
    dropped: tuple[str, ...] = ()
    """Cues that are none this time: `when`, `script`."""


class Engine(Protocol):
    """What the shell asks."""

    def ask(self, question: Question, say: Say) -> Results:
        """Find and answer, saying things as they come; gives all hits, also the skipped ones.

        May be ended by KeyboardInterrupt at any point and must then be ready for the next question.
        """

    def show(self, question: Question, results: Results, say: Say) -> None:
        """Show hits of a question asked before."""

    def status(self, say: Say) -> None:
        """Say how the index is."""

    def prompt(self, name: str) -> None:
        """Ask the language model in another way from now on. Raises `AskError` when there is none of that name."""

    def forget(self) -> None:
        """Forget what was said, so that the next question begins a new conversation."""


class Reader(Protocol):
    """Where lines come from."""

    interactive: bool
    """Somebody sits there: Ctrl-C ends a question, not the shell."""

    def read(self, prompt: str, hits: tuple[Hit, ...]) -> str | None:
        """The next line, None when there is none. Raises KeyboardInterrupt when a line is given up.

        `hits` are those that /open may name.
        """


class Shell:
    """One conversation."""

    def __init__(self, engine: Engine, say: Say, opens: Open, *, count: int = 10) -> None:
        self._engine = engine
        self._say = say
        self._open = opens
        self._count = count
        self._typed_filters: tuple[str, ...] = ()
        self._last: tuple[Question, Results] | None = None
        self._explain = False
        self._cues: Literal["on", "off", "strict"] = "on"
        self._lines: list[str] | None = None
        self.leaving = False

    @property
    def prompt(self) -> str:
        """`ask> `, with the filters that are on."""
        if self._lines is not None:
            return "... "
        return " ".join(["ask", *map(gate.clean, self._typed_filters)]) + "> "

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits on screen: those of the last question, or the nearest misses."""
        if self._last is None:
            return ()
        return self._last[1].hits or self._last[1].near

    def run(self, reader: Reader) -> int:
        """Read and handle lines until there are no more. Gives the exit status.

        0: done; from a pipe also 1 when no question found anything, 2 when a line made no sense or failed.
        """
        asked = found = failed = 0
        while not self.leaving and (line := self._next(reader)) is not None:
            before = self._last
            try:
                self.handle(line)
            except KeyboardInterrupt:
                if not reader.interactive:
                    raise
                self._say("stopped")
            except AskError as error:
                failed += 1
                self._tell(error)
            if self._last is not None and self._last is not before:
                asked, found = asked + 1, found + bool(self._last[1].hits)
        if reader.interactive:
            return 0
        return 2 if failed else 1 if asked and not found else 0

    def _next(self, reader: Reader) -> str | None:
        """The next line. Ctrl-C gives up the line being typed, not the shell."""
        while True:
            try:
                return reader.read(self.prompt, self.hits)
            except KeyboardInterrupt:
                if not reader.interactive:
                    raise
                self._lines = None
                self._say("/quit or Ctrl-D leaves")

    def _tell(self, error: AskError) -> None:
        self._say(gate.clean(error.message))
        if error.hint:
            self._say(gate.clean(error.hint))

    def handle(self, line: str) -> None:
        """One line as typed. Raises `AskError` when it makes no sense."""
        if self._lines is not None:
            self._collect(line)
        elif line.strip() == MULTI:
            self._lines = []
        elif (command := _command(line)) is not None:
            command.run(self, line.strip().removeprefix("/")[len(command.name) :].strip())
        elif line.strip():
            self._ask(self._question(line.strip()))

    def _collect(self, line: str) -> None:
        """Lines between !multi and !end are one question."""
        collected = self._lines or []
        if line.strip() != END:
            self._lines = [*collected, line]
            return
        self._lines = None
        if text := "\n".join(collected).strip():
            self._ask(self._question(text))

    def _question(self, text: str) -> Question:
        filters = narrow.filters(self._typed_filters)
        return Question(text, filters, self._count, explain=self._explain, cues=self._cues)

    def _ask(self, question: Question) -> None:
        self._last = (question, self._engine.ask(question, self._say))

    def _asked(self) -> tuple[Question, Results]:
        if self._last is None:
            raise UsageError("nothing has been asked yet", "Type a question, or /help.")
        return self._last

    # commands: what follows the name is `rest`

    def more(self, rest: str) -> None:
        """The next hits of the last question."""
        question, results = self._asked()
        shown = question.skip + question.count
        if len(results.hits) >= shown:
            self._ask(replace(question, skip=shown))
        if len(self._asked()[1].hits) <= shown:
            self._say("That was all.")

    def open(self, rest: str) -> None:
        """Open a hit by its number."""
        self._asked()
        number = int(rest) if rest.isascii() and rest.isdigit() else 1 if not rest else 0
        hit = next((hit for hit in self.hits if hit.rank == number), None)
        if hit is None:
            known = f"1 to {len(self.hits)}" if self.hits else "none"
            raise UsageError(f"there is no hit {gate.clean(rest)}", f"Hits that can be opened: {known}.")
        self._open(hit.path, snippet.best_line(hit))

    def filter(self, rest: str) -> None:
        """Limit the questions that follow."""
        if rest == "off":
            self._typed_filters = ()
        elif rest:
            words = _words(rest)
            narrow.filters(words)  # complains now rather than at the next question
            self._typed_filters = tuple(words)
        self._say("filters: " + (" ".join(map(gate.clean, self._typed_filters)) or "none"))

    def explain(self, rest: str) -> None:
        """Show where scores come from, for the last question and those that follow; or no longer."""
        self._explain = not self._explain
        self._say(f"scores are {'explained' if self._explain else 'no longer explained'}")
        if self._explain and self._last is not None:
            question, results = self._last
            self._engine.show(replace(question, explain=True), results, self._say)

    def cues(self, rest: str) -> None:
        """Whether cues count from now on; or the last question again without some of its cues."""
        if rest in _CUES:
            self._cues = _CUES[rest]
        elif rest:
            question, _ = self._asked()
            self._ask(replace(question, skip=0, dropped=(*question.dropped, *(w.lstrip("-") for w in _words(rest)))))
            return
        understood = "" if self._last is None else self._last[1].cues
        self._say(f"cues: {self._cues}" + (f"; the last question: {gate.clean(understood)}" if understood else ""))

    def files(self, rest: str) -> None:
        """Only the paths of the hits."""
        self._asked()
        for path in render.paths(self.hits):
            self._say(path)

    def status(self, rest: str) -> None:
        """How the index is."""
        self._engine.status(self._say)

    def prompt_file(self, rest: str) -> None:
        """Ask the model in another way."""
        if not rest:
            raise UsageError("name a prompt: /prompt chat", "`ask prompts` lists them.")
        self._engine.prompt(rest)
        self._say(f"asked with {gate.clean(rest)} from now on, in a new conversation")

    def forget(self, rest: str) -> None:
        """Begin a new conversation."""
        self._engine.forget()
        self._last = None
        self._say("forgotten: the next question begins a new conversation")

    def help(self, rest: str) -> None:
        """This list."""
        for line in help_lines():
            self._say(line)

    def quit(self, rest: str) -> None:
        """Leave."""
        self.leaving = True


@dataclass(frozen=True, slots=True)
class Command:
    """A line that begins with a slash."""

    name: str
    arguments: str
    about: str
    run: Callable[[Shell, str], None]


COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command("open", "N", "open hit N at its line", Shell.open),
        Command("more", "", "the next hits", Shell.more),
        Command("filter", "kind:script after:2020 …", "limit what is searched; `/filter off` ends it", Shell.filter),
        Command("explain", "", "show where the scores come from, or no longer", Shell.explain),
        Command("cues", "on|off|strict|-when …", "heed time, kind, people; `-when`: ask without", Shell.cues),
        Command("files", "", "only the paths of the hits", Shell.files),
        Command("prompt", "NAME", "ask the model in another way: chat, deep, act", Shell.prompt_file),
        Command("forget", "", "forget what was said: a new conversation", Shell.forget),
        Command("status", "", "how the index is", Shell.status),
        Command("help", "", "this list", Shell.help),
        Command("quit", "", "leave; so does Ctrl-D", Shell.quit),
    )
}


def help_lines() -> Iterator[str]:
    """Commands and filters."""
    yield "Type a question. Commands:"
    for command in COMMANDS.values():
        yield f"  /{command.name + ' ' + command.arguments:<32}{command.about}"
    yield f"  {MULTI + ' … ' + END:<33}a question of several lines"
    yield "Filters:"
    for key, about in narrow.KEYS.items():
        yield f"  {key + ':':<33}{about}"


def _command(line: str) -> Command | None:
    """The command that a line names; None for a question, also one that begins with a path."""
    words = line.split(maxsplit=1)
    if len(words) == 1 and words[0] in _BARE:
        return COMMANDS[_BARE[words[0]]]
    if not words or not words[0].startswith("/") or "/" in words[0][1:]:
        return None
    name = words[0][1:]
    if name in COMMANDS:
        return COMMANDS[name]
    near = [other for other in COMMANDS if name and other.startswith(name)] or get_close_matches(name, COMMANDS, n=1)
    hint = f"Did you mean /{near[0]}?" if near else "/help lists the commands."
    raise UsageError(f"there is no command /{gate.clean(name)}", hint)


def _words(typed: str) -> list[str]:
    """Words as a Unix shell takes them apart, so that paths may hold spaces."""
    try:
        return shlex.split(typed)
    except ValueError:
        raise UsageError("a quotation mark is not closed") from None
