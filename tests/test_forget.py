"""What was forgotten or deleted is in no file of the state directory: not its words, not its text, not its vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import database, vectors

Tree = Callable[..., Path]
WORD = "quabblefrost"
"""In the text, the heading and the name of the file that is forgotten, and nowhere else."""
FILES = {
    f"notes/{WORD}.md": f"# The {WORD} letters\n\n" + f"On Monday we spoke about {WORD} and its price.\n" * 30,
    "notes/garden.md": "# Garden\n\nTomatoes need water twice a day.\n",
    "shed.txt": "The spare key hangs in the shed.\n" * 40,
}


def state_files(home: Path) -> Iterator[Path]:
    return (path for path in home.rglob("*") if path.is_file() and not path.is_relative_to(home / "models"))


def holding(home: Path, needle: bytes) -> list[str]:
    """As `grep -a` over the state directory."""
    return [path.name for path in state_files(home) if needle.lower() in path.read_bytes().lower()]


def traces(ask: Any) -> dict[str, bytes]:
    """What stands on the disk for the file: its words, its compressed text, its vectors."""
    like = f"%{WORD}%"
    with closing(ask.db()) as db:
        query = "SELECT d.id, d.text, d.name_hash FROM documents d JOIN files f ON f.id = d.file_id"
        document, text, name = db.execute(f"{query} WHERE CAST(f.path AS TEXT) LIKE ?", (like,)).fetchone()
        rows = db.execute(
            "SELECT data FROM vectors WHERE hash = ? OR hash IN (SELECT hash FROM chunks WHERE document_id = ?)",
            (name, document),
        ).fetchall()
    found = {"word": WORD.encode(), "text": bytes(text)[8:24]}
    return found | {f"vector {n}": bytes(data)[100:132] for n, (data,) in enumerate(rows)}


@pytest.fixture
def root(ask: Any, tree: Tree) -> Path:
    made = tree(FILES)
    assert ask("index", made, "--quiet").code == 0
    return made


def in_faiss(ask: Any) -> set[int]:
    """Ids of the vectors in the FAISS file."""
    import faiss

    index: Any = faiss.read_index(str(vectors.faiss_path(ask.home, 1)))
    sizes = [index.invlists.list_size(n) for n in range(index.nlist)]
    lists = [faiss.rev_swig_ptr(index.invlists.get_ids(n), size) for n, size in enumerate(sizes) if size]
    return {int(i) for ids in lists for i in ids}


def in_rows(ask: Any) -> set[int]:
    with closing(ask.db()) as db:
        return {i for (i,) in db.execute("SELECT id FROM vectors")}


@pytest.mark.parametrize("way", ["forget", "delete", "edit"])
def test_nothing_is_left_of_it(ask: Any, root: Path, way: str) -> None:
    before = traces(ask)
    for what, needle in before.items():
        assert holding(ask.home, needle), f"the {what} must be there before, or its absence proves nothing"
    known = in_rows(ask)
    assert in_faiss(ask) == known
    file = next(root.rglob(f"{WORD}*"))
    if way == "forget":
        assert ask("forget", file, "-y").code == 0
    else:
        file.unlink()
        if way == "edit":
            (root / "notes" / "other.md").write_text("# Other\n\nNothing of it is here any more.\n")
        assert ask("index", root, "--quiet").code == 0
    for what, needle in before.items():
        assert holding(ask.home, needle) == [], what
    assert len(known - in_rows(ask)) == len(before) - 2
    assert in_faiss(ask) <= in_rows(ask)
    assert ask("check").code == 0
    assert ask("search", WORD, "--only", "words").code == 1


def test_an_empty_path_is_not_the_current_folder(ask: Any, root: Path) -> None:
    """`ask forget "$unset"` in a script forgot everything below the folder it stood in."""
    for command in ("forget", "index", "similar"):
        said = ask.run(command, "", cwd=root)
        assert (said.code, "empty" in said.err) == (2, True), command
    assert ask.count("SELECT count(*) FROM files WHERE status = 'indexed'") > 0


def test_forgetting_makes_no_index(ask: Any, tmp_path: Path) -> None:
    said = ask("forget", tmp_path, "-y")
    assert (said.code, "nothing is indexed yet" in said.err) == (1, True)
    assert ask("search", "anything").code == 1
    assert not (ask.home / database.FILE).exists()


def test_an_index_that_was_emptied_says_so(ask: Any, root: Path) -> None:
    assert ask("forget", root, "-y").code == 0
    said = ask("search", "anything")
    assert (said.code, "nothing is indexed yet" in said.out) == (1, True)


def test_a_reader_in_the_way_is_told_of(ask: Any, root: Path) -> None:
    """Whoever still reads keeps the log of the database, and in it the text, alive."""
    file = next(root.rglob(f"{WORD}*"))
    with closing(ask.db()) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM files").fetchone()
        said = ask("forget", file, "-y")
        assert (said.code, "another ask is reading" in said.err) == (0, True)
    assert ask("index", root / "shed.txt", "--quiet").code == 0
    assert holding(ask.home, WORD.encode()) == []
    assert "another ask" not in ask("forget", root / "shed.txt", "-y").err
