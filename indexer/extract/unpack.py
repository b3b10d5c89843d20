"""Compressed bytes as streams of bounded size: what zip files, gz, bz2, xz and zst have in common.

Damage costs what stands behind it, not what was read before. A `Budget` shared by all streams of one file ends bombs.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Protocol

from ask.indexer.errors import Unreadable
from ask.indexer.extract.registry import Source

STEP = 1 << 16
"""Bytes unpacked at a time, at most."""
ALWAYS = 20_000_000
"""Bytes that any file may unpack to, however small it is: short texts that repeat themselves pack very well."""


class Budget:
    """How many bytes may still be unpacked from one file."""

    def __init__(self, source: Source) -> None:
        limits = source.limits
        self.left = min(limits.bytes_out, max(limits.expansion * len(source.data), ALWAYS))

    def spend(self, count: int) -> None:
        """Take `count` bytes off. Raises `Unreadable("too large")` when there are not so many left."""
        self.left -= count
        if self.left < 0:
            raise Unreadable("too large", "it unpacks to more than the limits allow")


class Damaged(Unreadable):
    """A stream ended early; what came before it is good."""

    def __init__(self, message: str) -> None:
        super().__init__("damaged", message)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class _Inflate:
    """zlib with the interface of bz2 and lzma."""

    def __init__(self, window: int) -> None:
        self._zlib = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def inflate(data: bytes) -> Iterator[bytes]:
    """Raw deflate, as in zip files. Raises `Damaged` where it breaks."""
    yield from _stream(_Inflate(-15), data)


def unpack(method: str, data: bytes, budget: Budget) -> bytes:
    """The content of a compressed file, as much as can be had; `method` is `gz`, `bz2`, `xz`, `zst` or `zlib`."""
    parts = []
    try:
        for part in _zstandard(data) if method == "zst" else _members(method, data):
            budget.spend(len(part))
            parts.append(part)
    except Damaged as problem:
        if not parts:
            raise Unreadable("damaged", str(problem)) from problem
    return b"".join(parts)


def _new(method: str) -> _Decompressor:
    if method == "bz2":
        return bz2.BZ2Decompressor()
    if method == "xz":
        return lzma.LZMADecompressor(memlimit=256 << 20)
    return _Inflate(31 if method == "gz" else 15)


def _members(method: str, data: bytes) -> Iterator[bytes]:
    """Streams may follow one another in a file: `cat a.gz b.gz > c.gz`."""
    while data:
        stream = _new(method)
        yield from _stream(stream, data)
        data = getattr(stream, "unused_data", b"").lstrip(b"\0")


def _stream(stream: _Decompressor, data: bytes) -> Iterator[bytes]:
    try:
        part = stream.decompress(data, STEP)
        while part or not (stream.eof or stream.needs_input):
            yield part
            if stream.eof:
                break
            part = stream.decompress(b"", STEP)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as problem:
        raise Damaged(str(problem)) from problem
    if not stream.eof:
        raise Damaged("it ends too early")


def _zstandard(data: bytes) -> Iterator[bytes]:
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    try:
        with unpacker.stream_reader(data, read_across_frames=True) as reader:
            while part := reader.read(STEP):
                yield part
    except zstandard.ZstdError as problem:
        raise Damaged(str(problem)) from problem
