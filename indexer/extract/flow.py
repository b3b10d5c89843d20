"""Paragraphs and tables of office documents, told element by element by the XML parser.

Office Open XML and OpenDocument differ in names, not in structure; a `Grammar` holds the names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ask.indexer.extract.package import attribute, local
from ask.indexer.text import normalise

MOST_SPACES = 100
_BLANKS = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Grammar:
    """Local names of elements."""

    paragraphs: frozenset[str]
    texts: frozenset[str]
    """Elements that hold text; empty: all inside a paragraph do."""
    tables: frozenset[str]
    rows: frozenset[str]
    cells: frozenset[str]
    unseen: frozenset[str]
    """Elements skipped with all that is in them."""
    characters: Mapping[str, str] = field(default_factory=dict)
    """Empty elements that stand for characters."""


OPEN_XML = Grammar(
    paragraphs=frozenset(["p"]),
    texts=frozenset(["t"]),
    tables=frozenset(["tbl"]),
    rows=frozenset(["tr"]),
    cells=frozenset(["tc"]),
    unseen=frozenset(["Fallback", "del", "moveFrom", "instrText", "rPh"]),
    characters={"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"},
)


class Flow:
    """Gathers text; what is complete goes to `paragraph` or `row`, which formats override.

    A table in a cell becomes text of that cell, a paragraph in a paragraph (a text box) comes before it.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._skipped = 0
        """Depth inside an unseen element."""
        self._open: list[list[str]] = []
        """Texts of the open paragraphs."""
        self._rows: list[list[str]] = []
        """Cells of the open rows."""
        self._cells: list[list[str]] = []
        """Paragraphs of the open cells."""
        self._taking = not grammar.texts

    def paragraph(self, text: str) -> None:
        """A paragraph outside tables has ended; `text` may be empty."""

    def row(self, cells: list[str]) -> None:
        """A row of a table has ended that is not itself in a cell."""

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        """Any element that is not skipped begins, before what the grammar says of it is done."""

    def leave(self, name: str) -> None:
        """It ends, after."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if self._skipped or name in self._grammar.unseen:
            self._skipped += 1
            return
        self.enter(name, attributes)
        grammar = self._grammar
        if name in grammar.paragraphs:
            self._open.append([])
        elif name in grammar.texts:
            self._taking = True
        elif name in grammar.rows:
            self._rows.append([])
        elif name in grammar.cells:
            self._cells.append([])
        elif name in grammar.characters and self._open:
            count = attribute(attributes, "c")
            self._open[-1].append(grammar.characters[name] * (min(int(count), MOST_SPACES) if count.isdecimal() else 1))

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        name, grammar = local(tag), self._grammar
        if name in grammar.paragraphs and self._open:
            self._put("".join(self._open.pop()))
        elif name in grammar.texts:
            self._taking = False
        elif name in grammar.cells and self._cells:
            self._end_cell(self._cells.pop())
        elif name in grammar.rows and self._rows:
            self._end_row(self._rows.pop())
        self.leave(name)

    def data(self, text: str) -> None:
        if self._taking and self._open and not self._skipped:
            self._open[-1].append(text if self._grammar.texts else _BLANKS.sub(" ", text.replace("\n", " ")))

    def close(self) -> None:
        """End what a damaged file left open."""
        while self._open:
            self._put("".join(self._open.pop()))
        while self._cells:
            self._end_cell(self._cells.pop())
        while self._rows:
            self._end_row(self._rows.pop())

    @property
    def in_table(self) -> bool:
        """Inside a cell."""
        return bool(self._cells)

    def _put(self, text: str) -> None:
        text = normalise(text).strip("\n")
        if self._cells:
            self._cells[-1].append(text)
        else:
            self.paragraph(text)

    def _end_cell(self, texts: list[str]) -> None:
        if self._rows:
            self._rows[-1].append(" ".join(" ".join(texts).split()))

    def _end_row(self, cells: list[str]) -> None:
        if not any(cells):
            return
        if self._cells:
            self._cells[-1].append(joined(cells))
        else:
            self.row(cells)


def joined(cells: list[str]) -> str:
    """The cells of a row as one line."""
    return " | ".join(cells).rstrip(" |")


class Texts(Flow):
    """The paragraphs of a drawing or diagram, and the names and numbers of a chart, each once."""

    def __init__(self) -> None:
        super().__init__(OPEN_XML)
        self.found: dict[str, None] = {}
        self._value: list[str] | None = None

    def paragraph(self, text: str) -> None:
        if text.strip():
            self.found[" ".join(text.split())] = None

    def row(self, cells: list[str]) -> None:
        self.found[joined(cells)] = None

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "v":
            self._value = []

    def data(self, text: str) -> None:
        super().data(text)
        if self._value is not None:
            self._value.append(text)

    def leave(self, name: str) -> None:
        if name == "v" and self._value is not None:
            self.paragraph("".join(self._value))
            self._value = None
