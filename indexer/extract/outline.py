"""Text with headings, whatever marks them: blocks for paragraphs, each with the path of headings above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ask.indexer.documents import Block
from ask.indexer.extract.pieces import paragraphs, trimmed


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in a text."""

    start: int
    end: int
    """Offsets of its lines, with any underline."""
    level: int
    """1 is the outermost; only the order counts."""
    name: str


def outlined(text: str, headings: Iterable[Heading], start: int = 0) -> Iterator[Block]:
    """Blocks that cover the text. The block of a heading carries the path that ends with itself.

    What is above `start` (front matter) belongs to no section.
    """
    at = 0
    path: list[Heading] = []
    for heading in headings:
        if heading.start < max(at, start):
            continue
        yield from _paragraphs(text, at, heading.start, path)
        path = [above for above in path if above.level < heading.level] + [heading]
        if span := trimmed(text, heading.start, heading.end):
            yield Block(*span, _names(path))
        at = heading.end
    yield from _paragraphs(text, at, len(text), path)


def _paragraphs(text: str, start: int, end: int, path: list[Heading]) -> Iterator[Block]:
    names = _names(path)
    for span in paragraphs(text, start, end):
        yield Block(*span, names)


def _names(path: list[Heading]) -> tuple[str, ...]:
    return tuple(heading.name for heading in path)
