"""What browsers remember: read when that is turned on, and not even opened otherwise."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ask.indexer.browsers import databases
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

FIREFOX, CHROME = ".mozilla/firefox/x1.default", ".config/google-chrome/Default"
DAY = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
UNIX = int(DAY.timestamp()) * 1_000_000
WINDOWS = UNIX + 11_644_473_600_000_000


def make_places(path: Path, *, wal: bool = False) -> bytes:
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.executescript(f"""
        CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url, title, visit_count, hidden, last_visit_date);
        CREATE TABLE moz_bookmarks (id INTEGER PRIMARY KEY, type, fk, parent, title, dateAdded);
        INSERT INTO moz_places VALUES (1, 'https://example.org/kettles', 'All about kettles', 3, 0, {UNIX}),
            (2, 'https://example.org/frame', 'A frame', 1, 1, {UNIX}), (3, 'https://example.org/tea', NULL, 0, 0, NULL),
            (4, 'place:sort=8', 'Recent', 1, 0, {UNIX}), (5, NULL, 'nothing', 1, 0, 'x');
        INSERT INTO moz_bookmarks VALUES (1, 2, NULL, 0, 'Kitchen', 0), (2, 1, 3, 1, 'How to brew tea', {UNIX});
    """)
    db.close()
    return path.read_bytes()


def make_history(path: Path) -> bytes:
    db = sqlite3.connect(path)
    db.executescript(f"""
        CREATE TABLE keyword_search_terms (x);
        CREATE TABLE urls (id INTEGER PRIMARY KEY, url, title, visit_count, last_visit_time, hidden);
        INSERT INTO urls VALUES (1, 'https://example.org/shed', 'Building a shed', 2, {WINDOWS}, 0);
    """)
    db.close()
    return path.read_bytes()


BOOKMARKS = json.dumps({
    "checksum": "0", "version": 1,
    "roots": {
        "bookmark_bar": {"type": "folder", "name": "Bar", "children": [
            {"type": "folder", "name": "Garden", "children": [
                {"type": "url", "name": "Tomatoes", "url": "https://example.org/tomatoes", "date_added": str(WINDOWS)},
            ]},
            {"type": "url", "name": "A script", "url": "javascript:alert(1)"}, 7,
        ]},
        "other": {"type": "folder", "name": "Other", "children": []}, "sync_transaction_version": "1",
    },
}).encode()  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two browsers in it."""
    home = tmp_path / "jana"
    for folder in (FIREFOX, CHROME):
        (home / folder).mkdir(parents=True)
        (home / folder / "cookies.sqlite").write_bytes(b"SQLite format 3\0")
        (home / folder / "Login Data").write_bytes(b"SQLite format 3\0")
    make_places(home / FIREFOX / "places.sqlite")
    make_history(home / CHROME / "History")
    (home / CHROME / "Bookmarks").write_bytes(BOOKMARKS)
    (home / CHROME / "Preferences").write_text('{"kettle": "preferences"}')
    (home / "note.txt").write_text("The kettle is in the shed.\n")
    monkeypatch.setenv("HOME", str(home))
    return home


def links(ask: Any) -> set[tuple[str, str, str]]:
    db = ask.db()
    rows = db.execute("SELECT f.path, d.title, d.kind FROM documents d JOIN files f ON f.id = d.file_id").fetchall()
    db.close()
    return {(os.fsdecode(path).rpartition("/")[2], title, kind) for path, title, kind in rows if kind == "link"}


def test_only_when_it_is_turned_on(ask: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: Callable[[], list[int]] = lambda: [  # noqa: E731 (when a file was read last)
        path.stat().st_atime_ns for path in map(Path, map(os.fsdecode, databases(home)))
    ]
    for path in databases(home):
        os.utime(path, ns=(1, Path(os.fsdecode(path)).stat().st_mtime_ns))
    assert ask("index", home).code == 0
    assert links(ask) == set()
    assert opened() == [1, 1, 1], "not even opened"

    monkeypatch.setenv("ASK_BROWSERS", "true")
    assert ask("index", home).code == 0
    assert links(ask) == {
        ("places.sqlite", "All about kettles", "link"), ("places.sqlite", "How to brew tea", "link"),
        ("History", "Building a shed", "link"), ("Bookmarks", "Tomatoes", "link"),
    }  # fmt: skip
    assert not any("Preferences" in hit["path"] for hit in ask("search", "kettle", "--json").json()["hits"])

    monkeypatch.delenv("ASK_BROWSERS")
    ask("index", home)
    assert links(ask) == set(), "turned off again, it is forgotten"


@pytest.mark.parametrize("wal", [False, True])
def test_firefox(tmp_path: Path, wal: bool) -> None:
    data = make_places(tmp_path / "places.sqlite", wal=wal)
    tea, kettles = read(Source(data, "places.sqlite", f"/home/jana/{FIREFOX}/places.sqlite"))
    assert (tea.title, tea.facts["folder"], tea.date) == ("How to brew tea", "Kitchen", DAY)
    assert kettles.text == "All about kettles\nhttps://example.org/kettles"
    assert (kettles.date, kettles.facts) == (DAY, {"url": "https://example.org/kettles", "visits": "3"})


def test_chromium(tmp_path: Path) -> None:
    (shed,) = read(Source(make_history(tmp_path / "h"), "History", f"/home/jana/{CHROME}/History"))
    (tomatoes,) = read(Source(BOOKMARKS, "Bookmarks", f"/home/jana/{CHROME}/Bookmarks"))
    assert (shed.title, shed.date) == ("Building a shed", DAY)
    assert (tomatoes.title, tomatoes.date, tomatoes.facts["folder"]) == ("Tomatoes", DAY, "Garden")


def test_copies_elsewhere_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as problem:
        list(read(Source(make_history(tmp_path / "h"), "History", "/home/jana/Downloads/History")))
    assert problem.value.reason == "binary"


def test_damaged(tmp_path: Path) -> None:
    data = make_places(tmp_path / "places.sqlite")
    for end in (200, len(data) // 2):
        with pytest.raises(Unreadable):
            list(read(Source(data[:end], "places.sqlite", f"/home/jana/{FIREFOX}/places.sqlite")))
    with pytest.raises(Unreadable):
        list(read(Source(b'{"roots": 3}', "Bookmarks", f"/home/jana/{CHROME}/Bookmarks")))
