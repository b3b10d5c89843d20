"""From the bytes of one file to rows ready to be stored: extract, redact, chunk, name.

This is what a worker does for each file; it needs neither the index nor the file system.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from functools import cache

from ask.indexer import chunk as chunking
from ask.indexer import words
from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read, registry
from ask.indexer.store import ChunkRow, DocumentRow, hash_of


def prepare(source: Source, count: chunking.CountTokens, window: int) -> Iterator[DocumentRow]:
    """The documents of a source with their chunks. Raises `Unreadable` when there is not one."""
    found = produced = 0
    for document in read(source):
        found += 1
        produced += len(document.text)
        if found > source.limits.members or produced > source.limits.bytes_out:
            raise Unreadable(
                "too large", f"more than {source.limits.members} documents or {source.limits.bytes_out} bytes"
            )
        yield _row(document, count, window)
    if not found:
        raise Unreadable("empty")


def _row(document: Document, count: chunking.CountTokens, window: int) -> DocumentRow:
    chunks = []
    declared = document.language if document.language in {"cs", "sk", "en"} else ""
    for piece in chunking.chunk(document, count, window):
        embedded = chunking.embedding_text(document, piece, count)
        context = max(len(embedded) - (piece.end - piece.start) - 1, 0)
        body = document.text[piece.start : piece.end]
        lang = words.language(body) or declared
        chunks.append(ChunkRow(piece, context, "cs" if lang == "sk" else lang, hash_of(embedded.encode())))
    return DocumentRow(document, tuple(chunks))


@cache
def reader_version() -> int:
    """Names the code that turns a file into rows: an index made by other code is brought up to date file by file."""
    sources = [inspect.getsource(chunking), inspect.getsource(words)]
    sources += [inspect.getsource(inspect.getmodule(e.read) or e.read) for e in registry.extractors()]
    digest = hashlib.blake2b("\0".join(sorted(sources)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")
