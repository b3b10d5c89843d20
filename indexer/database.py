"""Opening the one SQLite file that holds the truth.

The system's SQLite may be any version; 3.7.0 to 3.51.2 can corrupt a database in WAL mode when a checkpoint races with
a reset, so `pysqlite3`, which bundles a newer one, is used where it is installed. With an older SQLite the rollback
journal is used instead of WAL: slower while somebody writes, never unsafe.
"""

from __future__ import annotations

import os
import sqlite3 as _stdlib_sqlite
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from ask.indexer import words
from ask.indexer.errors import AskError, Busy, DamagedIndex, DiskFull, IndexProblem, NewerIndex, NotFound, SqliteTooOld

try:
    import pysqlite3 as _newest
except ImportError:  # no wheel for this platform
    _newest = _stdlib_sqlite

sqlite: Any = _newest

Connection = _stdlib_sqlite.Connection
DatabaseError: type[Exception] = sqlite.DatabaseError
OperationalError: type[Exception] = sqlite.OperationalError

SAFE_WAL = (3, 51, 3)
NEEDED = (3, 42, 0)
"""FTS5's secure-delete, without which forgotten words would stay on the disk."""
SCHEMA = 4
"""`PRAGMA user_version` of the newest schema this program knows."""
KEY = "substr({}, 1, 4)"
"""SQL: what indexes hold of a hash. Four bytes find the row among millions; the whole hash is compared with the row's."""
FILE = "index.db"
ASIDE = "damaged-"
"""In front of the name of a database that is being replaced."""
_SEPARATOR = os.fsencode(os.sep)


def version() -> tuple[int, ...]:
    """Version of the SQLite in use."""
    return tuple(int(part) for part in sqlite.sqlite_version.split("."))


def connect(home: Path, *, write: bool = False) -> Connection:
    """Open the index below `home`. Readers never block and are never blocked (in WAL mode).

    Raises `NotFound` when there is nothing to read, `SqliteTooOld`, `NewerIndex`, `DamagedIndex` and what `explained`
    gives.
    """
    if version() < NEEDED:
        raise SqliteTooOld(f"SQLite {sqlite.sqlite_version} is too old for ask", "pip install pysqlite3")
    path = home / FILE
    if write:
        path.touch(mode=0o600, exist_ok=True)
    elif not path.exists():
        raise nothing_indexed()
    connection = None
    try:
        connection = sqlite.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        _configure(connection, write)
        _check_format(connection, write)
    except BaseException as error:
        if connection is not None:
            connection.close()
        problem = explained(error, home, writing=write)
        if problem is None:
            raise
        raise problem from error
    return connection  # type: ignore[no-any-return]


@contextmanager
def reading(home: Path) -> Iterator[Connection]:
    """The index, open for reading as long as the block lasts. Raises what `connect` does, also for what the block meets."""
    connection = connect(home)
    try:
        yield connection
    except DatabaseError as error:
        problem = explained(error, home)
        if problem is None:
            raise
        raise problem from error
    finally:
        connection.close()


def _check_format(connection: Any, write: bool) -> None:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > SCHEMA:
        raise NewerIndex(
            f"the index was written by a newer ask (format {found}, this one knows {SCHEMA})",
            "Update ask, or set ASK_HOME to another directory.",
        )
    if found == 0 and not write:
        raise nothing_indexed()  # the very first run was ended before it made the tables


def nothing_indexed() -> NotFound:
    """The error of whoever needs an index before there is one."""
    return NotFound("nothing is indexed yet", "Run: ask index ~/some/folder")


def log_size(home: Path) -> int:
    """Bytes in the log of the database; it is empty when the last writer has closed and nobody was reading."""
    log = home / f"{FILE}-wal"
    return log.stat().st_size if log.exists() else 0


def below(folder: bytes) -> tuple[bytes, bytes]:
    """The paths below a folder are those greater than the first and less than the second."""
    inside = folder.rstrip(_SEPARATOR) + _SEPARATOR
    return inside, inside[:-1] + bytes([inside[-1] + 1])


def lies_in(path: bytes, folder: bytes) -> bool:
    """Whether a path is that of the folder itself or of something below it."""
    return path == folder or path.startswith(below(folder)[0])


def same(one: str, other: str) -> str:
    """SQL: two hashes of texts are equal. The indexes hold four bytes of each, so a query has to name these, too."""
    return f"{KEY.format(one)} = {KEY.format(other)} AND {one} = {other}"


def compact(connection: Connection) -> None:
    """Give free pages back to the disk, and with them whatever they hold. As VACUUM does, but by way of a file: VACUUM
    keeps the whole database in memory, where SQLite is built to put temporary files there. Raises `DiskFull`."""
    (path,) = (Path(file) for _, name, file in connection.execute("PRAGMA database_list") if name == "main")
    aside = path.with_suffix(".new")
    _remove(aside)
    aside.touch(mode=0o600)
    try:
        connection.execute("VACUUM INTO ?", (str(aside),))
        with closing(sqlite.connect(aside)) as small:
            small.backup(connection)
    except OperationalError as error:  # what `backup` raises has no code
        raise DiskFull(
            f"no room left to bring the index in {path.parent} up to date: {error}",
            "Make room, then run the same command again.",
        ) from error
    finally:
        _remove(aside)


def _remove(path: Path) -> None:
    for file in (path, Path(f"{path}-journal")):
        file.unlink(missing_ok=True)


_FULL, _IOERR, _READONLY, _CANTOPEN = 13, 10, 8, 14
_DAMAGED = frozenset([11, 26])  # SQLITE_CORRUPT, SQLITE_NOTADB
_BUSY = frozenset([5, 6])


def explained(error: BaseException | None, home: Path, *, writing: bool = False) -> AskError | None:
    """What an error of SQLite means for a person; None when it is something else, or a mistake of ours.

    Raises KeyboardInterrupt where that is what ended one of our SQL functions.
    """
    if _interrupted.is_set() and isinstance(error, DatabaseError):
        _interrupted.clear()
        raise KeyboardInterrupt from error
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, DatabaseError) or code is None:
        return None
    if code & 0xFF in _DAMAGED:
        return DamagedIndex(f"the index in {home} is damaged: {error}", "Run: ask check --repair")
    if code & 0xFF in _BUSY:
        return Busy("another program is using the index", "Try again when it has finished.")
    if code == _FULL:
        return DiskFull(f"no room left for the index in {home}", "Make room, then run the same command again.")
    if code & 0xFF == _IOERR and writing:  # what a quota or a limit on the size of files gives instead of "full"
        return DiskFull(
            f"no room left for the index in {home}, or its disk fails: {error}",
            "Make room, then run the same command again.",
        )
    if code & 0xFF in (_IOERR, _READONLY, _CANTOPEN):
        return IndexProblem(f"the index in {home} cannot be used: {error}", "Run: ask doctor")
    return None


def _configure(connection: Any, write: bool) -> None:
    run = connection.execute
    run("PRAGMA busy_timeout = 30000")
    run("PRAGMA foreign_keys = ON")
    run("PRAGMA trusted_schema = ON")  # the view behind the word index calls our functions
    run("PRAGMA temp_store = MEMORY")
    run("PRAGMA mmap_size = 268435456")  # all of it would make a search among a million hold 600 MB of the file
    if write:
        run("PRAGMA secure_delete = ON")
        run(f"PRAGMA journal_mode = {'WAL' if version() >= SAFE_WAL else 'DELETE'}")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA wal_autocheckpoint = 4000")
    functions = (
        ("chunk_terms", 5, _Texts().chunk_terms),
        ("terms", 2, _terms),
        ("path_terms", 2, path_terms),
        ("fold", 1, words.fold),
    )
    for name, count, function in functions:
        connection.create_function(name, count, partial(_heard, function), deterministic=True)


_interrupted = threading.Event()
"""Ctrl-C has ended an SQL function of ours: SQLite makes an error of its own of whatever such a function raises."""


def _heard(function: Callable[..., str], *values: object) -> str:
    try:
        return function(*values)
    except KeyboardInterrupt:
        _interrupted.set()
        raise


class _Texts:
    """SQL functions over stored texts. Consecutive calls are for chunks of one document, so one text is kept."""

    def __init__(self) -> None:
        self._blob: bytes = b""
        self._text = ""

    def chunk_terms(self, blob: bytes, start: int, end: int, lang: str, header: str) -> str:
        if blob is not self._blob and blob != self._blob:
            self._blob, self._text = blob, decompress(blob)
        return words.terms(f"{header}\n{self._text[start:end]}", lang)


def _terms(text: str, lang: str) -> str:
    return words.terms(text, lang)


@lru_cache(maxsize=64)  # the chunks of a file come one after the other
def path_terms(path: bytes, member: str | None) -> str:
    """Terms of a file's name and the folders above it, for both languages: names are short and mixed."""
    text = os.fsdecode(path).encode("utf-8", "replace").decode() + (f"/{member}" if member else "")
    return words.terms(text, "cs")


class _Frames(threading.local):
    """Zstandard's contexts, which no two threads may use at once. Making one takes longer than a short text."""

    def __init__(self) -> None:
        import zstandard

        self.compressor = zstandard.ZstdCompressor(level=6)
        self.decompressor = zstandard.ZstdDecompressor()


@cache
def _frames() -> _Frames:
    return _Frames()


def compress(text: str) -> bytes:
    """Text as stored: UTF-8 in a Zstandard frame."""
    return _frames().compressor.compress(text.encode())


def decompress(blob: bytes) -> str:
    """The text of a stored frame. Raises `DamagedIndex` when it is no such frame."""
    import zstandard

    try:
        return _frames().decompressor.decompress(blob, max_output_size=1 << 30).decode()
    except (zstandard.ZstdError, UnicodeDecodeError, MemoryError, TypeError) as error:  # or no bytes at all
        raise DamagedIndex(f"a stored text is damaged: {error}", "Run: ask check --repair") from error
