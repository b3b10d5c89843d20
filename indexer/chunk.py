"""Cut a document into chunks: whole functions, sections and messages where they fit, never more than the model reads.

A chunk is filled with neighbouring blocks under one heading. A block that alone is too long is cut at the best break
near its end: blank line, line, sentence, word. Chunks are in order, do not overlap and cover every word.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from ask.indexer.documents import Block, Chunk, Document

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VERSION = 1
"""Part of what makes a document stale: raise it when the same document would be cut differently."""
TINY = 48
"""Tokens below which a section or function does not stand alone but joins its neighbour."""
CONTEXT_TOKENS = 48
"""Most tokens of title, headings and header put in front of a chunk for embedding."""
SLACK = 4
"""Tokens kept free: the pieces of a split word may count differently alone."""
_PIECE = re.compile(r"(\S{1,40})")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?…:;])\s+")

CountTokens = Callable[[Sequence[str]], Sequence[int]]


_MARKS = str.maketrans(dict.fromkeys(string.punctuation, " "))


class TokenCounter:
    """Counts the tokens of words with the model's own tokenizer; words repeat, so counts are kept.

    Exact for tokenizers that split at white space first, which BERT's and SentencePiece's do; a special token that a text
    spells out (`[MASK]`) counts as its parts.
    """

    def __init__(self, tokenizer_file: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._parts = type(self._tokenizer.pre_tokenizer).__name__ == "BertPreTokenizer"
        """Whether every ASCII mark is a token of its own and parts words, so that only what lies between is to be looked
        up: names in code share it."""
        self._known: dict[str, int] = {}

    def __call__(self, words: Sequence[str]) -> list[int]:
        known = self._known
        if len(known) > 300_000:
            known.clear()
        new = set(words).difference(known)
        parted = {word: word.translate(_MARKS).split() for word in new if word.isascii()} if self._parts else {}
        self._look_up((new - parted.keys()).union(*parted.values()))
        for word, parts in parted.items():
            marks = len(word) - sum(map(len, parts))
            known[word] = marks + sum(map(known.__getitem__, parts))
        return list(map(known.__getitem__, words))

    def _look_up(self, words: set[str]) -> None:
        new = list(words.difference(self._known))
        if new:
            encoded = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
            self._known.update(zip(new, map(len, encoded), strict=True))


@dataclass(frozen=True, slots=True)
class _Measure:
    """Positions of the words of a text and the tokens up to each, so that any span is measured in two look-ups."""

    starts: list[int]
    ends: list[int]
    total: list[int]

    @classmethod
    def of(cls, text: str, count: CountTokens) -> _Measure:
        parts = _PIECE.split(text)  # gap, word, gap, …, word, gap
        offsets = list(accumulate(map(len, parts)))
        return cls(offsets[:-1:2], offsets[1::2], list(accumulate(count(parts[1::2]), initial=0)))

    def tokens(self, start: int, end: int) -> int:
        """Tokens of the words that touch [start, end)."""
        return self.total[bisect_left(self.starts, end)] - self.total[bisect_right(self.ends, start)]

    def reach(self, start: int, budget: int) -> int:
        """The furthest offset such that [start, offset) holds at most `budget` tokens and at least one word."""
        first = bisect_right(self.ends, start)
        last = bisect_right(self.total, self.total[first] + budget) - 1
        return self.ends[max(min(last, len(self.ends)) - 1, first)]


def context(document: Document, heading: Sequence[str]) -> str:
    """What stands above a chunk: title and headings, then the header line. Goes in front of it for embedding."""
    above = [document.title, *heading] if document.title not in heading[:1] else list(heading)
    path = " > ".join(part for part in above if part)
    return "\n".join(part for part in (path, document.header) if part)


def embedding_text(document: Document, chunk: Chunk, count: CountTokens) -> str:
    """The text whose vector stands for the chunk. Never depends on the file's name or place."""
    above = _clip(context(document, chunk.heading), count)
    body = document.text[chunk.start : chunk.end]
    return f"{above}\n{body}" if above else body


@lru_cache(maxsize=256)
def _clip(text: str, count: CountTokens) -> str:
    if not text:
        return ""
    measure = _Measure.of(text, count)
    return text[: measure.reach(0, CONTEXT_TOKENS)] if measure.starts else ""


def chunk(document: Document, count: CountTokens, window: int) -> list[Chunk]:
    """Cut `document` so that each chunk with its context is at most `window` tokens (special tokens included)."""
    measure = _Measure.of(document.text, count)
    if not measure.starts:
        return []
    budget = window - 2 - SLACK - _context_tokens(document, count)
    locate = _Locator(document)
    groups = _grouped(_pieces(document, measure, budget), measure, budget)
    return [locate.chunk(group) for group in groups]


def _context_tokens(document: Document, count: CountTokens) -> int:
    """Tokens to keep free for the longest context of any chunk; none for text without title and headings."""
    headings = {block.heading for block in document.blocks} | {()}
    contexts = {context(document, heading) for heading in headings} - {""}
    if not contexts:
        return 0
    return min(CONTEXT_TOKENS, max(_Measure.of(text, count).total[-1] for text in contexts))


def _pieces(document: Document, measure: _Measure, budget: int) -> Iterator[Block]:
    """Blocks that each fit, together covering every word: blocks too long are cut, gaps between blocks filled."""
    reached = 0
    for block in document.blocks or _paragraphs(document.text):
        if measure.tokens(reached, block.start):
            yield from _cut(Block(reached, block.start, block.heading), document.text, measure, budget)
        yield from _cut(block, document.text, measure, budget)
        reached = max(reached, block.end)
    if measure.tokens(reached, len(document.text)):
        yield from _cut(Block(reached, len(document.text)), document.text, measure, budget)


def _paragraphs(text: str) -> Iterator[Block]:
    start = 0
    for gap in (*_BLANK_LINES.finditer(text), None):
        part = text[start : gap.start() if gap else len(text)]
        inside = part.strip()
        if inside:
            start += len(part) - len(part.lstrip())
            yield Block(start, start + len(inside))
        start = gap.end() if gap else len(text)


def _cut(block: Block, text: str, measure: _Measure, budget: int) -> Iterator[Block]:
    start = block.start
    while measure.tokens(start, block.end) > budget:
        end = _best_break(text, start, min(measure.reach(start, budget), block.end))
        yield replace(block, start=start, end=end)
        start = end
    if measure.tokens(start, block.end):
        yield block if start == block.start else replace(block, start=start)


def _best_break(text: str, start: int, limit: int) -> int:
    """The best place to cut before `limit`: a good break counts more, and so does a long piece."""
    best, best_score = limit, 0.0
    for end, quality in _breaks(text, start + (limit - start) // 2, limit):
        missing = (limit - end) / max(limit - start, 1)
        score = quality * (1 - 0.7 * (2 * missing) ** 2)
        if score > best_score and end > start:
            best, best_score = end, score
    return best


def _breaks(text: str, earliest: int, limit: int) -> Iterator[tuple[int, float]]:
    """The last break of each kind between two offsets, with how good it is to cut there."""
    for pattern, quality in ((_BLANK_LINES, 1.0), (_SENTENCE_END, 0.6)):
        ends = [match.end() for match in pattern.finditer(text, earliest, limit)]
        if ends:
            yield ends[-1], quality
    line = text.rfind("\n", earliest, limit)
    if line >= 0:
        yield line + 1, 0.8
    words = text[earliest:limit].rsplit(None, 1)
    if len(words) == 2:
        yield (limit if text[limit - 1].isspace() else limit - len(words[1])), 0.2


def _grouped(pieces: Iterator[Block], measure: _Measure, budget: int) -> Iterator[list[Block]]:
    """Pack pieces into chunks: same heading, or too tiny to stand alone."""
    group: list[Block] = []
    for piece in pieces:
        if group and not _joins(group, piece, measure, budget):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _joins(group: list[Block], piece: Block, measure: _Measure, budget: int) -> bool:
    so_far = measure.tokens(group[0].start, group[-1].end)
    added = measure.tokens(piece.start, piece.end)
    if measure.tokens(group[0].start, piece.end) > budget:
        return False
    if so_far < TINY or added < TINY // 2:
        return True
    same = group[-1].heading == piece.heading
    return same and not piece.whole and not group[-1].whole


class _Locator:
    """Turns groups of blocks, in order, into chunks that know their lines and page."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._offset, self._line = 0, 1

    def line(self, offset: int) -> int | None:
        """The line at an offset that is not before the last one asked for."""
        if self.document.lines is not None:
            return self.document.line_at(offset)
        self._line += self.document.text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line

    def chunk(self, group: list[Block]) -> Chunk:
        start, end = group[0].start, group[-1].end
        text = self.document.text[start:end]
        end -= len(text) - len(text.rstrip())
        start += len(text) - len(text.lstrip("\n"))
        return Chunk(
            start=start,
            end=end,
            line=self.line(start),
            end_line=self.line(max(end - 1, start)),
            page=self.document.page_at(start),
            heading=_common([block.heading for block in group]),
            symbols=tuple(dict.fromkeys(block.symbol for block in group if block.symbol)),
        )


def _common(headings: list[tuple[str, ...]]) -> tuple[str, ...]:
    first, last = min(headings), max(headings)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]
