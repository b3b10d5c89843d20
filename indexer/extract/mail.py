"""Mail as text: single messages (eml, emlx, Maildir) and mailboxes (mbox, Thunderbird), a document for each mail.

The standard library's parser finds the parts, in its oldest and most forgiving mode: the newer one raises on headers
that real mails have, and takes ten times as long. What a part says is then looked up in the file again, so that the
lines of plain and quoted-printable text are those of the file.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from mimetypes import types_map

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import mail_headers as headers
from ask.indexer.extract.letter import Body, Enclosed, Letter, documents
from ask.indexer.extract.moments import moment
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import decode

_TYPES = dict(types_map)
"""MIME types by suffix, as Python has them: copied, because the first `guess_extension` anywhere adds the system's."""
EXPUNGED = 0x0008
"""Thunderbird's flag of a mail that was deleted but still lies in the mailbox."""

_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ ]"
_FIELD = rb"[!-9;-~]{1,60}:(?:[ \t]|\r?\n)"
_FROM = re.compile(
    rb"^(?:From [^\r\n]*?" + _DAY + rb"[^\r\n]*\d{1,2}:\d\d[^\r\n]*"  # with the day and time: surely one
    rb"|From [^\r\n]*(?=\r?\n" + _FIELD + rb"))\r?$",  # another only above a header
    re.MULTILINE,
)
_HEADER = re.compile(rb"(?:>?From [^\n]*\r?\n)?(" + _FIELD + rb"(?:[^\n]*\n[ \t])*[^\n]*\r?\n){2}")
_KNOWN = re.compile(
    rb"^(?:From|To|Subject|Date|Message-ID|Received|Return-Path|MIME-Version|Delivered-To|Content-Type|X-[\w-]+):",
    re.MULTILINE | re.IGNORECASE,
)
_POSTED = re.compile(r"([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d\d:\d\d:\d\d)\s+(?:[A-Z+][\w]*\s+)?(\d{4})")
_UU = re.compile(rb"^begin \d{3,4} [^\r\n]+\r?\n", re.MULTILINE)
_MAILDIR = re.compile(r"/(?:cur|new)/[^/]+$")
_APPLE = re.compile(rb"\s*(\d+)[ \t]*\r?\n")


def looks_like_mail(source: Source) -> bool:
    """A message without a telling name: in a Maildir, or headers from its first line on."""
    head = source.data[:8192]
    if not _HEADER.match(head):
        return False
    known = {match.group().lower() for match in _KNOWN.finditer(head.partition(b"\n\n")[0])}
    return len(known) >= (1 if _MAILDIR.search(source.path) else 3)


def looks_like_mailbox(source: Source) -> bool:
    """Starts with the line that stands above each mail of a mailbox."""
    return bool(_FROM.match(source.data[:1000])) if source.data.startswith(b"From ") else False


@extractor("mailbox", suffixes=[".mbox", ".mbx"], sniff=lambda source: source.data.lstrip().startswith(b"From "))
def read_mailbox(source: Source) -> Iterator[Document]:
    """A document for each mail and attachment; the mails are members "1", "2", … in the order of the file."""
    found = False
    for number, (start, end) in enumerate(_messages(source.data), 1):
        member = source.inside(str(number))
        line_end = source.data.find(b"\n", start)
        first = line_end + 1 if 0 <= line_end < end else end
        letter = _letter(source.data, first, end, posted=source.data[start:first])
        for document in documents(letter, source, member) if letter else ():
            found = True
            yield document
    if not found:
        raise Unreadable("empty", "a mailbox without mails")


@extractor("mailbox by content", sniff=looks_like_mailbox)
def read_mailbox_by_content(source: Source) -> Iterator[Document]:
    """A mailbox without a suffix, as Thunderbird and /var/mail keep them."""
    yield from read_mailbox(source)


@extractor("mail", suffixes=[".eml", ".mail"])
def read_mail(source: Source) -> Iterator[Document]:
    """One mail with its attachments."""
    data = source.data
    start = len(data) - len(data.lstrip(b"\r\n\xef\xbb\xbf"))
    if data.startswith(b"From ", start) and _FROM.match(data, start):
        start = data.find(b"\n", start) + 1 or len(data)
    yield from _one(source, start, len(data))


@extractor("mail by content", sniff=looks_like_mail)
def read_mail_by_content(source: Source) -> Iterator[Document]:
    """A mail without a suffix, as in a Maildir."""
    yield from read_mail(source)


@extractor("apple mail", suffixes=[".emlx"])
def read_apple_mail(source: Source) -> Iterator[Document]:
    """A line with the length of the mail, the mail, then properties that are left out."""
    match = _APPLE.match(source.data)
    if match is None:
        raise Unreadable("damaged", "no length in the first line")
    yield from _one(source, match.end(), min(match.end() + int(match.group(1)[:12]), len(source.data)))


def _one(source: Source, start: int, end: int) -> Iterator[Document]:
    letter = _letter(source.data, start, end)
    found = list(documents(letter, source, source.member)) if letter else []
    if not found:
        raise Unreadable("empty", "a mail without text")
    yield from found


def _messages(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the mails of a mailbox begin, with their `From ` line, and end."""
    starts = (match.start() for match in _FROM.finditer(data) if _stands_apart(data, match.start()))
    start = next(starts, None)
    for following in starts:
        if start is not None:
            yield start, following
        start = following
    if start is not None:
        yield start, len(data)


def _stands_apart(data: bytes, at: int) -> bool:
    """At the start or below an empty line, so that a sentence that begins with "From" is none."""
    return data[max(at - 3, 0) : at].endswith((b"\n\n", b"\n\r\n")) or (at < 100 and not data[:at].strip())


class _Places:
    """Finds parts in the source again, in the order in which they stand there."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._at = start
        self._end = end
        self._line = 1 + data.count(b"\n", 0, start)

    def line(self, part: bytes) -> int | None:
        """The 1-based line at which `part` begins; None when it does not stand there as it is."""
        at = self._data.find(part, self._at, self._end) if part.strip() else -1
        if at < 0:
            return None
        self._line += self._data.count(b"\n", self._at, at)
        self._at = at
        return self._line


def _letter(data: bytes, start: int, end: int, posted: bytes = b"") -> Letter | None:
    """The mail in `data[start:end]`; None for one that was deleted. `posted` is the `From ` line above it."""
    try:
        message = message_from_bytes(data[start:end])
        if _is_expunged(message):
            return None
        for part in message.walk():
            headers.settle(part, data[start:end])
        return _Reader(_Places(data, start, end), unescape=bool(posted)).letter(message, posted)
    except RecursionError:
        raise Unreadable("too deep", "parts inside parts without end") from None


def _is_expunged(message: Message) -> bool:
    status = headers.value(message, "x-mozilla-status")
    return bool(re.fullmatch("[0-9a-fA-F]{4}", status)) and bool(int(status, 16) & EXPUNGED)


class _Reader:
    """Sorts the parts of a message into text, page and attachments."""

    def __init__(self, places: _Places, unescape: bool) -> None:
        self._places = places
        self._unescape = unescape
        """In a mailbox, lines of text that begin with "From" carry a `>`."""

    def letter(self, message: Message, posted: bytes = b"") -> Letter:
        parts = _Parts()
        self._sort(message, parts, "")
        return Letter(
            headers.value(message, "subject"),
            headers.people(message),
            headers.sent(message) or _posted(posted),
            headers.thread(message),
            _together(parts.plain),
            _together(parts.pages),
            parts.enclosed,
            parts.inner,
            parts.lost,
        )

    def _sort(self, part: Message, into: _Parts, around: str) -> None:
        kind = part.get_content_type()
        if kind == "message/rfc822" and headers.value(part, "content-transfer-encoding").lower() == "base64":
            # not allowed, yet written: the parser took the encoded mail for one
            encoded = b"\n".join(_encoded(child)[1] for child in _children(part))
            into.enclosed.append(Enclosed("message.eml", headers.base64_bytes(encoded)))
        elif kind == "message/rfc822" and part.is_multipart():
            into.inner.extend(self.letter(inner) for inner in _children(part))
        elif part.is_multipart():
            for child in _children(part):
                self._sort(child, into, kind)
        elif kind in _PROTECTED:
            into.lost.append(f"{_file_name(part, into)}: encrypted")
        elif kind not in _UNINTERESTING:
            self._leaf(part, kind, into, around)

    def _leaf(self, part: Message, kind: str, into: _Parts, around: str) -> None:
        attached = _disposition(part) == "attachment" or bool(_raw_file_name(part))
        if kind.startswith("multipart/"):  # without the boundary that it promised
            kind = "text/plain"
        how, encoded = _encoded(part)
        if kind in ("text/plain", "text/html") and not attached:
            body = self._body(part, how, encoded)
            (into.plain if kind == "text/plain" else into.pages).append(body)
        elif kind.startswith("text/") and not attached and around == "multipart/alternative":
            if kind == "text/calendar":
                into.enclosed.append(Enclosed("invitation.ics", _decoded(how, encoded)))
        elif _disposition(part) == "attachment" or not (around == "multipart/related" or part.get("content-id")):
            # else it belongs to a page: pictures, styles
            into.enclosed.append(Enclosed(_file_name(part, into), _decoded(how, encoded)))

    def _body(self, part: Message, how: str, encoded: bytes) -> Body:
        line = self._places.line(encoded)
        raw = _decoded(how, encoded)
        text = decode(raw, part.get_content_charset("") or "")
        if self._unescape and how != "base64":
            text = re.sub(r"^>(>*From )", r"\1", text, flags=re.MULTILINE)
        if line is None or how == "base64":
            return Body(text)
        lines = _quoted_printable_lines(encoded, line) if how == "quoted-printable" else None
        count = text.count("\n") + 1
        return Body(text, lines[:count] if lines else range(line, line + count))


class _Parts:
    """Parts of a message by what they are."""

    def __init__(self) -> None:
        self.plain: list[Body] = []
        self.pages: list[Body] = []
        self.enclosed: list[Enclosed] = []
        self.inner: list[Letter] = []
        self.lost: list[str] = []


_PROTECTED = frozenset(["application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"])
_UNINTERESTING = frozenset(
    [
        *("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"),
        *("message/delivery-status", "message/disposition-notification", "text/rfc822-headers", "text/x-amp-html"),
    ]
)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _encoded(part: Message) -> tuple[str, bytes]:
    """How a part is encoded, and its bytes as they stand in the file."""
    how = headers.value(part, "content-transfer-encoding").lower()
    del part["content-transfer-encoding"]  # so that nothing is decoded here
    payload = part.get_payload(decode=True)
    return how, payload if isinstance(payload, bytes) else b""


def _decoded(how: str, encoded: bytes) -> bytes:
    if how == "base64":
        return headers.base64_bytes(encoded)
    if how == "quoted-printable":
        return quopri.decodestring(encoded)
    if how in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return _uudecoded(encoded)
    return encoded


def _uudecoded(encoded: bytes) -> bytes:
    """What stands between `begin` and `end`; what is damaged is left out."""
    match = _UU.search(encoded)
    parts: list[bytes] = []
    for line in encoded[match.end() :].splitlines() if match else []:
        if line.strip() in (b"end", b"`"):
            break
        try:
            parts.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(parts)


def _quoted_printable_lines(encoded: bytes, line: int) -> list[int]:
    """The source line of each decoded line: an encoded line that ends with `=` goes on in the next one."""
    lines = [line]
    for number, row in enumerate(encoded.split(b"\n")[:-1], line):
        if row.rstrip().endswith(b"="):
            continue
        lines.append(number + 1)
    return lines


def _together(bodies: list[Body]) -> Body | None:
    """Several parts of text one below the other; their lines only when all are known."""
    if not bodies:
        return None
    known = all(body.lines for body in bodies)
    bodies = [Body(body.text.removesuffix("\n"), body.lines) for body in bodies]
    lines = [line for body in bodies for line in body.lines[: body.text.count("\n") + 1]] if known else []
    return Body("\n".join(body.text for body in bodies), lines)


def _disposition(part: Message) -> str:
    return headers.value(part, "content-disposition").partition(";")[0].strip().lower()


def _raw_file_name(part: Message) -> str:
    try:
        return headers.shown(part.get_filename("") or "")
    except (ValueError, TypeError, LookupError, AttributeError):  # of parameters that nobody could write on purpose
        return ""


def _file_name(part: Message, parts: _Parts) -> str:
    return _raw_file_name(part) or f"part {len(parts.enclosed) + 1}{_suffix(part.get_content_type())}"


def _suffix(kind: str) -> str:
    """How names of files of this MIME type end, going by Python's own table: `guess_extension` looks into the system's,
    which a confined worker may not open."""
    return next((suffix for suffix, known in _TYPES.items() if known == kind), "")


def _posted(line: bytes) -> datetime | None:
    """When a mail was put into the mailbox: `From petr@example.org Mon Jun  1 04:28:28 2009`."""
    match = _POSTED.search(line.decode("ascii", "replace"))
    if match is None:
        return None
    month, day, time, year = match.groups()
    return moment(f"{day} {month} {year} {time}")
