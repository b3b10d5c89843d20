"""Presentations (pptx and its kin): a page for each slide, with its title, tables, notes, comments and charts."""

from __future__ import annotations

from collections.abc import Mapping

from ask.indexer.documents import Document
from ask.indexer.extract.flow import OPEN_XML, Flow, Texts, joined
from ask.indexer.extract.package import Package, attribute
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.properties import properties

_TITLES = frozenset(["title", "ctrTitle"])
_NUMBERS = frozenset(["sldNum", "dt", "sldImg"])
_MARGINS = frozenset(["ftr", "hdr"])
"""Placeholders that all slides repeat."""
_BESIDE = frozenset(["comments", "chart", "diagramData", "notesSlide"])


def slides_document(package: Package, main: str) -> Document | None:
    """The presentation whose main part is `main`; None when there is no text in it."""
    pieces = Pieces()
    repeated: dict[str, None] = {}
    for number, name in enumerate(_slides(package, main), 1):
        slide = _Slide()
        package.xml(name, slide)
        heading = (slide.title,) if slide.title else ()
        texts = [slide.title, *slide.texts, *_beside(package, name)]
        page: int | None = number
        for text in dict.fromkeys(filter(None, texts)):
            pieces.add(text, heading=heading, page=page)
            page = None
        repeated |= dict.fromkeys(slide.margins)
    pieces.add("\n".join(repeated))
    if not pieces.blocks:
        return None
    about = properties(package, package.find("docProps/core.xml"))
    return Document(
        pieces.text,
        "slides",
        title=about.title or next((block.heading[0] for block in pieces.blocks[:1] if block.heading), ""),
        member=package.source.member,
        blocks=tuple(pieces.blocks),
        date=about.date,
        people=about.people,
        lines=(),
        pages=tuple(pieces.pages),
        facts=about.facts,
    )


class _Order:
    """The slides in the order in which they are shown."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag.endswith("}sldId"):
            self.keys.append(next((value for key, value in attributes.items() if key.endswith("}id")), ""))

    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


def _slides(package: Package, main: str) -> list[str]:
    order = _Order()
    package.xml(main, order)
    targets = {each.id: each.target for each in package.relations(main) if each.kind == "slide"}
    named = [found for key in order.keys if (found := package.find(targets.get(key, "")))]
    return list(dict.fromkeys(named + package.matching(r"ppt/slides/slide\d+\.xml")))


def _beside(package: Package, slide: str) -> list[str]:
    """Notes, comments, charts and diagrams of a slide."""
    found: list[str] = []
    for relation in package.relations(slide):
        if relation.external or relation.kind not in _BESIDE:
            continue
        if relation.kind == "notesSlide":
            notes = _Slide()
            package.xml(relation.target, notes)
            found += notes.texts
        elif relation.kind == "comments":
            found += comments(package, relation.target)
        else:
            texts = Texts()
            package.xml(relation.target, texts)
            found.append("\n".join(texts.found))
    return found


class _Slide(Flow):
    """The title and the other texts of a slide."""

    def __init__(self) -> None:
        super().__init__(OPEN_XML)
        self.title = ""
        self.texts: list[str] = []
        self.margins: list[str] = []
        """Headers and footers."""
        self._place = ""
        """Type of the placeholder of the open shape."""
        self._in_rows = False

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "ph":
            self._place = attribute(attributes, "type")
        elif name in ("sp", "tbl"):
            self._place, self._in_rows = "", False

    def leave(self, name: str) -> None:
        if name == "sp":
            self._place = ""

    def paragraph(self, text: str) -> None:
        self._in_rows = False
        if self._place in _TITLES:
            self.title = " ".join([self.title, *text.split()]).strip()
        elif text.strip() and self._place not in _NUMBERS:
            (self.margins if self._place in _MARGINS else self.texts).append(text)

    def row(self, cells: list[str]) -> None:
        if self._in_rows:
            self.texts[-1] += "\n" + joined(cells)
        else:
            self.texts.append(joined(cells))
        self._in_rows = True


class _Comments:
    """Texts of comments: `<text>` in old presentations and new workbooks, paragraphs in new presentations."""

    def __init__(self, holders: frozenset[str]) -> None:
        self.found: list[str] = []
        self._holders = holders
        self._open: list[str] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag.rpartition("}")[2] in self._holders:
            self._open = []

    def data(self, text: str) -> None:
        if self._open is not None:
            self._open.append(text)

    def end(self, tag: str) -> None:
        if self._open is not None and tag.rpartition("}")[2] in self._holders:
            self.found.append(" ".join("".join(self._open).split()))
            self._open = None

    def close(self) -> None: ...


def comments(package: Package, name: str) -> list[str]:
    """The comments in a part of a presentation or workbook."""
    target = _Comments(frozenset(["text", "txBody"]))
    package.xml(name, target)
    return target.found
