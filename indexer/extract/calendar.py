"""Calendars (ics): a document for each event, task and journal entry, with its day as its date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.content_lines import ContentLine, content_lines
from ask.indexer.extract.moments import moment
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

_ENTRIES = frozenset(["VEVENT", "VTODO", "VJOURNAL"])
_SHOWN = ("SUMMARY", "LOCATION", "DESCRIPTION", "COMMENT", "URL", "CATEGORIES")
_WHEN = ("DTSTART", "DUE", "DTEND", "COMPLETED", "CREATED", "DTSTAMP")
"""What says when an entry is, the most telling first."""
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?")
_REPEATS = re.compile(r"FREQ=(\w+)", re.IGNORECASE)


@extractor("calendar", suffixes=[".ics", ".ical", ".ifb", ".icalendar", ".vcs"], magic=[b"BEGIN:VCALENDAR"])
def read_calendar(source: Source) -> Iterator[Document]:
    """The entries; members "1", "2", … when there are several."""
    text = text_of(source)
    entries, name = _entries(text)
    if not entries:
        reason = "empty" if "BEGIN:VCALENDAR" in text.upper() else "damaged"
        raise Unreadable(reason, "a calendar without entries")
    found = False
    for number, entry in enumerate(entries, 1):
        if document := _document(entry, source, name, str(number) if len(entries) > 1 else ""):
            found = True
            yield document
    if not found:
        raise Unreadable("empty", "a calendar without words")


def _entries(text: str) -> tuple[list[list[ContentLine]], str]:
    """The properties of each entry, alarms left out, and the calendar's name."""
    entries: list[list[ContentLine]] = []
    inside: list[str] = []
    name = ""
    for line in content_lines(text):
        if line.name == "BEGIN":
            inside.append(line.value.strip().upper())
            if inside[-1] in _ENTRIES:
                entries.append([])
        elif line.name == "END":
            inside = inside[:-1]
        elif inside and inside[-1] in _ENTRIES:
            entries[-1].append(line)
        elif line.name == "X-WR-CALNAME":
            name = line.text
    return entries, name


def _document(entry: Sequence[ContentLine], source: Source, calendar: str, number: str) -> Document | None:
    pieces = Pieces()
    for name in _SHOWN:
        for line in entry:
            if line.name == name and (shown := line.text):
                pieces.add(shown, marks=[(0, line.line)])
    if not pieces.blocks:
        return None
    repeats = next(
        (match[1].lower() for line in entry if line.name == "RRULE" and (match := _REPEATS.search(line.value))), ""
    )
    facts = {"calendar": calendar, "place": _first(entry, "LOCATION"), "repeats": repeats, "ends": _shown_end(entry)}
    return Document(
        pieces.text,
        "event",
        title=" ".join(_first(entry, "SUMMARY").split()),
        member=source.inside(number),
        blocks=tuple(pieces.blocks),
        date=next((found for name in _WHEN if (found := _moment_of(entry, name))), None),
        people=tuple(_people(entry)),
        lines=tuple(sorted(pieces.lines)),
        facts={name: " ".join(value.split()) for name, value in facts.items() if value},
    )


def _first(entry: Sequence[ContentLine], name: str) -> str:
    return next((line.text for line in entry if line.name == name), "")


def _people(entry: Sequence[ContentLine]) -> Iterator[str]:
    """The organiser, then who was asked to come."""
    for role in ("ORGANIZER", "ATTENDEE"):
        for line in entry:
            if line.name == role:
                address = re.sub(r"(?i)^mailto:", "", line.value).strip()
                name = line.parameters.get("CN", "").strip()
                yield f"{name} <{address}>" if name and address and name != address else name or address


def _moment_of(entry: Sequence[ContentLine], name: str) -> datetime | None:
    line = next((line for line in entry if line.name == name), None)
    match = _MOMENT.match(line.value.strip()) if line else None
    if line is None or match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        if match[4] is None:
            return moment(date(year, month, day))
        zone = _zone("UTC" if match[7] else line.parameters.get("TZID", ""))
        return moment(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone))
    except ValueError:
        return None


def _zone(name: str) -> tzinfo | None:
    """A time zone by its name; None, the local one, for names that only one program knows."""
    try:
        return ZoneInfo(name) if name else None
    except (OSError, ValueError, LookupError):
        return None


def _shown_end(entry: Sequence[ContentLine]) -> str:
    end = _moment_of(entry, "DTEND")
    return end.strftime("%Y-%m-%d %H:%M") if end else ""
