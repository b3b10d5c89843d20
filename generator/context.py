"""Choosing what a model is given to read, under a budget of its own tokens.

The best hits, without those that repeat another; each widened by the text around it while there is room; the best one
first and the second best last, where small models look. Every passage is text of one document from one offset on, so
that whatever is quoted from it has a place in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ask.generator.results import Citation
from ask.generator.sentences import sentences
from ask.generator.words import WORD, fold
from ask.retriever.hits import Hit

WIDER = 400
"""Code points before and after a passage that are read with it when there is room."""
SMALLEST = 48
"""Tokens; less of a passage is not worth its header."""
SAME = 0.8
"""Share of a passage's words in a better one from which on it repeats it."""

Count = Callable[[Sequence[str]], list[int]]
"""Tokens of each text."""


class Library(Protocol):
    """What is around a passage in its document, and what its file says now."""

    def neighbours(self, hit: Hit, before: int, after: int) -> str:
        """The passage with so many code points of its document before and after it; less at the document's ends."""
        ...

    def text_now(self, hit: Hit) -> str | None:
        """The text of the hit's document as its file holds it now; None when it is gone or cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """What a model reads of one hit."""

    number: int
    """1-based, as in its marker; also the order in the prompt."""
    hit: Hit
    text: str
    """Verbatim from the document."""
    start: int
    """Offset of `text` in the document, in code points."""

    @property
    def marker(self) -> str:
        return f"[{self.number}]"

    @property
    def header(self) -> str:
        """Its first line in the prompt: number, name, date, headings."""
        name = self.hit.path.rsplit("/", 1)[-1]
        date = f" ({self.hit.date:%Y-%m-%d})" if self.hit.date else ""
        inside = " › ".join(part for part in (self.hit.document or "", *self.hit.heading) if part)
        return f"{self.marker} {name}{date}" + (f" {inside}" if inside else "")

    def cite(self, start: int, end: int) -> Citation:
        """A citation of `text[start:end]`. Lines are counted from the hit's first and stay in what the file has."""
        hit = self.hit
        first = self._line(start)
        last = self._line(end)
        return Citation(
            marker=self.marker,
            path=hit.path,
            document=hit.document,
            line=first,
            end_line=last,
            page=hit.page,
            quote=self.text[start:end],
            start=self.start + start,
        )

    def _line(self, at: int) -> int | None:
        """The line of `text[at]`. Where text and lines of a file differ (a web page), never outside the hit's."""
        hit = self.hit
        if hit.line is None:
            return None
        inside = hit.start - self.start
        if at < inside:
            line = hit.line - self.text.count("\n", at, inside)
        else:
            line = hit.line + self.text.count("\n", inside, at)
        if hit.has_plain_lines or hit.end_line is None:
            return max(line, 1)
        return min(max(line, hit.line), hit.end_line)


def widened(hit: Hit, library: Library, by: int) -> Hit:
    """The hit with up to `by` code points of its document before and after it; itself where that has no lines."""
    if hit.line is not None and not hit.has_plain_lines:
        return hit
    text = library.neighbours(hit, by, by)
    start = max(hit.start - by, 0)
    inside = hit.start - start
    if text[inside : inside + len(hit.text)] != hit.text:
        return hit  # the index has moved on since the search
    line = None if hit.line is None else max(hit.line - text.count("\n", 0, inside), 1)
    end_line = None if line is None else line + text.rstrip("\n").count("\n")
    return replace(hit, text=text, start=start, line=line, end_line=end_line)


def choose(hits: Sequence[Hit], budget: int, count: Count, library: Library | None = None) -> tuple[Passage, ...]:
    """Passages whose layout takes at most `budget` tokens, in the order of the prompt; none when nothing fits."""
    passages = [Passage(0, hit, hit.text or hit.snippet, hit.start) for hit in distinct(hits)]
    fitting = _fit(passages, budget, count)
    if library is not None and len(fitting) == len(passages):
        fitting = _widen(fitting, budget, count, library)
    return _ordered(fitting)


def layout(passages: Sequence[Passage], neutral: Callable[[str], str]) -> str:
    """The passages as they stand in a prompt."""
    return "\n\n".join(f"{neutral(passage.header)}\n{neutral(passage.text).strip()}" for passage in passages)


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """The hits without those whose words nearly all stand in a better one, and without empty ones."""
    kept: list[Hit] = []
    seen: list[set[str]] = []
    for hit in hits:
        words = set(WORD.findall(fold(hit.text or hit.snippet)))
        if words and not any(len(words & better) / len(words) >= SAME for better in seen):
            kept.append(hit)
            seen.append(words)
    return kept


def _fit(passages: Sequence[Passage], budget: int, count: Count) -> list[Passage]:
    """The first passages that fit; one that does not fit whole is cut at the end of a sentence."""
    sizes = _sizes(passages, count)
    fitting: list[Passage] = []
    left = budget
    for passage, size in zip(passages, sizes, strict=True):
        if size <= left:
            fitting.append(passage)
            left -= size
        elif left >= SMALLEST and (shorter := _cut(passage, left, size, count)) is not None:
            fitting.append(shorter)
            left -= _sizes([shorter], count)[0]
    return fitting


def _cut(passage: Passage, left: int, size: int, count: Count) -> Passage | None:
    """The longest beginning of whole sentences that fits into `left` tokens."""
    ends = [sentence.end for sentence in sentences(passage.text, passage.hit.kind)]
    likely = len(passage.text) * left // max(size, 1)
    for end in reversed([end for end in ends if end <= likely]):
        shorter = replace(passage, text=passage.text[:end])
        if _sizes([shorter], count)[0] <= left:
            return shorter
    return None


def _widen(passages: Sequence[Passage], budget: int, count: Count, library: Library) -> list[Passage]:
    """Each passage with whole sentences around it, best first, as long as there is room."""
    widened = list(passages)
    wider = [_wider(passage, library) for passage in passages]
    before, after = _sizes(passages, count), _sizes(wider, count)
    left = budget - sum(before)
    for at, passage in enumerate(wider):
        if 0 < after[at] - before[at] <= left:
            widened[at] = passage
            left -= after[at] - before[at]
    return widened


def _wider(passage: Passage, library: Library) -> Passage:
    around = library.neighbours(passage.hit, WIDER, WIDER)
    start = max(passage.start - WIDER, 0)
    inside = passage.start - start
    if around[inside : inside + len(passage.text)] != passage.text:
        return passage  # the index has moved on since the search
    starts = [s.start for s in sentences(around[:inside], passage.hit.kind)]
    # The first sentence before and the last one after are cut in two, unless the document begins or ends there.
    first = (starts[:1] if start == 0 else starts[1:2]) or [inside]
    tail = around[inside + len(passage.text) :]
    ends = [s.end for s in sentences(tail, passage.hit.kind)]
    last = (ends[-1:] if len(tail) < WIDER else ends[-2:-1]) or [0]
    text = around[first[0] : inside + len(passage.text) + last[0]]
    return replace(passage, text=text, start=start + first[0])


def _sizes(passages: Sequence[Passage], count: Count) -> list[int]:
    """Tokens of each passage with its header and the space after it."""
    return [size + 2 for size in count([f"{passage.header}\n{passage.text}" for passage in passages])]


def _ordered(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """First, third, fifth, … fourth, second; numbered as they stand."""
    order = [*passages[::2], *reversed(passages[1::2])]
    return tuple(replace(passage, number=number) for number, passage in enumerate(order, 1))
