"""Web pages and XML: readable text with headings, through lxml's forgiving parsers.

The walk keeps every text a reader would see except navigation, and remembers the source line of each piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.moments import moment
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

if TYPE_CHECKING:
    from lxml.etree import _Element

_DROPPED = frozenset(
    "script style noscript template svg math head object embed iframe audio video canvas map select option datalist "
    "button input nav menu dialog".split()
)
_BLOCKS = frozenset(
    "html body address article aside blockquote center dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr legend li main ol p pre section summary table tbody td tfoot th thead tr "
    "caption ul br frameset noframes".split()
)
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']([\w.:-]+)""", re.I)
_DATES = frozenset(
    "article:published_time og:published_time datepublished date dc.date dc.date.created dcterms.created "
    "dcterms.date pubdate publish-date publish_date parsely-pub-date sailthru.date".split()
)
_BLANKS = re.compile(r"\s+")


@extractor(
    "html",
    suffixes=[".html", ".htm", ".xhtml", ".xht", ".shtml"],
    magic=[b"<!DOCTYPE html", b"<!doctype html", b"<!DOCTYPE HTML", b"<html", b"<HTML"],
)
def read_html(source: Source) -> Iterator[Document]:
    """One document: what a reader of the page would see."""
    root = _html_tree(source)
    walk = _Walk()
    walk.page(root)
    if not walk.pieces.blocks:
        raise Unreadable("empty", "a page without text")
    meta = _meta(root)
    yield Document(
        walk.pieces.text,
        "page",
        title=_title(root) or meta.get("og:title", ""),
        member=source.member,
        blocks=tuple(walk.pieces.blocks),
        date=_date(meta),
        people=tuple(meta[name] for name in ("author",) if meta.get(name)),
        language=(root.get("lang") or "").split("-")[0].lower(),
        lines=tuple(walk.pieces.lines),
        facts={"description": text} if (text := meta.get("description", "")) else {},
    )


def declared_encoding(data: bytes) -> str:
    """The encoding that a page or XML file names in its first bytes; empty when it names none."""
    match = _CHARSET.search(data, 0, 4096)
    return (match.group(1) or match.group(2)).decode("ascii", "replace") if match else ""


def _html_tree(source: Source) -> _Element:
    from lxml import etree

    text = text_of(source, declared_encoding(source.data))
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.LxmlError as problem:
        raise Unreadable("damaged", str(problem)) from problem
    if root is None:
        raise Unreadable("empty", "a page without text")
    return root


class _Walk:
    """One pass over the tree without recursion; text between block elements is gathered and added as a piece."""

    def __init__(self) -> None:
        self.pieces = Pieces()
        self._path: list[tuple[int, str]] = []
        self._inline: list[tuple[str, int]] = []
        self._line = 1
        self._pre = 0
        self._cells = 0

    def page(self, root: _Element) -> None:
        from lxml import etree

        events = etree.iterwalk(root, events=("start", "end", "comment"))
        for event, element in events:
            if event == "comment":
                self._seen(element)
                self._line += (element.text or "").count("\n")
                self._text(element.tail)
            elif event == "end":
                self._leave(element)
                self._text(element.tail)
            else:
                self._seen(element)
                if element.tag in _DROPPED:
                    events.skip_subtree()
                    continue
                self._enter(element)
                self._text(element.text)
        self._flush()

    def _seen(self, element: _Element) -> None:
        self._line = max(self._line, element.sourceline or 0)

    def _enter(self, element: _Element) -> None:
        tag = element.tag
        if tag == "br":
            self._inline.append(("\n", self._line))
        elif tag in ("td", "th"):
            if self._cells:
                self._inline.append((" | ", self._line))
            self._cells += 1
        elif tag in _BLOCKS and not (self._cells and tag != "tr"):
            self._flush()
            self._pre += tag == "pre"
            self._cells = 0
            if tag == "li":
                self._inline.append(("- ", self._line))

    def _leave(self, element: _Element) -> None:
        tag = element.tag
        if tag == "tr":
            self._flush()
            self._cells = 0
        elif tag in _BLOCKS and tag != "br" and not self._cells:
            self._heading(tag)
            self._flush()
            self._pre -= tag == "pre"

    def _heading(self, tag: str) -> None:
        if len(tag) != 2 or tag[0] != "h" or not tag[1].isdigit():
            return
        level = int(tag[1])
        name = _BLANKS.sub(" ", "".join(text for text, _ in self._inline)).strip()
        if name:
            self._path = [(above, other) for above, other in self._path if above < level] + [(level, name)]

    def _text(self, text: str | None) -> None:
        if not text:
            return
        for number, part in enumerate(text.split("\n")):
            if number:
                self._line += 1
                self._inline.append(("\n" if self._pre else " ", self._line))
            if part:
                self._inline.append((part, self._line))

    def _flush(self) -> None:
        inline, self._inline = self._inline, []
        text, marks = _joined(inline, bool(self._pre))
        if text.strip(" -|\n"):
            self.pieces.add_marked(text, marks, heading=tuple(name for _, name in self._path), whole=bool(self._pre))


def _joined(inline: list[tuple[str, int]], pre: bool) -> tuple[str, list[tuple[int, int]]]:
    """One text from inline pieces, blanks collapsed except in `pre`, with (offset, source line) of each line in it."""
    parts: list[str] = []
    marks: list[tuple[int, int]] = []
    length = 0
    for text, line in inline:
        if not pre and text != "\n":
            text = _BLANKS.sub(" ", text)
            if not parts or parts[-1][-1] in " \n":
                text = text.lstrip()
        if not text:
            continue
        if text.strip() and (not marks or marks[-1][1] != line):
            marks.append((length, line))
        parts.append(text)
        length += len(text)
    return "".join(parts).rstrip(), marks


def _title(root: _Element) -> str:
    for title in root.iter("title"):
        return _BLANKS.sub(" ", "".join(title.itertext())).strip()
    return ""


def _meta(root: _Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        if content := (meta.get("content") or "").strip():
            found.setdefault(name, content)
    return found


def _date(meta: dict[str, str]) -> datetime | None:
    for name, value in meta.items():
        if name in _DATES and (date := moment(value)):
            return date
    return None


@extractor(
    "xml",
    suffixes=[".xml", ".svg", ".xsd", ".xsl", ".xslt", ".plist", ".kml", ".gpx", ".xaml", ".resx"],
    magic=[b"<?xml"],
)
def read_xml(source: Source) -> Iterator[Document]:
    """One document with the texts of all elements; without any, the text of the file itself."""
    text = text_of(source, declared_encoding(source.data))
    pieces = _xml_pieces(text)
    if not pieces.blocks:
        yield Document(text, "data", member=source.member)
        return
    yield Document(pieces.text, "data", member=source.member, blocks=tuple(pieces.blocks), lines=tuple(pieces.lines))


def _xml_pieces(text: str) -> Pieces:
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    pieces = Pieces()
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.LxmlError:
        return pieces
    if root is None:
        return pieces
    for _, element in etree.iterwalk(root, events=("start",)):
        name = etree.QName(element).localname if isinstance(element.tag, str) else ""
        for part in (element.text, *(child.tail for child in element)):
            if words := _BLANKS.sub(" ", part or "").strip():
                pieces.add(f"{name}: {words}" if len(words) < 80 else words, line=element.sourceline, gap="\n")
    return pieces
