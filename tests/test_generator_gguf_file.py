"""The header of a model file tells what it is; a hostile one is an error and nothing worse."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
from pathlib import Path

import gguf
import pytest
from ask.generator.gguf_file import read_header
from ask.indexer.errors import ModelProblem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_a_header_tells_what_the_model_is(tiny_model: Path) -> None:
    header = read_header(tiny_model)
    assert header.architecture == "llama"
    assert header.name == "tiny random test model"
    assert header.quantisation == "F16"
    assert header.context == 2048
    assert header.is_language_model
    assert header.bos == "<s>"
    assert header.eos == "<|end|>"
    assert header.control == ("<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
    assert "add_generation_prompt" in header.template
    assert header.kv_bytes == 2 * 2 * 2 * (16 + 16)
    counted = sum(int(tensor.n_elements) for tensor in gguf.GGUFReader(tiny_model).tensors)
    assert header.parameters == counted


def start(tensors: int, entries: int) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, entries)


def text(words: bytes) -> bytes:
    return struct.pack("<Q", len(words)) + words


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF",
        b"GGML" + b"\0" * 60,
        b"GGUF" + struct.pack("<IQQ", 1, 0, 0),
        b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
        start(2**63, 0),
        start(0, 2**60),
        start(0, 1),
        start(0, 1) + struct.pack("<Q", 2**62),
        start(0, 1) + text(b"a") + struct.pack("<I", 99),
        start(0, 1) + text(b"a") + struct.pack("<IIQ", 9, 9, 1),
        start(0, 1) + text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2**40),
        start(0, 1) + text(b"tokenizer.ggml.token_type") + struct.pack("<IIQ", 9, 5, 3_999_999),
        start(1, 0) + text(b"t") + struct.pack("<I", 2**31),
    ],
)
def test_a_hostile_header_is_an_error_and_takes_no_memory(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hostile.gguf"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ModelProblem, match="no sound GGUF"):
            read_header(file)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelProblem, match="cannot be read"):
        read_header(tmp_path / "none.gguf")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_header_is_read_or_refused_and_never_crashes(
    tiny_model: Path, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(tiny_model.read_bytes()[:9000])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 2000))] = data.draw(st.integers(0, 255))
    file = tmp_path / "damaged.gguf"
    file.write_bytes(content[: data.draw(st.integers(0, 9000))])
    with contextlib.suppress(ModelProblem):
        read_header(file)
