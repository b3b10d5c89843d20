"""Pages, Numbers and Keynote since 2013: protocol buffers in Snappy blocks (`.iwa`), of which the texts are read.

Apple describes neither; what is known is known from looking at files. A part is a row of archives: a head that says
which messages follow and how long they are, then the messages. Texts stand in storages, those of table cells in lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ask.indexer.documents import Document
from ask.indexer.extract.package import Package
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.unpack import Budget, Damaged
from ask.indexer.text import normalise

_PARTS = r"(?:.*/)?index/(?!documentstylesheet|masterslide|templateslide|themestylesheet).*\.iwa"
"""Parts with texts somebody wrote; prompts of masters and names of styles are none."""
_PACKED = r"(?:.*/)?index\.zip"
_KINDS = {".key": "slides", ".numbers": "table"}
_STORAGES, _LISTS = frozenset([2001, 2005]), frozenset([6005])
"""Types of messages: texts, and what the cells of a table refer to."""
_HEADS, _TYPE, _LENGTH = 2, 1, 3
_TEXT, _ENTRY, _ENTRY_TEXT = 3, 3, 3
"""Numbers of fields."""
_NUMBER = re.compile(r"(\d+)")
_UNSEEN = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\ufffc": None, "\x05": "\n", "\x0e": None})


def is_iwork(package: Package) -> bool:
    """A document of these programs."""
    return bool(package.matching(_PARTS) or package.matching(_PACKED))


def iwork_document(package: Package) -> Document | None:
    """All texts of a document, part by part; None when there are none."""
    source = package.source
    inner = package.matching(_PACKED)
    if inner and not package.matching(_PARTS):
        package = Package(replace(source, data=package.read(inner[0])), package.budget)
        names = [name for name in package.parts if name.lower().endswith(".iwa")]
        names = [name for name in names if re.fullmatch(_PARTS, f"index/{name.rpartition('/')[2].lower()}")]
    else:
        names = package.matching(_PARTS)
    pieces = Pieces()
    for name in sorted(names, key=_order):
        for text in _texts(package.read(name), package.budget):
            text = normalise(text.translate(_UNSEEN))
            for start, end in paragraphs(text):
                pieces.add(text[start:end])
    if not pieces.blocks:
        return None
    kind = _KINDS.get(source.suffix, "note")
    return Document(pieces.text, kind, member=source.member, blocks=tuple(pieces.blocks), lines=())


def _order(name: str) -> tuple[bool, list[tuple[int, str]]]:
    """The document first, then slides and tables by their numbers."""
    parts = [(int(part), "") if part.isdecimal() else (0, part) for part in _NUMBER.split(name)]
    return not name.endswith("Document.iwa"), parts


def _texts(data: bytes, budget: Budget) -> Iterator[str]:
    """The texts of one part, as far as it is sound."""
    try:
        stream = b"".join(_blocks(data, budget))
        at = 0
        while at < len(stream):
            length, at = _varint(stream, at)
            heads = [dict(_fields(value)) for number, value in _fields(stream[at : at + length]) if number == _HEADS
                     if isinstance(value, bytes)]  # fmt: skip
            at += length
            for head in heads:
                size, kind = head.get(_LENGTH, 0), head.get(_TYPE, 0)
                if not isinstance(size, int) or not isinstance(kind, int):
                    return
                yield from _said(kind, stream[at : at + size])
                at += size
    except (Damaged, IndexError):
        return


def _said(kind: int, message: bytes) -> Iterator[str]:
    if kind in _STORAGES:
        yield from (value.decode("utf-8", "replace") for number, value in _fields(message)
                    if number == _TEXT and isinstance(value, bytes))  # fmt: skip
    elif kind in _LISTS:
        for number, entry in _fields(message):
            if number == _ENTRY and isinstance(entry, bytes):
                yield from (value.decode("utf-8", "replace") for inner, value in _fields(entry)
                            if inner == _ENTRY_TEXT and isinstance(value, bytes))  # fmt: skip


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field of a message. Raises `Damaged`, `IndexError`."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                number, at = _varint(message, at)
                yield key >> 3, number
            case 2:
                length, at = _varint(message, at)
                yield key >> 3, message[at : at + length]
                at += length
            case 1 | 5 as width:
                at += 8 if width == 1 else 4
            case _:
                raise Damaged("no message")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise Damaged("a number without an end")


def _blocks(data: bytes, budget: Budget) -> Iterator[bytes]:
    """The blocks of a part, unpacked: a zero, three bytes of length, Snappy without a checksum."""
    at = 0
    while at + 4 <= len(data) and data[at] == 0:
        end = at + 4 + int.from_bytes(data[at + 1 : at + 4], "little")
        yield _unsnapped(data[at + 4 : end], budget)
        at = end


def _unsnapped(data: bytes, budget: Budget) -> bytes:
    """One Snappy block. Raises `Damaged`, `IndexError`, and `Unreadable` for more than may be unpacked."""
    size, at = _varint(data, 0)
    budget.spend(size)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                more = length - 59
                length = int.from_bytes(data[at : at + more], "little")
                at += more
            out += data[at : at + length + 1]
            at += length + 1
        else:
            length, width = ((tag >> 2 & 7) + 4, 1) if tag & 3 == 1 else ((tag >> 2) + 1, 2 if tag & 3 == 2 else 4)
            offset = int.from_bytes(data[at : at + width], "little") | (tag >> 5 << 8 if width == 1 else 0)
            at += width
            if not 0 < offset <= len(out):
                raise Damaged("a block that refers to nothing")
            part = bytes(out[len(out) - offset : len(out) - offset + length])
            out += (part * (length // len(part) + 1))[:length]
        if len(out) > size:
            raise Damaged("a block longer than it says")
    return bytes(out)
