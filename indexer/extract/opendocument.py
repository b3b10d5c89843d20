"""OpenDocument (odt, ods, odp, odg and its ancestors of OpenOffice.org 1), in a package or flat in one XML file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.flow import Flow, Grammar, joined
from ask.indexer.extract.package import Package, attribute, parse_xml
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.properties import Metadata, Properties, properties
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.sheets import Sheet
from ask.indexer.extract.sheets import documents as sheet_documents
from ask.indexer.extract.unpack import STEP, Damaged

MOST_REPEATED = 50
"""Times that a repeated cell with content is written out."""

GRAMMAR = Grammar(
    paragraphs=frozenset(["p", "h"]),
    texts=frozenset(),
    tables=frozenset(["table"]),
    rows=frozenset(["table-row"]),
    cells=frozenset(["table-cell"]),
    unseen=frozenset(
        [
            *("tracked-changes", "note-citation", "styles", "automatic-styles", "master-styles", "scripts", "settings"),
            *(
                "font-face-decls",
                "binary-data",
                "creator",
                "date",
                "creator-initials",
                "date-string",
                "ruby-text",
                "meta",
            ),
            *("object", "title", "desc", "forms", "event-listeners", "covered-table-cell"),
        ]
    ),
    characters={"s": " ", "tab": "\t", "tab-stop": "\t", "line-break": "\n"},
)
_MARGINS = frozenset(["header", "footer", "header-left", "footer-left", "header-first", "footer-first"])
_OBJECTS = r"[^/]+/content\.xml"
_ENCRYPTED = re.compile(rb"<(?:\w+:)?encryption-data|encrypted-package")

Feed = Callable[[Flow], None]
"""Tells the content to a target."""


def opendocument_documents(package: Package, medium: str) -> list[Document]:
    """The documents of a package; `medium` is what its `mimetype` says. Raises `Unreadable("encrypted")`."""
    if _ENCRYPTED.search(package.read("META-INF/manifest.xml")):
        raise Unreadable("encrypted")
    about = properties(package, "meta.xml")

    def feed(target: Flow) -> None:
        package.xml("content.xml", target)

    margins = _Margins()
    package.xml("styles.xml", margins)
    found = _documents(package.source, about, medium, feed, margins.texts)
    for name in package.matching(_OBJECTS):  # charts and formulas, and workbooks in texts
        target = _Writing()
        package.xml(name, target)
        if target.pieces.blocks and found:
            found.append(target.document(package.source, Properties(), "table", name.partition("/")[0]))
    return found


@extractor("flat opendocument", suffixes=[".fodt", ".fods", ".fodp", ".fodg"])
def read_flat(source: Source) -> Iterator[Document]:
    """The same content in one XML file."""

    def feed(target: Flow | Metadata) -> None:
        with suppress(Damaged):
            parse_xml((source.data[at : at + STEP] for at in range(0, len(source.data), STEP)), target)

    about = _FlatProperties()
    feed(about)
    found = _documents(source, about.properties(), source.suffix, feed)
    if not found:
        raise Unreadable("empty")
    yield from found


class _FlatProperties(Metadata):
    """Ends with the part on properties; creators and dates further on are those of remarks."""

    def __init__(self) -> None:
        super().__init__()
        self._over = False

    def end(self, tag: str) -> None:
        self._over = self._over or tag.endswith("}meta")
        if not self._over:
            super().end(tag)


def _documents(
    source: Source, about: Properties, medium: str, feed: Feed, margins: Iterable[str] = ()
) -> list[Document]:
    if "spreadsheet" in medium or "calc" in medium or medium == ".fods":
        book = _Book()
        feed(book)
        return sheet_documents(source, about, book.sheets)
    shown = "presentation" in medium or "impress" in medium or "graphics" in medium or medium in (".fodp", ".fodg")
    writing = _Show() if shown else _Writing()
    feed(writing)
    writing.pieces.add("\n".join(margins))
    if not writing.pieces.blocks:
        return []
    return [writing.document(source, about, "slides" if shown else "note")]


class _Margins(Flow):
    """Headers and footers of the pages, each once; they lie among the styles."""

    def __init__(self) -> None:
        super().__init__(replace(GRAMMAR, unseen=GRAMMAR.unseen - {"master-styles"}))
        self.texts: dict[str, None] = {}
        self._inside = 0

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        self._inside += name in _MARGINS

    def leave(self, name: str) -> None:
        self._inside -= name in _MARGINS

    def paragraph(self, text: str) -> None:
        if self._inside and text.strip():
            self.texts[" ".join(text.split())] = None

    def row(self, cells: list[str]) -> None:
        if self._inside:
            self.texts[joined(cells)] = None


class _Writing(Flow):
    """A text with headings and tables."""

    def __init__(self) -> None:
        super().__init__(GRAMMAR)
        self.pieces = Pieces()
        self._path: list[tuple[int, str]] = []
        self._level = 0
        """Of the heading that is open, 0 for none."""
        self._lists = 0
        self._in_rows = False

    def document(self, source: Source, about: Properties, kind: str, name: str = "") -> Document:
        """What was gathered; `name` is that of an object inside the file."""
        return Document(
            self.pieces.text,
            kind,
            title=about.title,
            member=source.inside(name),
            blocks=tuple(self.pieces.blocks),
            date=about.date,
            people=about.people,
            language=about.language if kind == "note" else "",
            lines=(),
            pages=tuple(self.pieces.pages),
            facts=about.facts,
        )

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "h":
            level = attribute(attributes, "outline-level") or attribute(attributes, "level")
            self._level = int(level) if level.isdecimal() and len(level) < 3 else 1
        elif name == "list-item":
            self._lists += 1
        elif name == "table" and not self.in_table:
            self._in_rows = False

    def leave(self, name: str) -> None:
        if name == "list-item":
            self._lists -= 1

    def paragraph(self, text: str) -> None:
        level, self._level = self._level, 0
        self._in_rows = False
        if not text.strip():
            return
        if level:
            name = " ".join(text.split())[:300]
            self._path = [part for part in self._path if part[0] < level] + [(level, name)]
        elif self._lists:
            text = f"- {text.lstrip()}"
        self.add(text)

    def row(self, cells: list[str]) -> None:
        self.add(joined(cells), joins=self._in_rows)
        self._in_rows = True

    def add(self, text: str, joins: bool = False) -> None:
        """Add a piece below the open headings."""
        self.pieces.add(text, heading=tuple(name for _, name in self._path), joined=joins)


class _Show(_Writing):
    """Slides, or the pages of a drawing; the first line of a slide's title is its heading."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._shown = 0
        self._frames: list[str] = []
        """What the open frames are: `title`, `outline`, …"""

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "page":
            self._number += 1
            self._path = []
        elif name in ("frame", "text-box"):
            self._frames.append(attribute(attributes, "class"))
        super().enter(name, attributes)

    def leave(self, name: str) -> None:
        if name in ("frame", "text-box") and self._frames:
            self._frames.pop()
        super().leave(name)

    def paragraph(self, text: str) -> None:
        if "title" in self._frames and not self._path and text.strip():
            self._path = [(1, " ".join(text.split())[:300])]
        super().paragraph(text)

    def add(self, text: str, joins: bool = False) -> None:
        page = self._number if self._number != self._shown else None
        self._shown = self._number
        heading = tuple(name for _, name in self._path)
        self.pieces.add(text, heading=heading, page=page or None, joined=joins and page is None)


class _Book(Flow):
    """Sheets with their rows; rows and cells may be repeated a million times, empty ones mostly are."""

    def __init__(self) -> None:
        super().__init__(GRAMMAR)
        self.sheets: list[Sheet] = []
        self._number = 0
        self._rows_repeated = 1
        self._repeats: list[int] = []

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "table" and not self.in_table:
            self.sheets.append(Sheet(attribute(attributes, "name")))
            self._number = 0
        elif name == "table-row":
            self._rows_repeated = _count(attribute(attributes, "number-rows-repeated"))
            self._repeats = []
            self._number += 1
        elif name == "table-cell" and not self.in_table:
            self._repeats.append(_count(attribute(attributes, "number-columns-repeated")))

    def leave(self, name: str) -> None:
        if name == "table-row":
            self._number += self._rows_repeated - 1
            self._rows_repeated = 1

    def paragraph(self, text: str) -> None:
        if text.strip() and self.sheets:
            self.sheets[-1].note(text)

    def row(self, cells: list[str]) -> None:
        if self.sheets:
            self.sheets[-1].row(self._number, _spread(cells, self._repeats))


def _spread(cells: Sequence[str], repeats: Sequence[int]) -> list[tuple[int, str]]:
    """Cells with their columns."""
    placed = []
    column = 0
    for text, count in zip(cells, [*repeats, *[1] * len(cells)], strict=False):
        if text:
            placed += [(column + at, text) for at in range(min(count, MOST_REPEATED))]
        column += count
    return placed


def _count(value: str) -> int:
    return int(value) if value.isdecimal() and 0 < len(value) < 9 else 1
