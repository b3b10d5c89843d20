"""Vectors without running the model: thousands of texts a second, near enough to find candidates.

A table holds what the model says of each token by itself (model2vec's way); a text is the weighted mean of its tokens,
and a linear map carries that mean into the model's own space, where questions are embedded. The map is fitted, by ridge
regression, on texts whose vectors are known: first on random tokens, which needs nobody's data, later on the chunks of
the user that have been embedded (`approximate.py`). What it gains is in docs/retrieval.md.

The table is made once a model, in a few seconds, when a collection is first large enough to need it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from ask.indexer.embed import Embedder, Vectors

FILE = "static-1.npz"
"""Beside the compiled model; the number names how it is made."""
RIDGE = 0.1
"""Strength of the pull towards the map fitted before."""
_SMOOTH = 1e-4
"""Tokens more frequent than this count less, as in smooth inverse frequency."""
_ZIPF = 0.8
_TEXTS, _TOKENS = 4000, 8
"""Random texts that the first map is fitted on, and the tokens of each: 4 to 32 tokens and three times the texts gave the
same recall."""
_WORD = re.compile(r"\w+|[^\w\s]")
_MOST_WORDS = 500_000
"""Words whose tokens are kept in memory."""


@dataclass(frozen=True, slots=True)
class Map:
    """Carries static vectors into the model's space: y = (x - centre) · matrix + target, then to length 1."""

    matrix: Vectors
    centre: Vectors
    target: Vectors

    def __call__(self, features: Vectors) -> Vectors:
        """Unit vectors [n, dimensions] for static ones."""
        carried = (features - self.centre) @ self.matrix + self.target
        return unit(carried)


def fit(features: Vectors, vectors: Vectors, before: Vectors) -> Map:
    """The map from `features` to `vectors` (both [n, dimensions]), pulled towards the matrix `before`."""
    centre, target = features.mean(0), vectors.mean(0)
    x, y = features - centre, vectors - target
    pull = RIDGE * np.eye(len(before), dtype=np.float32)
    matrix = np.linalg.solve(x.T @ x + pull, x.T @ y + RIDGE * before)
    return Map(matrix.astype(np.float32), centre, target)


class Static:
    """The table of a compiled model with its tokenizer, and the map that needs no data."""

    def __init__(self, embedder: Embedder) -> None:
        """Made from the model when it is not there yet."""
        path = embedder.model.folder / FILE
        self._bags = _Bags(embedder.model.folder / "tokenizer.json")
        if path.exists():
            with np.load(path) as stored:
                self._table: Vectors = stored["table"].astype(np.float32)
                self.first = Map(stored["matrix"], stored["centre"], stored["target"])
            return
        self._table = _weighted(embedder.embed_tokens([[i] for i in range(self._bags.size)]))
        texts = [embedder.model.passage_prompt + text for text in self._bags.random(_TEXTS, _TOKENS)]
        half = 0.5 * np.eye(embedder.model.dimensions, dtype=np.float32)
        self.first = fit(self.features(texts), embedder.embed(texts), half)
        temporary = path.with_suffix(f".{os.getpid()}.npz")
        save(temporary, table=self._table.astype(np.float16), **_arrays(self.first))
        temporary.replace(path)

    def features(self, texts: Sequence[str]) -> Vectors:
        """Static vectors: float32 [len(texts), dimensions], of length 1 (0 for a text without a token)."""
        return unit(self._bags(texts) @ self._table)


class _Bags:
    """Texts as bags of tokens."""

    def __init__(self, tokenizer: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._known: dict[str, list[int]] = {}
        self.size = int(self._tokenizer.get_vocab_size())
        """How many tokens there are."""

    def __call__(self, texts: Sequence[str]) -> Any:
        """How often each token is in each text: sparse float32 [len(texts), size]."""
        from scipy.sparse import csr_array

        rows = [self._ids(text) for text in texts]
        ends = np.cumsum([0, *map(len, rows)])
        ids = np.fromiter((i for row in rows for i in row), np.int32, count=int(ends[-1]))
        return csr_array((np.ones(len(ids), np.float32), ids, ends), shape=(len(rows), self.size))

    def _ids(self, text: str) -> list[int]:
        """The tokens of a text. Words repeat, so theirs are kept: faster than the tokenizer on whole texts."""
        words = _WORD.findall(text)
        known = self._known
        if len(known) > _MOST_WORDS:
            known.clear()
        new = list(set(words).difference(known))
        if new:
            encoded = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
            known.update((word, each.ids) for word, each in zip(new, encoded, strict=True))
        return [i for word in words for i in known[word]]

    def random(self, count: int, length: int) -> list[str]:
        """Texts of that many tokens each, frequent ones more often; the same ones every time."""
        chance = np.random.default_rng(0)
        plain = np.arange(min(1000, self.size // 2), self.size)  # behind special tokens and single characters
        weights = 1 / (np.arange(len(plain)) + 50.0) ** 0.6
        drawn = chance.choice(plain, size=(count, length), p=weights / weights.sum())
        return [self._tokenizer.decode(row) for row in drawn.tolist()]


def _weighted(alone: Vectors) -> Vectors:
    """Vectors of single tokens, the frequent ones shortened; vocabularies are in order of frequency."""
    share = 1 / (np.arange(len(alone)) + 1.0) ** _ZIPF
    weights = _SMOOTH / (_SMOOTH + share / share.sum())
    weighted: Vectors = (alone * weights[:, None]).astype(np.float32)
    return weighted


def unit(vectors: npt.NDArray[Any]) -> Vectors:
    """Rows to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def _arrays(found: Map) -> dict[str, Vectors]:
    return {"matrix": found.matrix, "centre": found.centre, "target": found.target}


def save(path: Path, **arrays: npt.NDArray[Any]) -> None:
    """Write arrays, for their owner's eyes only."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        np.savez(file, allow_pickle=False, **arrays)


def save_map(path: Path, found: Map) -> None:
    """Write a map."""
    save(path, **_arrays(found))


def load_map(path: Path) -> Map | None:
    """Read a map; None when it is not there or damaged."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return Map(stored["matrix"], stored["centre"], stored["target"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
