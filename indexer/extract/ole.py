"""OLE containers: documents of Word, Excel and PowerPoint before 2007, and whatever else was packed that way.

What the container holds decides, not its name. Encrypted documents of any version are such containers, too.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.excel_binary import excel_documents
from ask.indexer.extract.html import read_html
from ask.indexer.extract.members import member
from ask.indexer.extract.outlook import looks_like_message, read_outlook
from ask.indexer.extract.pdf import title_of
from ask.indexer.extract.plain import read_plain
from ask.indexer.extract.powerpoint_binary import powerpoint_document
from ask.indexer.extract.properties import Properties
from ask.indexer.extract.registry import Source, extractor, read
from ask.indexer.extract.unpack import Budget
from ask.indexer.extract.word import flat_word_document, is_flat_word
from ask.indexer.extract.word_binary import word_document
from ask.indexer.text import decode, looks_binary

if TYPE_CHECKING:
    from olefile import OleFileIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DAMAGE = (OSError, struct.error, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""What olefile raises for containers that are not sound."""
_WORD, _SLIDES, _BOOKS = "WordDocument", "PowerPoint Document", ("Workbook", "Book")
_ENCRYPTED = ("EncryptedPackage", "EncryptionInfo", "\x06DataSpaces")
_NATIVE = "\x01Ole10Native"
_PAYLOADS = ("Package", "CONTENTS", "Contents", "EmbeddedOdf")
MOST_STREAMS = 10_000
_KNOWN = (b"PK\x03\x04", b"%PDF-", b"{\\rtf")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


@extractor("ole", suffixes=[".doc", ".xls", ".xlt", ".xlm", ".xlw", ".ppt", ".pps", ".pot"], magic=[MAGIC])
def read_ole(source: Source) -> Iterator[Document]:
    """The documents of a container; files with such names that are none are read as what they are."""
    if looks_like_message(source):
        yield from read_outlook(source)
    elif source.data.startswith(MAGIC):
        yield from _container(source)
    else:
        yield from _something_else(source)


def _something_else(source: Source) -> Iterator[Document]:
    """Programs save web pages and plain text under the names of documents."""
    if is_flat_word(source.data):
        yield flat_word_document(source)
    elif not looks_binary(source.data):
        yield from read_html(source) if b"<html" in source.data[:2000].lower() else read_plain(source)
    elif source.suffix in (".xls", ".xlt", ".xlw", ".xlm"):
        yield from excel_documents(source, Properties())  # before 1995 the sheets lay in no container
    else:
        raise Unreadable("unsupported", "a document of an old or unknown program")


def _container(source: Source) -> Iterator[Document]:
    import olefile

    try:
        with olefile.OleFileIO(BytesIO(source.data)) as ole:
            found = _documents(source, ole)
    except _DAMAGE as problem:
        raise Unreadable("damaged", str(problem)) from problem
    yield from found


def _documents(source: Source, ole: OleFileIO) -> list[Document]:
    if any(ole.exists(name) for name in _ENCRYPTED):
        raise Unreadable("encrypted", "protected by a password")
    trouble: Unreadable | None = None
    found: list[Document] = []
    try:
        found += _own(source, ole)
    except Unreadable as problem:
        trouble = problem
    budget = Budget(source)
    with suppress(*_DAMAGE):  # what is left of the document itself is worth having without its objects
        for name, data in _objects(ole):
            with suppress(Unreadable):
                found += read(member(source, name, data, budget))
    if not found:
        raise trouble or Unreadable("unsupported", "a container of an unknown program")
    return found


def _own(source: Source, ole: OleFileIO) -> list[Document]:
    """The document that the container is itself."""
    about = _properties(ole)
    if ole.exists(_WORD):
        return [word_document(source, ole, about)]
    if ole.exists(_SLIDES):
        return [powerpoint_document(source, ole, about)]
    return excel_documents(source, about) if any(ole.exists(name) for name in _BOOKS) else []


def _objects(ole: OleFileIO) -> Iterator[tuple[str, bytes]]:
    """Files that were put into the document as objects: their names and contents."""
    for path in ole.listdir()[:MOST_STREAMS]:
        if path[-1] == _NATIVE:
            with suppress(ValueError, struct.error):
                packed = packed_file(ole.openstream(path).read())
                if packed is not None:
                    yield packed
        elif path[-1] in _PAYLOADS and (data := ole.openstream(path).read()).startswith(_KNOWN):
            yield "object", data


def packed_file(data: bytes) -> tuple[str, bytes] | None:
    """Size, flags, label and path, both closed by NUL, flags, the temporary path with its length, size, content."""
    label_end = data.index(b"\0", 6)
    path_end = data.index(b"\0", label_end + 1)
    (length,) = struct.unpack_from("<I", data, path_end + 5)
    at = path_end + 9 + length
    (size,) = struct.unpack_from("<I", data, at)
    name = decode(data[6:label_end]).replace("\\", "/").rpartition("/")[2]
    content = data[at + 4 : at + 4 + size]
    return (name or "object", content) if content else None


def _properties(ole: OleFileIO) -> Properties:
    """Title, authors and dates; nothing where they are damaged, which says nothing about the text."""
    try:
        meta = ole.get_metadata()
    except _DAMAGE:
        return Properties()
    page = f"cp{meta.codepage & 0xFFFF}" if isinstance(meta.codepage, int) else ""
    facts = {"subject": _said(meta.subject, page), "tags": _said(meta.keywords, page)}
    return Properties(
        title_of({"Title": _said(meta.title, page)}),
        tuple(dict.fromkeys(filter(None, (_said(meta.author, page), _said(meta.last_saved_by, page))))),
        _moment(meta.last_saved_time) or _moment(meta.create_time),
        "",
        {name: value for name, value in facts.items() if value},
    )


def _said(value: object, page: str) -> str:
    if isinstance(value, bytes):
        value = decode(value, "utf-8" if page == "cp65001" else page)
    if not isinstance(value, str):
        return ""
    return " ".join(_CONTROLS.sub(" ", value.partition("\0")[0]).split())[:300]


def _moment(value: object) -> datetime | None:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and 1980 < value.year < 2200 else None
