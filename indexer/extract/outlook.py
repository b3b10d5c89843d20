"""Messages that Outlook saved (msg): a container of OLE streams, each of them one MAPI property.

olefile reads the container; what the streams mean is told by their names, `__substg1.0_` with the number of a
property and its type. The libraries above olefile are GPL (extract-msg) or know no mails inside mails (python-oxmsg).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import HeaderParser
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import mail_headers as headers
from ask.indexer.extract.letter import Body, Enclosed, Letter, documents
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import decode, normalise

if TYPE_CHECKING:
    from olefile import OleFileIO

_CLASS, _SUBJECT, _HEADERS, _BODY, _HTML = "001A", "0037", "007D", "1000", "1013"
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS = "0C1A", "5D01", "0C1F"
_NAME, _SMTP, _ADDRESS = "3001", "39FE", "3003"
_DATA, _LONG_NAME, _SHORT_NAME, _TITLE = "3701", "3707", "3704", "3001"
_CODE_PAGE, _INTERNET_CODE_PAGE = 0x3FFD, 0x3FDE
_SENT, _DELIVERED, _CREATED = 0x0039, 0x0E06, 0x3007
_MESSAGE_ID, _REFERENCES, _ANSWERS = "1035", "1039", "1042"
_CONTACT = ("3A16", "3A17", "3A08", "3A1C", "3A1D", "3A15")
"""Of a contact: firm, position, telephones and address."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_PROTECTED = "IPM.NOTE.SMIME"
_PROPERTIES = "__properties_version1.0"
_STREAM = 2
"""olefile's number for an entry that is a stream."""
_CONTAINER_DEPTH = 8
"""Mails inside mails that are opened at all."""


def looks_like_message(source: Source) -> bool:
    """An OLE container with the stream of properties that every message has."""
    return source.data.startswith(b"\xd0\xcf\x11\xe0") and _PROPERTIES.encode("utf-16-le") in source.data


@extractor("outlook", suffixes=[".msg", ".oft"], sniff=looks_like_message)
def read_outlook(source: Source) -> Iterator[Document]:
    """One mail, appointment or contact with its attachments."""
    import olefile

    try:
        with olefile.OleFileIO(BytesIO(source.data)) as ole:
            found = list(documents(_Folder(ole, ()).letter(), source, source.member))
    except RecursionError:
        raise Unreadable("too deep", "mails inside mails without end") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error, MemoryError) as problem:
        # all that olefile was seen to raise for damaged containers
        raise Unreadable("damaged", f"not a whole message: {problem}") from problem
    if not found:
        raise Unreadable("empty", "a message without text")
    yield from found


@extractor("outlook by content", sniff=looks_like_message)
def read_outlook_by_content(source: Source) -> Iterator[Document]:
    """A message without its suffix, as attachments may be."""
    yield from read_outlook(source)


class _Folder:
    """A message, recipient or attachment: streams below one name of the container."""

    def __init__(self, ole: OleFileIO, path: tuple[str, ...], code_page: str = "") -> None:
        self._ole = ole
        self._path = path
        self._outer_code_page = code_page

    def letter(self) -> Letter:
        """The message with everything in it."""
        sent = HeaderParser().parsestr(self.text(_HEADERS))
        attached = list(self._below("__attach_version1.0_"))
        return Letter(
            self.text(_SUBJECT),
            self._people(sent),
            self._date(sent),
            headers.thread(sent) or (self.text(_REFERENCES) or self.text(_MESSAGE_ID)).strip("<>").partition(">")[0],
            Body(text) if (text := self._plain()) else None,
            Body(page) if (page := self._page()) else None,
            [part for folder in attached if (part := folder._enclosed())],
            [inner.letter() for folder in attached for inner in folder._inner()],
            ["encrypted"] if self.text(_CLASS).upper().startswith(_PROTECTED) else [],
        )

    def text(self, number: str) -> str:
        """A property that is a text; empty when there is none."""
        if data := self._stream(number, "001F"):
            return normalise(data.decode("utf-16-le", "replace")).strip("\n")
        data = self._stream(number, "001E")
        return decode(data, self._code_page).strip("\n") if data else ""

    def _stream(self, number: str, kind: str) -> bytes:
        name = [*self._path, f"__substg1.0_{number}{kind}"]
        if self._ole.get_type(name) != _STREAM:
            return b""
        with self._ole.openstream(name) as stream:
            data: bytes = stream.read()
            return data

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """Properties of fixed size: their values as unsigned numbers of 8 bytes."""
        name = [*self._path, _PROPERTIES]
        if self._ole.get_type(name) != _STREAM:
            return {}
        with self._ole.openstream(name) as stream:
            data: bytes = stream.read()
        start = 8 if self._path and not self._path[-1].startswith("__substg") else 24 if self._path else 32
        whole = data[start : start + (len(data) - start) // 16 * 16]
        return {number: value for _, number, _, value in struct.iter_unpack("<HHIQ", whole)}

    @cached_property
    def _code_page(self) -> str:
        number = self._numbers.get(_CODE_PAGE, 0) or self._numbers.get(_INTERNET_CODE_PAGE, 0)
        return f"cp{number & 0xFFFF}" if number else self._outer_code_page

    def _below(self, prefix: str) -> Iterator[_Folder]:
        depth = len(self._path) + 1
        names = {
            entry[depth - 1]
            for entry in self._ole.listdir(streams=True, storages=True)
            if len(entry) >= depth and tuple(entry[: depth - 1]) == self._path and entry[depth - 1].startswith(prefix)
        }
        for name in sorted(names):
            yield _Folder(self._ole, (*self._path, name), self._code_page)

    def _inner(self) -> Iterator[_Folder]:
        """The mail that an attachment is."""
        if len(self._path) < 2 * _CONTAINER_DEPTH:
            yield from self._below(f"__substg1.0_{_DATA}000D")

    def _enclosed(self) -> Enclosed | None:
        data = self._stream(_DATA, "0102")
        name = self.text(_LONG_NAME) or self.text(_SHORT_NAME) or self.text(_TITLE) or "attachment"
        return Enclosed(name, data) if data else None

    def _plain(self) -> str:
        contact = [self.text(number) for number in _CONTACT] if "contact" in self.text(_CLASS).lower() else []
        return "\n".join(filter(None, [self.text(_BODY), *contact]))

    def _page(self) -> str:
        """The body as HTML."""
        if data := self._stream(_HTML, "0102"):
            number = self._numbers.get(_INTERNET_CODE_PAGE, 0) & 0xFFFF
            return decode(data, {65001: "utf-8", 20127: "ascii"}.get(number, f"cp{number}"))
        return self.text(_HTML)

    def _people(self, sent: Message) -> tuple[str, ...]:
        written = [self._person(_SENDER, _SENDER_SMTP, _SENDER_ADDRESS)] if not sent.get("from") else []
        recipients = [folder._person(_NAME, _SMTP, _ADDRESS) for folder in self._below("__recip_version1.0_")]
        named = [*headers.people(sent)[:1], *written, *recipients]
        return headers.distinct(filter(None, named))

    def _person(self, name: str, *addresses: str) -> str:
        shown = self.text(name).strip("' ")
        address = next((found for number in addresses if "@" in (found := self.text(number))), "")
        return f"{shown} <{address}>" if shown and address and shown != address else shown or address

    def _date(self, sent: Message) -> datetime | None:
        if date := headers.sent(sent):
            return date
        stated: Sequence[int] = [self._numbers.get(number, 0) for number in (_SENT, _DELIVERED, _CREATED)]
        ticks = next((number for number in stated if 0 < number < 2**58), 0)  # of 100 ns; 2**58 is the year 2514
        return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
