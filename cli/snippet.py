"""The lines of text shown below a hit: which of them, with which numbers, wrapped and highlighted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ask.cli import gate
from ask.cli.terminal import Style, Terminal, cell, cells
from ask.retriever.hits import Hit

Marker = Callable[[str], Iterable[tuple[int, int]]]
"""Finds what to highlight in a text: (start, end) in code points, half-open, in any order."""

Painted = Sequence[tuple[int, int, Style]]
"""Parts of a line with their style; where two overlap, the later one wins."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line on the screen."""

    text: str
    """Clean."""
    spans: tuple[tuple[int, int], ...] = ()
    """What matched, in offsets of `text`."""
    number: int | None = None
    """1-based line of the source file; None on the second and later rows of a wrapped line."""
    focus: bool = False
    """It holds what the snippet is about."""


def rows(hit: Hit, mark: Marker, *, width: int | None, limit: int) -> list[Row]:
    """At most `limit` neighbouring rows of the snippet: around its focus, else those with the most different matches.

    `width` is in cells; None wraps nothing.
    """
    found = [row for line in _lines(hit, mark) for row in _wrapped(line, width)]
    if len(found) <= limit:
        return found
    begins = range(len(found) - limit + 1)
    centre = next((at for at, row in enumerate(found) if row.focus), None)
    if centre is not None:
        best = min(max(centre - limit // 2, 0), begins[-1])
    else:
        best = max(begins, key=lambda at: (_matches(found[at : at + limit]), -at))
    return found[best : best + limit]


def _matches(some: Sequence[Row]) -> int:
    """How many different words are highlighted."""
    return len({row.text[start:end].lower() for row in some for start, end in row.spans})


def _lines(hit: Hit, mark: Marker) -> Iterator[Row]:
    """The lines of the snippet that hold text, without their common indentation."""
    marked = _merged(mark(hit.snippet))
    numbers = lines(hit)
    whole: list[Row] = []
    offset = 0
    for number, line in enumerate(hit.snippet.split("\n")):
        inside = [(max(a - offset, 0), min(b - offset, len(line))) for a, b in marked]
        text, spans = gate.clean_spans(line, [(a, b) for a, b in inside if a < b])
        if text.strip():
            focus = hit.focus is not None and offset <= hit.focus[0] <= offset + len(line)
            whole.append(Row(text.rstrip(), tuple(spans), numbers[number], focus))
        offset += len(line) + 1
    indent = min((len(row.text) - len(row.text.lstrip()) for row in whole), default=0)
    for row in whole:
        yield _part(row, indent, len(row.text), row.number)


def lines(hit: Hit) -> Sequence[int | None]:
    """The 1-based source line of each line of the snippet; None where it cannot be told."""
    if hit.lines is not None:
        return hit.lines
    first, count = first_line(hit), hit.snippet.count("\n") + 1
    return [None] * count if first is None else range(first, first + count)


def best_line(hit: Hit) -> int | None:
    """The source line to go to: the one in focus, else the first of the snippet, else the chunk's."""
    numbers = lines(hit)
    focused = None if hit.focus is None else numbers[hit.snippet.count("\n", 0, max(hit.focus[0], 0))]
    return focused or numbers[0] or hit.line


def first_line(hit: Hit) -> int | None:
    """Source line of the snippet's first character.

    None where it cannot be told: the text has not the very lines of the file, or the snippet stands in the chunk twice.
    """
    if hit.line is None or not hit.has_plain_lines:
        return None
    text = hit.text or hit.snippet
    at = text.find(hit.snippet)
    if at < 0 or text.find(hit.snippet, at + 1) >= 0:
        return None
    return hit.line + text.count("\n", 0, at)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _wrapped(line: Row, width: int | None) -> Iterator[Row]:
    for at, (start, end) in enumerate(wrap(line.text, width)):
        yield _part(line, start, end, None if at else line.number)


def _part(row: Row, start: int, end: int, number: int | None) -> Row:
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in row.spans]
    return Row(row.text[start:end], tuple((a, b) for a, b in inside if a < b), number, row.focus)


def wrap(text: str, width: int | None) -> list[tuple[int, int]]:
    """Where to break a clean line so that no part is wider than `width` cells: at spaces, else anywhere."""
    if width is None or cells(text) <= width:
        return [(0, len(text))]
    parts: list[tuple[int, int]] = []
    start = space = used = 0
    for at, character in enumerate(text):
        used += cell(character)
        while used > width and at > start:  # twice, where a wide letter does not fit behind the last space either
            end = space if space > start and character != " " else at
            parts.append((start, end))
            start = end + 1 if text[end] == " " else end
            used = cells(text[start : at + 1])
        if character == " ":
            space = at
    if start < len(text):
        parts.append((start, len(text)))
    return parts


def painted(text: str, styles: Painted, terminal: Terminal) -> str:
    """Clean `text` with its parts in colour."""
    if not terminal.colour or not styles:
        return text
    edges = sorted({0, len(text), *(edge for start, end, _ in styles for edge in (start, end))})
    pieces: list[str] = []
    for start, end in pairwise(edges):
        style = next((style for a, b, style in reversed(styles) if a <= start and end <= b), None)
        pieces.append(terminal.paint(text[start:end], style) if style else text[start:end])
    return "".join(pieces)
