"""What a file holds, as rows: its documents, their chunks, and the words of those chunks.

A file that is read again mostly says what it said before, and erasing words costs ten times as much as writing them. So
chunks with the very same words keep their rows, wherever in the file they are now. All of this happens within one
transaction of `Store`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ask.indexer import database
from ask.indexer.documents import Document
from ask.indexer.rows import ChunkRow, DocumentRow, hash_of


def document_ids(db: database.Connection, path: bytes) -> list[int]:
    """The documents of a file."""
    rows = db.execute("SELECT d.id FROM documents d JOIN files f ON f.id = d.file_id WHERE f.path = ?", (path,))
    return [i for (i,) in rows]


def unchanged_chunks(
    db: database.Connection, path: bytes, reader: int, documents: Sequence[DocumentRow]
) -> list[list[int]]:
    """For each chunk of each document the id of an old chunk of this file with the very same words; 0 for none."""
    rows = db.execute(
        "SELECT d.member, d.title, d.header, d.facts, d.people, c.heading, c.symbols, c.context, c.lang, c.hash, c.id"
        " FROM files f JOIN documents d ON d.file_id = f.id JOIN chunks c ON c.document_id = d.id"
        " WHERE f.path = ? AND f.reader = ? ORDER BY c.id DESC",
        (path, reader),
    )
    known: dict[tuple[object, ...], list[int]] = {}
    for *key, chunk_id in rows:
        known.setdefault(tuple(key), []).append(chunk_id)
    return [
        [ids.pop() if (ids := known.get((*_shared(row.document), *_own(chunk)))) else 0 for chunk in row.chunks]
        for row in documents
    ]


def erase_words(db: database.Connection, documents: Sequence[int], kept: Sequence[int] = ()) -> None:
    """Take the chunks of documents out of the word index, but for those `kept`. It reads their terms through its view,
    so this comes before anything else changes."""
    for document_id in documents:
        db.execute(
            "DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE document_id = ?"
            " AND id NOT IN (SELECT value FROM json_each(?)))",
            (document_id, json.dumps(kept)),
        )


def delete_documents(db: database.Connection, documents: Sequence[int]) -> None:
    """Delete documents with the chunks that are still theirs; their words have been erased."""
    db.executemany("DELETE FROM documents WHERE id = ?", ((i,) for i in documents))


def insert_document(
    db: database.Connection, space: int, file_id: int, row: DocumentRow, name: str, kept: Sequence[int]
) -> None:
    """Write a document with its chunks and their words.

    `name` is what the file's name says, `space` that of the vectors in use; `kept` has for each chunk the id of the row
    that is moved here, 0 for a chunk to be written.
    """
    document_id = _insert_row(db, space, file_id, row.document, name)
    fresh = []
    for chunk_row, chunk_id in zip(row.chunks, kept, strict=True):
        if chunk_id:
            _move_chunk(db, document_id, chunk_row, chunk_id)
        else:
            fresh.append(_insert_chunk(db, space, document_id, chunk_row))
    db.executemany("INSERT INTO redactions VALUES (?, ?, ?, ?, ?)", ((document_id, *found) for found in row.redactions))
    db.execute(
        "INSERT INTO words(rowid, body, title, path, symbols) SELECT id, body, title, path, symbols FROM chunk_words"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(fresh),),
    )


def _insert_row(db: database.Connection, space: int, file_id: int, document: Document, name: str) -> int:
    name_hash = hash_of(name.encode())
    lines = None if document.lines is None else database.compress(json.dumps(document.lines))
    encoded = document.text.encode()
    inserted = db.execute(
        "INSERT INTO documents(file_id, member, kind, title, language, date, people, facts, header, length, bytes,"
        " hash, name_hash, named, lines, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?) RETURNING id",
        (file_id, document.member, document.kind, document.title, document.language,
         int(document.date.timestamp()) if document.date else None,
         _json(document.people), _json(dict(document.facts)),
         document.header, len(document.text), len(encoded), hash_of(encoded), name_hash,
         _tier(db, space, name_hash) > 0, lines, database.compress(document.text)),
    ).fetchone()  # fmt: skip
    return int(inserted[0])


def _insert_chunk(db: database.Connection, space: int, document_id: int, row: ChunkRow) -> int:
    chunk = row.chunk
    heading, symbols, *_ = _own(row)
    inserted = db.execute(
        'INSERT INTO chunks(document_id, start, "end", line, end_line, page, heading, symbols, context, lang, hash,'
        " tier) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (document_id, chunk.start, chunk.end, chunk.line, chunk.end_line, chunk.page, heading, symbols,
         row.context, row.lang, row.hash, _tier(db, space, row.hash)),
    )  # fmt: skip
    return int(inserted.lastrowid or 0)


def _tier(db: database.Connection, space: int, key: bytes) -> int:
    """What vector a text has, as `chunks.tier` says it."""
    if not space:
        return 0
    query = f"SELECT 1 + exact FROM vectors WHERE {database.same('hash', '?1')} AND space = ?2"
    row = db.execute(query, (key, space)).fetchone()
    return int(row[0]) if row else 0


def _move_chunk(db: database.Connection, document_id: int, row: ChunkRow, chunk_id: int) -> None:
    chunk = row.chunk
    db.execute(
        'UPDATE chunks SET document_id = ?, start = ?, "end" = ?, line = ?, end_line = ?, page = ? WHERE id = ?',
        (document_id, chunk.start, chunk.end, chunk.line, chunk.end_line, chunk.page, chunk_id),
    )


def _shared(document: Document) -> tuple[object, ...]:
    """What a document gives to the words of each of its chunks, besides the path of its file."""
    return document.member, document.title, document.header, _json(dict(document.facts)), _json(document.people)


def _own(row: ChunkRow) -> tuple[object, ...]:
    """What gives a chunk the rest of its words: as stored."""
    heading = _json(row.chunk.heading) if row.chunk.heading else ""
    return heading, " ".join(row.chunk.symbols), row.context, row.lang, row.hash


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
