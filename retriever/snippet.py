"""The part of a chunk worth showing: the lines where most of the question's words are, verbatim."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ask.indexer import words

LENGTH = 320
"""Code points of a snippet, about; lines are kept whole where they are not longer than that."""
_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def snippet(text: str, wanted: Sequence[str]) -> str:
    """A verbatim part of `text`, about `LENGTH` code points long, around the words that match `wanted`."""
    lines = [match.span() for match in _LINE.finditer(text) if match[0].strip()]
    if not lines:
        return text.strip()[:LENGTH]
    marks = [(start, term) for start, end in spans(text, wanted) for term in [words.fold(text[start:end])[:5]]]
    start, end = max(_windows(lines), key=lambda window: (_worth(marks, *window), -window[0]))
    if end - start > 2 * LENGTH:
        start, end = _inside(text, start, end, marks)
    return text[start:end].rstrip()


def _windows(lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
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


def _inside(text: str, start: int, end: int, marks: list[tuple[int, str]]) -> tuple[int, int]:
    """A part of one very long line, cut between words."""
    begins = [max(start, at - LENGTH // 4) for at, _ in marks if start <= at < end] or [start]
    best = max(begins, key=lambda begin: (_worth(marks, begin, begin + LENGTH), -begin))
    while start < best < end and not text[best - 1].isspace() and best > begins[0] - 40:
        best -= 1
    stop = min(best + LENGTH, end)
    while stop < end and not text[stop].isspace() and stop < best + LENGTH + 40:
        stop += 1
    return best, stop


def spans(text: str, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where words of `text` match one of the `wanted` words in any of their forms, for highlighting."""
    forms = {term for word in wanted for term in words.query_terms(word)}
    return [match.span() for match in _WORD.finditer(text) if forms.intersection(words.query_terms(match[0]))]


def marker(wanted: Sequence[str]) -> Callable[[str], list[tuple[int, int]]]:
    """`spans` for one question."""
    return lambda text: spans(text, wanted)
