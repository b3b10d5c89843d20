"""XML in general: the texts of its elements and the telling attributes, read as a stream with true lines.

Document types are blanked before parsing and entities other than HTML's vanish: nothing is declared, expanded or
fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.entities import html5
from xml.parsers import expat

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.html import declared_encoding, read_html, without_markup
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

SHORT = 80
"""Code points; a shorter text is a value and gets the name of its element, a longer one is prose."""

_TELLING = frozenset(
    [
        *("name", "title", "label", "value", "text", "caption", "alt", "description", "desc", "summary", "content"),
        *("key", "k", "v"),
    ]
)
"""Attributes that hold what other formats write as text."""
_PHRASE = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}")
_DECLARED = re.compile(r"\A\s*<\?xml[^>]*\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;|quot;|apos;|#)([\w.:-]{1,64};)?")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SUFFIXES = [
    ".xml",
    ".svg",
    ".xsd",
    ".xsl",
    ".xslt",
    ".plist",
    ".kml",
    ".gpx",
    ".xaml",
    ".resx",
    ".xlf",
    ".tei",
    ".dbk",
]


@extractor("xml", suffixes=_SUFFIXES, magic=[b"<?xml"])
def read_xml(source: Source) -> Iterator[Document]:
    """One document with a line for each text; the text of the file itself where the tags hold none."""
    text = text_of(source, declared_encoding(source.data))
    if "<html" in text[:2_000]:
        yield from read_html(source)
        return
    try:
        pieces = _read(text)
    except expat.ExpatError:
        yield _document(source, without_markup(text))
        return
    if not pieces.blocks:
        yield _document(source, text)
        return
    yield Document(pieces.text, "data", member=source.member, blocks=tuple(pieces.blocks), lines=tuple(pieces.lines))


def _document(source: Source, text: str) -> Document:
    if not text.strip():
        raise Unreadable("empty")
    blocks = tuple(Block(start, end) for start, end in paragraphs(text))
    return Document(text, "data", member=source.member, blocks=blocks)


def _read(text: str) -> Pieces:
    reader = _Reader()
    reader.parser.Parse(without_declarations(text).encode(), True)
    return reader.pieces


def without_declarations(text: str) -> str:
    """The same lines without declarations, unknown entities and characters that XML forbids."""
    text = _DECLARED.sub(lambda match: "\n" * match.group().count("\n"), text)
    text = _ENTITY.sub(lambda match: html5.get(match.group(1), " ") if match.group(1) else "&amp;", text)
    return _NOT_XML.sub(" ", text)


class _Reader:
    """What expat calls back. Every second child of the root begins a new block: it is most often a record."""

    def __init__(self) -> None:
        self.pieces = Pieces()
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._gather
        self._names: list[str] = []
        self._texts: list[str] = []
        self._fresh = True
        """The next piece begins a block."""

    def _start(self, name: str, attributes: Sequence[str]) -> None:
        self._flush()
        self._names.append(name.rpartition(":")[2])
        self._fresh = self._fresh or len(self._names) <= 2
        line = self.parser.CurrentLineNumber
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            local = key.rpartition(":")[2]
            if local.lower() in _TELLING or _PHRASE.search(value):
                self._add(local, value, line)

    def _end(self, _name: str) -> None:
        self._flush()
        self._names.pop()
        self._fresh = self._fresh or len(self._names) <= 1

    def _gather(self, text: str) -> None:
        self._texts.append(text)

    def _flush(self) -> None:
        if not self._texts:
            return
        text = "".join(self._texts).lstrip()
        self._texts.clear()
        if text:
            name = self._names[-1] if self._names else ""
            self._add(name, text, self.parser.CurrentLineNumber - text.count("\n"))

    def _add(self, name: str, text: str, line: int) -> None:
        value = " ".join(text.split())
        if value:
            piece = f"{name}: {value}" if len(value) < SHORT else value
            self.pieces.add(piece, line=line, joined=not self._fresh)
            self._fresh = False
