"""An index made by an older ask is brought up to date when it is opened for writing, and can be read before that."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ask.indexer import database, schema


def shape(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").fetchall()


def made_old(home: Path) -> None:
    """Turn an index into one of the first format."""
    with closing(database.sqlite.connect(home / database.FILE)) as db:
        db.execute("DROP INDEX files_left_out")
        db.execute("PRAGMA user_version = 1")
        db.commit()


def test_the_first_format_becomes_the_newest(ask: Any, tree: Callable[..., Path]) -> None:
    root = tree({"a.txt": "a heron in the pond", "b.bin": b"\0\1\2"})
    assert ask("index", root, "--wait", "words").code == 0
    with closing(ask.db()) as db:
        newest = shape(db)
    made_old(ask.home)
    assert ask("search", "heron", "--only", "words").code == 0
    assert ask("index", root, "--wait", "words").code == 0
    with closing(ask.db()) as db:
        assert shape(db) == newest
        assert db.execute("PRAGMA user_version").fetchone() == (len(schema._STEPS),)
    assert ask("search", "heron", "--only", "words").code == 0
