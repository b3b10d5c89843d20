"""How well the words of a passage answer those of the question, other words for the same included.

Each word of the question is compared with its nearest in the passage (MaxSim, as in ColBERT, Khattab and Zaharia 2020),
here by vectors of single words, which cost no run of the model. Kept for prose: in code, names of things are no synonyms,
and the same part makes hits worse there (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ask.indexer import words
from ask.retriever.fuse import Fused, with_part

if TYPE_CHECKING:
    from ask.indexer.word_vectors import WordVectors

WORTH = 0.5
"""What it is worth when every word has its like, against none."""
OTHER = frozenset(["code", "script", "config", "data", "log", "table", "archive"])
"""Kinds of documents that are no prose."""


def with_alignment(
    prose: Mapping[int, str], text: str, fused: Sequence[Fused], vectors: WordVectors, trusted: float
) -> list[Fused]:
    """The candidates again, best first: `prose`, texts by chunk, is lifted or lowered by how well its words answer those of
    the question `text`, compared with the other prose, and as far as meaning is trusted."""
    asked = telling(text)
    if not asked or len(prose) < 2:
        return list(fused)
    found = dict(zip(prose, similarities(asked, list(prose.values()), vectors), strict=True))
    middle = sum(found.values()) / len(found)
    return with_part(fused, "alignment", {i: WORTH * trusted * (near - middle) for i, near in found.items()})


def similarities(asked: Sequence[str], passages: Sequence[str], vectors: WordVectors) -> list[float]:
    """For each passage the mean over the words `asked` of the cosine to the nearest of its words, 0 to 1."""
    import numpy as np

    held = [_parts(text) for text in passages]
    place = {word: at for at, word in enumerate(dict.fromkeys(word for some in held for word in some))}
    if not place:
        return [0.0] * len(passages)
    cosines = np.maximum(vectors(asked) @ vectors(list(place)).T, 0)
    return [float(cosines[:, [place[w] for w in some]].max(1).mean()) if some else 0.0 for some in held]


def telling(text: str) -> list[str]:
    """The words of a question that carry meaning, each once."""
    return [part for part in _parts(text) if part not in words.STOPWORDS and len(part) > 1]


def _parts(text: str) -> list[str]:
    """The folded words of a text, identifiers split, each once."""
    return list(dict.fromkeys(part for word in words.words(text) for part in words.parts_of(word)))
