"""`ask index --plan` tells what a run would do, and does nothing of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TEXT = "The heron stood in the pond and waited for the frogs. "


@pytest.fixture
def files(tree: Callable[..., Path]) -> Path:
    return tree(
        {
            **{f"notes/{n}.md": f"# Note {n}\n\n{TEXT * (20 + n)}\n" for n in range(12)},
            "copy/a.md": f"# Note 3\n\n{TEXT * 23}\n",
            "tool.py": "def count(frogs):\n    return len(frogs)\n",
            "empty.txt": "",
            ".ssh/id_ed25519": "secret",
            "keys/id_rsa": "secret",
        }
    )


def everything(folder: Path) -> dict[Path, tuple[int, int]]:
    return {p: (s.st_mtime_ns, s.st_size) for p in [folder, *folder.rglob("*")] for s in [p.lstat()]}


def test_it_foresees_what_a_run_then_does(ask: Any, files: Path) -> None:
    told = ask("index", files, "--plan", "--json").json()
    assert ask("index", files).code == 0
    done = ask("status", "--json").json()
    assert sum(amount["files"] for amount in told["to_read"].values()) == done["files"]["indexed"] == 14
    assert told["to_read"][".md"]["files"] == 13
    assert told["chunks"] == done["chunks"]["total"]  # all was sampled
    assert {reason: amount["files"] for reason, amount in told["left_out"].items()} == done["skipped"]
    assert [Path(path).name for path in told["secrets"]] == [".ssh", "id_rsa"]
    assert told["copies"]["files"] == 1
    assert list(told["seconds"]) == ["scan", "words", "instant", "full"]
    assert 0 <= told["seconds"]["scan"] <= told["seconds"]["words"] <= told["seconds"]["instant"]
    assert told["seconds"]["words"] <= told["seconds"]["full"]
    assert told["disk"] > 0


def test_it_changes_nothing(ask: Any, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = everything(ask.home), everything(files)
    assert ask("index", files, "--plan").code == 0
    assert (everything(ask.home), everything(files)) == before
    assert list(scratch.iterdir()) == []


def test_what_is_known_is_not_read_again(ask: Any, files: Path) -> None:
    assert ask("index", files, "--wait", "words").code == 0
    (files / "tool.py").write_text("def count(toads):\n    return len(toads) + 1\n")
    told = ask("index", files, "--plan", "--json").json()
    assert told["unchanged"]["files"] == 13
    assert list(told["to_read"]) == [".py"]


def test_people_are_told_in_a_few_lines(ask: Any, files: Path) -> None:
    said = ask("index", files, "--plan").out
    assert "14 files" in said
    assert "nothing has been changed" in said
    assert "id_rsa" in said


def test_a_path_that_is_not_there(ask: Any, tmp_path: Path) -> None:
    assert ask("index", tmp_path / "nowhere", "--plan").code == 2
