"""What several extractors need: paragraphs, and putting a text together from pieces with its line and page maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ask.indexer.documents import Block

_BREAK = re.compile(r"\n(?:[^\S\n]*\n)+|\f")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def paragraphs(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Spans of text between blank lines, without the white space around them but with the first line's indent."""
    end = len(text) if end is None else end
    while start < end:
        gap = _BREAK.search(text, start, end)
        stop, following = gap.span() if gap else (end, end)
        if span := trimmed(text, start, stop):
            yield span
        start = following


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """`start:end` without blank lines and trailing white space around it; None when nothing is left."""
    while end > start and text[end - 1].isspace():
        end -= 1
    at = start
    while at < end and text[at].isspace():
        if text[at] == "\n":
            start = at + 1
        at += 1
    return (start, end) if start < end else None


class Pieces:
    """Builds the text of a document from pieces, and remembers where each came from."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.blocks: list[Block] = []
        self.lines: list[tuple[int, int]] = []
        self.pages: list[tuple[int, int]] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def length(self) -> int:
        """Code points so far."""
        return self._length

    def add(
        self,
        piece: str,
        *,
        heading: tuple[str, ...] = (),
        symbol: str = "",
        whole: bool = False,
        line: int | None = None,
        page: int | None = None,
        gap: str = "\n\n",
    ) -> None:
        """Append a block after a `gap`. `line` is the source line of its first line; further lines follow on.

        `page` is given with the first piece of a page.
        """
        span = trimmed(piece, 0, len(piece))
        if span is None:
            return
        line = line and line + piece.count("\n", 0, span[0])
        piece = piece[slice(*span)]
        if self._parts:
            self._append(gap)
        start = self._length
        if page is not None:
            self.pages.append((start, page))
        if line is not None:
            self._mark_lines(piece, line)
        self._append(piece)
        self.blocks.append(Block(start, self._length, heading, symbol, whole))

    def add_marked(
        self,
        piece: str,
        marks: Sequence[tuple[int, int]],
        *,
        heading: tuple[str, ...] = (),
        whole: bool = False,
    ) -> None:
        """Append a block with its own (offset in the piece, source line) pairs."""
        if self._parts:
            self._append("\n\n")
        start = self._length
        self.lines += [(start + offset, line) for offset, line in marks if offset < len(piece)]
        self._append(piece)
        self.blocks.append(Block(start, self._length, heading, "", whole))

    def _append(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)

    def _mark_lines(self, piece: str, line: int) -> None:
        offset = self._length
        for row in _LINE.finditer(piece):
            self.lines.append((offset + row.start(), line))
            line += 1
