"""What several extractors need: paragraphs, and a text put together from pieces with its line and page maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ask.indexer.documents import Block

_RUN = r"[^\S\n]*+\S[^\n]*+(?:\n[^\S\n]*+\S[^\n]*+)*+"  # possessive: never looks at white space twice
_FROM_HERE = re.compile(_RUN)
_FROM_LINE_START = re.compile(f"^{_RUN}", re.MULTILINE)


def paragraphs(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Spans of text between blank lines, without the white space around them but with the first line's indent."""
    end = len(text) if end is None else end
    if 0 < start < end and text[start - 1] != "\n" and (match := _FROM_HERE.match(text, start, end)):
        yield start + len(match.group()) - len(match.group().lstrip()), start + len(match.group().rstrip())
        start = match.end()
    for match in _FROM_LINE_START.finditer(text, start, end):
        yield match.start(), match.start() + len(match.group().rstrip())


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """`start:end` without blank lines and trailing white space around it; None when nothing is left."""
    body = text[start:end]
    kept = len(body.rstrip())
    if not kept:
        return None
    indent = len(body) - len(body.lstrip())
    return start + body.rfind("\n", 0, indent) + 1, start + kept


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
        marks: Sequence[tuple[int, int]] = (),
        page: int | None = None,
        joined: bool = False,
    ) -> None:
        """Append a piece as a block, or as one more line of the last block when it is `joined`.

        Where it comes from is told by `line`, the source line of its first line when its lines are those of the
        source, or by `marks`, (offset in the piece, source line) pairs. `page` is given with a page's first piece.
        """
        span = trimmed(piece, 0, len(piece))
        if span is None:
            return
        joined = joined and bool(self.blocks)
        if self._parts:
            self._append("\n" if joined else "\n\n")
        start = self._length
        if line is not None:
            marks = _line_marks(piece, line)
        if marks:
            self._mark(marks, start - span[0], start, start + span[1] - span[0])
        if page is not None:
            self.pages.append((start, page))
        self._append(piece[slice(*span)])
        if joined:
            last = self.blocks[-1]
            self.blocks[-1] = Block(last.start, self._length, last.heading, last.symbol, last.whole)
        else:
            self.blocks.append(Block(start, self._length, heading, symbol, whole))

    def _append(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)

    def _mark(self, marks: Sequence[tuple[int, int]], shift: int, start: int, end: int) -> None:
        """Remember marks moved by `shift`; what stands at `start` is on the line of the last mark up to there."""
        if len(marks) == 1:
            pairs = [(start, marks[0][1])]
        else:
            pairs = [(offset + shift, line) for offset, line in marks if offset + shift < end]
        before = [line for offset, line in pairs if offset <= start] or [line for _, line in pairs[:1]]
        for offset, line in [(start, line) for line in before[-1:]] + [pair for pair in pairs if pair[0] > start]:
            if self.lines and self.lines[-1][0] == offset:
                self.lines.pop()  # nothing stood there
            if not self.lines or self.lines[-1][1] != line:
                self.lines.append((offset, line))


def _line_marks(piece: str, line: int) -> list[tuple[int, int]]:
    marks = [(0, line)]
    at = piece.find("\n")
    while at >= 0:
        line += 1
        marks.append((at + 1, line))
        at = piece.find("\n", at + 1)
    return marks
