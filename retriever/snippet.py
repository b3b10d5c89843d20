"""The part of a chunk worth showing: the lines where most of the question's words are, verbatim."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ask.indexer import words

LENGTH = 320
"""Code points of a snippet, about; lines are kept whole where they are not longer than that."""
Span = tuple[int, int]
"""Code points, half-open."""
_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def part(text: str, wanted: Sequence[str], focus: Span | None = None) -> Span:
    """Where a part of `text` lies that is worth showing, about `LENGTH` code points long.

    It holds the beginning of `focus` where that is given, and else as many of the words that match `wanted` as it can.
    """
    lines = [match.span() for match in _LINE.finditer(text) if match[0].strip()]
    if not lines:
        return 0, len(text.strip()[:LENGTH])
    marks = [(start, term) for start, end in spans(text, wanted) for term in [words.fold(text[start:end])[:5]]]
    windows = list(_windows(lines))
    if focus is not None:
        windows = [_around(lines, focus), *(w for w in windows if w[0] <= focus[0] < w[1])]
    start, end = max(windows, key=lambda window: (_worth(marks, *window), -window[0] if focus is None else 0))
    if end - start > 2 * LENGTH:
        start, end = _inside(text, start, end, marks if focus is None else [(focus[0], "")])
    return start, start + len(text[start:end].rstrip())


def _around(lines: list[Span], focus: Span) -> Span:
    """Whole lines on both sides of the one where `focus` begins, of about the right length."""
    at = max((number for number, line in enumerate(lines) if line[0] <= focus[0]), default=0)
    first = last = at
    while True:
        wider = [(first - 1, last), (first, last + 1)]
        wider = [(a, b) for a, b in wider if a >= 0 and b < len(lines) and lines[b][1] - lines[a][0] <= LENGTH]
        if not wider:
            return lines[first][0], lines[last][1]
        first, last = min(wider, key=lambda pair: abs((at - pair[0]) - (pair[1] - at)))


def _windows(lines: list[Span]) -> Iterator[Span]:
    """Runs of whole lines of about the right length, one starting at each line."""
    for first, (start, end) in enumerate(lines):
        for _, next_end in lines[first + 1 :]:
            if next_end - start > LENGTH:
                break
            end = next_end
        yield start, end


def _worth(marks: list[tuple[int, str]], start: int, end: int) -> float:
    inside = [term for at, term in marks if start <= at < end]
    return len(set(inside)) + 0.1 * len(inside)


def _inside(text: str, start: int, end: int, marks: list[tuple[int, str]]) -> Span:
    """A part of one very long line, cut between words."""
    begins = [max(start, at - LENGTH // 4) for at, _ in marks if start <= at < end] or [start]
    best = max(begins, key=lambda begin: (_worth(marks, begin, begin + LENGTH), -begin))
    while start < best < end and not text[best - 1].isspace() and best > begins[0] - 40:
        best -= 1
    stop = min(best + LENGTH, end)
    while stop < end and not text[stop].isspace() and stop < best + LENGTH + 40:
        stop += 1
    return best, stop


def spans(text: str, wanted: Sequence[str]) -> list[Span]:
    """Where words of `text` match one of the `wanted` words in any of their forms, for highlighting."""
    forms = {term for word in wanted for term in words.query_terms(word)}
    return [match.span() for match in _WORD.finditer(text) if not forms.isdisjoint(words.query_terms(match[0]))]


def marker(wanted: Sequence[str]) -> Callable[[str], list[Span]]:
    """`spans` for one question."""
    return lambda text: spans(text, wanted)
