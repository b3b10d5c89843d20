"""Notes that programs keep: Evernote (enex), CherryTree (ctd, ctb), TiddlyWiki and Joplin; a document for each note."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.chat_export import local
from ask.indexer.extract.html import read_html
from ask.indexer.extract.letter_page import page_pieces
from ask.indexer.extract.markdown import read_markdown
from ask.indexer.extract.moments import moment
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.records import number, records, string
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.safe_xml import child_text, find, line_of, local_name, parsed, tree_of
from ask.indexer.extract.stored import MAGIC, opened
from ask.indexer.text import normalise

if TYPE_CHECKING:
    from lxml.etree import _Element

_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)?")
_TIDDLERS = re.compile(r'<script[^>]*class="tiddlywiki-tiddler-store"[^>]*>\s*(?=\[)')
_TAG = re.compile(r"\[\[(.+?)\]\]|(\S+)")
_JOPLIN = re.compile(rb"(?:\A|\n)id: [0-9a-f]{32}\r?\n(?:\w+:.*\n)+type_: \d+\s*\Z")
_JOPLIN_NOTE = "1"
_LONGEST_FOOT = 8_000
"""Bytes that what Joplin writes below a note takes at most."""
_FIELD = re.compile(r"([\w.-]+):[ \t]*(.*)")


@dataclass(frozen=True, slots=True)
class Note:
    """A note of any program."""

    title: str
    pieces: Pieces
    date: datetime | None = None
    tags: str = ""
    author: str = ""


def _document(note: Note, source: Source, place: str) -> Document:
    pieces = note.pieces
    return Document(
        pieces.text,
        "note",
        title=note.title,
        member=source.inside(place),
        blocks=tuple(pieces.blocks),
        date=note.date,
        people=(note.author,) if note.author else (),
        lines=tuple(pieces.lines),
        facts={"tags": note.tags} if note.tags else {},
    )


def _documents(notes: Iterator[Note], source: Source) -> Iterator[Document]:
    """Notes that say something; members "1", "2", …"""
    found = False
    for position, note in enumerate(notes, 1):
        if note.pieces.blocks:
            found = True
            yield _document(note, source, str(position))
    if not found:
        raise Unreadable("empty", "no note with text")


@extractor("evernote", suffixes=[".enex"])
def read_enex(source: Source) -> Iterator[Document]:
    """Notes exported from Evernote; pictures and files in them are left out."""
    yield from _documents((_evernote(note) for note in tree_of(source).iter("{*}note")), source)


def _evernote(note: _Element) -> Note:
    content = find(note, "content")
    html = "".join(map(str, content.itertext())) if content is not None else ""
    first = line_of(content) if content is not None else None
    lines = range(first, first + html.count("\n") + 1) if first else ()
    tags = [" ".join((tag.text or "").split()) for tag in note if local_name(tag) == "tag"]
    attributes = find(note, "note-attributes")
    author = child_text(attributes, "author") if attributes is not None else ""
    pieces = page_pieces(html, lines, forwarded=True)[0] if html.strip() else Pieces()
    return Note(child_text(note, "title"), pieces, _stamp(child_text(note, "created")), ", ".join(tags), author)


def _stamp(text: str) -> datetime | None:
    """`20210504T103000Z`, `202105041030`: always of UTC."""
    match = _STAMP.match(text)
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


@extractor("cherrytree", suffixes=[".ctd"])
def read_ctd(source: Source) -> Iterator[Document]:
    """CherryTree's XML: nodes with their parents as headings."""
    yield from _documents(_nodes(tree_of(source)), source)


def _nodes(root: _Element) -> Iterator[Note]:
    waiting: list[tuple[_Element, tuple[str, ...]]] = [(child, ()) for child in reversed(root)]
    while waiting:
        node, above = waiting.pop()
        if local_name(node) != "node":
            continue
        path = (*above, " ".join((node.get("name") or "").split()))
        yield _cherry(node, path, node.get("tags") or "", node.get("ts_creation"))
        waiting.extend((child, path) for child in reversed(node))


def _cherry(node: _Element, path: Sequence[str], tags: str, created: object) -> Note:
    """The rich text of a node, its runs of format put together."""
    runs = [(child.text or "", line_of(child)) for child in node if local_name(child) in ("rich_text", "codebox")]
    text = normalise("".join(run for run, _ in runs))
    marks: list[tuple[int, int]] = []
    offset = 0
    for run, line in runs:
        if line:
            starts = [0, *(row.end() for row in re.finditer(r"\n", run))]
            marks.extend((offset + start, line + position) for position, start in enumerate(starts))
        offset += len(run)
    return Note(path[-1], _paragraph_pieces(text, path[:-1], marks), local(number(created)), tags)


def _paragraph_pieces(text: str, heading: Sequence[str], marks: Sequence[tuple[int, int]] = ()) -> Pieces:
    pieces = Pieces()
    for start, end in paragraphs(text):
        inside = [(offset - start, line) for offset, line in marks if start <= offset < end]
        before = [(0, line) for offset, line in marks if offset <= start][-1:]
        pieces.add(text[start:end], heading=tuple(heading), marks=before + [mark for mark in inside if mark[0] > 0])
    return pieces


def _is_cherry_database(source: Source) -> bool:
    head = source.data[:100_000]
    return head.startswith(MAGIC) and b"node_id" in head and b"ts_lastsave" in head


@extractor("cherrytree database", suffixes=[".ctb"], sniff=_is_cherry_database)
def read_ctb(source: Source) -> Iterator[Document]:
    """CherryTree's SQLite, opened in memory and only read."""
    with opened(source.data) as db:
        yield from _documents(_rows(db), source)


def _rows(db: sqlite3.Connection) -> Iterator[Note]:
    above: Mapping[int, int] = dict(db.execute("SELECT node_id, father_id FROM children"))
    columns = {str(row[1]) for row in db.execute("PRAGMA table_info(node)")}
    created = "ts_creation" if "ts_creation" in columns else "NULL"
    names: Mapping[int, str] = {key: str(name or "") for key, name in db.execute("SELECT node_id, name FROM node")}
    for key, text, tags, stamp in db.execute(f"SELECT node_id, txt, tags, {created} FROM node ORDER BY node_id"):
        path = _path(key, above, names)
        written = text if isinstance(text, str) else ""
        root = parsed(written) if written.lstrip().startswith("<?xml") else None
        if root is not None:
            written = "".join(map(str, root.itertext()))
        pieces = _paragraph_pieces(normalise(written), path[:-1])
        yield Note(path[-1], pieces, local(number(stamp)), tags if isinstance(tags, str) else "")


def _path(key: int, above: Mapping[int, int], names: Mapping[int, str]) -> list[str]:
    path: dict[int, str] = {}
    while key in names and key not in path:
        path[key] = " ".join(names[key].split())
        key = above.get(key, 0)
    return list(path.values())[::-1]


@extractor("joplin", suffixes=[".md"], sniff=lambda source: bool(_JOPLIN.search(source.data[-_LONGEST_FOOT:])))
def read_joplin(source: Source) -> Iterator[Document]:
    """A note as Joplin exports it (RAW, and the members of a JEX): title, Markdown, and fields below it."""
    text = text_of(source)
    at = text.rfind("\n\nid: ") if "\n\nid: " in text else 0
    fields = {match[1]: match[2].strip() for row in text[at:].split("\n") if (match := _FIELD.match(row))}
    body = text[:at]
    if fields.get("type_") != _JOPLIN_NOTE or not body.strip():
        raise Unreadable("empty", "a folder, tag or file of Joplin without a text of its own")
    for document in read_markdown(replace(source, data=body.encode())):
        title = " ".join(body.strip().split("\n")[0].split())
        yield replace(document, title=title, date=document.date or moment(fields.get("created_time", "")))


@extractor("tiddlywiki", suffixes=[".html", ".htm"], sniff=lambda source: b"tiddlywiki-tiddler-store" in source.data)
def read_tiddlywiki(source: Source) -> Iterator[Document]:
    """The tiddlers in a wiki that is one page; the program's own are left out."""
    text = text_of(source)
    found = False
    for store in _TIDDLERS.finditer(text):
        for position, record in enumerate(records(text, store.end()), 1):
            title, body = string(record.fields.get("title")), string(record.fields.get("text"))
            if body and not title.startswith("$:/"):
                found = True
                line = text.count("\n", 0, record.start) + 1
                note = _tiddler(title, body, {key: string(value) for key, value in record.fields.items()}, line)
                yield _document(note, source, str(position))
    if not found:
        yield from read_html(source)


@extractor("tiddler", suffixes=[".tid"])
def read_tiddler(source: Source) -> Iterator[Document]:
    """One tiddler: fields, an empty line, text."""
    text = text_of(source)
    head, _, body = text.partition("\n\n")
    fields = {match[1]: match[2].strip() for row in head.split("\n") if (match := _FIELD.match(row))}
    note = _tiddler(fields.get("title", ""), body, fields, 0)
    first = head.count("\n") + 3
    pieces = Pieces()
    for start, end in paragraphs(body):
        pieces.add(body[start:end], line=first + body.count("\n", 0, start))
    if not pieces.blocks:
        raise Unreadable("empty", "a tiddler without text")
    yield _document(Note(note.title, pieces, note.date, note.tags), source, "")


def _tiddler(title: str, body: str, fields: Mapping[str, str], line: int) -> Note:
    pieces = Pieces()
    for start, end in paragraphs(body):
        pieces.add(body[start:end], marks=[(0, line)] if line else ())
    tags = ", ".join(match[1] or match[2] for match in _TAG.finditer(fields.get("tags", "")))
    date = _stamp(fields.get("created", "")) or _stamp(fields.get("modified", ""))
    return Note(" ".join(title.split()), pieces, date, tags, fields.get("creator", ""))
