"""Jupyter notebooks: the cells in order, code with a little of its output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.leaves import Leaf, leaves
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

LONGEST_OUTPUT = 2_000
"""Code points kept of the text a cell printed."""


@dataclass(slots=True)
class _Cell:
    kind: str = "code"
    lines: list[Leaf] = field(default_factory=list)
    output: list[Leaf] = field(default_factory=list)


@extractor("notebook", suffixes=[".ipynb"])
def read_notebook(source: Source) -> Iterator[Document]:
    """One document, a block for each cell and each output."""
    text = text_of(source)
    try:
        found = list(leaves(text))
    except ValueError as problem:
        raise Unreadable("damaged", f"not a notebook: {problem}") from problem
    pieces = Pieces()
    heading = ""
    title = ""
    number = 0
    line_of = _Lines(text)
    for cell in _cells(found):
        number += 1
        heading = f"cell {number}"
        body = "".join(leaf.value for leaf in cell.lines)
        if cell.kind == "markdown" and not title:
            title = next((row.lstrip("# ").strip() for row in body.splitlines() if row.startswith("# ")), "")
        first = cell.lines[0].offset if cell.lines else 0
        pieces.add(body, heading=(heading,), whole=cell.kind == "code", line=line_of.at(first))
        printed = "".join(leaf.value for leaf in cell.output)[:LONGEST_OUTPUT]
        pieces.add(printed, heading=(heading, "output"), line=line_of.at(cell.output[0].offset if cell.output else 0))
    if not pieces.blocks:
        raise Unreadable("empty", "a notebook without text")
    facts = {".".join(map(str, leaf.path)): leaf.value for leaf in found if leaf.path[:1] == ("metadata",)}
    yield Document(
        pieces.text,
        "code",
        title=title,
        member=source.member,
        blocks=tuple(pieces.blocks),
        language=facts.get("metadata.language_info.name", facts.get("metadata.kernelspec.language", "python")).lower(),
        lines=(),
    )


class _Lines:
    """Line numbers of rising or falling offsets."""

    def __init__(self, text: str) -> None:
        self._text = text

    def at(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + 1


def _cells(found: list[Leaf]) -> Iterator[_Cell]:
    """Cells of format 4 (`cells`) and 3 (`worksheets/0/cells`)."""
    for _, group in groupby(found, key=_place):
        if _ is None:
            continue
        cell = _Cell()
        for leaf in group:
            inner = leaf.path[2:] if leaf.path[0] == "cells" else leaf.path[4:]
            match inner:
                case ("cell_type",):
                    cell.kind = leaf.value
                case ("source" | "input", *_rest):
                    cell.lines.append(leaf)
                case ("outputs", int(), "text", *_rest):
                    cell.output.append(leaf)
                case ("outputs", int(), "data", "text/plain", *_rest):
                    cell.output.append(leaf)
        yield cell


def _place(leaf: Leaf) -> tuple[str | int, ...] | None:
    if leaf.path[:1] == ("cells",):
        return leaf.path[:2]
    if leaf.path[:1] == ("worksheets",):
        return leaf.path[:4]
    return None
