"""Words of a question that code says in its own: `rmtree` is to "delete", and `iterdir` is about a "folder".

Each word that a function does not hold is compared with the nearest of its names (MaxSim, as in alignment.py), by vectors
of single words, which two maps learnt from docstrings and the functions below them bring together
(scripts/learn_code_words.py). They have seen Python; in C++ and JavaScript they made hits worse (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ask.retriever import code_questions
from ask.retriever.fuse import Fused, with_part
from ask.retriever.shorthand import Code

if TYPE_CHECKING:
    from ask.indexer.embed import Vectors
    from ask.indexer.word_vectors import WordVectors

LANGUAGE = "python"
WORTH = 0.4
"""What it is worth when every word has its like in a name, against none."""
_MOST_NAMES = 20_000
"""Names that are kept, 10 MB."""


class CodeWords:
    """The maps of one model. Names come again with the next question, so where they lie is kept."""

    def __init__(self, of_questions: Vectors, of_code: Vectors) -> None:
        """Both float32 [width of a word's vector, dimensions]."""
        import numpy as np

        self._of_questions, self._of_code = of_questions, of_code
        self._row: dict[str, int] = {}
        self._kept = np.empty((_MOST_NAMES, of_code.shape[1]), np.float32)  # memory is taken as it is filled

    def asked(self, words: Sequence[str], vectors: WordVectors) -> Vectors:
        """Where words of a question lie, float32 [len(words), dimensions], each row of length 1."""
        return _unit(vectors(words) @ self._of_questions)

    def named(self, names: Collection[str], vectors: WordVectors) -> Vectors:
        """Where names in code lie, as above."""
        new = [name for name in names if name not in self._row]
        if new:
            if len(self._row) + len(new) > _MOST_NAMES:
                self._row, new = {}, list(names)
            rows = range(len(self._row), len(self._row) + len(new))
            self._kept[rows.start : rows.stop] = _unit(vectors(new) @ self._of_code)
            self._row.update(zip(new, rows, strict=True))
        found: Vectors = self._kept[[self._row[name] for name in names]]
        return found


def of_model(fingerprint: str) -> CodeWords | None:
    """The maps for vectors of this fingerprint; None for all models but the one that comes with `ask`."""
    maps = code_questions.learnt("code_words", fingerprint)
    return None if maps is None else CodeWords(*maps)


def with_code_words(
    code: Sequence[Code],
    weights: Mapping[str, float],
    fused: Sequence[Fused],
    learnt: CodeWords,
    vectors: WordVectors,
    trusted: float,
) -> list[Fused]:
    """The candidates again, best first: Python among the `code` is lifted or lowered by how well its names answer those
    words of the question that it does not hold, compared with the other Python among them, and as far as meaning is
    trusted. `weights`: what each word of the question weighs."""
    code = [each for each in code if each.language == LANGUAGE and each.names]
    if len(code) < 2 or not weights:
        return list(fused)
    found = answered(code, weights, learnt, vectors)
    middle = sum(found) / len(found)
    lifts = {each.id: WORTH * trusted * (near - middle) for each, near in zip(code, found, strict=True)}
    return with_part(fused, "idiom", lifts)


def answered(
    code: Sequence[Code], weights: Mapping[str, float], learnt: CodeWords, vectors: WordVectors
) -> list[float]:
    """For each passage the share of the words' weights that it does not hold, each times the cosine to its nearest name,
    0 to 1."""
    import numpy as np

    place = {name: at for at, name in enumerate(sorted({name for each in code for name in each.names}))}
    cosines = np.maximum(learnt.named(place, vectors) @ learnt.asked(list(weights), vectors).T, 0)
    whole = sum(weights.values())

    def share(each: Code) -> float:
        missing = each.lacks(weights)
        if not missing or not each.names:
            return 0.0
        best: list[float] = cosines[[place[name] for name in each.names]].max(0).tolist()
        nearest = dict(zip(weights, best, strict=True))
        return sum(weights[word] * nearest[word] for word in missing) / whole

    return [share(each) for each in code]


def _unit(vectors: Vectors) -> Vectors:
    import numpy as np

    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit
