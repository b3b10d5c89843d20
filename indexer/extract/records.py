"""JSON objects one at a time, each with where it stands in the text, so that messages keep their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ask.indexer.extract.leaves import Lines
from ask.indexer.text import normalise

_SPACES = re.compile(r"[\s\ufeff,]*")
_DECODER = json.JSONDecoder(strict=False)


class Record(NamedTuple):
    """An object of a list, with its span in the text."""

    fields: Mapping[str, object]
    start: int
    end: int


def records(text: str, opening: int) -> Iterator[Record]:
    """The objects of the list whose `[` stands at `opening` (-1: those of the text, one below the other); what else is
    in it is passed over.

    Ends quietly where the list is damaged. Raises RecursionError for JSON that nests without end.
    """
    at = opening + 1
    while True:
        at = _after_spaces(text, at)
        try:
            value, end = _DECODER.raw_decode(text, at)
        except ValueError:
            return
        if isinstance(value, dict):
            yield Record(value, at, end)
        at = end


def list_of(text: str, key: str, start: int = 0, end: int | None = None) -> int | None:
    """Where the list that is `key` opens, None when there is none; in strings quotes are escaped."""
    match = re.compile(rf'"{key}"\s*:\s*\[').search(text, start, len(text) if end is None else end)
    return match.end() - 1 if match else None


def field(text: str, key: str, start: int, end: int, *, last: bool = False) -> str:
    """The first (or last) text that is `key` between two offsets; empty when there is none."""
    found = ""
    for match in re.compile(rf'"{key}"\s*:\s*(?=")').finditer(text, start, end):
        try:
            found = string(_DECODER.raw_decode(text, match.end())[0])
        except ValueError:
            continue
        if not last:
            break
    return found


def _after_spaces(text: str, at: int) -> int:
    match = _SPACES.match(text, at)
    return match.end() if match else at


def string(value: object) -> str:
    """A text as documents hold it; empty for anything else."""
    return normalise(value).strip() if isinstance(value, str) else ""


def mapping(value: object) -> Mapping[str, object]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[object]:
    """A list; an empty one for anything else."""
    return value if isinstance(value, list) else ()


def number(value: object) -> float | None:
    """A number, also when it is written as a text."""
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


class Finder:
    """Finds strings of a record in the text again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)

    def marks(self, record: Record, parts: Sequence[str], written: Sequence[str] = ()) -> list[tuple[int, int]]:
        """(offset, source line) for each of `parts`, which put together are what the record says.

        `written` are the parts as the record holds them, where they differ. A part that is not found is on the line of
        the one before it.
        """
        marks: list[tuple[int, int]] = []
        at, offset = record.start, 0
        for part, sought in zip(parts, written or parts, strict=True):
            found = self._find(sought, at, record.end)
            at = found if found >= 0 else at
            marks.append((offset, self._lines.at(at)))
            offset += len(part)
        return marks

    def _find(self, part: str, start: int, end: int) -> int:
        for written in dict.fromkeys(_as_written(part.strip())):
            if written and (found := self._text.find(written, start, end)) >= 0:
                return found
        return -1


def _as_written(part: str) -> Iterator[str]:
    """How JSON may hold a text: as it is, in ASCII, with `\\/` for slashes."""
    for ascii_only in (False, True):
        escaped = json.dumps(part, ensure_ascii=ascii_only)[1:-1]
        yield from (f'"{escaped}"', escaped, escaped.replace("/", "\\/"))
