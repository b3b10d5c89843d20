"""`ask index`: what it finds, follows and leaves out, what it says, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Tree = Callable[..., Path]
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")

NOTES = {
    "garden.md": "# Garden\n\nThe tomatoes need water twice a day in August.\n",
    "server/backup.sh": "#!/bin/sh\n# copies the photos to the old disk\nrsync -a ~/photos /mnt/old\n",
    "dopis.txt": "Milá babičko, děkujeme za marmeládu. Přijedeme na svátky.\n",
}


def outcome(said: Any) -> dict[str, int]:
    """The numbers of an outcome that are not zero."""
    assert said.code == 0, said.err
    return {name: value for name, value in said.json().items() if isinstance(value, int) and value}


def vectors(ask: Any) -> tuple[object, ...]:
    """Every vector of a chunk with its row: equal means that no text was embedded."""
    db = ask.db()
    query = "SELECT DISTINCT v.id, v.hash FROM vectors v JOIN chunks c ON c.hash = v.hash ORDER BY v.id"
    rows = tuple(db.execute(query))
    db.close()
    return rows


def test_everything_is_followed(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    assert outcome(ask("index", root, "--json")) == {"new": 3}
    assert outcome(ask("index", root, "--json")) == {"unchanged": 3}
    (root / "garden.md").write_text("# Garden\n\nThe beans are ripe.\n")
    (root / "dopis.txt").unlink()
    tree({"new/recipe.txt": "Goulash wants onions, as many as meat.\n"})
    assert outcome(ask("index", root, "--json")) == {"new": 1, "changed": 1, "removed": 1, "unchanged": 1}
    assert ask("search", "ripe beans", "--files").out.splitlines()[0] == str(root / "garden.md")
    assert str(root / "dopis.txt") not in ask("search", "marmeláda babička", "--files").out


def test_a_second_run_reads_nothing(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    ask("index", root)
    before = ask.count("SELECT max(id) FROM chunks"), vectors(ask)
    ask("index", root)
    assert (ask.count("SELECT max(id) FROM chunks"), vectors(ask)) == before


def test_a_moved_or_copied_file_costs_no_embedding(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    ask("index", root)
    before = vectors(ask)
    (root / "garden.md").rename(root / "server" / "plants.md")
    (root / "copy.txt").write_bytes((root / "dopis.txt").read_bytes())
    assert outcome(ask("index", root, "--json")) == {"new": 1, "moved": 1, "unchanged": 2}
    assert vectors(ask) == before
    assert ask.count("SELECT count(*) FROM chunks WHERE tier < 2") == 0
    hit = ask("search", "tomatoes in august", "--json").json()["hits"][0]
    assert hit["path"] == str(root / "server" / "plants.md")


def test_a_file_rewritten_with_its_old_size_and_time_is_noticed(ask: Any, tree: Tree) -> None:
    root = tree({"note.txt": "the key is under the mat\n"})
    ask("index", root)
    status = (root / "note.txt").stat()
    (root / "note.txt").write_text("the key is in the shed  \n"[: status.st_size])
    os.utime(root / "note.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert outcome(ask("index", root, "--json")) == {"changed": 1}


def test_files_and_folders_inside_a_root_are_part_of_it(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    ask("index", root)
    (root / "dopis.txt").unlink()
    assert outcome(ask("index", root / "server", root / "garden.md", "--json")) == {"unchanged": 2}
    assert ask.count("SELECT count(*) FROM roots") == 1
    assert ask.count("SELECT count(*) FROM files") == 3  # what lies elsewhere was not looked at
    assert outcome(ask("index", root / "dopis.txt", "--json")) == {"removed": 1}


def test_a_root_above_takes_over_the_files_below(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    ask("index", root / "server", root / "garden.md")
    before = vectors(ask)
    assert outcome(ask("index", root, "--json")) == {"new": 1, "unchanged": 2}
    assert [r["path"] for r in ask("status", "--json").json()["roots"]] == [str(root)]
    assert set(before) < set(vectors(ask))


def test_a_path_that_does_not_exist_is_said_before_anything_is_done(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    said = ask("index", root, root / "nope")
    assert said.code == 2
    assert "there is no" in said.err
    assert "nope" in said.err
    assert said.out == ""
    assert not (ask.home / "index.db").exists(), "an index of nothing would have been left behind"
    assert ask("index", root).code == 0
    assert ask("index", root / "nope").code == 2


def test_the_home_of_nobody_is_a_path_that_does_not_exist(ask: Any) -> None:
    """pathlib raises RuntimeError for it."""
    assert ask("index", "~no-such-user/notes").code == 2


def test_a_root_that_is_away_is_kept(ask: Any, tree: Tree, tmp_path: Path) -> None:
    """An unplugged disk is not a deleted one."""
    root = tree(NOTES)
    ask("index", root)
    root.rename(tmp_path / "unplugged")
    said = ask("index", root, "--json")
    assert said.code == 0
    assert said.json()["missing_roots"] == [str(root)]
    assert ask("search", "tomatoes", "--files").out == f"{root / 'garden.md'}\n"


@posix
def test_an_unreadable_folder_keeps_what_is_known_of_it(ask: Any, tree: Tree) -> None:
    """Once, everything below it was forgotten."""
    root = tree(NOTES)
    ask("index", root)
    (root / "server").chmod(0)
    try:
        if os.access(root / "server", os.R_OK):
            pytest.skip("may read everything: running as root")
        said = ask("index", root, "--json")
    finally:
        (root / "server").chmod(0o700)
    assert said.code == 3
    assert said.json()["unreadable"] == [{"path": str(root / "server"), "reason": "no permission"}]
    assert ask("search", "photos old disk", "--files").out.startswith(str(root / "server"))
    assert outcome(ask("index", root, "--json")) == {"unchanged": 3}


@posix
def test_a_folder_that_cannot_be_listed_keeps_what_is_known_of_it(
    ask: Any, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, for those who may read everything: the system itself refuses, as a dying disk does."""
    root = tree(NOTES)
    ask("index", root)
    scandir = os.scandir

    def failing(path: bytes) -> object:
        if os.fsencode(path).rstrip(b"/").endswith(b"server"):
            raise OSError(5, "Input/output error", path)
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr("os.scandir", failing)
        said = ask("index", root, "--json")
    assert said.code == 3
    assert len(said.json()["unreadable"]) == 1
    assert outcome(ask("index", root, "--json")) == {"unchanged": 3}


@posix
def test_names_that_are_not_utf8(ask: Any, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "files") + b"/\xff\xfe"
    Path(os.fsdecode(folder)).mkdir(parents=True)
    Path(os.fsdecode(folder + b"/\x8a\xe8.txt")).write_text("The violin is at the repair shop.\n")
    assert outcome(ask("index", tmp_path / "files", "--json")) == {"new": 1}
    said = ask("search", "violin", "--json")
    assert os.fsencode(said.json()["hits"][0]["path"]) == folder + b"/\x8a\xe8.txt"
    assert ask("search", "violin").code == 0
    assert ask("status").code == 0
    assert outcome(ask("index", os.fsdecode(folder), "--json")) == {"unchanged": 1}
    assert ask("forget", os.fsdecode(folder), "--yes", "--json").json()["files"] == 1


@posix
def test_a_link_named_on_purpose_is_followed(ask: Any, tree: Tree, tmp_path: Path) -> None:
    """Workers never open links, so that none can be slipped in; a link to a file was read by nobody."""
    root = tree(NOTES)
    (tmp_path / "link.md").symlink_to(root / "garden.md")
    (tmp_path / "folder").symlink_to(root / "server")
    assert outcome(ask("index", tmp_path / "link.md", tmp_path / "folder", "--json")) == {"new": 2}
    assert ask("search", "tomatoes", "--files").out == f"{root / 'garden.md'}\n"


def test_every_skip_has_a_reason(ask: Any, tree: Tree) -> None:
    root = tree({
        ".gitignore": "out/\n", ".git/config": "", "out/a.txt": "a", "id_rsa": "x", "empty.txt": "",
        "photo.raw": bytes(range(256)) * 40, "note.txt": "One note.\n", "node_modules/x/index.js": "x",
    })  # fmt: skip
    said = ask("index", root, "--json")
    assert said.code == 0
    listed = ask("status", "--skipped", "--json").json()
    reasons = {(Path(each["path"]).name, each["reason"]) for each in listed}
    assert reasons >= {("out", "ignored"), ("id_rsa", "secret"), ("empty.txt", "empty"), ("node_modules", "build")}
    status = ask("status", "--json").json()
    assert status["files"]["indexed"] == 2  # a .gitignore file is worth finding
    assert sum(status["skipped"].values()) == len(listed) == status["files"]["skipped"]
    assert ask("index", root, "--json").json()["new"] == 0


def test_whoever_names_a_file_is_told_why_it_was_left_out(ask: Any, tree: Tree) -> None:
    """`Files: 1 left out.` was all that `ask index passwords.txt` said."""
    root = tree({"id_rsa": "x", "a.txt": "an apple\n"})
    said = ask("index", root / "id_rsa", root / "a.txt", "--quiet")
    assert (said.code, f"Left out: {root / 'id_rsa'} (" in said.out, "--consent" in said.out) == (0, True, True)
    assert "Left out:" not in ask("index", root, "--quiet").out


def test_words_first_meaning_with_the_next_run(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    ask("index", root, "--wait", "words")
    assert vectors(ask) == ()
    found = ask("search", "tomatoes", "--json").json()
    assert found["hits"][0]["path"] == str(root / "garden.md")
    assert any("meaning" in note for note in found["notes"])
    ask("index", root)
    assert ask.count("SELECT count(*) FROM chunks WHERE tier = 2") == 3
    assert not any("meaning" in note for note in ask("search", "tomatoes", "--json").json()["notes"])


def test_a_human_reads_what_happened(ask: Any, tree: Tree) -> None:
    said = ask("index", tree(NOTES))
    assert said.out == "Files: 3 new.\n"
    assert "reading" in said.err
    assert ask("index", tree({}), "--quiet").err == ""


def test_two_at_once(ask: Any, tree: Tree) -> None:
    from ask.indexer.store import Store

    root = tree(NOTES)
    with Store(ask.home):
        said = ask.run("index", root, "--wait-lock", "0")
        assert said.code == 2
        assert "another ask" in said.err
        waiting = ask.start("index", root, "--wait-lock", "60", stderr=None, text=True, stdout=-1)
    out, _ = waiting.communicate(timeout=120)
    assert (waiting.returncode, out) == (0, "Files: 3 new.\n")


def test_an_index_of_a_newer_version(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    ask("index", root)
    db = ask.db()
    db.execute("PRAGMA user_version = 999")
    db.close()
    for said in (ask("index", root), ask("search", "tomatoes"), ask("status"), ask("check"), ask("forget", root, "-y")):
        assert said.code == 2
        assert "newer" in said.err
    assert ask("doctor").code == 2


def test_an_index_that_was_never_finished_is_none(ask: Any, tree: Tree) -> None:
    """A first run that is killed before it made the tables left a file without any."""
    (ask.home / "index.db").touch()
    said = ask("search", "tomatoes")
    assert said.code == 1
    assert "nothing is indexed" in said.err
    assert ask("doctor").code in (0, 2)
    assert outcome(ask("index", tree(NOTES), "--json")) == {"new": 3}


@posix
def test_only_its_owner_can_look_into_it(ask: Any, tree: Tree) -> None:
    ask.home.chmod(0o755)
    umask = os.umask(0)
    try:
        ask("index", tree(NOTES))
    finally:
        os.umask(umask)
    assert ask.home.stat().st_mode & 0o777 == 0o700
    made = [path for path in ask.home.iterdir() if path.is_file()]
    assert len(made) >= 3
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in made if path.stat().st_mode & 0o077} == {}


def test_its_own_files_are_not_indexed(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    (ask.home / "config.toml").write_text("results = 20\n")
    assert outcome(ask("index", root.parent, "--json"))["new"] == 3
    assert ask("search", "results", "--files").out.count("config.toml") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_long_run_leaks_nothing(ask: Any, tree: Tree) -> None:
    import threading

    root = tree(NOTES)
    ask("index", root)
    ask("search", "tomatoes")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        (root / "garden.md").write_text((root / "garden.md").read_text() + "more\n")
        ask("index", root, "--wait", "words")
        ask("search", "tomatoes", "--only", "words")
        ask("check")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert [t.name for t in threading.enumerate() if t.name.startswith("Thread-")] == []
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    assert not children.exists() or "ask.indexer.worker" not in "".join(
        Path(f"/proc/{child}/cmdline").read_text() for child in children.read_text().split()
    )


def test_an_edited_line_costs_the_chunks_it_touches(ask: Any, tree: Callable[..., Path]) -> None:
    """A changed file was taken out of the word index whole; for 1 MB of text that took two seconds."""
    sections = [f"# Part {n}\n\n" + f"Sentence {n} tells of the heron and its pond. " * 30 for n in range(20)]
    root = tree({"long.md": "\n\n".join(sections) + "\n"})
    assert ask("index", root).code == 0
    with closing(ask.db()) as db:
        before = dict(db.execute("SELECT id, hash FROM chunks"))
        (embedded,) = db.execute("SELECT max(id) FROM vectors").fetchone()
    sections[9] = sections[9].replace("heron", "kingfisher", 1)
    tree({"long.md": "A new line above all.\n\n" + "\n\n".join(sections) + "\n"})
    assert ask("index", root).code == 0
    with closing(ask.db()) as db:
        after = dict(db.execute("SELECT id, hash FROM chunks"))
        kept = before.items() & after.items()
        assert len(kept) >= len(before) - 3
        assert db.execute("SELECT max(id) FROM vectors").fetchone()[0] <= embedded + 4
        assert db.execute("SELECT doc FROM vocabulary WHERE term = 'kingfish'").fetchone() == (1,)
    hit = ask("search", "kingfisher", "--only", "words", "--json").json()["hits"][0]
    line = (root / "long.md").read_text().split("\n").index("# Part 9") + 1
    assert hit["line"] <= line + 2 <= hit["end_line"]
    assert ask("check").code == 0
