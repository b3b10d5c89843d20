"""Who wrote the files of a clone and when, read from clones made here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import helper
from ask.indexer.history import credits_of, head_of, is_blob

pytestmark = pytest.mark.skipif(helper.find("git") is None, reason="git is not installed")

PETR, JANA = ("Petr Novák", "petr@example.org"), ("Jana Malá", "jana@example.org")


class Clone:
    """A repository somebody works in, whatever git is set to on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, who: Sequence[str] = PETR, year: int = 2015) -> None:
        names = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
                 for what, value in zip(("NAME", "EMAIL"), who, strict=True)}  # fmt: skip
        date = f"{year}-03-04T10:00:00Z"
        plain = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.folder), *arguments]
        subprocess.run(
            command, check=True, env={**plain, **names, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def commit(self, name: str, text: str, who: Sequence[str] = PETR, year: int = 2015) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True, parents=True)
        (self.folder / name).write_text(text)
        self.git("add", ".")
        self.git("commit", "-q", "-m", f"{name} of {year}", who=who, year=year)


def rows(ask: Any) -> dict[str, tuple[str | None, list[str], dict[str, str]]]:
    """Day, people and facts of every document by the name of its file."""
    db = ask.db()
    found = db.execute("SELECT f.path, d.date, d.people, d.facts FROM documents d JOIN files f ON f.id = d.file_id")
    result = {
        os.fsdecode(path).rpartition("/")[2]: (
            date and datetime.fromtimestamp(date, UTC).date().isoformat(), json.loads(people), json.loads(facts)
        )
        for path, date, people, facts in found
    }  # fmt: skip
    db.close()
    return result


def test_day_and_authors(ask: Any, tmp_path: Path) -> None:
    clone = Clone(tmp_path / "tools")
    clone.commit("old.py", "print('one')\n" * 3, year=2012)
    clone.commit("old.py", "print('two')\n" * 3, year=2015)
    clone.commit("old.py", "print('three')\n" * 3, JANA, 2018)
    clone.git("mv", "old.py", "new.py")
    clone.git("commit", "-q", "-m", "a better name", who=JANA, year=2021)
    clone.commit("src/a.md", "---\ndate: 2001-02-03\n---\nA note with a day of its own.\n", JANA, 2020)
    clone.commit("draft.txt", "The first draft of a letter.\n", year=2019)
    (clone.folder / "draft.txt").write_text("A letter that was changed and not committed.\n")
    (clone.folder / "own.txt").write_text("Never committed by anybody.\n")
    ask("index", clone.folder)
    found = rows(ask)
    petr, jana = "Petr Novák <petr@example.org>", "Jana Malá <jana@example.org>"
    assert found["new.py"] == ("2018-03-04", [petr, jana], {"since": "2012-03-04"})
    assert found["a.md"] == ("2001-02-03", [jana], {})
    assert found["draft.txt"] == found["own.txt"] == (None, [], {})

    clone.git("add", ".")
    clone.git("commit", "-q", "-m", "the draft", who=JANA, year=2022)
    said = ask("index", clone.folder, "--json").json()
    assert (said["changed"], said["unchanged"]) == (2, 2), "nothing is read again but what the commit tells of"
    found = rows(ask)
    assert found["draft.txt"] == ("2022-03-04", [petr, jana], {"since": "2019-03-04"})
    assert found["own.txt"] == ("2022-03-04", [jana], {})


def test_what_a_clone_says_is_kept_until_it_is_gone(ask: Any, tmp_path: Path) -> None:
    clone = Clone(tmp_path / "home" / "tools")
    clone.commit("a.txt", "The kettle is in the shed.\n")
    ask("index", tmp_path / "home")
    db = ask.db()
    kept = db.execute("SELECT path, head FROM clones").fetchall()
    assert kept == [(os.fsencode(clone.folder), head_of(clone.folder))]
    db.close()
    (clone.folder / ".git").rename(tmp_path / "elsewhere")
    ask("index", tmp_path / "home")
    assert rows(ask)["a.txt"] == (None, [], {})
    db = ask.db()
    assert db.execute("SELECT count(*) FROM clones").fetchone() == (0,)
    db.close()


def test_the_settings_of_a_clone_start_nothing(ask: Any, tmp_path: Path) -> None:
    """Whoever hands over a folder with a `.git` in it must not be able to run anything with it."""
    clone = Clone(tmp_path / "tools")
    clone.commit("a.txt", "The kettle is in the shed.\n")
    trap, sprung = tmp_path / "trap.sh", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "gpg.program", "core.pager", "pager.log", "diff.external", "core.sshCommand",
                 "core.alternateRefsCommand", "diff.trap.textconv", "diff.trap.command", "filter.trap.clean",
                 "alias.log", "core.hooksPath", "credential.helper", "log.showSignature"):  # fmt: skip
        value = {"log.showSignature": "true", "alias.log": f"!{trap}"}.get(name, str(trap))
        clone.git("config", name, value)
    (clone.folder / ".gitattributes").write_text("* diff=trap filter=trap\n")
    ask("index", clone.folder)
    assert rows(ask)["a.txt"][1] == ["Petr Novák <petr@example.org>"]
    assert not sprung.exists()


def test_where_head_is(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "tools")
    assert head_of(clone.folder) == ""
    clone.commit("a.txt", "one\n")
    head = head_of(clone.folder)
    assert len(head) == 40
    clone.git("pack-refs", "--all")
    assert head_of(clone.folder) == head
    clone.git("worktree", "add", "-q", "../beside", "-b", "side")
    assert head_of(tmp_path / "beside") == head
    clone.git("checkout", "-q", "--detach")
    assert head_of(clone.folder) == head
    (clone.folder / ".git" / "HEAD").write_text("ref: ../../../etc/passwd\n")
    assert head_of(clone.folder) == ""
    assert head_of(tmp_path) == ""


def test_logs_that_no_git_writes() -> None:
    assert credits_of(b"") == {}
    assert credits_of(b"\x01not a time\0x\0") == {}
    assert credits_of(b"\x0112\0P <p>\0\0\n:1 1 a b M\0") == {}
    log = b"\x0112\0P <p>\0\0\n:100644 100644 aa bb M\0a.txt\0\x019\0Q <q>\0\0\n:0 1 0 aa A\0a.txt\0"
    assert {name: (c.blob, c.first, c.last, c.people) for name, c in credits_of(log).items()} == {
        "a.txt": ("bb", 9, 12, ("Q <q>", "P <p>"))
    }
    for end in range(len(log)):
        credits_of(log[:end])


def test_blobs() -> None:
    blob = "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object of "hello\n"
    assert is_blob(b"hello\n", blob)
    assert is_blob(b"hello\r\n", blob)
    assert not is_blob(b"hello", blob)
