"""Chats exported as JSON: Telegram, Slack, Discord (DiscordChatExporter), Messenger and Instagram, Matrix (Element),
Teams and Skype, Signal (signal-export, sigtop).

An export is a list of messages with some facts about the room around it; the programs differ in the names of the
fields. A file that only looks like one is read as data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import PurePath
from typing import NamedTuple

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.chat import Room, Said, conversation
from ask.indexer.extract.data import LARGEST, read_json
from ask.indexer.extract.moments import moment
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.records import Finder, Record, field, list_of, mapping, number, records, sequence, string
from ask.indexer.extract.registry import Source, extractor

HEAD = 16_000
"""Bytes that tell whose export a file is."""

Fields = Mapping[str, object]


class Message(NamedTuple):
    """What a record says. The parts put together are the text; each may stand on a line of its own."""

    at: datetime | None
    who: str
    parts: Sequence[str]
    written: Sequence[str] = ()
    """The parts as the record holds them, where they differ."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program's way to export."""

    name: str
    marks: tuple[bytes, ...]
    """Keys that all stand in the beginning of its files."""
    message: Callable[[Fields], Message]
    room: Callable[[Source, str, int, int], str]
    """Names the room of the messages that begin at one offset, above them from another on."""
    newest_first: bool = False
    key: str = "messages"
    """Of the list of messages; empty: there is nothing else in the file, as a list or one below the other."""


def local(seconds: float | None) -> datetime | None:
    """A time in seconds since 1970, in the local zone; None when it is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone() if seconds is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _stated(value: object) -> datetime | None:
    """A time as ISO 8601 has it, in the local zone."""
    found = moment(string(value))
    return found.astimezone() if found else None


def _telegram(fields: Fields) -> Message:
    at = local(number(fields.get("date_unixtime"))) or _stated(fields.get("date"))
    text = fields.get("text")
    parts = [text] if isinstance(text, str) else [_telegram_part(part) for part in sequence(text)]
    names = [string(fields.get(name)) for name in ("title", "file_name", "performer") if fields.get(name)]
    who = string(fields.get("from")) or string(fields.get("from_id"))
    return Message(at, who, parts if "".join(parts).strip() else names)


def _telegram_part(part: object) -> str:
    if isinstance(part, str):
        return part
    text, target = mapping(part).get("text"), string(mapping(part).get("href"))
    text = text if isinstance(text, str) else ""
    return f"{text} ({target})" if target and target not in text else text


_SLACK_LINK = re.compile(r"<((?:https?|mailto|ftp):[^|>]+)(?:\|([^>]*))?>")
_TEAMS_LINK = re.compile(r"<a\b[^>]*\bhref=\"([^\">]*)\"[^>]*>([^<]*)</a>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SLACK_NAME = re.compile(r"<([@#!])[A-Z0-9a-z^]+(?:\|([^>]*))?>")


def _slack(fields: Fields) -> Message:
    profile = mapping(fields.get("user_profile"))
    who = next(
        (name for key in ("display_name", "real_name", "name") if (name := string(profile.get(key)))),
        string(fields.get("username")) or string(fields.get("user")),
    )
    written = string(fields.get("text"))
    text = _SLACK_LINK.sub(lambda m: f"{m[2]} ({m[1]})" if m[2] and m[2] not in m[1] else m[1], written)
    text = _SLACK_NAME.sub(lambda m: f"{m[1]}{m[2]}" if m[2] else m[0], text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    files = [name for file in sequence(fields.get("files")) if (name := string(mapping(file).get("name")))]
    words = "" if string(fields.get("subtype")) in ("channel_join", "channel_leave", "group_join") else text
    at = local(number(fields.get("ts")))
    return Message(at, who, _spaced([words, *files]), [written, *files]) if words else Message(at, who, _spaced(files))


def _discord(fields: Fields) -> Message:
    author = mapping(fields.get("author"))
    who = string(author.get("nickname")) or string(author.get("name"))
    files = [string(mapping(file).get("fileName")) for file in sequence(fields.get("attachments"))]
    titles = [string(mapping(embed).get("title")) for embed in sequence(fields.get("embeds"))]
    return Message(_stated(fields.get("timestamp")), who, _spaced([string(fields.get("content")), *titles, *files]))


def _messenger(fields: Fields) -> Message:
    milliseconds = number(fields.get("timestamp_ms"))
    shared = string(mapping(fields.get("share")).get("link"))
    content = string(fields.get("content"))
    written = [part for part in (content, shared if shared not in content else "") if part]
    at = local(milliseconds / 1000) if milliseconds is not None else None
    who = _repaired(string(fields.get("sender_name")))
    return Message(at, who, _spaced([_repaired(part) for part in written]), written)


def _repaired(text: str) -> str:
    """Facebook writes the bytes of UTF-8 as if each were a character."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _matrix(fields: Fields) -> Message:
    milliseconds = number(fields.get("origin_server_ts"))
    content = mapping(fields.get("content"))
    who = string(fields.get("sender")).partition(":")[0].lstrip("@")
    at = local(milliseconds / 1000) if milliseconds is not None else None
    return Message(at, who, [string(content.get("body"))])


def _teams(fields: Fields) -> Message:
    kind = string(fields.get("messagetype"))
    written = string(fields.get("content"))
    if not kind.lower().startswith(("text", "richtext")):
        return Message(None, "", [])
    who = string(fields.get("displayName")) or string(fields.get("from")).rpartition(":")[2]
    text = _TEAMS_LINK.sub(lambda m: m[1] if m[2] == m[1] else f"{m[2]} ({m[1]})", written)
    text = unescape(_TAG.sub("", text)) if kind.lower() != "text" or "<" in text else text
    return Message(_stated(fields.get("originalarrivaltime")), who, [text], [written])


def _signal(fields: Fields) -> Message:
    """Of signal-export (`date`, `sender`) and of sigtop (`sent_at`, `source`)."""
    milliseconds = number(fields.get("sent_at"))
    at = local(milliseconds / 1000) if milliseconds is not None else _stated(fields.get("date"))
    who = string(fields.get("sender")) or string(fields.get("source"))
    own = string(fields.get("type")) == "outgoing" and not who
    files = [
        string(mapping(file).get("name") or mapping(file).get("fileName"))
        for file in sequence(fields.get("attachments"))
    ]
    return Message(at, "Me" if own else who, _spaced([string(fields.get("body")), *files]))


def _spaced(parts: Sequence[str]) -> list[str]:
    kept = [part for part in parts if part]
    return [f"{part} " for part in kept[:-1]] + kept[-1:]


def _folder(source: Source, text: str, above: int, opening: int) -> str:
    """Slack keeps a channel's days in a folder of its name."""
    return PurePath(source.path).parent.name


def _above(key: str) -> Callable[[Source, str, int, int], str]:
    """The last field of that name above the messages: lists of contacts may come before."""
    return lambda source, text, above, opening: field(text, key, above, opening, last=True)


def _title(source: Source, text: str, above: int, opening: int) -> str:
    """Messenger's title, which stands below the messages."""
    return _repaired(field(text, "title", opening, len(text), last=True))


def _discord_room(source: Source, text: str, above: int, opening: int) -> str:
    channel = text.find('"channel"', above, opening)
    return field(text, "name", max(channel, above), opening)


PROGRAMS = (
    Program("telegram", (b'"messages"', b'"from_id"'), _telegram, _above("name")),
    Program("telegram", (b'"chats"', b'"messages"', b'"type"'), _telegram, _above("name")),
    Program("discord", (b'"guild"', b'"channel"', b'"messages"'), _discord, _discord_room),
    Program("messenger", (b'"participants"', b'"sender_name"', b'"timestamp_ms"'), _messenger, _title, True),
    Program("matrix", (b'"messages"', b'"origin_server_ts"', b'"sender"'), _matrix, _above("room_name")),
    Program("teams", (b'"conversations"', b'"MessageList"'), _teams, _above("displayName"), True, "MessageList"),
    Program("slack", (b'"ts"', b'"text"', b'"type"', b'"user"'), _slack, _folder, key=""),
    Program("signal", (b'"date"', b'"sender"', b'"body"', b'"reactions"'), _signal, _folder, key=""),
    Program("signal", (b'"sent_at"', b'"body"', b'"conversationId"'), _signal, _folder, key=""),
)


def program_of(source: Source) -> Program | None:
    """Whose export this is, told by its beginning."""
    head = source.data[:HEAD]
    opening = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    for program in PROGRAMS:
        alone = opening == b"[" or (program.name == "signal" and opening == b"{")
        if all(mark in head for mark in program.marks) and alone == (not program.key):
            return program
    return None


@extractor("chat export", suffixes=[".json"], sniff=lambda source: program_of(source) is not None)
def read_chat_export(source: Source) -> Iterator[Document]:
    """A document for each day of each room. Raises `Unreadable` "too large" or "damaged"."""
    program = program_of(source)
    text = text_of(source)
    if len(text) > 8 * LARGEST:
        raise Unreadable("too large", f"more than {8 * LARGEST // 1_000_000} million characters of JSON")
    found = False
    try:
        for room, said in _rooms(source, text, program) if program else ():
            found = True
            within = room.name.replace("/", "-") if '"chats"' in text[:HEAD] else ""
            yield from conversation(said, source, room, within)
    except RecursionError:
        raise Unreadable("damaged", "JSON that nests without end") from None
    if not found:
        yield from read_json(source)


def _rooms(source: Source, text: str, program: Program) -> Iterator[tuple[Room, list[Said]]]:
    finder = Finder(text)
    above = 0
    opening = list_of(text, program.key) if program.key else _beginning(text)
    while opening is not None:
        listed = list(records(text, opening))
        end = listed[-1].end if listed else opening
        said = [one for record in listed if (one := _said(record, program, finder))]
        if said:
            name = program.room(source, text, above, opening)
            yield Room(name, {"program": program.name}), said[::-1] if program.newest_first else said
        above = end
        opening = list_of(text, program.key, end) if program.key else None


def _beginning(text: str) -> int:
    """Where the list opens that is the whole file; in front of it where there are only objects below each other."""
    return text.find("[") if text.lstrip("\ufeff \r\n\t").startswith("[") else -1


def _said(record: Record, program: Program, finder: Finder) -> Said | None:
    at, who, parts, written = program.message(record.fields)
    parts = [part.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "") for part in parts]
    text = "".join(parts).rstrip()
    if not text.strip():
        return None
    marks = [(offset, line) for offset, line in finder.marks(record, parts, written) if offset < len(text)]
    return Said(at, who, text, marks)
