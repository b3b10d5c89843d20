"""Vectors as the index keeps them: four bits a dimension, behind a CRC-32.

A vector is turned first, by a rotation that is the same for all. That leaves every cosine as it was and spreads what a
model puts into few dimensions over all, so that the values of any model lie about like those of a normal distribution.
Each is then kept as the nearest of the sixteen levels that lose least of such values (Max 1960, Lloyd 1982). Cosines of
stored vectors are within .005 of the true ones (one standard deviation), and rank the same: docs/benchmarks.md.

Indexes up to format 3 had eight bits a dimension, not turned; such rows can be read, too.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from ask.indexer.errors import DamagedIndex

if TYPE_CHECKING:
    import numpy.typing as npt
    from ask.indexer.embed import Vectors

_SUM = 4
"""Bytes of the CRC-32 in front of a stored vector."""
_UPPER = (0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733)
_LEVELS = np.array([-level for level in reversed(_UPPER)] + list(_UPPER), np.float32)
_EDGES = (_LEVELS[1:] + _LEVELS[:-1]) / 2
_PAIRS = np.stack([np.repeat(_LEVELS, 16), np.tile(_LEVELS, 16)], axis=1).view(np.complex64).ravel()
"""For each byte its two levels, in one piece of eight bytes: what a table is fastest with."""
_BLOCK = 2048
"""Rows unpacked at a time: 3 MB, which stays in the processor's cache. All at once takes three times as long."""


def encode(vectors: Vectors) -> list[bytes]:
    """Each row as it is stored. The length is lost, which is 1 for every vector."""
    size = vectors.shape[1]
    values = _turned(vectors) * np.float32(math.sqrt(size))
    codes = np.zeros(values.shape, np.uint8)
    for edge in _EDGES:  # ten times as fast as `searchsorted`
        codes += values > edge
    if size % 2:
        codes = np.pad(codes, ((0, 0), (0, 1)))
    rows = [row.tobytes() for row in codes[:, ::2] << 4 | codes[:, 1::2]]
    return [crc32(row).to_bytes(_SUM) + row for row in rows]


def decode(blobs: Sequence[bytes], dimensions: int) -> Vectors:
    """What `encode` was given, nearly: float32 [len(blobs), dimensions], normalised. Raises `DamagedIndex` for other
    sizes."""
    rows = _unpacked(blobs, dimensions)
    return _turned_back(rows / _lengths(rows)[:, None])


def cosines(blobs: Sequence[bytes], query: Vectors) -> Vectors:
    """Of a query, float32 (dimensions,) of length 1, and each stored vector: float32 (len(blobs),). Turns the query
    instead of them. Raises `DamagedIndex` for vectors of other sizes."""
    turned = _turned(query[None])[0]
    found = np.empty(len(blobs), np.float32)
    for start in range(0, len(blobs), _BLOCK):
        rows = _unpacked(blobs[start : start + _BLOCK], len(query))
        found[start : start + _BLOCK] = rows @ turned / _lengths(rows)
    return found


def is_whole(blob: object, dimensions: int) -> bool:
    """True when a stored vector is what was stored; a damaged row may hold anything."""
    if not isinstance(blob, bytes) or len(blob) not in (_SUM + _bytes(dimensions), _SUM + dimensions):
        return False
    return crc32(blob[_SUM:]) == int.from_bytes(blob[:_SUM])


def renewed(blobs: Sequence[bytes], dimensions: int) -> list[bytes]:
    """Whole vectors of any one format as they are stored now."""
    if blobs and len(blobs[0]) == _SUM + _bytes(dimensions):
        return list(blobs)
    return encode(decode(blobs, dimensions))


def _bytes(dimensions: int) -> int:
    return (dimensions + 1) // 2


def _unpacked(blobs: Sequence[bytes], dimensions: int) -> Vectors:
    """Turned vectors, not yet of length 1."""
    raw = np.frombuffer(b"".join(blobs), np.uint8)
    if raw.size == len(blobs) * (_SUM + _bytes(dimensions)):
        packed = raw.reshape(len(blobs), _SUM + _bytes(dimensions))[:, _SUM:]
        return np.take(_PAIRS, packed).view(np.float32)[:, :dimensions]
    if raw.size == len(blobs) * (_SUM + dimensions):
        return _turned(raw.view(np.int8).reshape(len(blobs), -1)[:, _SUM:].astype(np.float32))
    raise DamagedIndex("a stored vector has the wrong size", "Run: ask check --repair")


def _lengths(rows: Vectors) -> Vectors:
    squares: Vectors = np.einsum("ij,ij->i", rows, rows)
    return np.sqrt(np.maximum(squares, np.float32(1e-18)))


def _turned(rows: Vectors) -> Vectors:
    turned = rows.astype(np.float32)
    for at, mix in _rotation(rows.shape[1]):
        turned[:, at] = turned[:, at] @ mix
    return turned


def _turned_back(rows: Vectors) -> Vectors:
    back = rows.copy()
    for at, mix in reversed(_rotation(rows.shape[1])):
        back[:, at] = back[:, at] @ mix.T
    return back


@lru_cache(maxsize=2)
def _rotation(dimensions: int) -> list[tuple[slice, npt.NDArray[np.float32]]]:
    """Which dimensions are mixed by which matrix, in this order: the first and then the last 2^k, with as large a k as
    there is, by a Hadamard matrix whose rows have signs by chance, the same on every machine."""
    size = 1 << dimensions.bit_length() - 1
    mix = np.ones((1, 1), np.float32)
    while len(mix) < size:
        mix = np.block([[mix, mix], [mix, -mix]])
    bits = np.frombuffer(hashlib.shake_128(b"ask").digest(size), np.uint8) & 1
    mix *= (1 - 2 * bits.astype(np.float32))[:, None] / np.float32(math.sqrt(size))
    return [(slice(start, start + size), mix) for start in dict.fromkeys([0, dimensions - size])]
