"""Texts to vectors with a compiled model: ONNX Runtime and tokenizers only, no torch.

Importing this module is cheap; the libraries are loaded with the first `Embedder`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ask.indexer.errors import ModelMismatch, ModelProblem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from ask.indexer.compile import Compiled
    from ask.indexer.word_vectors import WordVectors

    Vectors = npt.NDArray[np.float32]

BATCH_TOKENS = 512
"""Tokens in a batch, padding included. Small batches stay in the processor's cache: 4 × 128 tokens measured best."""


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: list[int]
    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]


class Embedder:
    """Embeds texts; every vector is L2-normalised, so that a dot product is a cosine.

    Each thread runs whole batches by itself: two sessions' worth of independent work keeps two cores busier than one
    batch split over both (measured +5…20 %).
    """

    def __init__(self, model: Compiled, threads: int | None = None) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.model = model
        self.threads = threads or cores()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="embed")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # The graph was optimised when it was compiled; doing it again would cost every search 0.1 s.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            graph = str(model.folder / "model.onnx")
            loading = self._pool.submit(
                onnxruntime.InferenceSession, graph, options, providers=["CPUExecutionProvider"]
            )  # beside the tokenizer, which takes as long
            self._tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
            self._session = loading.result()
        except Exception as error:
            raise ModelProblem(
                f"the compiled model in {model.folder} cannot be loaded: {error}", "ask doctor"
            ) from error
        self._tokenizer.enable_truncation(model.max_tokens)
        self._tokenizer.no_padding()
        self._words: WordVectors | None = None

    def word_vectors(self) -> WordVectors | None:
        """Vectors of single words; None for a model that has none."""
        from ask.indexer.word_vectors import FILE, WordVectors

        if self._words is None and (self.model.folder / FILE).exists():
            try:
                self._words = WordVectors(self.model.folder, self._tokenizer)
            except (OSError, ValueError) as error:
                raise ModelProblem(
                    f"the compiled model in {self.model.folder} is damaged: {error}", "Run: ask doctor --repair"
                ) from error
        return self._words

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed passages as they are. Returns float32 [len(texts), dimensions], row i for text i."""
        return self._embed([e.ids for e in self._tokenizer.encode_batch_fast(list(texts))])

    def embed_tokens(self, rows: Sequence[Sequence[int]]) -> Vectors:
        """Embed sequences of token ids, with the special tokens of the model around them."""
        around = self._tokenizer.encode("").ids
        first, last = (around[:1], around[1:]) if len(around) > 1 else ([], around)
        return self._embed([[*first, *row, *last] for row in rows])

    def _embed(self, rows: Sequence[Sequence[int]]) -> Vectors:
        import numpy as np

        out = np.zeros((len(rows), self.model.dimensions), dtype=np.float32)
        batches = list(self._batches(rows))
        for batch, vectors in zip(batches, self._pool.map(self._run, batches), strict=True):
            out[batch.rows] = vectors
        if not np.isfinite(out).all():
            raise ModelMismatch(f"the model {self.model.name} gave vectors that are not numbers")
        return out

    def embed_query(self, text: str) -> Vectors:
        """Embed one question, with the model's query prompt. Returns float32 [dimensions]."""
        vector: Vectors = self.embed([self.model.query_prompt + text])[0]
        return vector

    def too_long(self, texts: Sequence[str]) -> int:
        """How many texts are longer than what the model reads of them."""
        return sum(bool(encoded.overflowing) for encoded in self._tokenizer.encode_batch(list(texts)))

    def fragmentation(self, words: Sequence[str]) -> float:
        """Tokens per word: about 1.1 in a language the model knows, above 2 in one it does not. 1 for no words."""
        encoded = self._tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
        return sum(len(e.ids) for e in encoded) / max(len(encoded), 1) if encoded else 1.0

    def _run(self, batch: _Batch) -> Vectors:
        result: Vectors = self._session.run(None, {"input_ids": batch.ids, "attention_mask": batch.mask})[0]
        return result

    def _batches(self, encoded: Sequence[Sequence[int]]) -> Iterator[_Batch]:
        """Batches of similar length, so that little is spent on padding."""
        import numpy as np

        order = sorted(range(len(encoded)), key=lambda row: len(encoded[row]))
        while order:
            longest = len(encoded[order[-1]])
            rows = order[-max(1, BATCH_TOKENS // max(longest, 1)) :]
            del order[-len(rows) :]
            ids = np.zeros((len(rows), longest), dtype=np.int64)
            mask = np.zeros_like(ids)
            for place, row in enumerate(rows):
                ids[place, : len(encoded[row])] = encoded[row]
                mask[place, : len(encoded[row])] = 1
            yield _Batch(rows, ids, mask)
