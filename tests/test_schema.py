"""An index made by an older ask is brought up to date when it is opened for writing, and can be read before that.

`samples/index-vN.db.gz` were made by `ask index /notes --wait words` as it was then, and are never made anew.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import database

SAMPLES = sorted((Path(__file__).parent / "samples").glob("index-v*.db.gz"))


def shape(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    """All tables and indexes, and the columns of tables, which later steps add behind the first ones."""
    names = db.execute("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2").fetchall()
    return [(kind, name, *db.execute(f"PRAGMA table_info('{name}')")) for kind, name in names]


def test_every_older_format_has_a_sample() -> None:
    formats = {int(sample.name.removeprefix("index-v").removesuffix(".db.gz")) for sample in SAMPLES}
    assert 1 in formats
    assert max(formats) < database.SCHEMA


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_an_old_index_becomes_new(
    sample: Path, new_ask: Callable[[Path], Any], tree: Callable[..., Path], tmp_path: Path
) -> None:
    old, new = new_ask(tmp_path / "old"), new_ask(tmp_path / "new")
    (old.home / database.FILE).write_bytes(gzip.decompress(sample.read_bytes()))
    assert old("search", "heron", "--only", "words", "--files").out == "/notes/a.txt\n"
    root = tree({"new.txt": "a kingfisher"})
    for each in (old, new):
        assert each("index", root, "--wait", "words").code == 0
    with closing(old.db()) as db, closing(new.db()) as fresh:
        assert db.execute("PRAGMA user_version").fetchone() == (database.SCHEMA,)
        assert shape(db) == shape(fresh)
    assert old("check").code == 0
    assert old("search", "heron", "--only", "words", "--files").out == "/notes/a.txt\n"
