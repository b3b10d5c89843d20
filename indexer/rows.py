"""Rows of the index as they cross from one stage to the next: what was read goes in, what is known comes out.

Every row is about one file, or about a document or chunk in it. Paths are absolute, as the system has them (bytes).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ask.indexer.documents import Chunk, Credit, Document


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk as the worker hands it over."""

    chunk: Chunk
    context: int
    """Code points of `chunk.context` that go in front of the body for embedding."""
    lang: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document with its chunks, ready to be stored."""

    document: Document
    chunks: tuple[ChunkRow, ...]
    redactions: tuple[tuple[str, int | None, int, int], ...] = ()
    """(rule, line, start, end) of every secret that was masked in the text; never the secret."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """What the index knows of a file on disk."""

    id: int
    path: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    status: str
    reason: str
    reader: int
    crashes: int
    history: int
    """Names the credit it was read with, 0 for none."""
    detail: str


@dataclass(frozen=True, slots=True)
class FileState:
    """What a scan found of a file; compared with `FileRow` to see whether it changed."""

    path: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    credit: Credit | None = None
    """Who wrote it and when, as the history of its clone tells."""

    @property
    def history(self) -> int:
        """Names the credit; 0 for none."""
        return 0 if self.credit is None else int.from_bytes(hash_of(repr(self.credit).encode())[:6], "big")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not indexed."""

    state: FileState
    reason: str
    detail: str = ""
    crashes: int = 0
    """How often its reading has killed a worker."""
    pictures: int = 0
    """See `Store.put_file`."""


def hash_of(data: bytes) -> bytes:
    """BLAKE2b-128: names content; collisions are out of reach even for whoever writes the files."""
    return hashlib.blake2b(data, digest_size=16).digest()
