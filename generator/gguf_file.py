"""Reading the header of a GGUF file: what model it is, without loading it.

The file may come from anywhere, so nothing in it is believed: every length is held against a limit and against the
bytes that are there before anything is read or reserved. What is not a sound GGUF is a `ModelProblem`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ask.indexer.errors import ModelProblem

MOST_BYTES = 128_000_000
"""Largest header; those of real models have 5 to 20 MB, nearly all of it vocabulary."""
MOST_ENTRIES = 10_000
MOST_TENSORS = 100_000
MOST_ITEMS = 4_000_000
"""Most items of one array; the largest vocabularies have 260,000."""
LONGEST_TEXT = 1_000_000

_MAGIC = b"GGUF"
_SCALARS: Mapping[int, str] = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
_TEXT, _ARRAY = 8, 9
_CONTROL = 3
"""The type of a token that is no text."""
QUANTISATIONS: Mapping[int, str] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip
"""llama.cpp's numbers for kinds of files."""

_WANTED_ARRAYS = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type")

Value = int | float | bool | str | list[str] | list[int]


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says about its model."""

    architecture: str
    """`llama`, `qwen2`, `gemma3`, …"""
    name: str
    quantisation: str
    """`Q4_K_M`, or `type 99` for a kind this reader does not know."""
    parameters: int
    """Weights, counted from the tensors in this file."""
    context: int
    """Tokens the model was trained for; 0 when it does not say."""
    template: str
    """Its chat template, empty when it has none."""
    bos: str
    eos: str
    control: tuple[str, ...] = field(repr=False)
    """Every token that is no text: beginnings and ends of turns and the like."""
    kv_bytes: int
    """Memory for one token of context, in bytes, with 16-bit values; 0 when the header does not tell."""

    @property
    def is_language_model(self) -> bool:
        """False for models that only embed or see."""
        return self.architecture not in ("bert", "nomic-bert", "jina-bert-v2", "clip", "t5encoder", "whisper", "")


def read_header(path: Path) -> Header:
    """Read the header of a GGUF file. Raises `ModelProblem` for anything else."""
    try:
        with path.open("rb") as file:
            reader = _Reader(file, min(path.stat().st_size, MOST_BYTES), path.name)
            return _header(reader)
    except OSError as error:
        raise ModelProblem(f"{path} cannot be read: {error.strerror}") from error


class _Reader:
    """Reads little-endian values and never more bytes than there are."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file = file
        self._left = size
        self._name = name

    def bytes(self, count: int) -> bytes:
        if count > self._left:
            raise self.problem("its header is cut short or too long")
        self._left -= count
        read = self._file.read(count)
        if len(read) != count:
            raise self.problem("its header is cut short")
        return read

    def skip(self, count: int) -> None:
        if count > self._left:
            raise self.problem("its header is cut short or too long")
        self._left -= count
        self._file.seek(count, 1)

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.bytes(struct.calcsize(form)))[0])

    def count(self, most: int, what: str) -> int:
        found = self.number("<Q")
        if found > most:
            raise self.problem(f"it claims {found} {what}")
        return found

    def text(self) -> str:
        return self.bytes(self.count(LONGEST_TEXT, "bytes of text")).decode("utf-8", "replace")

    def skip_text(self) -> None:
        self.skip(self.count(LONGEST_TEXT, "bytes of text"))

    def problem(self, what: str) -> ModelProblem:
        return ModelProblem(f"{self._name} is no sound GGUF file: {what}", "Download it again.")


def _header(reader: _Reader) -> Header:
    if reader.bytes(4) != _MAGIC:
        raise reader.problem("it does not begin like one")
    version = reader.number("<I")
    if version not in (2, 3):
        raise reader.problem(f"version {version} of the format is unknown")
    tensors = reader.count(MOST_TENSORS, "tensors")
    entries = reader.count(MOST_ENTRIES, "entries")
    values: dict[str, Value] = {}
    for _ in range(entries):
        key = reader.text()
        value = _value(reader, key)
        if value is not None:
            values[key] = value
    return _describe(values, sum(_tensor(reader) for _ in range(tensors)))


def _value(reader: _Reader, key: str) -> Value | None:
    kind = reader.number("<I")
    if kind == _TEXT:
        return reader.text()
    if kind == _ARRAY:
        return _array(reader, key in _WANTED_ARRAYS)
    return _scalar(reader, kind)


def _scalar(reader: _Reader, kind: int) -> int | float | bool:
    form = _SCALARS.get(kind)
    if form is None:
        raise reader.problem(f"it holds a value of unknown type {kind}")
    found: int | float | bool = struct.unpack(form, reader.bytes(struct.calcsize(form)))[0]
    return found


def _array(reader: _Reader, wanted: bool) -> list[str] | list[int] | None:
    """The items of an array that matters, None for one that is passed over. Arrays of arrays do not occur."""
    kind = reader.number("<I")
    count = reader.count(MOST_ITEMS, "items")
    if kind == _TEXT:
        if wanted:
            return [reader.text() for _ in range(count)]
        for _ in range(count):
            reader.skip_text()
        return None
    form = _SCALARS.get(kind)
    if form is None:
        raise reader.problem(f"it holds an array of unknown type {kind}")
    raw_size = struct.calcsize(form) * count
    if wanted and kind in (4, 5):
        return list(struct.unpack(f"<{count}{form[1]}", reader.bytes(raw_size)))
    reader.skip(raw_size)
    return None


def _tensor(reader: _Reader) -> int:
    """Pass over the description of a tensor; gives its number of weights."""
    reader.skip_text()
    dimensions = reader.number("<I")
    if dimensions > 8:
        raise reader.problem(f"a tensor has {dimensions} dimensions")
    weights = 1
    for _ in range(dimensions):
        weights *= reader.count(1 << 40, "weights in one row")
    reader.skip(4 + 8)
    return weights


def _describe(values: Mapping[str, Value], parameters: int) -> Header:
    architecture = _text(values, "general.architecture")
    file_type = _integer(values, "general.file_type", -1)
    tokens = values.get("tokenizer.ggml.tokens")
    words = tokens if isinstance(tokens, list) else []
    unknown = "" if file_type < 0 else f"type {file_type}"
    return Header(
        architecture=architecture,
        name=_text(values, "general.name"),
        quantisation=QUANTISATIONS.get(file_type, unknown),
        parameters=parameters,
        context=_integer(values, f"{architecture}.context_length"),
        template=_text(values, "tokenizer.chat_template"),
        bos=_word(words, _integer(values, "tokenizer.ggml.bos_token_id", -1)),
        eos=_word(words, _integer(values, "tokenizer.ggml.eos_token_id", -1)),
        control=_control(words, values.get("tokenizer.ggml.token_type")),
        kv_bytes=_kv_bytes(values, architecture),
    )


def _kv_bytes(values: Mapping[str, Value], architecture: str) -> int:
    def size(name: str) -> int:
        return _integer(values, f"{architecture}.{name}")

    heads = size("attention.head_count")
    if not heads:
        return 0
    width = size("embedding_length") // heads
    key = size("attention.key_length") or width
    value = size("attention.value_length") or width
    return 2 * size("block_count") * (size("attention.head_count_kv") or heads) * (key + value)


def _text(values: Mapping[str, Value], key: str) -> str:
    found = values.get(key, "")
    return found if isinstance(found, str) else ""


def _integer(values: Mapping[str, Value], key: str, default: int = 0) -> int:
    found = values.get(key, default)
    return found if isinstance(found, int) else default


def _word(words: list[str] | list[int], number: int) -> str:
    return str(words[number]) if 0 <= number < len(words) else ""


def _control(words: list[str] | list[int], kinds: Value | None) -> tuple[str, ...]:
    if not isinstance(kinds, list):
        return ()
    return tuple(str(word) for word, kind in zip(words, kinds, strict=False) if kind == _CONTROL)
