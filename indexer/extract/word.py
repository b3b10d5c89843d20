"""Word documents (docx and its kin): text, tables, notes, comments, text boxes, charts, with headings and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.flow import OPEN_XML, Flow, Texts, joined
from ask.indexer.extract.package import Package, attribute, local, parse_xml
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.properties import properties
from ask.indexer.extract.registry import Source
from ask.indexer.extract.unpack import STEP, Damaged

TITLE = 0
"""Level of a paragraph in the style of a title."""
DEEPEST = 9
_NOTES = r"word/(footnotes|endnotes|comments)\d*\.xml"
_MARGINS = r"word/(header|footer)\d*\.xml"
_DRAWN = r"word/(charts/chart|diagrams/data)\d*\.xml"


def word_document(package: Package, main: str) -> Document | None:
    """The document whose main part is `main`; None when there is no text in it."""
    flow = _Body(_levels(package))
    package.xml(main, flow)
    for name in package.matching(_NOTES):
        flow.begin_part()
        package.xml(name, flow)
    for text in _repeated(package):
        flow.pieces.add(text)
    pieces = flow.pieces
    if not pieces.blocks:
        return None
    about = properties(package, package.find("docProps/core.xml"))
    return Document(
        pieces.text,
        title=about.title or flow.title,
        member=package.source.member,
        blocks=tuple(pieces.blocks),
        date=about.date,
        people=about.people,
        lines=(),
        pages=tuple(pieces.pages) if flow.page > 1 else (),
        facts=about.facts,
    )


def is_flat_word(data: bytes) -> bool:
    """A document of Word 2003 or later in a single XML file."""
    head = data[:4000]
    return head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<?xml") and (
        b"wordDocument" in head or b"2006/xmlPackage" in head
    )


def flat_word_document(source: Source) -> Document:
    """The document in a single XML file. Raises `Unreadable("empty")`."""
    flow = _Body({f"Heading{level}": level for level in range(1, DEEPEST + 1)})
    with suppress(Damaged):
        parse_xml((source.data[at : at + STEP] for at in range(0, len(source.data), STEP)), flow)
    if not flow.pieces.blocks:
        raise Unreadable("empty")
    blocks = tuple(flow.pieces.blocks)
    return Document(flow.pieces.text, title=flow.title, member=source.member, blocks=blocks, lines=())


def _repeated(package: Package) -> Iterator[str]:
    """Texts of margins, which all sections repeat, each once; and of charts and diagrams."""
    for pattern in (_MARGINS, _DRAWN):
        texts = Texts()
        for name in package.matching(pattern):
            package.xml(name, texts)
        yield "\n".join(texts.found)


@dataclass(slots=True)
class _Style:
    name: str = ""
    level: int | None = None
    based_on: str = ""


class _Styles:
    """Reads what styles are called, their outline levels and what they inherit from."""

    def __init__(self) -> None:
        self.found: dict[str, _Style] = {}
        self._style = _Style()

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "style":
            self._style = _Style()
            self.found[attribute(attributes, "styleId")] = self._style
        elif name == "name":
            self._style.name = attribute(attributes, "val").lower()
        elif name == "basedOn":
            self._style.based_on = attribute(attributes, "val")
        elif name == "outlineLvl":
            self._style.level = level_of(attribute(attributes, "val"))

    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...

    def level(self, key: str) -> int | None:
        for _ in range(10):  # styles may inherit from one another in a circle
            style = self.found.get(key)
            if style is None:
                return None
            if style.level is not None:
                return style.level
            if style.name == "title":
                return TITLE
            if style.name.startswith("heading "):
                return level_of(style.name.removeprefix("heading "), first=1)
            key = style.based_on
        return None


def level_of(value: str, first: int = 0) -> int | None:
    """A level of headings, 1 for the highest, from a number that counts from `first`; None for body text."""
    level = int(value) - first + 1 if value.isdecimal() and len(value) < 3 else DEEPEST + 1
    return level if level <= DEEPEST else None


def _levels(package: Package) -> Mapping[str, int]:
    styles = _Styles()
    package.xml("word/styles.xml", styles)
    levels = {key: styles.level(key) for key in styles.found}
    return {key: level for key, level in levels.items() if level is not None}


class _Body(Flow):
    """Adds paragraphs and rows to pieces, below their headings."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        super().__init__(OPEN_XML)
        self.pieces = Pieces()
        self.title = ""
        self.page = 1
        self._shown = 0
        """Last page that a piece was said to be on."""
        self._levels = levels
        self._level: int | None = None
        self._path: list[tuple[int, str]] = []
        self._listed = False
        self._says = ""
        """Who wrote the open comment."""
        self._in_rows = False

    def begin_part(self) -> None:
        """What follows is not below the last heading."""
        self._path, self._in_rows = [], False

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "p":
            self._level, self._listed = None, False
        elif name == "pStyle":
            self._level = self._levels.get(attribute(attributes, "val"))
        elif name == "outlineLvl":
            self._level = level_of(attribute(attributes, "val"))
        elif name == "numPr":
            self._listed = True
        elif name == "lastRenderedPageBreak":
            self.page += 1
        elif name == "tbl" and not self.in_table:
            self._in_rows = False
        elif name == "comment":
            self._says = attribute(attributes, "author")

    def leave(self, name: str) -> None:
        if name == "comment":
            self._says = ""

    def paragraph(self, text: str) -> None:
        level, self._level = self._level, None
        self._in_rows = False
        if not text.strip():
            return
        if level is not None:
            self._open_section(level, " ".join(text.split())[:300])
        elif self._says:
            text = f"{self._says}: {text}"
        elif self._listed:
            text = f"- {text}"
        self._add(text)

    def row(self, cells: list[str]) -> None:
        self._add(joined(cells), joins=self._in_rows)
        self._in_rows = True

    def _open_section(self, level: int, name: str) -> None:
        if level == TITLE:
            self.title = self.title or name
        else:
            self._path = [part for part in self._path if part[0] < level] + [(level, name)]

    def _add(self, text: str, joins: bool = False) -> None:
        page = self.page if self.page != self._shown else None
        self._shown = self.page
        self.pieces.add(text, heading=tuple(name for _, name in self._path), page=page, joined=joins)
