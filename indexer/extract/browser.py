"""What browsers remember: visited pages and bookmarks of Firefox and of Chromium's family, a link for each address.

The scanner hands these files over only when the user has turned that on (`browsers`); they are read from a copy in
memory. What a running browser still has in its journal (the last visits) follows when it has written it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ask.indexer.browsers import lies_in_profile
from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.stored import MAGIC, opened
from ask.indexer.text import normalise, one_line

_OF_UNIX, _OF_WINDOWS = datetime(1970, 1, 1, tzinfo=UTC), datetime(1601, 1, 1, tzinfo=UTC)
"""From when Firefox and Chromium count microseconds."""
_LONGEST = 2_000
"""Characters of an address that are kept."""
_VISITED = """
SELECT url, title, last_visit_time, visit_count FROM urls WHERE url LIKE 'http%' AND NOT hidden
ORDER BY last_visit_time DESC LIMIT ?"""
_PLACES = """
SELECT p.url, coalesce(max(b.title), p.title), coalesce(p.last_visit_date, max(b.dateAdded)), p.visit_count,
max(f.title) FROM moz_places p LEFT JOIN moz_bookmarks b ON b.fk = p.id AND b.type = 1 AND b.title IS NOT NULL
LEFT JOIN moz_bookmarks f ON f.id = b.parent
WHERE p.url LIKE 'http%' AND (p.visit_count > 0 AND NOT p.hidden OR b.id IS NOT NULL)
GROUP BY p.id ORDER BY b.id IS NULL, p.last_visit_date DESC LIMIT ?"""
_ROOTS = frozenset(["root", "menu", "toolbar", "unfiled", "mobile", "tags"])
"""What Firefox calls the folders it makes itself."""


@dataclass(frozen=True, slots=True)
class _Link:
    """An address that somebody went to or kept."""

    address: object
    title: object
    date: datetime | None
    visits: object = 0
    folder: object = ""


def _is_database(source: Source, table: bytes) -> bool:
    """Copies that lie elsewhere are not read: for them nobody has said that they may be."""
    return lies_in_profile(source.path) and source.data.startswith(MAGIC) and table in source.data[:400_000]


@extractor("firefox", names=["places.sqlite"], sniff=lambda source: _is_database(source, b"moz_places"))
def read_places(source: Source) -> Iterator[Document]:
    """Bookmarks, then visited pages, the newest first, of Firefox and its kin."""
    with opened(source.data) as db:
        links = (
            _Link(url, title, _moment(_OF_UNIX, date), visits, "" if folder in _ROOTS else folder)
            for url, title, date, visits, folder in _rows(db, _PLACES, source)
        )
        yield from _documents(links, source)


@extractor("chromium history", names=["history"], sniff=lambda source: _is_database(source, b"keyword_search_terms"))
def read_visited(source: Source) -> Iterator[Document]:
    """Visited pages of Chromium and its kin, the newest first."""
    with opened(source.data) as db:
        links = (
            _Link(url, title, _moment(_OF_WINDOWS, date), visits)
            for url, title, date, visits in _rows(db, _VISITED, source)
        )
        yield from _documents(links, source)


def _rows(db: sqlite3.Connection, query: str, source: Source) -> Iterator[tuple[object, ...]]:
    yield from db.execute(query, (source.limits.members,))


@extractor(
    "chromium bookmarks",
    names=["bookmarks"],
    sniff=lambda source: lies_in_profile(source.path) and source.data.lstrip()[:1] == b"{",
)
def read_kept(source: Source) -> Iterator[Document]:
    """Bookmarks of Chromium and its kin."""
    try:
        roots = json.loads(text_of(source))["roots"]
    except (ValueError, TypeError, KeyError) as problem:
        raise Unreadable("damaged", "not the bookmarks of a browser") from problem
    yield from _documents(_kept(list(roots.values()) if isinstance(roots, dict) else []), source)


def _kept(roots: list[object]) -> Iterator[_Link]:
    waiting: list[tuple[object, str]] = [(node, "") for node in reversed(roots)]
    while waiting:
        node, folder = waiting.pop()
        if not isinstance(node, Mapping):
            continue
        if isinstance(node.get("url"), str):
            added = node.get("date_added")
            number = int(added) if isinstance(added, str) and added.isdecimal() and len(added) < 20 else None
            yield _Link(node["url"], node.get("name"), _moment(_OF_WINDOWS, number), folder=folder)
        children = node.get("children")
        name = node.get("name")
        waiting.extend((child, name if isinstance(name, str) else "") for child in reversed(children or []))


def _documents(links: Iterator[_Link], source: Source) -> Iterator[Document]:
    position = 0
    for link in links:
        if position == source.limits.members:
            break
        if isinstance(link.address, str) and link.address.startswith("http"):
            position += 1
            yield _document(link, link.address[:_LONGEST], position, source)
    if not position:
        raise Unreadable("empty", "no page was visited or kept")


def _document(link: _Link, address: str, position: int, source: Source) -> Document:
    title = one_line(link.title) if isinstance(link.title, str) else ""
    pieces = Pieces()
    for row in (title, normalise(address)):
        pieces.add(row, joined=True)
    facts = {"url": address, "folder": link.folder, "visits": link.visits}
    return Document(
        pieces.text,
        "link",
        title=title[:300],
        member=source.inside(str(position)),
        blocks=tuple(pieces.blocks),
        date=link.date,
        lines=(),
        facts={name: str(value) for name, value in facts.items() if value},
    )


def _moment(since: datetime, microseconds: object) -> datetime | None:
    try:
        return since + timedelta(microseconds=microseconds) if isinstance(microseconds, int) and microseconds else None
    except OverflowError:
        return None
