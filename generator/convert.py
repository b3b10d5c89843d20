"""A LLaMA kept as safetensors → a quantised GGUF file, so that a model from Hugging Face can be asked.

    config.json → metadata · tokenizer.json → vocabulary · *.safetensors → tensors · then llama.cpp quantises

Only the LLaMA architecture (Mistral's is the same); llama.cpp's own `convert_hf_to_gguf.py` knows a hundred more. How
llama.cpp must cut text into tokens stands in no file: every way is tried, and the one that cuts a text of every sort as
the model's own tokenizer does is taken. When none does, nothing is converted, because such a model would misread.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ask.generator.gguf_file import QUANTISATIONS
from ask.indexer.errors import DiskFull, ModelProblem, UsageError

ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM")
BYTE_LEVEL = ("llama-bpe", "gpt-2", "smollm", "qwen2", "tekken", "deepseek-llm", "default")
"""Ways in which llama.cpp cuts text before byte-level BPE; those that LLaMAs use come first."""
PROBE = (
    "Hello, world! It's 10:30, we'll see 12345678 things & 3.14 more...\n\n\tif (x != y) { return foo_bar[0]; }  \n"
    "  Příliš žluťoučký kůň úpěl ďábelské ódy. DON'T PANIC — „ano“. 漢字かな交じり文 🙂🙃 naïve café\r\n a  b   c\n"
)
"""Words, numbers, code, white space and other scripts: what ways of cutting differ in."""
_HINT = "llama.cpp's own converter knows more: python convert_hf_to_gguf.py {} --outtype q8_0"

Writer = Any
"""gguf.GGUFWriter; the package has no types."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a conversion is."""

    stage: str
    done: int = 0
    total: int = 0
    """Tensors; 0 where there are none to count."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder with a model."""

    folder: Path
    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    """tokenizer.json"""

    @property
    def heads(self) -> int:
        return int(self.config["num_attention_heads"])

    @property
    def kv_heads(self) -> int:
        return int(self.config.get("num_key_value_heads") or self.heads)

    @property
    def head_width(self) -> int:
        return int(self.config.get("head_dim") or self.config["hidden_size"] // self.heads)

    @property
    def rope(self) -> Mapping[str, Any]:
        """Settings of the positions, wherever this version of transformers has put them."""
        found = dict(self.config.get("rope_scaling") or self.config.get("rope_parameters") or {})
        found.setdefault("rope_theta", self.config.get("rope_theta") or 10000.0)
        found.setdefault("rope_type", found.get("type") or "default")
        return found

    @property
    def spells_bytes(self) -> bool:
        """A vocabulary in the manner of SentencePiece, which has tokens such as `<0x0A>`."""
        return bool(self.tokenizer["model"].get("byte_fallback"))


def convert(folder: Path, target: Path, quantisation: str = "Q4_K_M") -> Iterator[Step]:
    """Write `target`, step by step. Raises `UsageError`, `ModelProblem`, `DiskFull`; then there is no `target`."""
    if not all(map(importlib.util.find_spec, ("gguf", "llama_cpp"))):
        raise ModelProblem("llama-cpp-python and gguf are not installed", "Install them: pip install 'ask-files[llm]'")
    source, number = read(folder), _number(quantisation)
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(target.parent).free < 2 * size:
        raise DiskFull(f"converting {folder.name} takes {2 * size / 1e9:.1f} GB of room in {target.parent}")
    with tempfile.TemporaryDirectory(prefix=".converting-", dir=target.parent) as work:
        whole, small = Path(work, "f16.gguf"), Path(work, "quantised.gguf")
        yield Step("Trying the vocabulary")
        cut = cutting(source, Path(work, "words.gguf"))
        yield from write(source, whole, cut)
        yield Step("Quantising")
        quantise(whole, small, number)
        small.replace(target)


def read(folder: Path) -> Source:
    """Read and check a folder. Raises `UsageError` for one that cannot be converted."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        kinds = config["architectures"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} holds no model: config.json cannot be read", "Name the folder it is in.") from error
    if not set(kinds) & set(ARCHITECTURES):
        raise UsageError(f"a {', '.join(kinds)} is no LLaMA and cannot be converted here", _HINT.format(folder))
    if not (folder / "tokenizer.json").is_file() or not any(folder.glob("*.safetensors")):
        raise UsageError(f"{folder} lacks tokenizer.json or *.safetensors", _HINT.format(folder))
    source = Source(folder, config, json.loads((folder / "tokenizer.json").read_text("utf-8")))
    if source.tokenizer["model"].get("type") != "BPE" or source.rope["rope_type"] not in (
        "default",
        "linear",
        "llama3",
    ):
        raise UsageError(f"{folder.name} has a vocabulary or positions of an unknown sort", _HINT.format(folder))
    return source


def _number(quantisation: str) -> int:
    known = {name: number for number, name in QUANTISATIONS.items()}
    if quantisation.upper() not in known:
        raise UsageError(f"there is no quantisation {quantisation!r}", "Usual ones: Q4_K_M, Q5_K_M, Q6_K, Q8_0.")
    return known[quantisation.upper()]


Cut = Callable[[Writer], None]
"""Writes how text is cut into tokens."""


def cutting(source: Source, scratch: Path) -> Cut:
    """The way of cutting text in which llama.cpp agrees with the model's own tokenizer. Raises `ModelProblem`."""
    from tokenizers import Tokenizer

    wanted = Tokenizer.from_file(str(source.folder / "tokenizer.json")).encode(PROBE, add_special_tokens=False).ids
    for cut in _ways(source):
        writer = _begun(source, scratch, cut)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        if _tokens(scratch, PROBE.encode()) == wanted:
            return cut
    raise ModelProblem(
        "llama.cpp would read text otherwise than this model was trained to", _HINT.format(source.folder)
    )


def _tokens(vocabulary: Path, text: bytes) -> list[int]:
    """How llama.cpp cuts a text. (`llama_cpp.Llama` would make a context, and complain that there is no model.)"""
    import ctypes

    import llama_cpp
    from llama_cpp._logger import set_verbose

    set_verbose(False)
    settings = llama_cpp.llama_model_default_params()
    settings.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(os.fsencode(vocabulary), settings)
    if model is None:
        return []
    room = (ctypes.c_int32 * len(text))()  # a token is a byte or more
    count = llama_cpp.llama_tokenize(
        llama_cpp.llama_model_get_vocab(model), text, len(text), room, len(text), False, False
    )
    llama_cpp.llama_model_free(model)
    return list(room[: max(count, 0)])


def _ways(source: Source) -> Iterator[Cut]:
    if source.spells_bytes:
        for prefix in (True, False):
            yield lambda writer, prefix=prefix: writer.add_add_space_prefix(prefix)  # type: ignore[misc]
    else:
        for name in BYTE_LEVEL:
            yield lambda writer, name=name: writer.add_tokenizer_pre(name)  # type: ignore[misc]


def _begun(source: Source, target: Path, cut: Cut) -> Writer:
    """A writer that has everything but the tensors."""
    import gguf

    config, rope = source.config, source.rope
    writer = gguf.GGUFWriter(str(target), "llama")
    writer.add_name(source.folder.name)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(source.heads)
    writer.add_head_count_kv(source.kv_heads)
    writer.add_key_length(source.head_width)
    writer.add_value_length(source.head_width)
    writer.add_rope_dimension_count(source.head_width)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(rope["factor"]))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_vocabulary(writer, source)
    cut(writer)
    return writer


def _add_vocabulary(writer: Writer, source: Source) -> None:
    import gguf
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source.folder / "tokenizer.json"))
    added = tokenizer.get_added_tokens_decoder()
    names = {number: token for token, number in tokenizer.get_vocab(with_added_tokens=True).items()}
    tokens, kinds = [], []
    for number in range(source.config["vocab_size"]):
        tokens.append(names.get(number, f"[PAD{number}]"))
        if number not in names:
            kinds.append(gguf.TokenType.UNUSED)
        elif number in added:
            kinds.append(gguf.TokenType.CONTROL if added[number].special else gguf.TokenType.USER_DEFINED)
        elif source.spells_bytes and len(tokens[-1]) == 6 and tokens[-1].startswith("<0x"):
            kinds.append(gguf.TokenType.BYTE)
        else:
            kinds.append(gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("llama" if source.spells_bytes else "gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    if source.spells_bytes:
        writer.add_token_scores(_scores(tokens, source.tokenizer["model"]["merges"]))
    gguf.SpecialVocab(source.folder, load_merges=not source.spells_bytes, n_vocab=len(tokens)).add_to_gguf(writer, True)


def _scores(tokens: list[str], merges: list[str] | list[list[str]]) -> list[float]:
    """SentencePiece joins what has the highest score first, so a token's score is its merge's place, negated."""
    places: dict[str, int] = {}
    for place, merge in enumerate(merges):
        places.setdefault("".join(merge.split(" ", 1) if isinstance(merge, str) else merge), place)
    return [-float(places.get(token, 0)) for token in tokens]


def write(source: Source, target: Path, cut: Cut) -> Iterator[Step]:
    """Write the whole model with 16-bit matrices; one tensor is in memory at a time."""
    import gguf

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, source.config["num_hidden_layers"])
    writer = _begun(source, target, cut)
    tensors = list(_tensors(source))
    for name, shape, _ in tensors:
        kind = np.float16 if len(shape) > 1 else np.float32
        written = names.get_name(name, try_suffixes=(".weight", ".bias")) or name
        if written == name and name != ROPE:
            raise ModelProblem(
                f"{source.folder.name} has a part that no LLaMA has: {name}", _HINT.format(source.folder)
            )
        writer.add_tensor_info(written, shape, np.dtype(kind), int(np.prod(shape)) * np.dtype(kind).itemsize)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for done, (_, shape, load) in enumerate(tensors):
        yield Step("Writing", done, len(tensors))
        writer.write_tensor_data(load().astype(np.float16 if len(shape) > 1 else np.float32))
    writer.close()


ROPE = "rope_freqs.weight"
"""What LLaMA 3.1 and later stretch their positions by; computed, in no file."""
Tensor = npt.NDArray[np.float32]


def _tensors(source: Source) -> Iterator[tuple[str, tuple[int, ...], Callable[[], Tensor]]]:
    """(name, shape, how to read it) of every tensor, in the order of the files."""
    from safetensors import safe_open

    for file in sorted(source.folder.glob("*.safetensors")):
        opened: Any = safe_open(file, framework="pt")  # NumPy has no bfloat16
        for name in opened.keys():  # noqa: SIM118 (no mapping)
            if name.endswith("rotary_emb.inv_freq"):
                continue  # old files hold it; it is computed

            def load(opened: Any = opened, name: str = name) -> Tensor:
                found: Tensor = opened.get_tensor(name).float().numpy()
                return _interleaved(found, name, source)

            yield name, tuple(opened.get_slice(name).get_shape()), load
    if source.rope["rope_type"] == "llama3":
        yield ROPE, (source.head_width // 2,), lambda: stretched(source)


def _interleaved(tensor: Tensor, name: str, source: Source) -> Tensor:
    """Queries and keys with the two halves of each head, which transformers keeps apart, side by side."""
    heads = source.heads if ".q_proj." in name else source.kv_heads if ".k_proj." in name else 0
    if not heads:
        return tensor
    halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
    return halves.swapaxes(1, 2).reshape(tensor.shape)


def stretched(source: Source) -> Tensor:
    """How much LLaMA 3.1 slows each frequency: not the high ones, the low ones by `factor`, smoothly between."""
    rope, width = source.rope, source.head_width
    trained = float(rope["original_max_position_embeddings"])
    factor, low, high = (float(rope[name]) for name in ("factor", "low_freq_factor", "high_freq_factor"))
    factors = []
    for at in range(0, width, 2):
        turns = trained / (2 * math.pi * float(rope["rope_theta"]) ** (at / width))
        share = min(max((turns - low) / (high - low), 0.0), 1.0)
        factors.append(1 / ((1 - share) / factor + share))
    return np.array(factors, np.float32)


def quantise(source: Path, target: Path, number: int) -> None:
    """Let llama.cpp quantise, in a process that can be interrupted. Raises `ModelProblem`."""
    command = [sys.executable, "-P", "-m", "ask.generator.convert", os.fspath(source), os.fspath(target), str(number)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        raise ModelProblem(f"llama.cpp could not quantise it: {said}", "Choose another with --quantisation, e.g. Q8_0.")


def main(source: str, target: str, number: str) -> int:
    """The process of `quantise`."""
    import ctypes

    import llama_cpp

    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = int(number)
    settings.nthread = os.cpu_count() or 1
    done: int = llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(settings))
    return done


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
