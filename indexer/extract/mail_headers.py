"""Headers of mails as people read them, however broken: encoded words, names, dates, file names.

The parsers of the standard library raise on headers that real mails have (unknown charsets, odd quotes, raw bytes), so
only its forgiving parts are used here.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.message import Message
from email.utils import getaddresses

from ask.indexer.extract.moments import moment
from ask.indexer.text import decode, encoding

PEOPLE = 60
"""Most people named for one mail; lists of hundreds say little."""

_WORD = re.compile(r"=\?([\w.:()+-]+)(?:\*[\w-]*)?\?([bqBQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?)")
_SPACES = re.compile(r"\s+")
_ADDRESSES = re.compile(r'[<(:"]')
_ZONE_NAME = re.compile(r"\s*\([^)]*\)\s*$")


def settle(message: Message, data: bytes) -> None:
    """Decode raw bytes in headers, in the encoding of the whole mail: a header alone is too short to tell one."""
    raw = {name: str(content) for name, content in message.raw_items() if not str(content).isascii()}
    if raw:
        charset = message.get_content_charset("") or encoding(data)
        for name, content in raw.items():
            message.replace_header(name, decode(content.encode("ascii", "surrogateescape"), charset))


def shown(value: object) -> str:
    """A header's value on one line, its encoded words decoded. Takes what `Message` gives, raw bytes included."""
    text = _unescaped(str(value))
    text = _BETWEEN.sub("", text)
    return _SPACES.sub(" ", _decoded_words(text)).strip()


def _unescaped(text: str) -> str:
    """Raw bytes, which the parser keeps as surrogates, in the encoding that they seem to be in."""
    try:
        return text if text.isascii() else decode(text.encode("ascii", "surrogateescape"))
    except UnicodeEncodeError:
        return decode(text.encode("utf-8", "replace"))


def _decoded_words(text: str) -> str:
    """Neighbouring words of one charset are put together first: some programs cut inside a character."""
    parts: list[str] = []
    charset, held = "", b""
    position = 0
    for match in _WORD.finditer(text):
        name = match.group(1).lower()
        if held and (match.start() > position or name != charset):
            parts.append(decode(held, charset))
            held = b""
        parts.append(text[position : match.start()])
        charset, position = name, match.end()
        held += _bytes_of(match.group(2), match.group(3))
    if held:
        parts.append(decode(held, charset))
    return "".join([*parts, text[position:]])


def _bytes_of(how: str, content: str) -> bytes:
    if how in "qQ":
        return binascii.a2b_qp(content.encode("utf-8", "replace"), header=True)
    return base64_bytes(content.encode("utf-8", "replace"))


def base64_bytes(encoded: bytes) -> bytes:
    """Whatever can be decoded; a damaged end is dropped."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", encoded)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def value(message: Message, name: str) -> str:
    """The first header of that name, readable; empty when there is none."""
    return next((shown(content) for content in values(message, name)), "")


def values(message: Message, name: str) -> Iterator[str]:
    """All headers of that name, as they stand in the file."""
    for key, content in message.raw_items():
        if key.lower() == name:
            yield str(content)


def people(message: Message) -> tuple[str, ...]:
    """Everybody in From, To and Cc, the author first, as `Name <address>`."""
    written = [content for name in ("from", "sender", "to", "cc") for content in values(message, name)]
    return distinct(named(written))


def named(written: Iterable[str]) -> Iterator[str]:
    """`Name <address>` for each address in headers of addresses."""
    for text in written:
        readable = shown(text)
        if not _ADDRESSES.search(readable) and (";" in readable or "," not in readable):
            # Names alone, as Outlook lists them; what looks for addresses would keep their first words.
            yield from filter(None, (name.strip(" '") for name in readable.split(";")))
            continue
        # Decoded after they are told apart: an encoded name may hold a comma. `strict` would drop whole broken headers.
        for name, address in getaddresses([_SPACES.sub(" ", text)]):
            name, address = shown(name).strip(" '\""), shown(address)
            if name and address and name != address:
                yield f"{name} <{address}>"
            elif name or address:
                yield name or address


def distinct(found: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order, at most `PEOPLE`."""
    return tuple(dict.fromkeys(found))[:PEOPLE]


def sent(message: Message) -> datetime | None:
    """When it was sent: from its date, else from the first server that took it."""
    if date := moment(_ZONE_NAME.sub("", value(message, "date"))):
        return date
    received = [shown(content).rpartition(";")[2] for content in values(message, "received")]
    return next((date for text in reversed(received) if (date := moment(_ZONE_NAME.sub("", text)))), None)


def thread(message: Message) -> str:
    """The identifier of the mail that began the conversation; the same in all its mails."""
    for name in ("references", "in-reply-to", "message-id"):
        if match := re.search(r"<([^<>\s]{3,200})>", value(message, name)):
            return match.group(1)
    return ""
