"""How fast and how true the compiled model embeds, beside sentence-transformers on the same texts in one run.

    python benchmarks/embedding.py [--texts 256] [--rounds 5] [--set SETDIR]

The two take turns (A B A B …), so that a busy machine hits both alike; the ratio is the median of the ratios of
neighbouring runs. With a set (see evaluate.py) its documents are the texts, and dense retrieval over whole documents is
scored with either's vectors. The share of the int8 peak says how much of what this machine can multiply at all, by
ONNX Runtime's own matrix product of the sizes in question, is left when a whole model runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import evaluate
import home
import machine
import numpy as np
import onnxruntime
from ask.indexer import maintain
from ask.indexer.compile import Compiled
from ask.indexer.embed import Embedder, cores
from ask.indexer.progress import Silent
from ask.indexer.weights import DEFAULT, locate
from ask.retriever.measures import ndcg
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
MACS_PER_TOKEN = 6 * (4 * 384 * 384 + 2 * 384 * 1536)
"""Multiplications of all-MiniLM-L6-v2 with its weights, for each token: six layers."""


def pieces(count: int) -> list[str]:
    """Texts of about the length of a chunk, out of the standard library."""
    found: list[str] = []
    for path in home.sources():
        text = path.read_text("utf-8", "replace")
        found += [text[start : start + home.CHUNK] for start in range(0, len(text), home.CHUNK)]
    return found[:: max(1, len(found) // count)][:count]


def in_turn(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contestant in each round, after one that is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, work in contestants.items():
            begun = time.perf_counter()
            work()
            if turn:
                spent[name].append(time.perf_counter() - begun)
    return spent


def speed(texts: list[str], model: Compiled, rounds: int) -> dict[str, object]:
    """Texts per second of both, and how they compare."""
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(locate(DEFAULT).folder), device="cpu", local_files_only=True)
    ours = Embedder(model)
    spent = in_turn(
        {
            "sentence-transformers": lambda: plain.encode(texts, batch_size=32, show_progress_bar=False),
            "ask": lambda: ours.embed(texts),
        },
        rounds,
    )
    seconds = {name: statistics.median(each) for name, each in spent.items()}
    pairs = zip(spent["sentence-transformers"], spent["ask"], strict=True)
    tokens = _tokens(texts, model)
    peak = int8_peak()
    agreement = (plain.encode(texts, normalize_embeddings=True) * ours.embed(texts)).sum(axis=1)
    return {
        "texts": len(texts),
        "tokens_per_text": round(tokens / len(texts), 1),
        "texts_per_second": {name: round(len(texts) / each, 1) for name, each in seconds.items()},
        "ratio": round(statistics.median(slow / fast for slow, fast in pairs), 2),
        "cosine": {"mean": round(float(agreement.mean()), 4), "least": round(float(agreement.min()), 4)},
        "int8_peak_gmacs": round(peak / 1e9, 1),
        "share_of_int8_peak": round(tokens * MACS_PER_TOKEN / seconds["ask"] / peak, 2),
    }


def _tokens(texts: list[str], model: Compiled) -> int:
    tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    tokenizer.enable_truncation(model.max_tokens)
    tokenizer.no_padding()
    return sum(len(encoded.ids) for encoded in tokenizer.encode_batch(texts))


def int8_peak() -> float:
    """Multiplications a second of ONNX Runtime's int8 product at its best, on all cores: 512 × 384 × 1536."""
    rows, inner, columns = 512, 384, 1536
    weights = np.random.default_rng(0).integers(-63, 64, (inner, columns)).astype(np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "peak",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [rows, columns])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed = {"x": np.random.default_rng(1).integers(0, 256, (rows, inner)).astype(np.uint8)}

    def work() -> float:
        begun = time.perf_counter()
        for _ in range(20):
            session.run(None, feed)
        return time.perf_counter() - begun

    with ThreadPoolExecutor(cores()) as pool:
        best = min(max(pool.map(lambda _: work(), range(cores()))) for _ in range(10))
    return cores() * 20 * rows * inner * columns / best


def quality(collection: evaluate.Set, model: Compiled) -> dict[str, float]:
    """nDCG@10 of dense retrieval over whole documents, cut at the model's window, with either's vectors."""
    from sentence_transformers import SentenceTransformer

    documents = [f"{d.get('title', '')}\n{d['text']}".strip() for d in collection.documents]
    questions = [query.text for query in collection.queries]
    plain = SentenceTransformer(str(locate(DEFAULT).folder), device="cpu", local_files_only=True)
    ours = Embedder(model)
    scored = {
        "fp32": _cosines(partial(plain.encode, normalize_embeddings=True), questions, documents),
        "int8": _cosines(ours.embed, questions, documents),
    }
    return {name: round(_ndcg(collection, scores), 4) for name, scores in scored.items()}


def _cosines(embed: Callable[[list[str]], np.ndarray], questions: list[str], documents: list[str]) -> np.ndarray:
    return embed(questions) @ embed(documents).T


def _ndcg(collection: evaluate.Set, scores: np.ndarray) -> float:
    ids = [document["id"] for document in collection.documents]
    best = np.argsort(-scores, axis=1)[:, :10]
    ranked = [[ids[i] for i in row] for row in best]
    judged = zip(ranked, collection.queries, strict=True)
    return statistics.mean(ndcg(row, collection.relevant[query.id]) for row, query in judged)


def table(result: dict[str, object]) -> str:
    """The outcome in Markdown."""
    found: dict[str, float] = result["texts_per_second"]  # type: ignore[assignment]
    lines = ["| | texts/s | ratio |", "|---|--:|--:|"]
    lines.append(f"| sentence-transformers, batch 32 | {found['sentence-transformers']} | 1 |")
    lines.append(f"| ask | {found['ask']} | {result['ratio']} |")
    return "\n".join(lines) + "\n"


def run(state: Path, count: int, rounds: int, folder: Path | None) -> dict[str, object]:
    """Everything; the model is compiled below `state` unless it is there."""
    model = maintain.prepare_model(state, DEFAULT, Silent())
    collection = None if folder is None else evaluate.read(folder)
    if collection is None:
        texts = pieces(count)
    else:
        step = max(1, len(collection.documents) // count)
        texts = [document["text"] for document in collection.documents][::step][:count]
    result = {"machine": machine.facts(), "measured": machine.today(), **speed(texts, model, rounds)}
    if collection is not None:
        result |= {"set": collection.name, "ndcg@10": quality(collection, model)}
    return result


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=256, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--set", type=Path, metavar="SETDIR", help="take its documents, and score dense retrieval")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the compiled model there and use it again")
    parser.add_argument("--results", type=Path, default=machine.RESULTS, metavar="DIR")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ask-embedding-") as scratch:
        result = run((given.keep or Path(scratch)).resolve(), given.texts, given.rounds, given.set)
    given.results.mkdir(parents=True, exist_ok=True)
    (given.results / "embedding.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (given.results / "embedding.md").write_text(table(result), "utf-8")
    sys.stdout.write(json.dumps(result, indent=1) + "\n" + table(result))


if __name__ == "__main__":
    main()
