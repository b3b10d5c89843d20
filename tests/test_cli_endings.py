"""However it ends - signals, closed pipes, full disks - the index is whole, and the same command goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import words
from ask.indexer.errors import NotFound
from ask.indexer.store import Store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and limits")
EXACT = "chunks WHERE tier = 2"


def many(count: int) -> dict[str, str]:
    """Files that differ, each of one chunk."""
    return {f"folder{n % 7}/note{n}.txt": f"Tomato bed {n} needs water, said number {n * n}.\n" for n in range(count)}


def content(ask: Any) -> dict[str, list[tuple[object, ...]]]:
    """Everything the index says, without numbers that depend on the order in which it was made."""
    db = ask.db()
    queries = {
        "files": "SELECT path, size, status, reason, content FROM files ORDER BY path",
        "chunks": 'SELECT path, c.start, c."end", c.line, c.end_line, c.hash, c.tier FROM chunks c JOIN documents d'
        " ON d.id = document_id JOIN files f ON f.id = file_id ORDER BY path, c.start",
        "vectors": "SELECT hash, exact, length(data) FROM vectors ORDER BY hash",
        "words": "SELECT term, doc, cnt FROM vocabulary ORDER BY term",
    }
    found = {name: db.execute(query).fetchall() for name, query in queries.items()}
    db.close()
    return found


def wait_until(ready: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    """Wait for something that a child does; whatever the machine's speed, it is not done in two minutes."""
    for _ in range(12_000):
        if ready() or child.poll() is not None:
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def rows(ask: Any, table: str) -> int:
    """Rows of a table while another process writes; none before there is an index."""
    try:
        return int(ask.count(f"SELECT count(*) FROM {table}"))
    except NotFound:
        return 0


@pytest.mark.parametrize(("table", "files"), [("documents", 60), (EXACT, 300)])
def test_ctrl_c(ask: Any, tree: Callable[..., Path], table: str, files: int) -> None:
    root = tree(many(files))
    child = ask.start("index", root, start_new_session=True)
    wait_until(lambda: rows(ask, table) > 3, child)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: workers get it, too
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert out == b""
    assert 3 < rows(ask, table) < files
    assert ask("check").code == 0
    again = ask.run("index", root, "--json")
    assert (again.code, again.json()["unreadable"]) == (0, [])
    assert (rows(ask, "documents"), rows(ask, EXACT)) == (files, files)


def test_a_polite_end_is_as_good(ask: Any, tree: Callable[..., Path]) -> None:
    child = ask.start("index", tree(many(60)))
    wait_until(lambda: rows(ask, "documents") > 3, child)
    child.terminate()
    _, err = child.communicate(timeout=60)
    assert (child.returncode, b"interrupted" in err) == (130, True), err.decode()
    assert ask("check").code == 0


def test_an_interruption_inside_sqlite_is_one(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that came while SQLite asked for the words of a text ended the command with a traceback."""

    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(words, "fold", interrupted)
    with Store(ask.home) as store:
        with pytest.raises(KeyboardInterrupt), store.transaction():
            store.db.execute("SELECT fold('a')").fetchone()
        monkeypatch.undo()
        with store.transaction():
            store.set_meta("works", "again")


@pytest.mark.slow
def test_killed_and_resumed(
    ask: Any, new_ask: Callable[[Path], Any], tree: Callable[..., Path], tmp_path: Path
) -> None:
    """Killed again and again, the index ends as one that was made in peace (`tests/faults` does this at length)."""
    root = tree(many(200))
    for table, moment in (("documents", 1), ("documents", 60), (EXACT, 100)):
        child = ask.start("index", root, start_new_session=True)
        wait_until(lambda table=table, moment=moment: rows(ask, table) >= moment, child)
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        assert ask("check", "--json").json()["problems"] == []
    assert ask.run("index", root).code == 0
    peaceful = new_ask(tmp_path / "peaceful")
    assert peaceful.run("index", root).code == 0
    assert content(ask) == content(peaceful)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_workers_end_with_their_parent(ask: Any, tree: Callable[..., Path]) -> None:
    child = ask.start("index", tree(many(300)))
    wait_until(lambda: rows(ask, "documents") > 0, child)
    workers = workers_of(child.pid)
    assert workers
    child.kill()
    child.communicate()
    for _ in range(1000):
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            return
        time.sleep(0.02)
    raise AssertionError("workers outlive their parent")


def workers_of(pid: int) -> list[int]:
    """Processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def test_a_closed_pipe_is_no_error(ask: Any, tree: Callable[..., Path]) -> None:
    ask("index", tree(many(30)), "--wait", "words")
    for flags in ([], ["--json"], ["--files"], ["-l"]):
        reader, writer = os.pipe()
        child = ask.start("search", "tomato", "--only", "words", "-n", "30", *flags, stdout=writer)
        os.close(writer)
        os.close(reader)
        _, err = child.communicate()
        assert (child.returncode, err) == (0, b""), flags


def test_head(ask: Any, tree: Callable[..., Path]) -> None:
    ask("index", tree(many(30)), "--wait", "words")
    search = ask.start("search", "tomato", "--only", "words", "-n", "30")
    head = subprocess.run(["head", "-1"], stdin=search.stdout, capture_output=True, check=True)
    search.stdout.close()
    assert head.stdout.count(b"\n") == 1
    assert (search.wait(), search.stderr.read()) == (0, b"")
    search.stderr.close()


@pytest.mark.slow
def test_no_room_on_the_disk(ask: Any, tree: Callable[..., Path]) -> None:
    """A limit on the size of files stands for a quota: writing fails in the same way."""
    import resource

    root = tree(many(300))
    assert ask("index", root / "folder1").code == 0
    before = content(ask)
    room = max(path.stat().st_size for path in ask.home.iterdir() if path.is_file()) + 100_000

    def narrow() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    said = ask.run("index", root, preexec_fn=narrow)
    assert said.code == 2
    assert "no room" in said.err
    assert "Traceback" not in said.err
    assert ask("check", "--json").json()["problems"] == []
    after = content(ask)
    assert set(before["files"]) <= set(after["files"])
    assert ask("search", "tomato", "--json").json()["hits"]
    assert ask.run("index", root).code == 0
    assert (rows(ask, "documents"), rows(ask, EXACT)) == (300, 300)
    assert ask("check").code == 0


@pytest.mark.skipif(sys.platform != "linux" or (hasattr(os, "geteuid") and os.geteuid() != 0), reason="mounts a disk")
def test_a_full_disk(ask: Any, new_ask: Callable[[Path], Any], tree: Callable[..., Path], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk")
    try:
        small = new_ask(disk / "state")
        root = tree(many(300))
        said = small.run("index", root)
        assert said.code == 2, said.err
        assert "no room" in said.err
        assert "Traceback" not in said.err
        assert small("check", "--json").json()["problems"] == []
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert small.run("index", root).code == 0
        assert rows(small, "documents") == 300
        assert small("check").code == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
