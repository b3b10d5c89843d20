"""What is stored, against the files it was made from: they are read once more, and the same must come out.

All other checks hold the index against itself. This one would also notice a text that was exchanged together with
everything that is derived from it, and a file that was rewritten within one tick of its clock.

Not compared is a file that changed since it was read (the next run reads it), one whose folder is away, and one in whose
pictures text was recognised: that takes minutes a file, and another version of the program reads other words.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ask.indexer import database
from ask.indexer.extract.recognise import RECOGNISED
from ask.indexer.history import Histories
from ask.indexer.pool import ReaderSettings, read_files
from ask.indexer.prepare import reader_version
from ask.indexer.progress import Progress
from ask.indexer.reconcile import state_of, unchanged
from ask.indexer.rows import DocumentRow, FileState, hash_of
from ask.indexer.scan import look
from ask.indexer.store import Store

SAMPLE = 200
"""Files that a check compares unless it is to compare all."""

_Rows = list[tuple[object, ...]]
"""The documents of a file: (member, hash of the text, lines, chunks)."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it."""

    different: tuple[bytes, ...]
    """Paths of files whose documents are not what is stored."""
    compared: int
    indexed: int
    """Files in the index that have documents."""


def compare(store: Store, settings: ReaderSettings, progress: Progress, most: int | None = None) -> Compared:
    """Compare all files, or `most` of them, taken by chance."""
    (indexed,) = store.db.execute("SELECT count(*) FROM files WHERE status = 'indexed'").fetchone()
    reader = reader_version(settings.tokenizer, settings.window)
    # Those of one clone lie side by side, so that its history is loaded once; a few taken by chance may cost more.
    states = list(islice(_comparable(store, reader, "path" if most is None else "random()", progress), most))
    progress.stage("comparing with the files", len(states))
    different, compared = [], 0
    for result in read_files(states, settings):
        progress.advance(1, os.fsdecode(result.state.path))
        if result.reason:  # it vanished or changed just now, or this time it took too long
            continue
        compared += 1
        if _made(result.documents) != _stored(store, result.state.path) and _is_as_known(store, result.state, reader):
            different.append(result.state.path)
    return Compared(tuple(sorted(different)), compared, indexed)


def _comparable(store: Store, reader: int, order: str, progress: Progress) -> Iterator[FileState]:
    """Files that are what they were when they were read."""
    progress.stage("looking for files to compare", None)
    histories = Histories(store.db)
    paths = store.db.execute(
        "SELECT path FROM files WHERE status = 'indexed' AND reader = ? AND NOT EXISTS"
        f" (SELECT 1 FROM documents d WHERE d.file_id = files.id AND instr(d.facts, ?)) ORDER BY {order}",
        (reader, RECOGNISED),
    )
    for (path,) in paths:
        progress.advance(1, os.fsdecode(path))
        found = look(path)
        if found is not None and _is_as_known(store, state := state_of(found, histories.of(path)), reader):
            yield state


def _is_as_known(store: Store, state: FileState, reader: int) -> bool:
    """Neither the file nor its history nor the way to read it is another than when it was read."""
    found, row = look(state.path), store.files_below(state.path).get(state.path)
    if found is None or row is None or row.history != state.history:
        return False
    return unchanged(row, state_of(found, state.credit), reader)


def _made(documents: tuple[DocumentRow, ...]) -> _Rows:
    return [
        (
            row.document.member,
            hash_of(row.document.text.encode()),
            None if row.document.lines is None else json.dumps(row.document.lines),
            sorted((c.start, c.end, c.line, c.end_line, c.page, r.hash) for r in row.chunks for c in [r.chunk]),
        )
        for row in documents
    ]


def _stored(store: Store, path: bytes) -> _Rows:
    rows = store.db.execute(
        "SELECT d.id, d.member, d.hash, d.lines FROM documents d JOIN files f ON f.id = d.file_id WHERE f.path = ?"
        " ORDER BY d.id",
        (path,),
    )
    return [
        (member, key, None if lines is None else database.decompress(lines), _chunks(store, document_id))
        for document_id, member, key, lines in rows.fetchall()
    ]


def _chunks(store: Store, document_id: int) -> _Rows:
    return store.db.execute(
        'SELECT start, "end", line, end_line, page, hash FROM chunks WHERE document_id = ? ORDER BY start',
        (document_id,),
    ).fetchall()
