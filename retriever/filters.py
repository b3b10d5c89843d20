"""What a search is limited to: hard conditions, applied before anything is ranked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime

from ask.indexer.database import below
from ask.indexer.words import fold

DATE = "coalesce(d.date, f.mtime_ns / 1000000000)"
"""SQL for the date of a document: its own, else its file's (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that every hit meets. Empty ones do not limit; values of one field are alternatives."""

    after: datetime | None = None
    """Not older than this moment, timezone-aware."""
    before: datetime | None = None
    """Older than this moment."""
    kinds: tuple[str, ...] = ()
    """Keys of `documents.KINDS`."""
    paths: tuple[str, ...] = ()
    """Absolute paths of files or folders."""
    people: tuple[str, ...] = ()
    """Parts of names or addresses of who wrote it or got it."""
    languages: tuple[str, ...] = ()
    """`cs`, `en` or a programming language."""
    suffixes: tuple[str, ...] = ()
    """File name endings, with or without their dot."""

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def shown(self) -> str:
        """For people: `kind script · after 2019-03-01 · path /home/jana/notes`."""
        parts = [f"{name} {day.date().isoformat()}" for name in ("after", "before") if (day := getattr(self, name))]
        lists = {
            "kind": self.kinds,
            "path": self.paths,
            "from": self.people,
            "lang": self.languages,
            "ext": self.suffixes,
        }
        return " · ".join([*(f"{name} {', '.join(values)}" for name, values in lists.items() if values), *parts])

    def each(self) -> Iterator[Filters]:
        """Every condition by itself."""
        for field in fields(self):
            if value := getattr(self, field.name):
                yield Filters(**{field.name: value})

    def under(self, others: Filters) -> Filters:
        """These conditions, but for what `others` say of the same fields."""
        return replace(self, **{name: value for name in self.__slots__ if (value := getattr(others, name))})

    def sql(self) -> tuple[str, list[object]]:
        """A condition over chunks c, documents d and files f, and its parameters."""
        parts = list(self._conditions())
        if not parts:
            return "1", []
        return " AND ".join(text for text, _ in parts), [value for _, values in parts for value in values]

    def scope(self) -> tuple[str, list[object]] | None:
        """A query for the chunks that meet the conditions, and its parameters; None: all do."""
        if not self:
            return None
        condition, values = self.sql()
        return (
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
            f" WHERE {condition}",
            values,
        )

    def _conditions(self) -> Iterator[tuple[str, list[object]]]:
        if self.after is not None:
            yield f"{DATE} >= ?", [int(self.after.timestamp())]
        if self.before is not None:
            yield f"{DATE} < ?", [int(self.before.timestamp())]
        if self.kinds:
            yield f"d.kind IN ({_marks(self.kinds)})", list(self.kinds)
        if self.paths:
            yield _any("(f.path = ? OR (f.path > ? AND f.path < ?))", self.paths), _ranges(self.paths)
        if self.people:
            yield _any("instr(fold(d.people), ?)", self.people), [fold(person) for person in self.people]
        if self.languages:
            marks = _marks(self.languages)
            yield f"(c.lang IN ({marks}) OR d.language IN ({marks}))", [*self.languages, *self.languages]
        if self.suffixes:
            yield _any("lower(f.path) LIKE ?", self.suffixes), [f"%.{s.lstrip('.').lower()}" for s in self.suffixes]


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))


def _any(condition: str, values: tuple[str, ...]) -> str:
    return "(" + " OR ".join([condition] * len(values)) + ")"


def _ranges(paths: tuple[str, ...]) -> list[object]:
    found: list[object] = []
    for path in paths:
        raw = os.fsencode(path)
        found += [raw, *below(raw)]
    return found
