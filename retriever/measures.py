"""How good a ranking is: the usual measures of one ranked list, each between 0 and 1, higher is better.

`ranked` holds what was found, best first; `relevant` says what is worth finding and how much. Both sides of a mean are
the caller's business: a query without anything relevant has no value and must be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `k`, with linear gains (as trec_eval and MTEB count)."""
    best = sorted(relevant.values(), reverse=True)
    return _gain([relevant.get(each, 0.0) for each in _first(ranked, k)]) / _gain(best[:k])


def recall(ranked: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    """The part of what is relevant that stands among the first `k`."""
    wanted = {each for each, gain in relevant.items() if gain > 0}
    return len(wanted.intersection(_first(ranked, k))) / len(wanted)


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, float], k: int = 10) -> float:
    """One over the rank of the first that is relevant; 0 when there is none among the first `k`."""
    ranks = (rank for rank, each in enumerate(_first(ranked, k), 1) if relevant.get(each, 0.0) > 0)
    return 1 / next(ranks, float("inf"))


def _first(ranked: Sequence[str], k: int) -> list[str]:
    """The first `k` different ones: naming something twice gains nothing."""
    return list(dict.fromkeys(ranked))[:k]


def _gain(gains: Sequence[float]) -> float:
    return sum(gain / log2(place + 1) for place, gain in enumerate(gains, 1))
