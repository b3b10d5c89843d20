"""SQLite databases that other programs made, opened in memory and only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ask.indexer.errors import Unreadable

MAGIC = b"SQLite format 3\0"
_WRITTEN, _READ = 18, 19
"""Bytes of the header that say which journal is used: 2 is WAL, which a database in memory cannot have."""


@contextmanager
def opened(data: bytes) -> Iterator[sqlite3.Connection]:
    """A copy of the database. Raises `Unreadable("damaged")`, also for what goes wrong inside the block."""
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(data[:_WRITTEN] + b"\x01\x01" + data[_READ + 1 :])
            db.text_factory = lambda text: text.decode("utf-8", "replace")
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA query_only = ON")
            yield db
    except (sqlite3.Error, OverflowError, UnicodeError) as problem:  # even the text of an error may be damaged
        raise Unreadable("damaged", f"not a whole database: {problem}") from problem
