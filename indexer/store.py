"""The writing side of the index: which roots and files are known, and in what state. What files hold is in `contents`.

A file's rows are written in one transaction, so at any moment, also after a crash, a file is either wholly in the index
or not at all. Readers open their own connections and see the last committed state.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ask.indexer import contents, database, schema
from ask.indexer.database import same
from ask.indexer.documents import UNREADABLE
from ask.indexer.errors import Busy, NotFound
from ask.indexer.names import name_text
from ask.indexer.place import prepare_home
from ask.indexer.rows import DocumentRow, FileRow, FileState, LeftOut
from filelock import FileLock, Timeout

LOCK = "write.lock"


class Store:
    """The index, open for writing. Only one may exist at a time; the lock is the operating system's."""

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
        """All or nothing; inside another one, a part of that. A full disk becomes `DiskFull` with everything before it
        intact."""
        if self.db.in_transaction:
            yield
        else:
            with self._outermost():
                yield

    @contextmanager
    def _outermost(self) -> Iterator[None]:
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
        covering = [r for r in self.roots() if database.lies_in(path, r[1])]
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
        return known_below(self.db, root)

    def files_in(self, folder: bytes) -> dict[bytes, FileRow]:
        """Everything known right in `folder`, by path."""
        where = f"path > ? AND path < ? AND {_RIGHT_IN}"
        return _known(self.db, where, (*database.below(folder), *_right_in(folder)))

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

        `content` names the bytes of the file, `reader` the reader that made the documents, `seen` the scan that met it.
        `pictures` says whether there are pictures of text in it, and when to look at them: 1 first, 0 never.
        """
        with self.transaction():
            old = contents.document_ids(self.db, state.path)
            kept = contents.unchanged_chunks(self.db, state.path, reader, documents)
            contents.erase_words(self.db, old, [i for ids in kept for i in ids if i])
            file_id = self._upsert_file(root_id, state, "indexed", "", "", content, reader, seen)
            self.set_pictures(state.path, pictures)
            for row, ids in zip(documents, kept, strict=True):
                name = name_text(state.path, self._root(root_id), row.document.member)
                contents.insert_document(self.db, self.space, file_id, row, name, ids)
            contents.delete_documents(self.db, old)
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
        roots = [r for r in self.roots() if database.lies_in(r[1], path)]
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
                f"DELETE FROM vectors AS v WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE {same('c.hash', 'v.hash')})"
                f" AND NOT EXISTS (SELECT 1 FROM documents d WHERE {same('d.name_hash', 'v.hash')})"
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
        ids = contents.document_ids(self.db, path)
        contents.erase_words(self.db, ids)
        contents.delete_documents(self.db, ids)

    def _root(self, root_id: int) -> bytes:
        return bytes(self.db.execute("SELECT path FROM roots WHERE id = ?", (root_id,)).fetchone()[0])


def known_below(db: database.Connection, root: bytes) -> dict[bytes, FileRow]:
    """Everything the index knows at or below `root`, by path; also for whoever only reads."""
    return _known(db, "path = ? OR (path > ? AND path < ?)", (root, *database.below(root)))


def _known(db: database.Connection, where: str, values: Sequence[object]) -> dict[bytes, FileRow]:
    rows = db.execute(
        "SELECT id, path, size, mtime_ns, ctime_ns, inode, status, reason, reader, crashes, history, detail FROM files"
        f" WHERE {where}",
        values,
    )
    return {bytes(row[1]): FileRow(row[0], bytes(row[1]), *row[2:]) for row in rows}


_RIGHT_IN = "instr(substr(path, ?), ?) = 0"


def _right_in(folder: bytes) -> tuple[int, bytes]:
    """Values for `_RIGHT_IN`: no further separator behind that of the folder."""
    inside = database.below(folder)[0]
    return len(inside) + 1, inside[-1:]


def _signed(number: int) -> int:
    """Inodes are unsigned 64 bits, SQLite's integers signed."""
    return number - (1 << 64) if number >= 1 << 63 else number
