"""Transactions of the writer: what is stored together is there together, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from ask.indexer import database
from ask.indexer.rows import FileState, LeftOut
from ask.indexer.store import Store


def left_out(store: Store, root: int, name: str) -> None:
    state = FileState(f"/files/{name}".encode(), 1, 2, 3, 4)
    store.put_left_out(root, [LeftOut(state, "too large", "")], reader=1, seen=1)


def two_and_an_error(store: Store, root: int) -> None:
    with store.transaction():
        left_out(store, root, "a")
        with store.transaction():
            left_out(store, root, "b")
            raise ZeroDivisionError


def known(home: Path) -> int:
    """Files that another process would see."""
    with database.reading(home) as db:
        return int(db.execute("SELECT count(*) FROM files").fetchone()[0])


def test_files_stored_together(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        root = store.add_root(b"/files")
        with store.transaction():
            left_out(store, root, "a")
            left_out(store, root, "b")
            assert known(tmp_path) == 0
        assert known(tmp_path) == 2


def test_an_error_takes_back_all_of_them(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        root = store.add_root(b"/files")
        left_out(store, root, "before")
        with pytest.raises(ZeroDivisionError):
            two_and_an_error(store, root)
        assert known(tmp_path) == 1
        left_out(store, root, "after")
        assert known(tmp_path) == 2
