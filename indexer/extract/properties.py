"""What office documents, books and the like say about themselves: Dublin Core with additions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ask.indexer.extract.moments import moment
from ask.indexer.extract.package import Package, local
from ask.indexer.extract.pdf import title_of
from ask.indexer.text import one_line

_FACTS = {
    "subject": "subject",
    "description": "description",
    "keyword": "tags",
    "keywords": "tags",
    "category": "category",
}
_AUTHORS = ("initial-creator", "creator", "lastModifiedBy")
_DATES = ("modified", "date", "created", "creation-date")
"""The last change comes first: what is said to be the creation is often that of a template."""

_MADE_UP = re.compile(r"powerpoint.presentation|prezentace aplikace powerpoint|default|workbook|sešit", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Properties:
    """What a document says about itself."""

    title: str = ""
    people: tuple[str, ...] = ()
    date: datetime | None = None
    language: str = ""
    """Two letters."""
    facts: Mapping[str, str] = field(default_factory=dict)


class Metadata:
    """Texts of elements by their local name; told by the XML parser."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self._open: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._open = []

    def data(self, text: str) -> None:
        self._open.append(text)

    def end(self, tag: str) -> None:
        text = one_line("".join(self._open))
        if text:
            self.values.setdefault(local(tag), []).append(text)
        self._open = []

    def close(self) -> None: ...

    def properties(self) -> Properties:
        """The values under the names that documents use."""
        stated = (moment(value) for name in _DATES for value in self.values.get(name, ()))
        facts: dict[str, str] = {}
        for name, fact in _FACTS.items():
            if value := ", ".join(self.values.get(name, ())):
                facts.setdefault(fact, value[:1000])
        return Properties(
            "" if _MADE_UP.fullmatch(title := title_of({"Title": self._first("title")})) else title,
            tuple(dict.fromkeys(person for name in _AUTHORS for person in self.values.get(name, ()))),
            next((date for date in stated if date and date.year > 1980), None),
            self._first("language")[:2].lower(),
            facts,
        )

    def _first(self, name: str) -> str:
        return next(iter(self.values.get(name, ())), "")


def properties(package: Package, name: str) -> Properties:
    """The properties in a part of a package; empty ones when there is no such part."""
    target = Metadata()
    package.xml(name, target)
    return target.properties()
