"""JSON and JSON Lines as `key: value` lines, a block for each record, each line with its place in the source.

Flattened text is found better than braces and escapes, and works the same for files on one line. What is not JSON
after all (comments, trailing commas, damage) is read as settings, with the text of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.leaves import Leaf, Lines, leaves
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.settings import settings_document
from ask.indexer.text import normalise

LARGEST = 25_000_000
"""Code points of JSON that are read: it takes about a second for each million."""
LONGEST_LIST = 2_000
"""Code points kept of a list of numbers: longer ones are coordinates and measurements."""
LONGEST_LINE = 300
"""Code points after which a list of plain values goes on in a new line."""
BLOB = 1_000
"""Code points; a longer string without a single blank is encoded data."""


@extractor("json", suffixes=[".json", ".geojson", ".webmanifest", ".har", ".topojson"])
def read_json(source: Source) -> Iterator[Document]:
    """One document of kind "data"; "config" when it is no JSON."""
    text = _text(source)
    writer = _Writer(text)
    try:
        writer.write(leaves(text))
    except ValueError:
        yield settings_document(source, text)
        return
    yield writer.document(source)


@extractor("json lines", suffixes=[".jsonl", ".ndjson", ".jsonlines"])
def read_json_lines(source: Source) -> Iterator[Document]:
    """One document, a block for each line. Lines that are no JSON are kept as they are."""
    text = _text(source)
    writer = _Writer(text)
    for number, match in enumerate(re.finditer(r"[^\n]+", text)):
        try:
            record = list(leaves(text, *match.span(), above=(number,)))
        except ValueError:
            record = [Leaf((number, ""), match.group(), match.start(), True)]
        writer.write(record)
    yield writer.document(source)


def _text(source: Source) -> str:
    text = text_of(source)
    if len(text) > LARGEST:
        raise Unreadable("too large", f"more than {LARGEST // 1_000_000} million characters of JSON")
    return text


class _Place(NamedTuple):
    """Where a value belongs. Values of one place stand on one line."""

    record: tuple[str | int, ...]
    """An object of the outermost list, a list of rows, or the outermost key. Lines of a record make a block."""
    row: int
    """Position in a list of rows."""
    heading: tuple[str, ...]
    """Keys above the record."""
    key: str
    """Keys inside the record, with dots."""


def _place(leaf: Leaf) -> _Place:
    path = leaf.path
    depth = next((depth for depth, part in enumerate(path) if isinstance(part, int)), len(path))
    outer, inner = tuple(map(str, path[:depth])), path[depth + 1 :]
    if not inner:  # a value of an object, or of a list of plain values
        return _Place(outer[:1], 0, (), ".".join(outer))
    keys = [part for part in inner if isinstance(part, str)]
    if keys:
        return _Place(path[: depth + 1], 0, outer, ".".join(keys))
    return _Place((*outer, -1), int(path[depth]), outer, "")


class _Writer:
    """Turns values into lines, lines into blocks."""

    def __init__(self, text: str) -> None:
        self._lines = Lines(text)
        self._pieces = Pieces()
        self._title = ""

    def write(self, values: Iterable[Leaf]) -> None:
        """Add a whole JSON text. Raises ValueError where `values` does."""
        before: _Place | None = None
        for place, group in groupby(values, key=_place):
            for leaf, line in _rows(group):
                piece = normalise(f"{place.key}: {line}" if place.key else line)
                joined = before is not None and before.record == place.record
                marks = [(0, self._lines.at(leaf.offset))]
                self._pieces.add(piece, heading=place.heading, marks=marks, joined=joined)
                before = place
                if leaf.path in (("title",), ("name",)) and leaf.quoted and not self._title:
                    self._title = " ".join(line.split())[:200]

    def document(self, source: Source) -> Document:
        """Everything written so far. Raises `Unreadable("empty")`."""
        pieces = self._pieces
        if not pieces.blocks:
            raise Unreadable("empty", "no value in it")
        blocks, lines = tuple(pieces.blocks), tuple(pieces.lines)
        return Document(pieces.text, "data", self._title, source.member, blocks, lines=lines)


def _rows(group: Iterable[Leaf]) -> Iterator[tuple[Leaf, str]]:
    """Values joined to lines of bearable length, each with its first value; blobs and masses of numbers left out."""
    first: Leaf | None = None
    row = ""
    numbers = 0
    for leaf in group:
        numbers += 0 if leaf.quoted else len(leaf.value)
        if not _worth(leaf) or (numbers > LONGEST_LIST and not leaf.quoted):
            continue
        if first is not None and len(row) + len(leaf.value) > LONGEST_LINE:
            yield first, row
            first = None
        row = leaf.value if first is None else f"{row}, {leaf.value}"
        first = first or leaf
    if first is not None:
        yield first, row


def _worth(leaf: Leaf) -> bool:
    if not leaf.quoted:
        return leaf.value != "null"
    return bool(leaf.value.strip()) and (len(leaf.value) < BLOB or any(c.isspace() for c in leaf.value))
