"""Makes tiny GGUF files of the LLaMA architecture, for tests only: `python gguf_maker.py OUT.gguf [SEED]`.

The vocabulary is one token for each byte, plus the control tokens of a small chat template. With random weights such a
file has about 160 kB; llama.cpp loads and runs it exactly as it does a real model.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

CONTROL = ("<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """Sizes of a LLaMA. `width` must be a multiple of `heads`."""

    width: int = 64
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    hidden: int = 96
    context: int = 2048
    rope_base: float = 10000.0

    @property
    def head_width(self) -> int:
        return self.width // self.heads


def byte_symbols() -> list[str]:
    """The character that byte-level BPE writes for each byte: itself when printable, else one from 256 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def vocabulary(words: Sequence[str] = ()) -> list[str]:
    """256 bytes (token number equals byte value), the control tokens, then the beginnings of `words`."""
    return [*byte_symbols(), *CONTROL, *_beginnings(words)]


def _beginnings(words: Sequence[str]) -> list[str]:
    """Byte-level BPE joins two tokens at a time, so a word needs all its beginnings as tokens."""
    symbols = byte_symbols()
    spelled = ["".join(symbols[byte] for byte in word.encode()) for word in words]
    return list(dict.fromkeys(word[:end] for word in spelled for end in range(2, len(word) + 1)))


def merges(words: Sequence[str] = ()) -> list[str]:
    """The joins of byte-level BPE. A merge must exist: the first joins two bytes that no UTF-8 text holds."""
    symbols = byte_symbols()
    return [f"{symbols[0xFE]} {symbols[0xFF]}", *(f"{part[:-1]} {part[-1]}" for part in _beginnings(words))]


def token(control: str) -> int:
    return 256 + CONTROL.index(control)


def random_weights(shape: Shape, seed: int = 0, words: int = 0) -> dict[str, np.ndarray]:
    """Weights by GGUF tensor name, float32, [out, in] as numpy has it. Norms are ones, the rest is Gaussian."""
    made = np.random.default_rng(seed)
    words = words or len(vocabulary())
    kv = shape.kv_heads * shape.head_width

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (made.standard_normal((rows, columns), dtype=np.float32)) / np.float32(np.sqrt(columns))

    weights = {
        "token_embd.weight": matrix(words, shape.width),
        "output_norm.weight": np.ones(shape.width, np.float32),
        "output.weight": matrix(words, shape.width),
    }
    for layer in range(shape.layers):
        weights |= {
            f"blk.{layer}.attn_norm.weight": np.ones(shape.width, np.float32),
            f"blk.{layer}.attn_q.weight": matrix(shape.width, shape.width),
            f"blk.{layer}.attn_k.weight": matrix(kv, shape.width),
            f"blk.{layer}.attn_v.weight": matrix(kv, shape.width),
            f"blk.{layer}.attn_output.weight": matrix(shape.width, shape.width),
            f"blk.{layer}.ffn_norm.weight": np.ones(shape.width, np.float32),
            f"blk.{layer}.ffn_gate.weight": matrix(shape.hidden, shape.width),
            f"blk.{layer}.ffn_up.weight": matrix(shape.hidden, shape.width),
            f"blk.{layer}.ffn_down.weight": matrix(shape.width, shape.hidden),
        }
    return weights


def write(path: Path, shape: Shape, weights: Mapping[str, np.ndarray], name: str, words: Sequence[str] = ()) -> None:
    """Write a GGUF file: matrices as float16, norms as float32. `words` are tokens of their own, spaces included."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(name)
    writer.add_size_label(f"{sum(w.size for w in weights.values()) // 1000}K")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_vocabulary(writer, words)
    for tensor, values in weights.items():
        writer.add_tensor(tensor, values.astype(np.float16 if values.ndim > 1 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: gguf.GGUFWriter, words: Sequence[str]) -> None:
    tokens = vocabulary(words)
    kinds = [gguf.TokenType.NORMAL] * len(tokens)
    kinds[256 : 256 + len(CONTROL)] = [gguf.TokenType.CONTROL] * len(CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges(words))
    writer.add_bos_token_id(token("<s>"))
    writer.add_eos_token_id(token("<|end|>"))
    writer.add_unk_token_id(token("</s>"))
    writer.add_pad_token_id(token("</s>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def write_random(path: Path, seed: int = 0, shape: Shape | None = None) -> None:
    """The model that the tests run: random weights, so it writes nonsense, but it writes."""
    shape = shape or Shape()
    write(path, shape, random_weights(shape, seed), "tiny random test model")


if __name__ == "__main__":
    write_random(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
