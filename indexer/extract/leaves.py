"""JSON as a stream of its values, each with its path and where it stands.

The standard library's decoder gives no positions and builds everything in memory; this walk needs neither a tree nor
recursion, so that lines stay true and depth and size do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import NamedTuple

from ask.indexer.text import without_surrogates

_TOKEN = re.compile(r'[\s\ufeff]*+(?:([{}\[\],:])|(")|([^\s{}\[\],:"]++))')

_DECODER = JSONDecoder(strict=False)


class Leaf(NamedTuple):
    """A string, number or literal inside JSON."""

    path: tuple[str | int, ...]
    """Keys and 0-based positions, outermost first."""
    value: str
    """A string's content, or the word as written (`12.5`, `true`, `null`)."""
    offset: int
    """Where it starts in the source text."""
    quoted: bool


def leaves(
    text: str, start: int = 0, end: int | None = None, above: tuple[str | int, ...] = ()
) -> Iterator[Leaf]:
    """All values in `text[start:end]`, in order, with paths below `above`.

    Raises ValueError where it stops being JSON.
    """
    end = len(text) if end is None else end
    path: list[str | int] = list(above)
    closers: list[str] = []
    expect_key = False
    at = start
    while match := _TOKEN.match(text, at, end):
        mark, quote, word = match.groups()
        at = match.end()
        if mark in ("{", "["):
            closers.append("}" if mark == "{" else "]")
            path.append("" if mark == "{" else 0)
            expect_key = mark == "{"
        elif mark in ("}", "]"):
            if not closers or closers.pop() != mark:
                raise ValueError(f"unexpected {mark} at {at}")
            path.pop()
            expect_key = False
        elif mark == ",":
            if not closers:
                raise ValueError(f"unexpected comma at {at}")
            last = path[-1]
            expect_key = closers[-1] == "}"
            path[-1] = last + 1 if isinstance(last, int) else ""
        elif mark == ":":
            expect_key = False
        else:
            offset = at - 1 if quote else at - len(word)
            value, at = _string(text, at) if quote else (word, at)
            if expect_key:
                path[-1] = value
            else:
                yield Leaf(tuple(path), value, offset, bool(quote))
    if closers or text[at:end].strip():
        raise ValueError(f"not JSON at {at}")


def _string(text: str, at: int) -> tuple[str, int]:
    try:
        value, at = _DECODER.raw_decode(text, at - 1)
    except JSONDecodeError as problem:
        raise ValueError(str(problem)) from problem
    return without_surrogates(value.replace("\0", "")), at


class Lines:
    """Line numbers of offsets, quick when asked in nearly rising order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offset = 0
        self._line = 1

    def at(self, offset: int) -> int:
        if offset < self._offset:
            self._line -= self._text.count("\n", offset, self._offset)
        else:
            self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line
