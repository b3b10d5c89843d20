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
_LITERAL = re.compile(r"-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|true|false|null|NaN")
_OPENING = {"{": "}", "[": "]"}
_VALUE, _KEY, _COLON, _COMMA = range(4)
"""What may come next."""
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


def leaves(text: str, start: int = 0, end: int | None = None, above: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """All values in `text[start:end]`, in order, with paths below `above`.

    Raises ValueError where it stops being JSON.
    """
    end = len(text) if end is None else end
    path: list[str | int] = list(above)
    closers: list[str] = []
    expected = _VALUE
    at = start
    while match := _TOKEN.match(text, at, end):
        mark, quote, word = match.groups()
        at = match.end()
        if mark in _OPENING and expected == _VALUE:
            closers.append(_OPENING[mark])
            path.append("" if mark == "{" else 0)
            expected = _KEY if mark == "{" else _VALUE
        elif closers and mark == closers[-1] and expected != _COLON:
            closers.pop()
            path.pop()
            expected = _COMMA
        elif mark == "," and closers and expected == _COMMA:
            last = path[-1]
            path[-1] = last + 1 if isinstance(last, int) else ""
            expected = _VALUE if isinstance(last, int) else _KEY
        elif mark == ":" and expected == _COLON:
            expected = _VALUE
        elif quote and expected == _KEY:
            path[-1], at = _string(text, at)
            expected = _COLON
        elif quote and expected == _VALUE:
            offset = at - 1
            value, at = _string(text, at)
            yield Leaf(tuple(path), value, offset, True)
            expected = _COMMA
        elif word and expected == _VALUE and _LITERAL.fullmatch(word):
            yield Leaf(tuple(path), word, at - len(word), False)
            expected = _COMMA
        else:
            raise ValueError(f"not JSON at {at}")
    if closers or expected == _VALUE or text[at:end].strip():
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
