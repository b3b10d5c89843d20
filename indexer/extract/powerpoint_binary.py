"""PowerPoint presentations before 2007, from the format's published layout.

[MS-PPT]: the stream `PowerPoint Document` is a tree of records. The stream `Current User` leads to the last edit and
its directory of records, that to the document, and its list of slides to their titles, texts and drawings. Where the
way is broken, all texts are taken as they stand in the stream.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.properties import Properties
from ask.indexer.extract.registry import Source
from ask.indexer.text import normalise

if TYPE_CHECKING:
    from olefile import OleFileIO

_LIST, _PERSIST, _KIND, _UNICODE, _BYTES = 0x0FF0, 0x03F3, 0x0F9F, 0x0FA0, 0x0FA8
_EDIT, _DIRECTORY, _NOTES_ATOM, _COMMENT_TEXT = 0x0FF5, 0x1772, 0x03F1, 0x0FBA
_COMMENT = 0x2EE0
_TITLES = (0, 6)
_ENCRYPTED = 0xF3D1C4DF
_HEADER = struct.Struct("<HHI")
_MOST_RECORDS = 2_000_000
_MOST_EDITS = 1_000


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    start: int
    """Of its content, in bytes."""
    end: int
    above: tuple[int, ...]
    """Kinds of the containers around it."""


@dataclass(slots=True)
class _Slide:
    texts: list[tuple[bool, str]]
    """(is a title, text) pairs."""
    key: int = 0


def powerpoint_document(source: Source, ole: OleFileIO, about: Properties) -> Document:
    """The text of a presentation. Raises `Unreadable` "encrypted" or "empty"."""
    stream = ole.openstream("PowerPoint Document").read()
    user = ole.openstream("Current User").read() if ole.exists("Current User") else b""
    if len(user) >= 16 and struct.unpack_from("<I", user, 12)[0] == _ENCRYPTED:
        raise Unreadable("encrypted", "protected by a password")
    try:
        slides = _slides(stream, user)
    except (struct.error, KeyError):
        slides = []
    known = any(slide.texts for slide in slides)
    if not known:
        slides = [_Slide([(False, text) for _, text in _texts(stream, 0, len(stream))])]
    pieces = Pieces()
    for number, slide in enumerate(slides, 1):
        title = next((text for is_title, text in slide.texts if is_title), "").split("\n")[0]
        where: int | None = number
        for text in dict.fromkeys(text for _, text in slide.texts):
            pieces.add(text, heading=(title,) if title else (), page=where if known else None)
            where = None
    if not pieces.blocks:
        raise Unreadable("empty")
    return Document(
        pieces.text,
        "slides",
        about.title,
        source.member,
        tuple(pieces.blocks),
        about.date,
        about.people,
        lines=(),
        pages=tuple(pieces.pages),
        facts=about.facts,
    )


def _records(data: bytes, start: int, end: int) -> Iterator[_Record]:
    """All records in a range, containers before what is in them."""
    open_ends: list[tuple[int, int]] = []
    at = start
    while at + _HEADER.size <= end:
        while open_ends and at >= open_ends[-1][0]:
            open_ends.pop()
        head, kind, length = _HEADER.unpack_from(data, at)
        content = at + _HEADER.size
        yield _Record(kind, head >> 4, content, min(content + length, end), tuple(kind for _, kind in open_ends))
        if head & 0xF == 0xF and len(open_ends) < 32:
            open_ends.append((min(content + length, end), kind))
            at = content
        else:
            at = content + length


def _texts(data: bytes, start: int, end: int) -> Iterator[tuple[bool, str]]:
    is_title = False
    for record in islice(_records(data, start, end), _MOST_RECORDS):
        if record.kind == _KIND:
            is_title = data[record.start : record.start + 4] in (b"\0\0\0\0", b"\6\0\0\0")
        elif text := _text_of(data, record):
            yield is_title, text


def _text_of(data: bytes, record: _Record) -> str:
    content = data[record.start : record.end]
    if record.kind == _UNICODE or (record.kind == _COMMENT_TEXT and _COMMENT in record.above):
        text = content.decode("utf-16-le", "replace")
    elif record.kind == _BYTES:
        text = content.decode("latin-1")
    else:
        return ""
    text = normalise(text.replace("\x0b", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c >= " " or c == "\n").strip(" *\n")


def _slides(data: bytes, user: bytes) -> list[_Slide]:
    """The slides in the order of the show, each with its outline, its drawing and its notes."""
    (edit,) = struct.unpack_from("<I", user, 16)
    places, document = _directory(data, edit)
    slides: list[_Slide] = []
    notes: list[_Slide] = []
    start, end = _extent(data, places[document])
    for record in _records(data, start, end):
        if record.kind == _LIST and record.instance in (0, 2):
            (slides if record.instance == 0 else notes).extend(_listed(data, record, places))
    by_key = {slide.key: slide for slide in slides}
    for note in notes:
        if (slide := by_key.get(note.key)) is not None:
            slide.texts += [(False, text) for _, text in note.texts]
    return slides


def _listed(data: bytes, record: _Record, places: dict[int, int]) -> Iterator[_Slide]:
    slide: _Slide | None = None
    reference = 0
    is_title = False
    for inner in _records(data, record.start, record.end):
        if inner.kind == _PERSIST:
            if slide is not None:
                yield _with_drawing(data, slide, places.get(reference), record.instance)
            reference, key = struct.unpack_from("<I8xI", data, inner.start)
            slide = _Slide([], key)
        elif inner.kind == _KIND:
            is_title = struct.unpack_from("<I", data, inner.start)[0] in _TITLES
        elif slide is not None and (text := _text_of(data, inner)):
            slide.texts.append((is_title, text))
    if slide is not None:
        yield _with_drawing(data, slide, places.get(reference), record.instance)


def _with_drawing(data: bytes, slide: _Slide, place: int | None, instance: int) -> _Slide:
    if place is None:
        return slide
    start, end = _extent(data, place)
    slide.texts += _texts(data, start, end)
    if instance == 2:  # notes name the slide that they belong to
        atom = next((each for each in _records(data, start, end) if each.kind == _NOTES_ATOM), None)
        slide.key = struct.unpack_from("<I", data, atom.start)[0] if atom else 0
    return slide


def _extent(data: bytes, place: int) -> tuple[int, int]:
    _, _, length = _HEADER.unpack_from(data, place)
    return place + _HEADER.size, min(place + _HEADER.size + length, len(data))


def _directory(data: bytes, edit: int) -> tuple[dict[int, int], int]:
    """Where records lie by their number, the newest version of each; and the number of the document."""
    places: dict[int, int] = {}
    document = 0
    for _ in range(_MOST_EDITS):
        _, kind, _ = _HEADER.unpack_from(data, edit)
        if kind != _EDIT:
            break
        before, directory, number = struct.unpack_from("<8xIII", data, edit + _HEADER.size)
        document = document or number
        for key, place in _entries(data, directory):
            places.setdefault(key, place)
        if not 0 < before < edit:
            break
        edit = before
    return places, document


def _entries(data: bytes, directory: int) -> Iterator[tuple[int, int]]:
    at, end = _extent(data, directory)
    while at + 4 <= end:
        (head,) = struct.unpack_from("<I", data, at)
        first, count = head & 0xFFFFF, head >> 20
        at += 4
        for number in range(min(count, (end - at) // 4)):
            yield first + number, struct.unpack_from("<I", data, at + 4 * number)[0]
        at += 4 * count
