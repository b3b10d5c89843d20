"""Re-scoring: exact meaning for the best candidates of one question that have an approximate one so far.

The best by words and approximate meaning together come first, until all are done, enough are, or the time is spent. (With
the two sides in turns, 60 of them gave what 30 give so.) What is found out is kept in the index afterwards, so that the
next question has it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ask.indexer.database import Connection

if TYPE_CHECKING:
    from ask.indexer.embed import Embedder, Vectors

MOST = 100
"""Candidates embedded at the most; more do not change the first ten."""
_TURN = 8
"""Candidates between two looks at the clock."""
_PAIRS = 8
"""Candidates known both ways, from which the two scales can be compared."""

Learned = dict[int, tuple[bytes, "Vectors"]]
"""By chunk: the hash of its text, and its exact vector, float32 (dimensions,) of length 1."""


def sharpen(db: Connection, embedder: Embedder, best_first: Sequence[int], seconds: float) -> Learned:
    """Embed chunks exactly, until all are done, enough are, or the time is spent."""
    end = time.perf_counter() + seconds
    waiting = best_first[:MOST]
    learned: Learned = {}
    for start in range(0, len(waiting), _TURN):
        if time.perf_counter() >= end:
            break
        learned |= _embedded(db, embedder, waiting[start : start + _TURN])
    return learned


def calibrated(approximate: Mapping[int, float], exact: Mapping[int, float], left: Sequence[int]) -> dict[int, float]:
    """The exact cosines, and for those `left` what their approximate ones are worth for this very question.

    Approximate cosines lie on a scale of their own: in a language that the model does not know a tenth above the exact
    ones and half as far apart, so that what was not embedded would be ranked above what was. The line that carries the
    known pairs from one scale to the other carries the rest, too.
    """
    known = [i for i in exact if i in approximate]
    if len(known) < _PAIRS:
        return dict(exact)
    x, y = [approximate[i] for i in known], [exact[i] for i in known]
    middle, target = sum(x) / len(x), sum(y) / len(y)
    spread = sum((value - middle) ** 2 for value in x)
    together = sum((a - middle) * (b - target) for a, b in zip(x, y, strict=True))
    slope = min(max(together / spread, 0.0), 1.0) if spread > 0 else 0.0
    return {**{i: target + slope * (approximate[i] - middle) for i in left}, **exact}


def _embedded(db: Connection, embedder: Embedder, ids: Sequence[int]) -> Learned:
    from ask.indexer.fill import load_pending

    batch = load_pending(db, ids)
    exact = embedder.embed([embedder.model.passage_prompt + each.text for each in batch])
    return {each.id: (each.hash, vector) for each, vector in zip(batch, exact, strict=True)}
