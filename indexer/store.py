"""Rows in, rows out: what is known about roots, files, documents and chunks.

A file's rows are written in one transaction, so at any moment, also after a crash, a file is either wholly in the index
or not at all. Readers open their own connections and see the last committed state.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ask.indexer import database, schema
from ask.indexer.documents import UNREADABLE, Chunk, Credit, Document
from ask.indexer.errors import Busy, NotFound, UnsafeHome
from ask.indexer.names import name_text
from ask.indexer.place import network_type, require_own
from filelock import FileLock, Timeout

LOCK = "write.lock"


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


class Store:
    """The writing side of the index. Only one may exist at a time; the lock is the operating system's."""

    def __init__(self, home: Path, wait: float = 0.0) -> None:
        """Open for writing, waiting up to `wait` seconds for another writer. Raises `Busy`, `IndexProblem`."""
        prepare_home(home)
        self.home = home
        self._lock = FileLock(home / LOCK, mode=0o600)
        try:
            self._lock.acquire(timeout=wait, poll_interval=0.05)
        except Timeout as error:
            raise Busy("another ask is writing to the index", "Wait for it, or use --wait-lock SECONDS.") from error
        try:
            self.db = database.connect(home, write=True)
        except BaseException:
            self._lock.release()
            raise
        try:
            schema.migrate(self.db)
            self.space = int(self.meta("space") or 0)
        except BaseException as error:
            self.close()
            self._explain(error)
            raise

    def close(self) -> None:
        """Write back the log and give up the lock."""
        try:
            # Without room for it the log stays, and with it all that was committed.
            with suppress(database.DatabaseError):
                self.db.execute("PRAGMA busy_timeout = 1000")  # for readers; the next writer tries again
                self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.db.close()
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.close()
        self._explain(error)

    def _explain(self, error: BaseException | None) -> None:
        """Raise what an error of SQLite means for people; nothing happens when it is another error."""
        problem = database.explained(error, self.home, writing=True)
        if problem is not None:
            raise problem from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A full disk becomes `DiskFull` with everything before it intact."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield
            self.db.execute("COMMIT")
        except BaseException as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            self._explain(error)
            raise

    # Roots

    def add_root(self, path: bytes, consent: bool = False) -> int:
        """Remember a root; one inside a known root is not added again. Returns its id."""
        covering = [r for r in self.roots() if path == r[1] or path.startswith(database.below(r[1])[0])]
        if covering:
            return max(covering, key=lambda r: len(r[1]))[0]
        with self.transaction():
            row = self.db.execute(
                "INSERT INTO roots(path, added, consent) VALUES (?, ?, ?) RETURNING id",
                (path, int(time.time()), consent),
            ).fetchone()
            inside = database.below(path)
            self.db.execute("UPDATE files SET root_id = ? WHERE path > ? AND path < ?", (row[0], *inside))
            self.db.execute("DELETE FROM roots WHERE id != ? AND path > ? AND path < ?", (row[0], *inside))
        return int(row[0])

    def roots(self) -> list[tuple[int, bytes]]:
        """(id, path) of every root."""
        return [(i, bytes(p)) for i, p in self.db.execute("SELECT id, path FROM roots ORDER BY path")]

    # Files

    def next_scan(self) -> int:
        """A number for a new scan, greater than all before."""
        return int(self.db.execute("SELECT coalesce(max(seen), 0) + 1 FROM files").fetchone()[0])

    def files_below(self, root: bytes) -> dict[bytes, FileRow]:
        """Everything known at or below `root`, by path."""
        return self.known(self.db, root)

    @staticmethod
    def known(db: database.Connection, root: bytes) -> dict[bytes, FileRow]:
        """The same for whoever only reads."""
        rows = db.execute(
            "SELECT id, path, size, mtime_ns, ctime_ns, inode, status, reason, reader, crashes, history, detail FROM files"
            " WHERE path = ? OR (path > ? AND path < ?)",
            (root, *database.below(root)),
        )
        return {bytes(row[1]): FileRow(row[0], bytes(row[1]), *row[2:]) for row in rows}

    def files_in(self, folder: bytes) -> dict[bytes, FileRow]:
        """Everything known right in `folder`, by path."""
        rows = self.db.execute(
            "SELECT id, path, size, mtime_ns, ctime_ns, inode, status, reason, reader, crashes, history, detail FROM files"
            f" WHERE path > ? AND path < ? AND {_RIGHT_IN}",
            (*database.below(folder), *_right_in(folder)),
        )
        return {bytes(row[1]): FileRow(row[0], bytes(row[1]), *row[2:]) for row in rows}

    def put_file(
        self,
        root_id: int,
        state: FileState,
        documents: Sequence[DocumentRow],
        *,
        content: bytes,
        reader: int,
        seen: int,
        pictures: int = 0,
    ) -> None:
        """Replace everything known about a file by `documents`, in one transaction.

        Chunks that are as they were stay, wherever they are now: erasing words costs ten times as much as writing them.
        `pictures` says whether there are pictures of text in it, and when to look at them: 1 first, 0 never.
        """
        with self.transaction():
            old = self._document_ids(state.path)
            kept = self._kept_chunks(state.path, reader, documents)
            self._erase_words(old, [i for ids in kept for i in ids if i])
            file_id = self._upsert_file(root_id, state, "indexed", "", "", content, reader, seen)
            self.set_pictures(state.path, pictures)
            for row, ids in zip(documents, kept, strict=True):
                name = name_text(state.path, self._root(root_id), row.document.member)
                self._insert_document(file_id, row, name, ids)
            self.db.executemany("DELETE FROM documents WHERE id = ?", ((i,) for i in old))
            self._touch()

    def put_left_out(self, root_id: int, left: Sequence[LeftOut], *, reader: int, seen: int) -> None:
        """Remember files that are not indexed, and why; whatever was known of their text is forgotten."""
        with self.transaction():
            for each in left:
                self._drop_documents(each.state.path)
                status = "unreadable" if each.reason in UNREADABLE else "skipped"
                file_id = self._upsert_file(root_id, each.state, status, each.reason, each.detail, None, reader, seen)
                if each.pictures:
                    self.set_pictures(each.state.path, each.pictures)
                if each.crashes:
                    self.db.execute("UPDATE files SET crashes = ? WHERE id = ?", (each.crashes, file_id))
            self._touch()

    def set_pictures(self, path: bytes, pictures: int) -> None:
        """When to look for text in the pictures of a file; 0 when that is done."""
        self.db.execute("UPDATE files SET pictures = ? WHERE path = ?", (pictures, path))

    def mark_seen(self, ids: Sequence[int], seen: int) -> None:
        """These files are unchanged."""
        with self.transaction():
            self.db.executemany("UPDATE files SET seen = ? WHERE id = ?", ((seen, i) for i in ids))

    def distrust(self, paths: Sequence[bytes]) -> None:
        """The next run reads these files, though they are what they were."""
        with self.transaction():
            self.db.executemany("UPDATE files SET reader = 0 WHERE path = ?", ((path,) for path in paths))

    def keep_below(self, folder: bytes, seen: int) -> None:
        """Scan `seen` could not look into this folder: what is known of it is kept."""
        with self.transaction():
            self.db.execute("UPDATE files SET seen = ? WHERE path > ? AND path < ?", (seen, *database.below(folder)))

    def drop_unseen(self, below: bytes, seen: int, *, deep: bool = True) -> list[bytes | None]:
        """Forget the files at or below a path (not `deep`: only those right in it) which scan `seen` did not meet.
        Returns the hashes of their contents."""
        where, values = ("1", ()) if deep else (_RIGHT_IN, _right_in(below))
        gone = self.db.execute(
            f"SELECT path, content FROM files WHERE seen < ? AND (path = ? OR (path > ? AND path < ? AND {where}))",
            (seen, below, *database.below(below), *values),
        ).fetchall()
        for path, _ in gone:
            self.drop_file(path)
        return [content for _, content in gone]

    def drop_file(self, path: bytes) -> None:
        """Forget one file."""
        with self.transaction():
            self._drop_documents(path)
            self.db.execute("DELETE FROM files WHERE path = ?", (path,))
            self._touch()

    def root_scanned(self, root_id: int) -> None:
        """A scan of the whole root has ended."""
        self.db.execute("UPDATE roots SET scanned = ? WHERE id = ?", (int(time.time()), root_id))

    def forget(self, path: bytes) -> int:
        """Remove a file or everything below a folder, roots included, beyond recovery. Returns the number of files."""
        found = list(self.files_below(path))
        roots = [r for r in self.roots() if r[1] == path or r[1].startswith(database.below(path)[0])]
        if not found and not roots:
            raise NotFound(f"{os.fsdecode(path)} is not in the index", "ask status shows what is.")
        for each in found:
            self.drop_file(each)
        for root_id, _ in roots:
            self.db.execute("DELETE FROM roots WHERE id = ?", (root_id,))
        self.db.execute("DELETE FROM clones")  # they name files; the next run reads them again
        self.drop_orphans()
        self.db.execute("INSERT INTO words(words) VALUES ('optimize')")
        self.db.execute("VACUUM")
        return len(found)

    def drop_orphans(self) -> int:
        """Remove vectors that no chunk needs any more."""
        with self.transaction():
            done = self.db.execute(
                "DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM chunks UNION SELECT name_hash FROM documents)"
            ).rowcount
            if done:
                self._touch()
        return int(done)

    def meta(self, key: str) -> str | None:
        """A remembered value, or None."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember a value."""
        self.db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def make_durable(self) -> None:
        """Everything committed so far outlives a power cut; without this, the last moments of work may not."""
        self.db.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            self._touch()
        self.db.execute("PRAGMA synchronous = NORMAL")

    def _touch(self) -> None:
        """Count the change, so that derived files know they are older than the rows."""
        self.db.execute(
            "INSERT INTO meta VALUES ('generation', '1')"
            " ON CONFLICT(key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
        )

    def _upsert_file(
        self,
        root_id: int,
        state: FileState,
        status: str,
        reason: str,
        detail: str,
        content: bytes | None,
        reader: int,
        seen: int,
    ) -> int:
        row = self.db.execute(
            "INSERT INTO files(root_id, path, size, mtime_ns, ctime_ns, inode, content, status, reason, detail, reader,"
            " seen, history) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(path) DO UPDATE SET root_id = excluded.root_id,"
            " size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, inode = excluded.inode,"
            " content = excluded.content, status = excluded.status, reason = excluded.reason, detail = excluded.detail,"
            " reader = excluded.reader, seen = excluded.seen, crashes = 0, history = excluded.history, pictures = 0"
            " RETURNING id",
            (root_id, state.path, state.size, state.mtime_ns, state.ctime_ns, _signed(state.inode), content,
             status, reason, detail[:500], reader, seen, state.history),
        ).fetchone()  # fmt: skip
        return int(row[0])

    def _drop_documents(self, path: bytes) -> None:
        ids = self._document_ids(path)
        self._erase_words(ids, ())
        self.db.executemany("DELETE FROM documents WHERE id = ?", ((i,) for i in ids))

    def _document_ids(self, path: bytes) -> list[int]:
        rows = self.db.execute(
            "SELECT d.id FROM documents d JOIN files f ON f.id = d.file_id WHERE f.path = ?", (path,)
        )
        return [i for (i,) in rows]

    def _erase_words(self, documents: Sequence[int], kept: Sequence[int]) -> None:
        """Take the chunks of documents out of the word index, but for some. It reads their terms through its view, so
        this comes before anything else changes."""
        for document_id in documents:
            self.db.execute(
                "DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE document_id = ?"
                " AND id NOT IN (SELECT value FROM json_each(?)))",
                (document_id, json.dumps(kept)),
            )

    def _kept_chunks(self, path: bytes, reader: int, documents: Sequence[DocumentRow]) -> list[list[int]]:
        """For each chunk of each document the id of an old chunk of this file with the very same words; 0 for none."""
        rows = self.db.execute(
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

    def _root(self, root_id: int) -> bytes:
        return bytes(self.db.execute("SELECT path FROM roots WHERE id = ?", (root_id,)).fetchone()[0])

    def _insert_document(self, file_id: int, row: DocumentRow, name: str, kept: Sequence[int]) -> None:
        document = row.document
        name_hash = hash_of(name.encode())
        lines = None if document.lines is None else database.compress(json.dumps(document.lines))
        encoded = document.text.encode()
        document_id = self.db.execute(
            "INSERT INTO documents(file_id, member, kind, title, language, date, people, facts, header, length, bytes,"
            " hash, name_hash, named, lines, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " EXISTS (SELECT 1 FROM vectors WHERE hash = ? AND space = ?), ?, ?) RETURNING id",
            (file_id, document.member, document.kind, document.title, document.language,
             int(document.date.timestamp()) if document.date else None,
             _json(document.people), _json(dict(document.facts)),
             document.header, len(document.text), len(encoded), hash_of(encoded), name_hash, name_hash, self.space, lines,
             database.compress(document.text)),
        ).fetchone()[0]  # fmt: skip
        fresh = []
        for chunk_row, chunk_id in zip(row.chunks, kept, strict=True):
            if chunk_id:
                self._move_chunk(document_id, chunk_row, chunk_id)
            else:
                fresh.append(self._insert_chunk(document_id, chunk_row))
        self.db.executemany(
            "INSERT INTO redactions VALUES (?, ?, ?, ?, ?)", ((document_id, *found) for found in row.redactions)
        )
        self.db.execute(
            "INSERT INTO words(rowid, body, title, path, symbols) SELECT id, body, title, path, symbols FROM chunk_words"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(fresh),),
        )

    def _move_chunk(self, document_id: int, row: ChunkRow, chunk_id: int) -> None:
        chunk = row.chunk
        self.db.execute(
            'UPDATE chunks SET document_id = ?, start = ?, "end" = ?, line = ?, end_line = ?, page = ? WHERE id = ?',
            (document_id, chunk.start, chunk.end, chunk.line, chunk.end_line, chunk.page, chunk_id),
        )

    def _insert_chunk(self, document_id: int, row: ChunkRow) -> int:
        chunk = row.chunk
        heading, symbols, *_ = _own(row)
        inserted = self.db.execute(
            'INSERT INTO chunks(document_id, start, "end", line, end_line, page, heading, symbols, context, lang, hash,'
            " tier) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " coalesce((SELECT 1 + exact FROM vectors WHERE hash = ? AND space = ?), 0))",
            (document_id, chunk.start, chunk.end, chunk.line, chunk.end_line, chunk.page, heading, symbols,
             row.context, row.lang, row.hash, row.hash, self.space),
        )  # fmt: skip
        return int(inserted.lastrowid or 0)


def _shared(document: Document) -> tuple[object, ...]:
    """What a document gives to the words of each of its chunks, besides the path of its file."""
    return document.member, document.title, document.header, _json(dict(document.facts)), _json(document.people)


def _own(row: ChunkRow) -> tuple[object, ...]:
    """What gives a chunk the rest of its words: as stored."""
    heading = _json(row.chunk.heading) if row.chunk.heading else ""
    return heading, " ".join(row.chunk.symbols), row.context, row.lang, row.hash


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_RIGHT_IN = "instr(substr(path, ?), ?) = 0"


def _right_in(folder: bytes) -> tuple[int, bytes]:
    """Values for `_RIGHT_IN`: no further separator behind that of the folder."""
    inside = database.below(folder)[0]
    return len(inside) + 1, inside[-1:]


def hash_of(data: bytes) -> bytes:
    """BLAKE2b-128: names content; collisions are out of reach even for whoever writes the files."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _signed(number: int) -> int:
    """Inodes are unsigned 64 bits, SQLite's integers signed."""
    return number - (1 << 64) if number >= 1 << 63 else number


def prepare_home(home: Path) -> None:
    """Make the state directory, for its owner's eyes only. Raises `UnsafeHome` when it is somebody else's."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = home.stat()
    except OSError as error:
        raise UnsafeHome(f"the state directory {home} cannot be used: {error.strerror}", "Set ASK_HOME.") from error
    require_own(home)
    if kind := network_type(home):
        raise UnsafeHome(
            f"the state directory {home} lies on a network disk ({kind}), where an index cannot be kept safe",
            "Set ASK_HOME to a directory on a disk of this machine. The files to search may lie anywhere.",
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        home.chmod(0o700)
