"""Word documents before 2007: the pieces of text in the order of the document, from the format's published layout.

[MS-DOC]: a File Information Block at the start of the stream `WordDocument` tells where in the stream `0Table` or
`1Table` the table of pieces lies. Each piece is text in windows-1252 or UTF-16. Footnotes, margins, comments and text
boxes follow the main text. antiword and catdoc, which do the same, are programs that would have to be installed.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.properties import Properties
from ask.indexer.extract.registry import Source
from ask.indexer.text import normalise

if TYPE_CHECKING:
    from olefile import OleFileIO

_WORD_97 = 193
"""First version with a table of pieces in a stream of its own."""
_ENCRYPTED, _TABLE_1 = 0x0100, 0x0200
_PIECES_AT = 0x1A2
_PAGES = {
    0x405: "cp1250",
    0x415: "cp1250",
    0x40E: "cp1250",
    0x41B: "cp1250",
    0x419: "cp1251",
    0x408: "cp1253",
    0x41F: "cp1254",
}
"""Code pages by the language that Word 6 and 95 name; all others are Western."""
_FIELD = re.compile("[\x13\x14\x15]")
_MARKS = str.maketrans({"\x0b": "\n", "\x0e": "\n", "\x1e": "-", "\x1f": "", "\xad": "", "\xa0": " "})
_INVISIBLE = re.compile("[\x00-\x06\x08\x0f-\x1d]")


def word_document(source: Source, ole: OleFileIO, about: Properties) -> Document:
    """The text of a document. Raises `Unreadable` "encrypted", "damaged" or "empty"."""
    main = ole.openstream("WordDocument").read()
    (flags,) = struct.unpack_from("<H", main, 0x0A)
    if flags & _ENCRYPTED:
        raise Unreadable("encrypted", "protected by a password")
    (version,) = struct.unpack_from("<H", main, 2)
    if version < _WORD_97:
        text = _old_text(main)
    else:
        table = "1Table" if flags & _TABLE_1 else "0Table"
        text = "".join(_pieces(main, ole.openstream(table).read()))
    pieces = Pieces()
    for page, part in enumerate(_shown(text).split("\f"), 1):
        where: int | None = page
        for paragraph in part.split("\r"):
            if line := _table_rows(paragraph):
                pieces.add(normalise(line), page=where)
                where = None
    if not pieces.blocks:
        raise Unreadable("empty")
    return Document(
        pieces.text,
        title=about.title,
        member=source.member,
        blocks=tuple(pieces.blocks),
        date=about.date,
        people=about.people,
        lines=(),
        facts=about.facts,
    )


def _old_text(main: bytes) -> str:
    """Word 6 and 95: one run of bytes."""
    language, start, end = struct.unpack_from("<H16xII", main, 6)
    return main[start:end].decode(_PAGES.get(language, "cp1252"), "replace")


def _pieces(main: bytes, table: bytes) -> Iterator[str]:
    start, length = struct.unpack_from("<II", main, _PIECES_AT)
    at, end = start, min(start + length, len(table))
    while at < end and table[at] == 1:  # formatting that pieces share
        at += 3 + int(struct.unpack_from("<H", table, at + 1)[0])
    if at >= end or table[at] != 2:
        raise Unreadable("damaged", "its table of pieces is gone")
    (size,) = struct.unpack_from("<I", table, at + 1)
    at += 5
    count = min((size - 4) // 12, (len(table) - at - 4) // 12)
    places = struct.unpack_from(f"<{count + 1}I", table, at)
    at += 4 * (count + 1)
    left = len(main)  # pieces that lie over one another would make a text longer than its file
    for number in range(count):
        (where,) = struct.unpack_from("<I", table, at + 8 * number + 2)
        length = places[number + 1] - places[number]
        if not 0 < length <= left:
            continue
        left -= length
        if where & 0x40000000:
            where = (where & 0x3FFFFFFF) // 2
            yield main[where : where + length].decode("cp1252", "replace")
        else:
            yield main[where : where + 2 * length].decode("utf-16-le", "replace")


def _shown(text: str) -> str:
    """Without the instructions of fields (their results stay) and the marks of pictures and notes."""
    parts: list[str] = []
    hidden: list[bool] = []
    """For each open field: its instruction is being read."""
    at = 0
    for match in _FIELD.finditer(text):
        if not any(hidden):
            parts.append(text[at : match.start()])
        at = match.end()
        if match.group() == "\x13":
            hidden.append(True)
        elif hidden and match.group() == "\x14":
            hidden[-1] = False
        elif hidden:
            hidden.pop()
        if len(hidden) > 50:
            raise Unreadable("damaged", "fields without end")
    parts.append(text[at:])
    return _INVISIBLE.sub("", "".join(parts)).translate(_MARKS)


def _table_rows(paragraph: str) -> str:
    """A row ends with two marks, a cell with one."""
    if "\x07" not in paragraph:
        return paragraph.strip()
    rows = (row.strip("\x07 ") for row in paragraph.split("\x07\x07"))
    return "\n".join(" | ".join(cell.strip() for cell in row.split("\x07")) for row in rows if row)
