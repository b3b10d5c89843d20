"""Chats that WhatsApp exported as text: `14.03.2009 21:05 - Petr: …` on Android, with the time in brackets on iOS.

Dates are written as the telephone's language has them; whether day or month comes first is told from all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from ask.indexer.documents import Document
from ask.indexer.extract.chat import Room, Said, conversation
from ask.indexer.extract.plain import read_plain, text_of
from ask.indexer.extract.registry import Source, extractor

_LINE = re.compile(
    r"[\u200e\u200f\ufeff]*\[?(\d{1,4})([./-])[ ]?(\d{1,2})\2[ ]?(\d{2,4}),?[ ]"
    r"(?:v[ ])?(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?:[\s\u202f]?([APap])\.?[\s\u202f]?[Mm]\.?)?(?:\]|[ ][-–])[ ]"
)
_SAID = re.compile(r"[\u200e\u200f]*~?[\s\u202f]*([^:\n]{1,80}):[ ]?")
_NAME = re.compile(
    r"(?:WhatsApp Chat (?:with|-)|Chat WhatsApp (?:s|so|mit)|WhatsApp-Chat mit|Chat do WhatsApp com)\s+(.+)"
)


def looks_like_whatsapp(source: Source) -> bool:
    """The first line is one of a chat, and so is another one soon."""
    rows = source.data[:4_000].decode("utf-8", "replace").splitlines()
    return len(rows) > 1 and bool(_LINE.match(rows[0])) and any(_LINE.match(row) for row in rows[1:20])


@extractor("whatsapp", suffixes=[".txt"], sniff=looks_like_whatsapp)
def read_whatsapp(source: Source) -> Iterator[Document]:
    """A document for each day. What the program itself says (encryption, who joined) is left out."""
    text = text_of(source)
    entries = list(_entries(text))
    month_first = _month_first([match for match, *_ in entries])
    said = [one for match, words, line in entries if (one := _said(match, words, line, month_first))]
    if not said:
        yield from read_plain(source)
        return
    stem = source.name.rpartition(".")[0]
    named = _NAME.match(stem)
    yield from conversation(said, source, Room(named.group(1) if named else stem.strip("_"), {}))


def _entries(text: str) -> Iterator[tuple[re.Match[str], list[str], int]]:
    """The time of each message, its lines, and where it begins."""
    match: re.Match[str] | None = None
    words: list[str] = []
    start = 1
    for number, row in enumerate(text.split("\n"), 1):
        if found := _LINE.match(row):
            if match:
                yield match, words, start
            match, words, start = found, [row[found.end() :]], number
        else:
            words.append(row)
    if match:
        yield match, words, start


def _month_first(matches: Sequence[re.Match[str]]) -> bool:
    firsts, seconds = ([int(match.group(group)) for match in matches] for group in (1, 3))
    if max(firsts, default=0) > 12 or max(seconds, default=0) > 12:
        return max(firsts) <= 12
    return bool(matches) and matches[0].group(2) == "/" and any(match.group(8) for match in matches)


def _said(match: re.Match[str], words: Sequence[str], line: int, month_first: bool) -> Said | None:
    speaker = _SAID.match(words[0])
    if speaker is None:
        return None
    rows = [words[0][speaker.end() :].strip("\u200e\u200f "), *words[1:]]
    while rows and not rows[-1].strip():
        rows.pop()
    text = "\n".join(rows)
    if not text.strip():
        return None
    marks, offset = [], 0
    for number, row in enumerate(rows, line):
        marks.append((offset, number))
        offset += len(row) + 1
    return Said(_at(match, month_first), speaker.group(1).strip(), text, marks)


def _at(match: re.Match[str], month_first: bool) -> datetime | None:
    first, second, last = (int(match.group(group)) for group in (1, 3, 4))
    hour, minute, seconds = (int(match.group(group) or 0) for group in (5, 6, 7))
    if first > 31:
        year, month, day = first, second, last
    else:
        day, month = (second, first) if month_first else (first, second)
        year = last if last > 99 else 2000 + last
    if half := match.group(8):
        hour = hour % 12 + (12 if half in "Pp" else 0)
    try:
        return datetime(year, month, day, hour, minute, min(seconds, 59)).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
