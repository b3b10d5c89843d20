"""Jupyter notebooks: the cells in order, code with the beginning of what it printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.leaves import Leaf, Lines, leaves
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import normalise

LONGEST_OUTPUT = 2_000
"""Code points kept of the text a cell printed."""


@dataclass(slots=True)
class _Cell:
    """The strings of a cell, which are its lines in most notebooks."""

    kind: str = "code"
    source: list[Leaf] = field(default_factory=list)
    printed: list[Leaf] = field(default_factory=list)


@extractor("notebook", suffixes=[".ipynb"])
def read_notebook(source: Source) -> Iterator[Document]:
    """One document, a block for each cell and each output; lines are those of the file."""
    text = text_of(source)
    try:
        found = list(leaves(text))
    except ValueError as problem:
        raise Unreadable("damaged", f"not a notebook: {problem}") from problem
    cells = list(_cells(found))
    lines = Lines(text)
    pieces = Pieces()
    for number, cell in enumerate(cells, 1):
        body, marks = _joined(cell.source, lines)
        pieces.add(body, heading=(f"cell {number}",), whole=cell.kind == "code", marks=marks)
        printed, marks = _joined(cell.printed, lines)
        pieces.add(_beginning(printed), heading=(f"cell {number}", "output"), marks=marks)
    if not pieces.blocks:
        raise Unreadable("empty", "a notebook without text")
    yield Document(
        pieces.text,
        "code",
        title=_title(found, cells),
        member=source.member,
        blocks=tuple(pieces.blocks),
        language=_language(found),
        lines=tuple(pieces.lines),
    )


def _cells(found: Sequence[Leaf]) -> Iterator[_Cell]:
    """Cells of format 4 (`cells`) and 3 (`worksheets/0/cells`), in order."""
    for place, group in groupby(found, key=_place):
        if place is None:
            continue
        cell = _Cell()
        for leaf in group:
            match leaf.path[len(place) :]:
                case ("cell_type",):
                    cell.kind = leaf.value
                case ("source" | "input", *_):
                    cell.source.append(leaf)
                case ("outputs", int(), "text", *_) | ("outputs", int(), "data", "text/plain", *_):
                    cell.printed.append(leaf)
                case ("outputs", int(), "ename" | "evalue"):
                    cell.printed.append(leaf)
        yield cell


def _place(leaf: Leaf) -> tuple[str | int, ...] | None:
    """The path of the cell that holds a leaf."""
    depth = {"cells": 2, "worksheets": 4}.get(str(leaf.path[0])) if leaf.path else None
    return leaf.path[:depth] if depth else None


def _joined(strings: Sequence[Leaf], lines: Lines) -> tuple[str, list[tuple[int, int]]]:
    """One text, and the source line of each string in it. What different outputs printed is set apart."""
    parts: list[str] = []
    marks: list[tuple[int, int]] = []
    length = 0
    before: tuple[str | int, ...] = ()
    for leaf in strings:
        value = normalise(leaf.value)
        goes_on = leaf.path[:-1] == before and isinstance(leaf.path[-1], int)
        if parts and not goes_on and not parts[-1].endswith("\n"):
            value = f"\n{value}"
        before = leaf.path[:-1]
        marks.append((length + (len(value) - len(value.lstrip("\n"))), lines.at(leaf.offset)))
        parts.append(value)
        length += len(value)
    return "".join(parts), marks


def _beginning(printed: str) -> str:
    if len(printed) <= LONGEST_OUTPUT:
        return printed
    return printed[: printed.rfind("\n", 0, LONGEST_OUTPUT) + 1 or LONGEST_OUTPUT]


def _title(found: Sequence[Leaf], cells: Sequence[_Cell]) -> str:
    stated = next((leaf.value for leaf in found if leaf.path == ("metadata", "title")), "")
    if stated:
        return stated
    for cell in cells:
        for row in "".join(leaf.value for leaf in cell.source).split("\n") if cell.kind == "markdown" else ():
            if row.startswith("# "):
                return row[2:].strip(" #*`")
    return ""


def _language(found: Sequence[Leaf]) -> str:
    wanted = (("metadata", "language_info", "name"), ("metadata", "kernelspec", "language"), ("metadata", "language"))
    said = {leaf.path: leaf.value for leaf in found if leaf.path in wanted}
    return next((said[path].lower() for path in wanted if path in said), "python")
