from __future__ import annotations

import io
import re
import subprocess
import sys
import unicodedata

import pytest
from ask.cli.bar import Bar
from ask.cli.progress import Lines, duration, rate, shown, state
from ask.cli.terminal import Terminal
from ask.indexer.progress import Progress, Silent

EVIL = "/home/o/\x1b]52;c;AAAA\x07\x1b[2J\u202e[red]\n.txt"


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def work(progress: Progress, clock: Clock) -> None:
    """Ten files, one each two seconds."""
    progress.stage("Looking", None)
    progress.advance(3)
    progress.stage("Reading", 10)
    for at in range(10):
        clock.now += 2
        progress.advance(1, f"/home/o/{at}.txt")
    progress.note("the disk is slow")
    progress.stage("Understanding", 2, "chunks")
    clock.now += 100
    progress.advance(1, EVIL)


def test_lines_in_a_log() -> None:
    log, clock = io.StringIO(), Clock()
    lines = Lines(log, every=5, clock=clock)
    work(lines, clock)
    lines.end()
    lines.end()
    assert log.getvalue().splitlines() == [
        "Looking",
        "Looking: 3 files in 0.0 s",
        "Reading: 10 files",
        "Reading: 3 of 10 files, 0.5 a second, 14 s left, at /home/o/2.txt",
        "Reading: 6 of 10 files, 0.5 a second, 8.0 s left, at /home/o/5.txt",
        "Reading: 9 of 10 files, 0.5 a second, 2.0 s left, at /home/o/8.txt",
        "the disk is slow",
        "Reading: 10 files in 20 s",
        "Understanding: 2 chunks",
        "Understanding: 1 of 2 chunks, 1:40 each, 1:40 left, at "
        "/home/o/\\x1b]52;c;AAAA\\x07\\x1b[2J\\u202e[red]\\x0a.txt",
        "Understanding: 1 chunks in 1:40",
    ]


def test_a_bar_shows_count_pace_and_the_file_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    screen, clock = io.StringIO(), Clock()
    with Bar(screen, Terminal(100, colour=True), clock=clock) as bar:
        work(bar, clock)
        bar.note(f"[bold]not markup[/bold] :smile: {EVIL}")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "3/3 files" in text  # a stage of unknown length ends full
    assert "7/10 files" in text
    assert "/home/o/6.txt" in text
    assert "1/2 chunks" in text
    assert "the disk is slow" in text
    assert "[bold]not markup[/bold] :smile: /home/o/[red] .txt" in text
    assert "/home/o/\\x1b]52;c;AAAA\\x07\\x1b[2J\\u202e[red]\\x0a.txt" in text
    assert [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\r\n"] == []
    assert screen.getvalue().endswith("\x1b[?25h")  # the cursor is back


def test_a_bar_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    screen, clock = io.StringIO(), Clock()
    with Bar(screen, Terminal(60), clock=clock) as bar:
        work(bar, clock)
    assert re.search(r"\x1b\[[0-9;]*3[0-9]", screen.getvalue()) is None


def test_the_terminal_is_restored_when_the_work_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    screen = io.StringIO()

    def interrupted() -> None:
        with shown(Terminal(60), stream=screen) as progress:
            progress.stage("Reading", 10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert screen.getvalue().rstrip().endswith("\x1b[?25h")


def test_who_is_told() -> None:
    log = io.StringIO()
    with shown(Terminal(), stream=log) as progress:
        progress.stage("Reading", 1)
        progress.advance()
    assert log.getvalue().startswith("Reading: 1 files\nReading: 1 files in ")
    with shown(Terminal(80), quiet=True, stream=log) as progress:
        assert isinstance(progress, Silent)


def test_a_log_does_not_pay_for_the_bar() -> None:
    """rich takes a tenth of a second to import; only a bar needs it."""
    code = (
        "import sys; from ask.cli import progress, terminal\n"
        "with progress.shown(terminal.Terminal()) as p: p.stage('Reading', 1)\n"
        "assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_words() -> None:
    assert state(0, 10, "files", 0) == "0 of 10 files"
    assert state(1200, None, "files", 10) == "1,200 files, 120 a second"
    assert state(10, 10, "files", 10) == "10 of 10 files, 1.0 a second"
    assert rate(1234.5) == "1,234 a second"
    assert [duration(s) for s in (0.42, 9.96, 59.4, 59.6, 108, 3599.6, 7500)] == [
        "0.4 s", "10.0 s", "59 s", "1:00", "1:48", "1:00:00", "2:05:00",
    ]  # fmt: skip
