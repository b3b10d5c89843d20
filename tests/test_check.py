"""`ask check` holds what is stored against the files it was made from."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import check, database
from ask.indexer.fill import embedded_text
from ask.indexer.progress import Silent
from ask.indexer.rows import hash_of

Tree = Callable[..., Path]
NOTES = {
    "garden.md": "# Garden\n\nThe tomatoes stand by the wall.\n",
    "kitchen.txt": "The kettle is blue.\n",
    "cellar.txt": "The apples lie in the cellar.\n",
}


@pytest.fixture
def root(ask: Any, tree: Tree) -> Path:
    """Notes that are indexed."""
    folder = tree(NOTES)
    assert ask("index", folder).code == 0
    return folder


def exchange(home: Path, old: str, new: str) -> None:
    """Another word of the same length in a stored text, and everything that is derived from it made to fit."""
    with closing(database.connect(home, write=True)) as db:
        rows = db.execute("SELECT id, title, header, text FROM documents").fetchall()
        document_id, title, header, text = next(
            (i, title, header, text) for i, title, header, blob in rows if old in (text := database.decompress(blob))
        )
        text = text.replace(old, new)
        stored = (database.compress(text), hash_of(text.encode()), document_id)
        db.execute("UPDATE documents SET text = ?, hash = ? WHERE id = ?", stored)
        chunks = db.execute(
            'SELECT id, start, "end", heading, context FROM chunks WHERE document_id = ?', (document_id,)
        )
        for chunk_id, start, end, heading, length in chunks.fetchall():
            key = hash_of(embedded_text(title, header, heading, length, text[start:end]).encode())
            db.execute("UPDATE chunks SET hash = ?, tier = 0 WHERE id = ?", (key, chunk_id))
        db.execute("INSERT INTO words(words) VALUES ('rebuild')")


def test_an_exchanged_text_is_found_and_its_file_alone_is_read(ask: Any, root: Path) -> None:
    assert ask("check", "--json").json() == {"problems": [], "repaired": False, "compared": 3, "indexed": 3}
    exchange(ask.home, "tomatoes", "potatoes")
    assert check.check(ask.home, Silent()) == [], "nothing else can see it"
    assert ask("search", "potatoes", "--only", "words", "--json").json()["hits"]
    (root / "kitchen.txt").write_text("The kettle is red now.\n")

    said = ask("check")
    assert said.code == 2
    assert f"sources: {root / 'garden.md'}" in said.out
    assert "Compared with what is stored: 2 of 3 files." in said.out
    assert ask("check", "--repair").out.endswith("Mended.\n")

    assert ask("search", "potatoes", "--only", "words", "--json").json()["hits"] == []
    assert ask("search", "tomatoes", "--only", "words", "--json").json()["hits"]
    assert ask("search", "kettle blue", "--only", "words", "--json").json()["hits"], "only what was wrong is read"
    assert ask("check").code == 0
    assert ask.count("SELECT count(*) FROM chunks WHERE tier < 2") == 0


@pytest.mark.parametrize("words", [["doctor"], ["index", "--plan", "{root}"], ["index", "{root}/nothing"]])
def test_a_damaged_index_is_an_error_in_words_wherever_it_is_read(ask: Any, root: Path, words: list[str]) -> None:
    """These three ended with a traceback, the doctor among them."""
    with (ask.home / database.FILE).open("r+b") as file:
        for page in range(2, (ask.home / database.FILE).stat().st_size // 4096):
            file.seek(4096 * page)
            file.write(b"\xff" * 4096)
    said = ask(*(word.format(root=root) for word in words))
    assert said.code == 2
    assert "ask check --repair" in said.out + said.err


def test_a_text_and_words_damaged_at_once_are_both_mended(ask: Any, root: Path) -> None:
    exchange(ask.home, "tomatoes", "potatoes")
    with closing(database.connect(ask.home, write=True)) as db:
        db.execute("INSERT INTO words(words) VALUES ('delete-all')")
    found = ask("check", "--repair", "--json").json()
    assert [problem.split(":")[0] for problem in found["problems"]] == ["words", "sources"]
    assert found["repaired"]
    assert ask("check", "--json").json()["problems"] == []
    assert ask("search", "tomatoes", "--only", "words", "--json").json()["hits"]


def test_a_rewrite_that_the_times_do_not_tell_is_found(ask: Any, root: Path) -> None:
    """As within one tick of a coarse clock: another content, and everything the index compares is the same."""
    file = root / "cellar.txt"
    file.write_text(file.read_text().replace("apples", "quince"))
    found = file.stat()
    with closing(database.connect(ask.home, write=True)) as db:
        times = (found.st_mtime_ns, found.st_ctime_ns, os.fsencode(file))
        db.execute("UPDATE files SET mtime_ns = ?, ctime_ns = ? WHERE path = ?", times)
    assert ask("index", root, "--json").json()["unchanged"] == 3
    assert ask("check").code == 2
    assert ask("check", "--repair").code == 0
    assert ask("search", "quince", "--only", "words", "--json").json()["hits"]


def test_changed_and_vanished_files_are_no_problem(ask: Any, root: Path) -> None:
    (root / "garden.md").write_text("# Garden\n\nOnly cucumbers this year.\n")
    (root / "cellar.txt").unlink()
    said = ask("check", "--json")
    assert (said.code, said.json()) == (0, {"problems": [], "repaired": False, "compared": 1, "indexed": 3})


def test_a_sample_or_all(ask: Any, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    from ask.indexer import sources

    monkeypatch.setattr(sources, "SAMPLE", 2)
    assert ask("index", tree(NOTES), "--wait", "words").code == 0
    exchange(ask.home, "tomatoes", "potatoes")
    said = ask("check").out
    assert "Compared with what is stored: 2 of 3 files. All: ask check --sources" in said
    whole = ask("check", "--sources")
    assert "Compared with what is stored: 3 of 3 files.\n" in whole.out
    assert "garden.md" in whole.out
    assert "comparing with the files: 3 files" in whole.err
