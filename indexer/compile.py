"""Compile a sentence-transformers model once, so that no search ever has to import torch.

`compile_model` starts this module as a child process: torch and sentence-transformers are loaded there, the model is
traced to ONNX, made fast (`graph.py`) with weights of int8, and the result is checked against the original on a few
texts before it is moved into place. The child's memory goes with it.

Weights are quantised to 7 of the 8 bits (`reduce_range`): on processors without VNNI the product of two 8-bit numbers
saturates 16-bit sums. Measured there: cosine to fp32 .9935 with 7 bits, .9927 with 8; the speed is the same.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ask.indexer.errors import ModelProblem
from ask.indexer.weights import Weights, locate

RECIPE = "onnx-int8-channel-r7/2"
"""Names how vectors come about from weights. Any change that changes vectors must change it."""
MODELS = "models"
"""Folder of compiled models in the state directory."""
CARD = "compiled.json"
"""The file that describes a compiled model, in its folder."""
_WORK = ".compiling-"
MINIMUM_COSINE = 0.98
"""Mean agreement with the original below which a compiled model is refused."""
_PROBES = (
    "a small script that prints the outline of an HTML page",
    "The invoice from the plumber came in March and has not been paid yet.",
    "def rename(path): return path.with_suffix('.jpg')",
    "včera mi Petr poslal odkaz na ten článek o zálohování",
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled model in the state directory."""

    folder: Path
    name: str
    fingerprint: str
    """Names the space its vectors live in: weights, pooling, prompts and recipe. Vectors of two fingerprints never mix."""
    dimensions: int
    max_tokens: int
    """Longest input in tokens, special tokens included."""
    query_prompt: str
    passage_prompt: str
    sha256: str
    """Of model.onnx and, where there is one, model.weights, one after the other."""


def compiled_model(models: Path, name: str) -> Compiled:
    """The compiled form of model `name` below the folder `models`, compiling it first if need be."""
    weights = locate(name)
    fingerprint = hashlib.sha256(f"{weights.sha256}\n{RECIPE}".encode()).hexdigest()[:16]
    folder = models / f"{_slug(name)}-{fingerprint}"
    if not (folder / CARD).exists():
        from filelock import FileLock  # not paid for by searches, which read cards

        models.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(models / "compile.lock", mode=0o600):  # another ask may be at it
            if not (folder / CARD).exists():
                compile_model(weights, folder, fingerprint)
    return read_card(folder)


def is_compiled(models: Path, name: str) -> bool:
    """True when some compiled form of the model is there, be it of older files."""
    return any(models.glob(f"{_slug(name)}-*/{CARD}"))


def read_card(folder: Path) -> Compiled:
    """Read the description of a compiled model. Raises `ModelProblem` when it is missing or damaged."""
    try:
        fields = json.loads((folder / CARD).read_text("utf-8"))
        return Compiled(folder=folder, **fields)
    except (OSError, ValueError, TypeError) as error:
        raise ModelProblem(
            f"the compiled model in {folder} cannot be used: {error}", "Run: ask doctor --repair"
        ) from error


def compile_model(weights: Weights, folder: Path, fingerprint: str) -> None:
    """Compile in a child process and move the result to `folder` in one rename."""
    for left_behind in folder.parent.glob(f"{_WORK}*"):  # by one that was killed
        shutil.rmtree(left_behind, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_WORK) as work:
        job = json.dumps({"name": weights.name, "source": str(weights.folder), "out": work, "fingerprint": fingerprint})
        offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        child = subprocess.run(
            [sys.executable, "-P", "-m", "ask.indexer.compile", job],
            env={**os.environ, **offline}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if child.returncode != 0:
            last = child.stderr.strip().splitlines()[-1:] or ["no message"]
            raise ModelProblem(f"the model {weights.name} could not be compiled: {last[0]}")
        shutil.rmtree(folder, ignore_errors=True)
        Path(work).rename(folder)
        Path(work).mkdir()  # TemporaryDirectory wants to find what it removes


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in Path(name).name)[:60]


def _main(job: dict[str, str]) -> None:
    """In the child: load, trace, fuse, quantise, check, describe. Without a network: these libraries make sockets."""
    from ask.indexer import sandbox

    if sys.platform == "linux":
        sandbox.refuse_calls(ctypes.CDLL(None, use_errno=True))
    import torch
    from ask.indexer import graph, word_vectors
    from sentence_transformers import SentenceTransformer

    out = Path(job["out"])
    model: Any = SentenceTransformer(
        job["source"], device="cpu", local_files_only=True, model_kwargs={"attn_implementation": "eager"}
    )
    model.eval()
    with torch.inference_mode():
        _trace(model, out / "traced.onnx")
    graph.finish(out / "traced.onnx", out / "model.onnx", model[0].auto_model.config)
    model.tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))
    word_vectors.write(model, out)
    parts = [out / "model.onnx", out / graph.WEIGHTS]
    card = _card(model, job, [part for part in parts if part.exists()])  # small models have no large tensors
    _check(model, out, card)
    (out / "traced.onnx").unlink()
    fields = asdict(card)
    del fields["folder"]
    (out / CARD).write_text(json.dumps(fields, indent=1), "utf-8")


def _trace(model: Any, path: Path) -> None:
    """Token ids and mask to the final sentence embedding, pooling and normalisation included."""
    import torch

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    ids = torch.randint(5, 500, (2, 16))
    # The TorchScript exporter gives the pattern that the fusion below knows, in 3 s; the newer one takes 14 s.
    torch.onnx.export(
        Pipeline().eval(),
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": {0: "b", 1: "s"}, "attention_mask": {0: "b", 1: "s"}, "embedding": {0: "b"}},
        opset_version=17,
        dynamo=False,
    )


def _card(model: Any, job: dict[str, str], parts: list[Path]) -> Compiled:
    prompts: dict[str, str] = {k: v for k, v in (getattr(model, "prompts", None) or {}).items() if v}
    return Compiled(
        folder=parts[0].parent,
        name=job["name"],
        fingerprint=job["fingerprint"],
        dimensions=int(model.get_sentence_embedding_dimension()),
        max_tokens=int(min(model.max_seq_length or 256, 512)),
        query_prompt=prompts.get("query", ""),
        passage_prompt=prompts.get("passage", prompts.get("document", "")),
        sha256=hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest(),
    )


def _check(model: Any, out: Path, card: Compiled) -> None:
    """The compiled model must agree with the original; otherwise the processor or the quantiser went wrong."""
    from ask.indexer.embed import Embedder

    original = model.encode(list(_PROBES), normalize_embeddings=True, prompt="")
    ours = Embedder(card).embed(list(_PROBES))
    agreement = float((original * ours).sum(axis=1).mean())
    if agreement < MINIMUM_COSINE:
        raise SystemExit(f"compiled model agrees with the original only by {agreement:.3f} (cosine)")


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    _main(json.loads(sys.argv[1]))
