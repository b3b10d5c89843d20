"""An index made by an older ask is brought up to date when it is opened for writing, and can be read before that.

`samples/index-vN.db.gz` were made by `ask index /notes` as it was then (1 with `--wait words`), and are never made anew.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.indexer import database, packed
from ask.indexer.store import Store

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


Row = tuple[int, bytes, int, bytes]


@pytest.fixture
def eight_bits(tmp_path: Path) -> Path:
    """A state directory with an index of format 3: the last with eight bits a dimension."""
    home = tmp_path / "home"
    home.mkdir()
    (home / database.FILE).write_bytes(gzip.decompress((SAMPLES[0].parent / "index-v3.db.gz").read_bytes()))
    return home


def vectors_of(home: Path) -> list[Row]:
    with closing(database.connect(home)) as db:
        return db.execute("SELECT id, hash, exact, data FROM vectors ORDER BY id").fetchall()


def test_vectors_become_smaller_and_keep_their_ids(eight_bits: Path) -> None:
    old = vectors_of(eight_bits)
    Store(eight_bits).close()
    new = vectors_of(eight_bits)
    assert [row[:3] for row in new] == [row[:3] for row in old]
    before, after = (packed.decode([row[3] for row in rows], 384) for rows in (old, new))
    assert (before * after).sum(axis=1).min() > 0.99
    assert np.allclose(packed.cosines([row[3] for row in old], before[0]), before @ before[0], atol=1e-5)
    assert {len(row[3]) for row in new} == {196}


def test_nothing_of_the_older_vectors_is_left_on_the_disk(eight_bits: Path) -> None:
    pieces = [row[3][100:132] for row in vectors_of(eight_bits)]
    file = eight_bits / database.FILE
    assert all(piece in file.read_bytes() for piece in pieces)
    Store(eight_bits).close()
    assert {path.name for path in eight_bits.iterdir()} == {database.FILE, "write.lock"}
    assert not any(piece in file.read_bytes() for piece in pieces)


def test_what_was_left_to_be_erased_is_erased_by_the_next_writer(eight_bits: Path) -> None:
    """The disk had no room for it, say."""
    Store(eight_bits).close()
    with closing(sqlite3.connect(eight_bits / database.FILE)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("CREATE TABLE passing AS SELECT 'something secret' AS text")
        db.execute("DROP TABLE passing")
        db.execute("INSERT INTO meta VALUES ('loose', '')")
        db.commit()
    assert b"something secret" in (eight_bits / database.FILE).read_bytes()
    Store(eight_bits).close()
    assert b"something secret" not in (eight_bits / database.FILE).read_bytes()


def test_ids_of_vectors_that_are_gone_are_not_given_again(eight_bits: Path) -> None:
    """A FAISS file knows them; a new vector with the id of an old one would be taken for it."""
    with closing(sqlite3.connect(eight_bits / database.FILE)) as db:
        (last,) = db.execute("SELECT max(id) FROM vectors").fetchone()
        db.execute("DELETE FROM vectors")
        db.commit()
    with Store(eight_bits) as store:
        store.db.execute("INSERT INTO vectors(space, hash, exact, data) VALUES (1, x'00', 1, x'00')")
        assert store.db.execute("SELECT max(id) FROM vectors").fetchone() > (last,)


def test_a_damaged_vector_goes_and_its_text_waits_for_another(eight_bits: Path) -> None:
    with closing(sqlite3.connect(eight_bits / database.FILE)) as db:
        query = "SELECT v.id, c.id FROM vectors v JOIN chunks c ON c.hash = v.hash ORDER BY v.id LIMIT 1"
        vector, chunk = db.execute(query).fetchone()
        db.execute("UPDATE vectors SET data = zeroblob(388) WHERE id = ?", (vector,))
        db.commit()
    with Store(eight_bits) as store:
        assert store.db.execute("SELECT 1 FROM vectors WHERE id = ?", (vector,)).fetchone() is None
        assert store.db.execute("SELECT id FROM chunks WHERE tier = 0").fetchall() == [(chunk,)]
