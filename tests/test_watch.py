"""The watcher: what changes on the disk is in the index soon after, whatever the system tells or loses.

Every test runs the real watcher on real files and waits until the index is as it must be; the time it may take is
generous, because nothing here measures speed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import fill_process, notices, watch
from ask.indexer.compile import Compiled
from ask.indexer.errors import ModelProblem
from ask.indexer.notices import FolderNotices, Pending, TreeNotices, outermost
from ask.indexer.scan import Part

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
Tree = Callable[..., Path]
PATIENCE = 60.0
"""Seconds after which a change counts as missed."""


def until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def indexed(ask: Any) -> set[str]:
    """Names of the files in the index, below the root."""
    with closing(ask.db()) as db:
        (root,) = db.execute("SELECT path FROM roots").fetchone()
        rows = db.execute("SELECT path FROM files WHERE status = 'indexed'").fetchall()
    return {os.path.relpath(os.fsdecode(bytes(path)), os.fsdecode(bytes(root))) for (path,) in rows}


def on_disk(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.stat().st_size}


class Running:
    """`ask watch` in a process of its own."""

    def __init__(self, ask: Any, prefix: tuple[str, ...] = ()) -> None:
        self._ask = ask
        self.child = subprocess.Popen(
            [*prefix, *ask.command("watch")],
            env={**os.environ, **ask.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def state(self) -> dict[str, Any]:
        return watch.report(self._ask.home)

    def ready(self) -> None:
        until(lambda: self.state().get("scanned") is not None or self.child.poll() is not None, "the first look")
        assert self.child.poll() is None, self.child.communicate()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        if self.child.poll() is None:
            self.child.send_signal(number)
        out, err = self.child.communicate(timeout=PATIENCE)
        return self.child.returncode, out.decode(), err.decode()


@pytest.fixture
def running(ask: Any, tree: Tree) -> Iterator[tuple[Running, Path]]:
    """A watcher that has looked at everything once."""
    root = tree({"one.txt": "a first note about apples\n", "sub/two.txt": "a second note about pears\n"})
    assert ask("index", root, "--wait", "words").code == 0
    watcher = Running(ask)
    try:
        watcher.ready()
        yield watcher, root
    finally:
        watcher.end(signal.SIGKILL)


@pytest.mark.slow
@linux
def test_every_kind_of_change_is_followed(ask: Any, running: tuple[Running, Path]) -> None:
    watcher, root = running
    (root / "three.txt").write_text("a third note about plums\n")
    (root / "sub" / "deep" / "er").mkdir(parents=True)
    (root / "sub" / "deep" / "er" / "four.txt").write_text("a fourth note about quinces\n")
    (root / "one.txt").unlink()
    until(lambda: indexed(ask) == {"three.txt", "sub/two.txt", "sub/deep/er/four.txt"}, "new files and a deleted one")

    (root / "sub").rename(root / "moved")
    until(lambda: indexed(ask) == {"three.txt", "moved/two.txt", "moved/deep/er/four.txt"}, "a renamed tree")
    (root / "moved" / "deep" / "five.txt").write_text("in a folder that was renamed: medlars\n")
    until(lambda: "moved/deep/five.txt" in indexed(ask), "a new file in a folder below a renamed one")

    for number in range(3):  # as editors save: a temporary file beside it, then a rename over it
        (root / ".three.txt.swp").write_text("not for reading")
        (root / "4913").write_text("x")
        (root / "4913").unlink()
        (root / "three.txt~new").write_text(f"a third note, edited {number}: cherries\n")
        (root / "three.txt~new").rename(root / "three.txt")
    (root / ".three.txt.swp").unlink()
    size = (root / "three.txt").stat().st_size
    query = "SELECT size FROM files WHERE CAST(path AS TEXT) LIKE '%three.txt'"
    until(lambda: ask.count(query) == size, "an atomic save")
    until(lambda: indexed(ask) == on_disk(root), "no temporary file")

    (root / ".askignore").write_text("moved/\n")
    until(lambda: indexed(ask) == {"three.txt"}, "an ignore file that appears")
    (root / ".askignore").unlink()
    until(lambda: indexed(ask) == on_disk(root), "an ignore file that goes")

    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # as in the background of a script; children inherit it
    code, out, err = watcher.end(signal.SIGTERM if ignored else signal.SIGINT)
    assert (code, err) == (0, "")
    assert "gone" in out
    assert ask("check").code == 0
    assert watch.report(ask.home) == {"running": False}


@linux
def test_the_watcher_leaves_no_core_and_nothing_for_others_to_read(running: tuple[Running, Path]) -> None:
    watcher, _ = running
    process = Path(f"/proc/{watcher.child.pid}")
    assert re.search(r"^Max core file size +0 +0 ", (process / "limits").read_text(), re.MULTILINE)
    assert "Umask:\t0077" in (process / "status").read_text()


@linux
def test_left_out_folders_are_not_watched_and_stay_left_out(ask: Any, running: tuple[Running, Path]) -> None:
    """A part of a tree is judged as it is when the whole tree is read, not as if somebody had named it."""
    watcher, root = running
    before = watcher.state()["folders"]
    for name in (".hidden", "node_modules", "kept"):
        (root / name / "inner").mkdir(parents=True)
        (root / name / "inner" / "x.txt").write_text(f"text in {name}\n")
    until(lambda: "kept/inner/x.txt" in indexed(ask), "the folder that is read")
    (root / "node_modules" / "inner" / "y.txt").write_text("more\n")
    (root / "kept" / "y.txt").write_text("more\n")
    until(lambda: "kept/y.txt" in indexed(ask), "another file")
    assert not {name for name in indexed(ask) if not name.startswith(("kept", "one", "sub"))}
    until(lambda: watcher.state()["folders"] == before + 2, "two more watched folders")


@pytest.mark.slow
@linux
def test_a_root_that_goes_is_kept_and_read_again_when_it_is_back(ask: Any, running: tuple[Running, Path]) -> None:
    watcher, root = running
    root.rename(root.with_name("unplugged"))
    until(lambda: watcher.state().get("away") == [str(root)], "the root is away")
    assert indexed(ask) == {"one.txt", "sub/two.txt"}
    root.with_name("unplugged").rename(root)
    (root / "new.txt").write_text("written elsewhere\n")
    until(lambda: "new.txt" in indexed(ask), "the root is back")
    (root / "newer.txt").write_text("written here\n")
    until(lambda: "newer.txt" in indexed(ask), "it is watched again")


@pytest.mark.slow
@linux
def test_only_one_watches_and_others_can_write_meanwhile(
    ask: Any, running: tuple[Running, Path], tmp_path: Path
) -> None:
    _, root = running
    second = ask("watch")
    assert (second.code, "another ask watch" in second.err) == (2, True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("another root\n")
    assert ask("index", other, "--wait", "words").code == 0
    (other / "b.txt").write_text("which is watched, too\n")
    until(lambda: ask.count("SELECT count(*) FROM files WHERE status = 'indexed'") == 4, "a root added meanwhile")
    assert json.loads(ask("status", "--json").out)["watch"]["running"] is True
    assert "Watching   yes, since 2" in ask("status").out
    assert (root / "one.txt").exists()


@pytest.mark.slow
@linux
def test_lost_events_are_noticed(ask: Any, running: tuple[Running, Path]) -> None:
    """watchdog keeps an overflow of the kernel's queue to itself."""
    watcher, root = running
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    os.kill(watcher.child.pid, signal.SIGSTOP)
    for number in range(room // 3):  # opening for writing and closing are three events or more
        (root / "churn.txt").write_text(f"{number}\n")
        (root / "churn.txt").unlink()
    (root / "sub" / "late.txt").write_text("the event of this one is lost\n")
    os.kill(watcher.child.pid, signal.SIGCONT)
    until(lambda: "sub/late.txt" in indexed(ask), "a file whose event was lost")
    until(lambda: watcher.state().get("lost", 0) > 0, "the report of it")
    (root / "sub" / "later.txt").write_text("watched as before\n")
    until(lambda: "sub/later.txt" in indexed(ask), "watching afterwards")


@pytest.mark.slow
@linux
def test_a_limit_on_watches_is_noticed_and_made_up_for(ask: Any, tree: Tree) -> None:
    """In a user namespace of its own the watcher may watch five folders; watchdog would not say that it is no more."""
    unshare = shutil.which("unshare")
    begin = "echo 5 > /proc/sys/user/max_inotify_watches"
    if not unshare or subprocess.run([unshare, "-r", "sh", "-c", begin], capture_output=True, check=False).returncode:
        pytest.skip("needs user namespaces")
    root = tree({f"folder{number}/a.txt": f"note {number}\n" for number in range(9)})
    assert ask("index", root, "--wait", "words").code == 0
    watcher = Running(ask, (unshare, "-r", "sh", "-c", f'{begin}; exec "$@"', "sh"))
    try:
        watcher.ready()
        state = watcher.state()
        assert (state["folders"], state["unwatched"], state["limit"]) == (5, 5, 5)
        assert len(state["unwatched_folders"]) == 5
        for folder in state["unwatched_folders"]:
            Path(folder, "b.txt").write_text("in a folder that nobody watches\n")
        until(lambda: len(indexed(ask)) == 14, "files in unwatched folders", 2 * watch.UNWATCHED)
        assert "5 folders beyond the system's limit" in ask("status").out
    finally:
        watcher.end(signal.SIGKILL)


def test_a_file_alone_can_be_watched(ask: Any, tree: Tree) -> None:
    root = tree({"diary.txt": "today\n", "other.txt": "not indexed\n"})
    assert ask("index", root / "diary.txt", "--wait", "words").code == 0
    watcher = Running(ask)
    try:
        watcher.ready()
        (root / "new").write_text("today and tomorrow\n")
        (root / "new").replace(root / "diary.txt")
        until(lambda: ask.count("SELECT size FROM files") == 19, "the file saved atomically")
        assert ask.count("SELECT count(*) FROM files") == 1
    finally:
        watcher.end()


def test_meaning_is_filled_in_by_a_process_that_ends(ask: Any, tree: Tree, compiled: Compiled, tmp_path: Path) -> None:
    """The model's memory stayed with the watcher, which grew for as long as it ran."""
    assert ask("index", tree({"a.txt": "one\n", "b.txt": "two\n"}), "--wait", "words").code == 0
    with pytest.raises(ModelProblem, match="cannot be used"):
        fill_process.fill(ask.home, replace(compiled, folder=tmp_path), 1, lambda: False)
    assert ask.count("SELECT count(*) FROM chunks WHERE tier = 2") == 0
    fill_process.fill(ask.home, compiled, 1, lambda: True)
    assert fill_process.fill(ask.home, compiled, 1, lambda: False)
    assert ask.count("SELECT count(*) FROM chunks WHERE tier < 2") == 0


@linux
def test_a_broken_model_costs_meaning_only(ask: Any, tree: Tree, tmp_path: Path) -> None:
    root = tree({"a.txt": "one\n"})
    assert ask("index", root, "--wait", "words").code == 0
    copied = shutil.copytree(ask.home / "models", tmp_path / "models")
    next(copied.glob("*/model.onnx")).write_bytes(b"no model any more")
    (ask.home / "models").unlink()
    copied.rename(ask.home / "models")
    watcher = Running(ask)
    try:
        until(lambda: "cannot be loaded" in watcher.state().get("problem", ""), "the report of it")
        (root / "b.txt").write_text("two\n")
        until(lambda: indexed(ask) == {"a.txt", "b.txt"}, "words, all the same")
        assert watcher.child.poll() is None
    finally:
        watcher.end()


def test_once_is_for_timers(ask: Any, tree: Tree) -> None:
    assert ask("watch").code == 1  # nothing is indexed yet
    root = tree({"a.txt": "one\n"})
    assert ask("index", root, "--wait", "words").code == 0
    (root / "b.txt").write_text("two\n")
    assert ask("watch", "--once", "--json").json()["new"] == 1
    assert ask("watch", "--once", "--install").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="systemd or launchd")
def test_a_service_is_written_and_removed(ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    done = ask("watch", "--install")
    assert (done.code, "Start it:" in done.out) == (0, True)
    written = Path(ask("watch", "--install", "--json").json()["path"])
    text = written.read_text()
    assert str(ask.home) in text
    assert "watch" in text
    if sys.platform == "linux" and (verify := shutil.which("systemd-analyze")):
        checked = subprocess.run([verify, "--user", "verify", written], capture_output=True, text=True, check=False)
        assert "ask-watch" not in checked.stderr
    assert ask("watch", "--uninstall").code == 0
    assert not written.exists()
    assert ask("watch", "--uninstall").code == 1


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_changes_wait_for_quiet_but_not_for_ever() -> None:
    clock = Clock()
    pending = Pending(clock)
    part = Part(b"/a", deep=False)
    for _ in range(9):
        pending.add(part)
        clock.now += notices.QUIET / 2
        assert pending.take() == ([], False)
    clock.now += notices.QUIET
    assert pending.urgent()
    assert pending.take() == ([part], False)
    assert len(pending) == 0
    end = clock.now + notices.AT_MOST
    while clock.now < end:
        pending.add(part)
        clock.now += notices.QUIET / 2
    assert pending.take() == ([part], False)


def test_a_file_that_stays_open_waits_longer() -> None:
    clock = Clock()
    pending = Pending(clock)
    log, note = Part(b"/log", deep=False), Part(b"/note", deep=False)
    pending.add(log, lazily=True)
    pending.add(note)
    clock.now += notices.AT_MOST
    assert pending.take() == ([note], False)
    clock.now += notices.LAZY
    pending.add(log, lazily=True)
    assert pending.take() == ([log], False)


def test_too_many_changes_mean_everything() -> None:
    pending = Pending(Clock())
    for number in range(notices.ENOUGH + 1):
        pending.add(Part(b"/%d" % number, deep=False))
    assert pending.take() == ([], True)
    assert pending.take() == ([], False)


def test_parts_inside_others_are_not_looked_at_twice() -> None:
    deep, shallow = (lambda path: Part(path, deep=True)), (lambda path: Part(path, deep=False))
    parts = [shallow(b"/a"), deep(b"/a/b"), shallow(b"/a/b"), shallow(b"/a/b/c"), deep(b"/a/b/d"), shallow(b"/a/bc")]
    assert outermost(parts) == [shallow(b"/a"), deep(b"/a/b"), shallow(b"/a/bc")]
    assert outermost([deep(b"/"), deep(b"/a"), shallow(b"/")]) == [deep(b"/")]


@pytest.mark.parametrize("kind", [pytest.param(FolderNotices, marks=linux), TreeNotices])
def test_both_sources_tell_of_changes(kind: Callable[[Pending], Any], tmp_path: Path) -> None:
    root = Path(os.path.realpath(tmp_path))
    (root / "sub").mkdir()
    pending = Pending()
    source = kind(pending)
    try:
        source.roots([os.fsencode(root)])
        source.enter(os.fsencode(root))
        source.enter(os.fsencode(root / "sub"))
        assert source.unwatched == []
        (root / "sub" / "a.txt").write_text("x")
        until(lambda: len(pending) > 0, "the first event")
        pending.wait(PATIENCE)
        parts, lost = pending.take()
        assert (any(part.path == os.fsencode(root / "sub") for part in parts), lost) == (True, False)
    finally:
        source.stop()
    assert not [thread for thread in threading.enumerate() if "otify" in type(thread).__name__]


def test_consent_is_remembered_by_every_later_run(ask: Any, tree: Tree) -> None:
    """Consent once held for the run it was given to; the next one over the folder around it took the file out."""
    root = tree({"a.txt": "one\n", ".ssh/config": "Host garden\n  User jana\n", ".ssh/id_rsa": "not this\n"})
    secret = root / ".ssh" / "config"
    assert ask("index", root, "--wait", "words").code == 0
    assert ask("index", secret, "--consent", "--wait", "words").code == 0
    assert ".ssh/config" in indexed(ask)
    assert ask("watch", "--once").code == 0
    assert ask("index", root, "--wait", "words").code == 0
    assert indexed(ask) == {"a.txt", ".ssh/config"}
    assert ask("forget", "-y", secret).code == 0
    assert ask("index", root, "--wait", "words").code == 0
    assert indexed(ask) == {"a.txt"}
