"""Vectors of single words: the mean of what the model's first layer holds for their tokens (its input embeddings).

They cost no run of the model, only a look into a table that is written when the model is compiled; so all words of many
passages can be compared with all words of a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ask.indexer.embed import Vectors
    from tokenizers import Tokenizer

_MOST_WORDS = 50_000
"""Words whose tokens are kept in memory."""
FILE = "tokens.npy"
"""Beside the compiled model: float16 [tokens, width], less their mean."""


def write(model: Any, folder: Path) -> None:
    """Write the table of a sentence-transformers model. One that does not begin with a vector for each token goes without."""
    import numpy as np

    try:
        table = model[0].auto_model.get_input_embeddings().weight.detach().float().numpy()
    except (AttributeError, NotImplementedError):  # as other kinds of first layers say
        return
    if len(table) >= model.tokenizer.backend_tokenizer.get_vocab_size():
        np.save(folder / FILE, (table - table.mean(0)).astype(np.float16))


class WordVectors:
    """The table of a compiled model with its tokenizer."""

    def __init__(self, folder: Path, tokenizer: Tokenizer) -> None:
        """Raises `OSError` or `ValueError` when the table is not there or damaged."""
        import numpy as np

        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self._table = np.load(folder / FILE, mmap_mode="r", allow_pickle=False)
        if self._table.ndim != 2 or len(self._table) < tokenizer.get_vocab_size():
            raise ValueError(f"{FILE} does not fit the tokenizer")

    def __call__(self, words: Sequence[str]) -> Vectors:
        """float32 [len(words), width], each row of length 1; 0 for a word without a token."""
        import numpy as np

        tokens = self._tokens(words)
        counts = np.array([len(ids) for ids in tokens])
        rows = self._table[np.fromiter(chain.from_iterable(tokens), np.int64)].astype(np.float32)
        found = np.zeros((len(words), self._table.shape[1]), np.float32)
        starts = np.cumsum(counts) - counts
        found[counts > 0] = np.add.reduceat(rows, starts[counts > 0]) if len(rows) else 0
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return found

    def _tokens(self, words: Sequence[str]) -> list[list[int]]:
        """The tokens of each word; words come again with the next question, so theirs are kept."""
        known = self._known
        if len(known) > _MOST_WORDS:
            known.clear()
        new = [word for word in dict.fromkeys(words) if word not in known]
        encoded = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        known.update((word, each.ids) for word, each in zip(new, encoded, strict=True))
        return [known[word] for word in words]
