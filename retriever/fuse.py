"""Two lists of scores into one: a sum of scores, not of ranks.

Reciprocal rank fusion forgets by how much the first is better than the second; a sum of scores does not, and wins on
every set measured (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WORDS_WEIGHT = 0.4
"""What the best match by words is worth, in units of cosine."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A candidate with its score, taken apart."""

    id: int
    parts: Mapping[str, float]

    @property
    def score(self) -> float:
        """The sum of the parts."""
        return sum(self.parts.values())


def fuse(cosines: Mapping[int, float], bm25: Mapping[int, float], weight: float = WORDS_WEIGHT) -> list[Fused]:
    """Candidates with a cosine, best first. Those without a match by words get nothing for words."""
    best = max(bm25.values(), default=0.0) or 1.0
    fused = [Fused(i, {"meaning": cosine, "words": weight * bm25.get(i, 0.0) / best}) for i, cosine in cosines.items()]
    return sorted(fused, key=lambda candidate: (-candidate.score, candidate.id))
