"""The sentence of a passage that means what was asked, for snippets whose words do not show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ask.indexer.words import fold
from ask.retriever.snippet import Span, spans

if TYPE_CHECKING:
    from ask.indexer.embed import Embedder, Vectors

HITS = 2
"""Hits, the best ones, for which sentences are compared."""
SENTENCES = 4
"""Sentences compared for each. Ten milliseconds or so more for a search that needs it: one whose best hits lack its words."""
ENOUGH = 0.34
"""Share of the question's words that a passage must hold for its words to tell what to show."""
_SENTENCE = re.compile(r"[^\n.!?]{20,}[.!?]*|[^\n]{20,}")


def told_by_words(text: str, wanted: Sequence[str]) -> bool:
    """Whether enough of the wanted words stand in a text."""
    there = {fold(text[start:end])[:5] for start, end in spans(text, wanted)}
    return len(there) >= ENOUGH * len({fold(word)[:5] for word in wanted})


def best_sentences(texts: Sequence[str], vector: Vectors, embedder: Embedder) -> list[Span | None]:
    """The sentence of each text whose meaning is nearest to a question's; None for a text of one sentence.

    `vector` is the question's, float32 (dimensions,) of length 1. Spans are code points of each text.
    """
    found = [_sentences(text) for text in texts]
    flat = [embedder.model.passage_prompt + text[a:b] for text, some in zip(texts, found, strict=True) for a, b in some]
    if not flat:
        return [None] * len(texts)
    cosines = iter((embedder.embed(flat) @ vector).tolist())
    scored = [[(next(cosines), span) for span in some] for some in found]
    return [max(some)[1] if some else None for some in scored]


def _sentences(text: str) -> list[Span]:
    """Sentences and lines, evenly picked where there are many; none where there is no choice."""
    whole = [match.span() for match in _SENTENCE.finditer(text)]
    step = max(-(-len(whole) // SENTENCES), 1)
    return whole[::step] if len(whole) > 1 else []
