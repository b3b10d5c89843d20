"""Vectors as they are stored: small, near to what they were, and told from what they were not."""

from __future__ import annotations

import hashlib
from zlib import crc32

import numpy as np
import pytest
from ask.indexer import packed
from ask.indexer.errors import DamagedIndex


def unit(vectors: packed.Vectors) -> packed.Vectors:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def some(count: int, dimensions: int) -> packed.Vectors:
    return unit(np.random.default_rng(0).standard_normal((count, dimensions)).astype(np.float32))


def eight_bits(vectors: packed.Vectors) -> list[bytes]:
    """As indexes up to format 3 had them."""
    scales = np.abs(vectors).max(axis=1) / 127
    rows = [row.tobytes() for row in np.rint(vectors / scales[:, None]).astype(np.int8)]
    return [crc32(row).to_bytes(4) + row for row in rows]


@pytest.mark.parametrize("dimensions", [1, 2, 3, 33, 384, 500, 512])
def test_what_is_read_is_nearly_what_was_stored(dimensions: int) -> None:
    vectors = some(200, dimensions)
    stored = packed.encode(vectors)
    assert {len(row) for row in stored} == {4 + (dimensions + 1) // 2}
    assert all(packed.is_whole(row, dimensions) for row in stored)
    read = packed.decode(stored, dimensions)
    assert np.allclose(np.linalg.norm(read, axis=1), 1, atol=1e-5)
    assert (read * vectors).sum(axis=1).min() > 0.98
    assert np.allclose(packed.cosines(stored, vectors[0]), read @ vectors[0], atol=1e-5)


def test_cosines_are_off_by_half_a_hundredth() -> None:
    vectors = some(3000, 384)
    near = unit(vectors + 0.6 * some(1, 384))
    off = packed.cosines(packed.encode(near), vectors[7]) - near @ vectors[7]
    assert np.sqrt((off**2).mean()) < 0.006


def test_what_a_model_puts_into_one_dimension_is_kept() -> None:
    """Without the rotation sixteen levels would cut it off, at a cosine of .74 to what it was."""
    single = np.eye(384, dtype=np.float32)
    assert (packed.decode(packed.encode(single), 384) * single).sum(axis=1).min() > 0.99


def test_the_rotation_is_the_same_everywhere() -> None:
    """Another one would make nonsense of every index there is."""
    read = packed.decode([bytes(4) + hashlib.shake_128(b"a vector").digest(192)], 384)[0]
    assert read[[0, 1, 127, 128, 255, 256, 383]] == pytest.approx(
        [-0.0361, 0.0265, 0.0067, -0.0051, -0.0657, 0.012, 0.0104], abs=1e-4
    )


def test_vectors_of_eight_bits_can_be_read_and_renewed() -> None:
    vectors = some(50, 384)
    old = eight_bits(vectors)
    assert packed.is_whole(old[0], 384)
    assert (packed.decode(old, 384) * vectors).sum(axis=1).min() > 0.999
    assert np.allclose(packed.cosines(old, vectors[3]), vectors @ vectors[3], atol=0.005)
    renewed = packed.renewed(old, 384)
    assert {len(row) for row in renewed} == {196}
    assert (packed.decode(renewed, 384) * vectors).sum(axis=1).min() > 0.98
    assert packed.renewed(renewed, 384) == renewed


def test_other_bytes_are_told() -> None:
    (stored,) = packed.encode(some(1, 384))
    flipped = stored[:50] + bytes([stored[50] ^ 1]) + stored[51:]
    for odd in (flipped, stored[:-1], stored + b"\0", b"", None, 7, "text"):
        assert not packed.is_whole(odd, 384)
    with pytest.raises(DamagedIndex):
        packed.decode([stored[:-1]], 384)
    with pytest.raises(DamagedIndex):
        packed.cosines([stored], np.zeros(385, np.float32))


def test_nothing_is_no_error() -> None:
    assert packed.encode(np.zeros((0, 8), np.float32)) == []
    assert packed.decode([], 8).shape == (0, 8)
    assert packed.cosines([], np.zeros(8, np.float32)).shape == (0,)
    assert np.isfinite(packed.decode(packed.encode(np.zeros((1, 8), np.float32)), 8)).all()
