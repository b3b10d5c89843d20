"""What is around a passage, and whether its file still says it: the index and the disk, behind `context.Library`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ask.indexer.database import Connection
from ask.indexer.errors import NotFound
from ask.retriever import passages, rows
from ask.retriever.hits import Hit

if TYPE_CHECKING:
    from ask.indexer.documents import Document
    from ask.indexer.pool import ReaderSettings

_PART = 1 << 20


class IndexLibrary:
    """Reads neighbours from the index, and files again when they have changed since they were indexed."""

    def __init__(self, db: Connection, reader: Callable[[], ReaderSettings | None] = lambda: None) -> None:
        """`reader` is asked for when a file has changed; None: it is not read, so nothing in it can be verified."""
        self._db = db
        self._reader = reader

    def neighbours(self, hit: Hit, before: int, after: int) -> str:
        """See `context.Library`."""
        end = hit.start + len(hit.text)
        return passages.neighbours(self._db, hit.document_id, hit.start, end, before, after)

    def text_now(self, hit: Hit) -> str | None:
        """The indexed text when the file has the very bytes that were indexed; else what a worker reads from it now."""
        path = os.fsencode(hit.path)
        now = _content(path)
        if now is None:
            return None
        row = self._db.execute(
            "SELECT f.content FROM documents d JOIN files f ON f.id = d.file_id WHERE d.id = ?", (hit.document_id,)
        ).fetchone()
        if row is not None and row[0] == now:
            try:
                return rows.text(self._db, hit.document_id)
            except NotFound:
                return None
        return self._read(path, hit.document)

    def _read(self, path: bytes, member: str | None) -> str | None:
        from ask.indexer.pool import read_files  # extractors are not loaded while files are as they were
        from ask.indexer.rows import FileState

        settings = self._reader()
        try:
            found = os.stat(path)  # noqa: PTH116 (pathlib cannot hold bytes)
        except OSError:
            return None
        if settings is None:
            return None
        state = FileState(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        for read in read_files([state], settings):
            for row in read.documents:
                document: Document = row.document
                if document.member == member:
                    return document.text
        return None


def _content(path: bytes) -> bytes | None:
    """The hash by which the index names the bytes of a file; None when it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with Path(os.fsdecode(path)).open("rb") as file:
            while part := file.read(_PART):
                digest.update(part)
    except OSError:
        return None
    return digest.digest()
