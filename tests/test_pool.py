"""Workers: what a parser does to itself stays in its process, and the run goes on."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import worker
from ask.indexer.compile import Compiled
from ask.indexer.errors import IndexProblem, Unreadable
from ask.indexer.extract import Limits
from ask.indexer.pool import Read, ReaderSettings, read_files
from ask.indexer.rows import FileState
from ask.indexer.worker import from_json, to_json

Tree = Callable[..., Path]

FAULTY = """#!{python}
# The real worker with one more extractor, which does what the file says.
import json, os, sys, time
from ask.indexer import worker
from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import extractor

@extractor("faulty", suffixes=[".fault"])
def read(source):
    word = source.data.decode().split()[0]
    if word == "abort":
        os.abort()
    if word == "exit":
        os._exit(0)
    if word == "spin":
        while True:
            pass
    if word == "sleep":
        time.sleep(3600)
    if word == "eat":
        bytearray(1 << 40)
    if word == "bug":
        raise KeyError("not foreseen")
    if word == "partly":
        yield Document("the first part")
        os.abort()
    if word == "encrypted":
        yield Document("the first part")
        raise Unreadable("encrypted", "it has a password")
    if word == "changing":
        raise Unreadable("changing", "it was written to while it was read")
    if word == "surrogates":
        yield Document(
            "text \\ud800 end", title="\\udcff", member="\\udcaa", people=("\\udc01",), facts={{"a": "\\udc02"}},
            header="\\udc03", blocks=(Block(0, 10, ("\\udc04",), "\\udc05"),),
        )
    if word == "nothing":
        return
    yield Document(source.data.decode())

worker.main(json.loads(sys.argv[-1]))
"""

posix = pytest.mark.skipif(os.name == "nt", reason="starts a script")


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that know the extractor above."""
    script = tmp_path / "faulty"
    script.write_text(FAULTY.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


@pytest.fixture
def settings(compiled: Compiled) -> ReaderSettings:
    return ReaderSettings(compiled.folder / "tokenizer.json", compiled.max_tokens, workers=2, seconds=2, patience=30)


def state(path: Path) -> FileState:
    found = path.lstat()
    return FileState(os.fsencode(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def reads(root: Path, settings: ReaderSettings) -> dict[str, Read]:
    states = [state(path) for path in sorted(root.rglob("*")) if path.is_file() or path.is_symlink()]
    return {os.fsdecode(each.state.path).rsplit("/", 1)[-1]: each for each in read_files(states, settings)}


@posix
@pytest.mark.usefixtures("faulty")
def test_a_fault_stays_with_its_file(tree: Tree, settings: ReaderSettings) -> None:
    faults = ["abort", "exit", "spin", "bug", "partly", "eat", "encrypted", "nothing"]
    root = tree({f"{fault}.fault": f"{fault} now" for fault in faults} | {f"n{n}.fault": f"fine {n}" for n in range(9)})
    found = reads(root, settings)
    assert len(found) == len(faults) + 9
    for n in range(9):
        read = found[f"n{n}.fault"]
        assert (read.reason, read.crashed, len(read.documents), read.content != b"") == ("", False, 1, True)
    for fault in ("abort", "exit", "spin", "bug", "partly"):
        assert (found[f"{fault}.fault"].crashed, found[f"{fault}.fault"].documents) == (True, ()), fault
    assert {f: found[f"{f}.fault"].reason for f in ("eat", "encrypted", "nothing")} == {
        "eat": "out of memory", "encrypted": "encrypted", "nothing": "empty",
    }  # fmt: skip
    assert found["encrypted.fault"].documents == ()


@pytest.mark.slow
@posix
@pytest.mark.usefixtures("faulty")
def test_one_that_waits_for_ever(tree: Tree, settings: ReaderSettings) -> None:
    from dataclasses import replace

    found = reads(tree({"a.fault": "sleep", "b.fault": "fine"}), replace(settings, patience=4, workers=1))
    assert (found["a.fault"].crashed, found["a.fault"].reason) == (True, "timeout")
    assert found["b.fault"].reason == ""


@posix
@pytest.mark.usefixtures("faulty")
def test_the_run_goes_on_and_says_so(ask: Any, tree: Tree) -> None:
    root = tree({"a.fault": "abort", "b.txt": "The key is in the shed.\n"})
    said = ask("index", root, "--json")
    assert said.code == 3
    assert said.json()["unreadable"] == [{"path": str(root / "a.fault"), "reason": "quarantined"}]
    assert said.json()["new"] == 1
    assert ask("search", "key", "--files").out == f"{root / 'b.txt'}\n"
    assert ask("status", "--json").json()["files"] == {"indexed": 1, "skipped": 0, "unreadable": 1}
    again = ask("index", root, "--json")  # not tried again before it changes
    assert (again.code, again.json()["unchanged"]) == (3, 1)
    (root / "a.fault").write_text("fine now")
    assert ask("index", root, "--json").json()["unreadable"] == []


@posix
@pytest.mark.usefixtures("faulty")
def test_what_no_database_can_hold(ask: Any, tree: Tree) -> None:
    """A lone surrogate in a title ended the whole run."""
    assert ask("index", tree({"a.fault": "surrogates", "b.fault": "fine"}), "--json").json()["new"] == 2
    assert ask("check").code == 0
    assert ask("search", "text end", "--json").code == 0


@posix
def test_a_worker_that_does_not_start_blames_no_file(
    tree: Tree, settings: ReaderSettings, monkeypatch: pytest.MonkeyPatch, ask: Any
) -> None:
    """Every file was set aside as the murderer of its worker."""
    root = tree({"a.txt": "one", "b.txt": "two"})
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(IndexProblem, match="does not start"):
        reads(root, settings)
    assert ask("index", root).code == 2
    assert ask.count("SELECT count(*) FROM files") == 0


def test_files_that_are_not_what_the_scan_saw(tree: Tree, settings: ReaderSettings, tmp_path: Path) -> None:
    root = tree({"gone.txt": "a", "link.txt": "b", "fine.txt": "c", "folder.txt": "d"})
    states = [state(path) for path in sorted(root.iterdir())]
    (root / "gone.txt").unlink()
    (root / "link.txt").rename(tmp_path / "secret.txt")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "folder.txt").unlink()
    (root / "folder.txt").mkdir()
    found = {os.fsdecode(r.state.path).rsplit("/", 1)[-1]: r for r in read_files(states, settings)}
    assert (found["gone.txt"].reason, found["link.txt"].reason) == ("vanished", "special")
    assert found["folder.txt"].reason != ""
    assert found["fine.txt"].reason == ""
    assert not any(read.documents for name, read in found.items() if name != "fine.txt")


def test_a_file_that_changes_while_it_is_read(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes to it right after each look at its size."""
    log = tree({"log.txt": "first line\n"}) / "log.txt"
    fstat = os.fstat

    def looked_at(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        with log.open("a") as file:
            file.write("one more line\n")
        return status

    descriptor = os.open(log, os.O_RDONLY)
    try:
        assert worker._content(descriptor, Limits()) == b"first line\n"
        os.lseek(descriptor, 0, os.SEEK_SET)
        monkeypatch.setattr("os.fstat", looked_at)
        with pytest.raises(Unreadable) as problem:
            worker._content(descriptor, Limits())
        monkeypatch.undo()
    finally:
        os.close(descriptor)
    assert problem.value.reason == "changing"


@posix
@pytest.mark.usefixtures("faulty")
def test_the_last_text_of_a_changing_file_is_kept(ask: Any, tree: Tree) -> None:
    root = tree({"log.fault": "fine words about pears\n"})
    assert ask("index", root).code == 0
    (root / "log.fault").write_text("changing\n")
    for _ in range(2):  # the next run tries again, whatever the times say
        said = ask("index", root, "--json")
        assert said.code == 3
        assert said.json()["unreadable"] == [{"path": str(root / "log.fault"), "reason": "changing"}]
        assert ask("search", "pears", "--files").out == f"{root / 'log.fault'}\n"
    (root / "log.fault").write_text("quiet words about plums\n")
    assert ask("index", root, "--json").json()["changed"] == 1
    assert ask("search", "pears", "--only", "words", "--files").out == ""


def test_leaving_early_ends_everything(tree: Tree, settings: ReaderSettings) -> None:
    root = tree({f"{n}.txt": f"note {n}" for n in range(60)})
    before = set(threading.enumerate())  # libraries that other tests have used leave some behind
    results = read_files([state(path) for path in root.iterdir()], settings)
    next(results)
    assert set(threading.enumerate()) - before
    results.close()
    assert not set(threading.enumerate()) - before


def test_an_error_of_the_source_of_files_is_raised(tree: Tree, settings: ReaderSettings) -> None:
    """It ended the run as if it were complete."""

    def states() -> Iterator[FileState]:
        yield state(tree({"a.txt": "a"}) / "a.txt")
        raise RuntimeError("the list of files broke")

    with pytest.raises(RuntimeError, match="broke"):
        list(read_files(states(), settings))


def test_documents_cross_over_unchanged(tree: Tree, settings: ReaderSettings) -> None:
    root = tree({"a.md": "---\ntitle: Zahrada\ndate: 2020-01-02\n---\n# Rajčata\n\nZalévat dvakrát denně. 🍅\n"})
    (read,) = reads(root, settings).values()
    (row,) = read.documents
    assert from_json(json.loads(json.dumps(to_json(row)))) == row
    assert (row.document.title, row.document.date is not None) == ("Zahrada", True)
