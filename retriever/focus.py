"""The sentence of a passage that says what was asked in other words, for snippets whose words do not show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ask.indexer.words import fold
from ask.retriever.alignment import similarities, telling
from ask.retriever.snippet import Span, spans

if TYPE_CHECKING:
    from ask.indexer.word_vectors import WordVectors

HITS = 5
"""Hits, the best ones, for which sentences are compared."""
ENOUGH = 0.34
"""Share of the question's words that a passage must hold for its words to tell what to show."""
_SENTENCE = re.compile(r"[^\n.!?]{20,}[.!?]*|[^\n]{20,}")


def told_by_words(text: str, wanted: Sequence[str]) -> bool:
    """Whether enough of the wanted words stand in a text."""
    there = {fold(text[start:end])[:5] for start, end in spans(text, wanted)}
    return len(there) >= ENOUGH * len({fold(word)[:5] for word in wanted})


def best_sentences(question: str, texts: Sequence[str], vectors: WordVectors) -> list[Span | None]:
    """The sentence or line of each text whose words are nearest to those of a question; None where there is no choice."""
    asked = telling(question)
    if not asked:
        return [None] * len(texts)
    found = [[match.span() for match in _SENTENCE.finditer(text)] for text in texts]
    flat = [text[start:end] for text, some in zip(texts, found, strict=True) for start, end in some]
    near = iter(similarities(asked, flat, vectors))
    scored = [[(next(near), span) for span in some] for some in found]
    return [max(some, key=lambda one: one[0])[1] if len(some) > 1 else None for some in scored]
