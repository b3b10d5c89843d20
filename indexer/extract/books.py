"""Books: EPUB, whose chapters are web pages in the order of its spine, and FictionBook, one XML file."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.flow import Flow, Grammar, joined
from ask.indexer.extract.html import read_html
from ask.indexer.extract.package import Package, local, parse_xml
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.properties import Metadata
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.unpack import STEP, Damaged

_PAGES = r".*\.(x?html?|xht)"


def book_document(package: Package) -> Document | None:
    """The book in an EPUB as one document, a page for each chapter; None when there is no text in it."""
    about = _Contents()
    main = package.find(_main(package))
    package.xml(main, about)
    pieces = Pieces()
    for number, name in enumerate(about.chapters(package, main) or package.matching(_PAGES), 1):
        _chapter(package, name, number, pieces)
    if not pieces.blocks:
        if package.find("META-INF/encryption.xml") and package.find("META-INF/rights.xml"):
            raise Unreadable("encrypted", "the book is protected")
        return None
    said = about.properties()
    return Document(
        pieces.text,
        "paper",
        said.title,
        package.source.member,
        tuple(pieces.blocks),
        said.date,
        said.people,
        said.language,
        lines=(),
        pages=tuple(pieces.pages),
        facts=said.facts,
    )


def _chapter(package: Package, name: str, number: int, pieces: Pieces) -> None:
    source = replace(package.source, data=package.read(name), name=name.rpartition("/")[2])
    if not source.data:
        return
    with suppress(Unreadable):
        for page in read_html(source):
            where: int | None = number
            for block in page.blocks:
                heading = block.heading or ((page.title,) if page.title else ())
                pieces.add(page.text[block.start : block.end], heading=heading, page=where)
                where = None


class _Container(Metadata):
    """Finds the part that describes the book."""

    def __init__(self) -> None:
        super().__init__()
        self.path = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if local(tag) == "rootfile" and not self.path:
            self.path = attributes.get("full-path", "")


def _main(package: Package) -> str:
    container = _Container()
    package.xml("META-INF/container.xml", container)
    return package.find(container.path) or next(iter(package.matching(r".*\.opf")), "")


class _Contents(Metadata):
    """The metadata of a book, its files and their order."""

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, str] = {}
        self._spine: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        super().start(tag, attributes)
        if local(tag) == "item":
            self._files[attributes.get("id", "")] = attributes.get("href", "")
        elif local(tag) == "itemref":
            self._spine.append(attributes.get("idref", ""))

    def chapters(self, package: Package, main: str) -> list[str]:
        """Names of the parts in the order of reading."""
        folder = posixpath.dirname(main)
        names = (posixpath.normpath(posixpath.join(folder, unquote(self._files.get(key, "")))) for key in self._spine)
        return list(dict.fromkeys(found for name in names if (found := package.find(name))))


_FICTION = Grammar(
    paragraphs=frozenset(["p", "v", "subtitle", "text-author"]),
    texts=frozenset(),
    tables=frozenset(["table"]),
    rows=frozenset(["tr"]),
    cells=frozenset(["td", "th"]),
    unseen=frozenset(["binary", "stylesheet", "description"]),
)


class _Fiction(Flow):
    def __init__(self) -> None:
        super().__init__(_FICTION)
        self.pieces = Pieces()
        self._path: list[str] = []
        self._in_title = False

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "section":
            self._path.append("")
        elif name == "title":
            self._in_title = True

    def leave(self, name: str) -> None:
        if name == "section" and self._path:
            self._path.pop()
        elif name == "title":
            self._in_title = False

    def paragraph(self, text: str) -> None:
        if self._in_title and self._path:
            self._path[-1] = f"{self._path[-1]} {' '.join(text.split())}".strip()
        self.pieces.add(text, heading=tuple(filter(None, self._path)))

    def row(self, cells: list[str]) -> None:
        self.paragraph(joined(cells))


class _FictionAbout:
    """What the description says: title, authors, date, language."""

    def __init__(self) -> None:
        self.title = self.language = ""
        self.people: dict[str, None] = {}
        self._person: list[str] = []
        self._text: list[str] = []
        self._open: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._open.append(local(tag))
        self._text = []
        if local(tag) == "author":
            self._person = []

    def data(self, text: str) -> None:
        if "title-info" in self._open:
            self._text.append(text)

    def end(self, tag: str) -> None:
        text = " ".join("".join(self._text).split())
        self._text = []
        if self._open:
            self._open.pop()
        name = local(tag)
        if name in ("first-name", "middle-name", "last-name", "nickname") and "author" in self._open and text:
            self._person.append(text)
        elif name == "author" and "title-info" in self._open and self._person:
            self.people[" ".join(self._person)] = None
        elif name == "book-title":
            self.title = self.title or text
        elif name == "lang":
            self.language = self.language or text[:2].lower()

    def close(self) -> None: ...


@extractor("fictionbook", suffixes=[".fb2"])
def read_fiction(source: Source) -> Iterator[Document]:
    """One book with its sections as headings."""
    flow, about = _Fiction(), _FictionAbout()
    for target in (flow, about):
        with suppress(Damaged):
            parse_xml((source.data[at : at + STEP] for at in range(0, len(source.data), STEP)), target)
    if not flow.pieces.blocks:
        raise Unreadable("empty")
    yield Document(
        flow.pieces.text,
        "paper",
        about.title,
        source.member,
        tuple(flow.pieces.blocks),
        people=tuple(about.people),
        language=about.language,
        lines=(),
    )
