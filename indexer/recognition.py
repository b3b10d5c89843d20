"""Text in pictures and scanned pages, looked for when everything else is done.

It takes seconds a page, so files are first read without it; which are still to be looked at is a column of the files,
not a list, so this can be stopped at any moment. Scanned documents come first, then pictures that no camera took, then
photos.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ask.indexer.extract import Recognition, recognise
from ask.indexer.extract.pdf import WITHOUT_TEXT
from ask.indexer.extract.picture import SUFFIXES
from ask.indexer.extract.recognise import RECOGNISED
from ask.indexer.history import Histories
from ask.indexer.pool import Read, ReaderSettings, read_files
from ask.indexer.progress import Progress
from ask.indexer.rows import DocumentRow, FileState
from ask.indexer.store import Store

SECONDS = 240
"""Processor time after which no further page of a file is begun."""
_SUFFIXES = tuple(map(os.fsencode, SUFFIXES))
_ALL = 300
"""Processor time, and wall time, after which the system or the parent ends the reading of a file."""
_SCANNED, _PICTURE, _PHOTO = 1, 2, 3


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file whose pictures were not looked at."""

    state: FileState
    root_id: int
    reader: int
    seen: int


def pictures_in(path: bytes, reason: str, documents: Sequence[DocumentRow]) -> int:
    """When to look for text in the pictures of a file: 1 first, 3 last, 0 when there are none."""
    said = [row.document for row in documents]
    if reason == "scanned" or any(WITHOUT_TEXT in document.facts for document in said):
        return _SCANNED
    if any(document.kind == "photo" and document.facts.get("camera") for document in said):
        return _PHOTO
    is_picture = reason == "empty" and path.lower().endswith(_SUFFIXES)
    return _PICTURE if is_picture or any(document.kind == "photo" for document in said) else 0


def look(
    store: Store,
    settings: ReaderSettings,
    languages: Sequence[str],
    progress: Progress,
    enough: Callable[[], bool] = lambda: False,
) -> list[bytes]:
    """Look for text in pictures until there are none left or it is `enough`. Returns the files in which it was found."""
    wanted = recognise.wanted(languages)
    files = {file.state.path: file for file in _files(store)} if wanted else {}
    if not files:
        return []
    progress.stage("looking for text in pictures", len(files))
    patient = replace(settings, seconds=_ALL, patience=2 * _ALL, recognition=Recognition(wanted, SECONDS))
    found: list[bytes] = []
    for result in read_files((file.state for file in files.values()), patient):
        if _store(store, files[result.state.path], result):
            found.append(result.state.path)
        progress.advance(1, os.fsdecode(result.state.path))
        if enough():
            break
    return found


def waiting(store: Store, languages: Sequence[str]) -> bool:
    """True when pictures are still to be looked at, and there is a program to do it."""
    some = store.db.execute("SELECT 1 FROM files WHERE pictures > 0 LIMIT 1").fetchone()
    return some is not None and bool(recognise.wanted(languages))


def _store(store: Store, file: _Waiting, result: Read) -> bool:
    """Keep what was found; what was known of a file in which nothing was found stays."""
    found = any(RECOGNISED in row.document.facts for row in result.documents)
    if found:
        store.put_file(
            file.root_id, file.state, result.documents, content=result.content, reader=file.reader, seen=file.seen
        )
    else:
        store.set_pictures(file.state.path, 0)
    return found


def _files(store: Store) -> list[_Waiting]:
    histories = Histories(store.db)
    rows = store.db.execute(
        "SELECT path, size, mtime_ns, ctime_ns, inode, root_id, reader, seen FROM files WHERE pictures > 0"
        " ORDER BY pictures, mtime_ns DESC"
    )
    return [
        _Waiting(FileState(bytes(path), size, mtime, ctime, inode, histories.of(bytes(path))), root, reader, seen)
        for path, size, mtime, ctime, inode, root, reader, seen in rows.fetchall()
    ]
