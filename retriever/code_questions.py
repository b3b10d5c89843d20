"""Questions turned towards code. To a model of sentences what a function does and how it does it are two languages.

A linear map learnt once from docstrings and the functions they describe (scripts/learn_code_questions.py) moves the
question, so that no vector in the index changes. Chunks of code are compared with the turned question, all others with
the question itself. What it gains is told in docs/retrieval.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ask.indexer.embed import Vectors

KINDS = frozenset(["code", "script"])
"""Kinds of documents that are code."""


@dataclass(frozen=True, slots=True)
class CodeQuestions:
    """The map of one model."""

    rows: Vectors
    """float32 [dimensions + 1, dimensions]: what is added to a question for each of its dimensions, and to every one."""

    def turned(self, question: Vectors) -> Vectors:
        """The question, float32 (dimensions,) of length 1, as code is compared with it."""
        import numpy as np

        moved = question + question @ self.rows[:-1] + self.rows[-1]
        unit: Vectors = (moved / max(float(np.linalg.norm(moved)), 1e-9)).astype(np.float32)
        return unit


def of_model(fingerprint: str) -> CodeQuestions | None:
    """The map for vectors of this fingerprint; None for all models but the one that comes with `ask`."""
    rows = learnt("code_questions", fingerprint)
    return None if rows is None else CodeQuestions(rows)


def learnt(folder: str, fingerprint: str) -> Vectors | None:
    """What ships in a folder of `data/` for vectors of this fingerprint, float32; None where there is nothing."""
    import numpy as np

    kept = files("ask.data") / folder / f"{fingerprint}.npy"
    if not kept.is_file():
        return None
    with kept.open("rb") as file:
        return np.load(file, allow_pickle=False).astype(np.float32)  # type: ignore[no-any-return]


def level(gains: Mapping[int, float], languages: Mapping[int, str]) -> dict[int, float]:
    """What each chunk gains by the turned question beyond others of its language, by chunk as both are given.

    The map knows Python; without this it would lift Python above all other languages, and all code above or below prose.
    """
    of_language: dict[str, list[float]] = defaultdict(list)
    for chunk, gain in gains.items():
        of_language[languages[chunk]].append(gain)
    means = {language: sum(some) / len(some) for language, some in of_language.items()}
    return {chunk: gain - means[languages[chunk]] for chunk, gain in gains.items()}
