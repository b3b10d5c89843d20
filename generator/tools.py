"""The tools of a model that acts: search, open, list by date, count, calculate. They read the index and nothing else.

What a model writes is parsed as one call with literal arguments and checked against the rows of `TOOLS`; nothing of it
is ever evaluated. No tool writes, starts a program or reaches the network.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ask.generator.calculate import calculate
from ask.indexer.documents import KINDS
from ask.indexer.errors import UsageError
from ask.retriever.hits import Hit

LONGEST_ARGUMENT = 200


class Catalogue(Protocol):
    """What the tools read."""

    def search(self, query: str) -> Sequence[Hit]:
        """The best hits."""
        ...

    def open(self, hit: Hit) -> Hit:
        """The hit with more of its document around it, as its text."""
        ...

    def list(self, after: date | None, before: date | None, kind: str) -> Sequence[Hit]:
        """Documents by date, newest first: from `after` on, up to `before`; `kind` empty for all."""
        ...

    def count(self, query: str, after: date | None, before: date | None, kind: str) -> int:
        """How many documents there are; `query` empty for all."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the model sees it."""

    name: str
    arguments: Mapping[str, str]
    """Name and kind of each argument: text, number, date, kind or sum. The first may be given without its name."""
    about: str
    required: int = 1
    """How many of the arguments must be given."""


TOOLS = (
    Tool("search", {"query": "text"}, "finds passages about something"),
    Tool("open", {"number": "number"}, "reads more of the document of a numbered passage"),
    Tool(
        "list",
        {"after": "date", "before": "date", "kind": "kind"},
        "names documents by date (YYYY-MM-DD), newest first",
        required=0,
    ),
    Tool(
        "count",
        {"query": "text", "after": "date", "before": "date", "kind": "kind"},
        "tells how many documents there are",
        required=0,
    ),
    Tool("calculate", {"sum": "sum"}, "does arithmetic: 12*30 + 7"),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}

Argument = str | int | date


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose arguments have been checked."""

    tool: str
    arguments: Mapping[str, Argument]

    def text(self, name: str) -> str:
        return str(self.arguments.get(name, ""))

    def day(self, name: str) -> date | None:
        found = self.arguments.get(name)
        return found if isinstance(found, date) else None


def described() -> str:
    """The tools as a prompt names them."""
    return "\n".join(f"{tool.name}({', '.join(tool.arguments)}) – {tool.about}" for tool in TOOLS)


def parsed(text: str) -> Call:
    """Read `tool(arguments)`. Raises `UsageError` with words that help the model to do better."""
    name, bracket, rest = text.strip().partition("(")
    tool = _BY_NAME.get(name.strip().lower())
    if tool is None or not bracket:
        raise UsageError(f"there is no tool {name.strip()[:40]!r}; the tools are {', '.join(_BY_NAME)}")
    inside = rest.rsplit(")", 1)[0].strip()
    if tool.name == "calculate":
        return Call(tool.name, {"sum": inside.strip("\"'")})
    return Call(tool.name, _arguments(tool, inside))


def _arguments(tool: Tool, inside: str) -> dict[str, Argument]:
    given: dict[str, Argument] = {}
    names = list(tool.arguments)
    for place, (name, value) in enumerate(_literals(tool, inside)):
        name = name or (names[place] if place < len(names) else "")
        if name not in tool.arguments:
            raise UsageError(f"{tool.name} takes {', '.join(names)}")
        given[name] = _checked(name, tool.arguments[name], value)
    if len(given) < tool.required:
        raise UsageError(f"{tool.name} needs {names[0]}")
    return given


def _literals(tool: Tool, inside: str) -> list[tuple[str, object]]:
    """(name or empty, value) of each argument; a lone bare word or sentence is taken as text."""
    try:
        call = ast.parse(f"f({inside})", mode="eval").body
        if isinstance(call, ast.Call):
            plain = [("", ast.literal_eval(argument)) for argument in call.args]
            return plain + [(word.arg or "?", ast.literal_eval(word.value)) for word in call.keywords]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    if next(iter(tool.arguments.values())) != "text" or "=" in inside:
        raise UsageError(f'the arguments of {tool.name} cannot be read; write for example {tool.name}("…")')
    return [("", inside.strip("\"'"))]


def _checked(name: str, kind: str, value: object) -> Argument:
    """An argument of its kind. Raises `UsageError`."""
    text = str(value).strip()
    if len(text) > LONGEST_ARGUMENT:
        raise UsageError(f"{name} is too long")
    if kind != "number" and not isinstance(value, str | int | float):
        raise UsageError(f"{name} must be a word, a number or a text in quotes")
    if kind == "number":
        if not text.strip("[]").isdecimal() or len(text) > 6:
            raise UsageError(f"{name} must be a number")
        return int(text.strip("[]"))
    if kind == "date":
        return _date(name, text)
    if kind == "kind" and text not in KINDS:
        raise UsageError(f"{name} must be one of {', '.join(KINDS)}")
    return text


def _date(name: str, text: str) -> date:
    full = text + "-01-01"[len(text) - 4 :] if len(text) in (4, 7) else text
    try:
        return date.fromisoformat(full)
    except ValueError as error:
        raise UsageError(f"{name} must be a date such as 2019-05-31") from error


def calculated(call: Call) -> str:
    """The result of `calculate`. Raises `UsageError`."""
    return calculate(call.text("sum"))
