"""Logs of IRC and other chats in lines: irssi, weechat, HexChat and XChat, ZNC, energymech, mIRC, Quassel, Pidgin.

Their lines differ in how time and speaker are written, so one pattern reads all of them. The day stands in the line, in
a line above it, or in the name of the file; a clock that goes back means that midnight has passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import PurePath

from ask.indexer.documents import Document
from ask.indexer.extract.chat import Room, Said, conversation
from ask.indexer.extract.moments import moment
from ask.indexer.extract.plain import read_plain
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import decode

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_LINE = re.compile(
    r"""[\[(]?
    (?:(?P<iso>\d{4}-\d\d-\d\d)[T ]|(?P<month>[A-Z][a-z]{2})[ ]{1,2}(?P<day>\d{1,2})[ ](?:(?P<year>\d{4})[ ])?)?
    (?P<time>\d{1,2}:\d\d(?::\d\d)?)(?:\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?(?P<half>[ ]?[AaPp][Mm])?
    (?P<close>[\])])?(?P<gap>[ \t]*)(?P<rest>.*)""",
    re.VERBOSE,
)
_SAID = re.compile(r"<[ @+%&~!*]?([^<>\s]{1,60})>\s?(.*)")
_DID = re.compile(r"\*\s{1,3}([^\s*:]{1,60})\s(.+)")
_TABBED = re.compile(r"([^\s<>\t](?:[^<>\t]{0,58}[^\s<>\t])?)\t(.*)")
_COLON = re.compile(r"([^\s:/][^:/]{0,58}):\s(.+)")
_EVENT = re.compile(
    r"(?:-!-|\*{3}|-->|<--|--|-+\*|[←→—*]{1,2}\t|<->)(?:\s|$)|\*\s+(?:Now talking|Topic|Joins|Parts|Quits)"
)
_EVENT_NAMES = frozenset(["-->", "<--", "--", "=!=", "***", "*"])
_LEVELS = frozenset("trace debug info notice warn warning error critical fatal".split())
_DATED = re.compile(
    r"(?:-{3}\s*(?:Log opened|Day changed)|\*{4} (?:BEGIN|ENDING) LOGGING AT|Session (?:Start|Time|Ident):"
    r"|Conversation with .{1,200}? at|\[?-{2,}\s*(?:Day changed to)?)\s*(?:[A-Z][a-z]{2,8},? )?(.{6,60})"
)
_MONTH_DAY_YEAR = re.compile(r"(?P<m>[A-Z][a-z]{2})[a-z]* +(?P<d>\d{1,2})\b.*?(?P<y>(?:19|20)\d\d)")
_DAY_MONTH_YEAR = re.compile(r"(?P<d>\d{1,2})[ -]?(?P<m>[A-Z][a-z]{2})[a-z]*[ -]?(?P<y>(?:19|20)\d\d)")
_DIGITS = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-_./]?(?P<m>\d\d)[-_./]?(?P<d>\d\d)(?!\d)")
_OTHER = re.compile(r"(?:---|\*{4}|Session |Conversation with )")
_CHANNEL = re.compile(r"((?:#|%23)+[^\s/,]+)")
_REST_OF_NAME = re.compile(r"[._-]*(?:(?:19|20)\d\d[-_./]?\d\d[-_./]?\d\d.*|\.?(?:log|txt|weechatlog|irclog)\b.*)$")
_SUFFIXES = [".log", ".txt", ".weechatlog", ".irclog", ".irc"]
_CODES = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|[\x00-\x08\x0b-\x1f\x7f]")
SAMPLE = 6_000
"""Bytes that tell a log of a chat from other text."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a log, its parts still as written."""

    number: int
    hour: int
    minute: int
    second: int
    day: date | None
    zone: str
    who: str
    text: str
    did: bool


def looks_like_chat(source: Source) -> bool:
    """Most of the first lines are lines of a chat, and somebody says something."""
    rows = [row for row in source.data[:SAMPLE].decode("latin-1").replace("\r", "").split("\n")[:60] if row.strip()]
    rows = rows[:-1] if len(source.data) > SAMPLE else rows
    parsed = [_parsed(row, 0) for row in rows if not _OTHER.match(row)]
    spoken = [line for line in parsed if line is not None and line.who]
    names = {line.who.lower() for line in spoken}
    return bool(spoken) and not names & _LEVELS and 10 * sum(line is not None for line in parsed) >= 7 * len(parsed)


@extractor("chat log", suffixes=_SUFFIXES, sniff=looks_like_chat)
def read_chat_log(source: Source) -> Iterator[Document]:
    """A document for each day; who came and went is left out."""
    said = list(_dated(_lines(decode(source.data)), source))
    if not said:
        yield from read_plain(source)
        return
    yield from conversation(said, source, Room(channel_of(source), {}))


@extractor("chat log by content", sniff=looks_like_chat)
def read_chat_log_by_content(source: Source) -> Iterator[Document]:
    """A log whose name has no suffix, or one that says nothing."""
    yield from read_chat_log(source)


def channel_of(source: Source) -> str:
    """The channel in the path, else what the name of the file says besides the day."""
    place = PurePath(source.path or source.name)
    for part in (place.name, *reversed(place.parent.parts[-3:])):
        if match := _CHANNEL.search(part):
            return _REST_OF_NAME.sub("", match.group(1).replace("%23", "#"))
    stem = _REST_OF_NAME.sub("", place.name)
    if not any(c.isalpha() for c in stem):
        stem = place.parent.name
    return stem.rpartition(".")[2] if stem.startswith("irc.") else stem


def day_in_name(source: Source) -> date | None:
    """The last day that the path names, as in `#ask.2009-03-14.log` and `2009/03/14/#ask.txt`."""
    found = None
    for pattern in (_DIGITS, _DAY_MONTH_YEAR):
        for match in pattern.finditer("/".join((source.path or source.name).split("/")[-4:])):
            found = _day(match) or found
    return found


def _day(match: re.Match[str]) -> date | None:
    month = match["m"]
    try:
        number = int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1
        return date(int(match["y"]), number, int(match["d"]))
    except ValueError:
        return None


def _lines(text: str) -> Iterator[_Line | date]:
    """What was said, and the days that lines in between announce."""
    year = None
    for number, row in enumerate(text.split("\n"), 1):
        if (stated := _DATED.match(row)) and (day := _stated_day(stated.group(1))):
            year = day.year
            yield day
        elif line := _parsed(row, number, year):
            yield line


def _stated_day(words: str) -> date | None:
    for pattern in (_DIGITS, _MONTH_DAY_YEAR, _DAY_MONTH_YEAR):
        if (match := pattern.search(words)) and (day := _day(match)):
            return day
    return None


def _parsed(row: str, number: int, year: int | None = None) -> _Line | None:
    """A line with a time; nobody is named when it only tells who came and went."""
    match = _LINE.match(row)
    if match is None or (spoken := _spoken(match)) is None:
        return None
    hour, minute, second = (int(part) for part in [*match["time"].split(":"), "0"][:3])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].strip().lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    return _Line(number, hour, minute, min(second, 59), _line_day(match, year), match["zone"] or "", *spoken)


def _spoken(match: re.Match[str]) -> tuple[str, str, bool] | None:
    """Who said or did what; None when it is no line of a chat."""
    rest: str = match["rest"]
    if said := _SAID.match(rest):
        return said.group(1), said.group(2), False
    if _EVENT.match(rest) and not rest.startswith("--\t#"):
        return "", "", False
    if did := _DID.match(rest):
        return did.group(1), did.group(2), True
    if "\t" in match["gap"] or (match["month"] and "\t" in rest):
        return _tabbed(rest)
    if match["close"] == ")" and (said := _COLON.match(rest)):
        return said.group(1), said.group(2), False
    return None


def _tabbed(rest: str) -> tuple[str, str, bool] | None:
    """Nick and words with a tab between them, as weechat and HexChat write them."""
    said = _TABBED.match(rest)
    if said is None or said.group(1).strip() in _EVENT_NAMES:
        return ("", "", False) if said else None
    who, words = said.group(1).lstrip("@+%&~! "), said.group(2)
    return (who, words, False) if who else None


def _line_day(match: re.Match[str], year: int | None) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["month"] and (match["year"] or year):
            month = _MONTHS.index(match["month"].lower()) + 1
            return date(int(match["year"] or year or 0), month, int(match["day"]))
    except ValueError:
        return None
    return None


def _dated(lines: Iterator[_Line | date], source: Source) -> Iterator[Said]:
    """Give every line its day: its own, the last one announced, or days counted by midnights from the file's."""
    entries = list(lines)
    announced = any(isinstance(entry, date) or entry.day for entry in entries)
    day = _first_day([entry for entry in entries if isinstance(entry, _Line)], source) if not announced else None
    before: _Line | None = None
    for entry in entries:
        if isinstance(entry, date):
            day, before = entry, None
            continue
        if entry.day:
            day = entry.day
        elif day and before and _passed_midnight(before, entry):
            day += timedelta(days=1)
        before = entry
        if entry.who and entry.text.strip():
            yield Said(_at(day, entry), entry.who, _clean(entry.text), [(0, entry.number)], entry.did)


def _first_day(lines: Sequence[_Line], source: Source) -> date | None:
    """The day of the first line: named by the file, or counted back from when the file was last written."""
    if named := day_in_name(source):
        return named
    if source.modified is None:
        return None
    midnights = sum(_passed_midnight(one, next_one) for one, next_one in pairwise(lines))
    try:
        return source.modified.astimezone().date() - timedelta(days=midnights)
    except OverflowError:
        return None


def _passed_midnight(before: _Line, now: _Line) -> bool:
    """An hour's step back; smaller ones are clocks being set."""
    return (now.hour * 60 + now.minute) < (before.hour * 60 + before.minute) - 60


def _at(day: date | None, line: _Line) -> datetime | None:
    if day is None:
        return None
    return moment(f"{day.isoformat()}T{line.hour:02}:{line.minute:02}:{line.second:02}{line.zone}")


def _clean(text: str) -> str:
    """Without mIRC's codes for colours and bold type."""
    return _CODES.sub("", text).strip()
