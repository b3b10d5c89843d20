"""Conversations: what was said becomes a document for each day, a block for each turn, sections where people paused.

Every line begins with its time and its speaker, so that a hit shows both, and knows its line in the file. The links
that were posted are facts of the document, so that "the link" finds them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from ask.indexer.documents import Block, Document
from ask.indexer.extract.registry import Source

PAUSE = timedelta(minutes=30)
"""A longer silence ends a conversation."""
LINKS = 40
"""Most links of a document that become facts."""
PEOPLE = 60
"""Most speakers named, those who said the most first."""

_LINK = re.compile(r"\b(?:https?://|ftp://|www\.)[^\s<>\"|]+[^\s<>\"|.,;:!?)\]}']")


@dataclass(frozen=True, slots=True)
class Said:
    """One message."""

    at: datetime | None
    """Timezone-aware; None when the log does not say."""
    who: str
    text: str
    """One or more lines; not empty."""
    marks: Sequence[tuple[int, int]]
    """(offset in the text, source line) pairs, rising; the first one at 0."""
    did: bool = False
    """An action (`/me waves`) rather than words."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where it was said."""

    name: str
    """Channel, group or partner, as its members call it; empty when the log does not say."""
    facts: Mapping[str, str]
    """What else is known: network, server."""


def conversation(said: Sequence[Said], source: Source, room: Room, within: str = "") -> Iterator[Document]:
    """A document for each day. Days are members when the file holds several; `within` is a room's place in its file."""
    days = [(day, list(group)) for day, group in groupby(said, key=_day)]
    taken: Counter[str] = Counter()
    for day, group in days:
        taken[day] += 1
        name = day if taken[day] == 1 else f"{day} ({taken[day]})"  # clocks were set back
        yield one_document(group, source, room, source.inside(within, name if len(days) > 1 else ""), day)


def one_document(said: Sequence[Said], source: Source, room: Room, member: str | None, day: str = "") -> Document:
    """All of `said` as one document."""
    text = _Text()
    for section in _sections(said):
        heading = (section[0].at.strftime("%Y-%m-%d %H:%M"),) if section[0].at else ()
        for _, turn in groupby(section, key=lambda one: one.who):
            text.turn(list(turn), heading)
    speakers = Counter(one.who for one in said if one.who)
    links = dict.fromkeys(match.group() for one in said for match in _LINK.finditer(one.text))
    facts = {"channel": room.name, **room.facts, "links": " ".join(list(links)[:LINKS])}
    return Document(
        text.text,
        "chat",
        title=" ".join(part for part in (room.name, day) if part),
        member=member,
        blocks=tuple(text.blocks),
        date=said[0].at,
        people=tuple(who for who, _ in speakers.most_common(PEOPLE)),
        lines=tuple(text.lines),
        facts={name: value for name, value in facts.items() if value},
    )


def _day(one: Said) -> str:
    return one.at.strftime("%Y-%m-%d") if one.at else ""


def _sections(said: Sequence[Said]) -> Iterator[list[Said]]:
    """Runs of messages without a long pause between them."""
    section: list[Said] = []
    for one in said:
        before = section[-1].at if section else None
        if before and one.at and abs(one.at - before) > PAUSE:
            yield section
            section = []
        section.append(one)
    if section:
        yield section


class _Text:
    """Puts lines together and remembers where each comes from."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.blocks: list[Block] = []
        self.lines: list[tuple[int, int]] = []

    @property
    def text(self) -> str:
        return "\n".join(self._parts)

    def turn(self, said: Sequence[Said], heading: tuple[str, ...]) -> None:
        """What one person said until somebody else spoke: a block."""
        start = self._length + bool(self._parts)
        for one in said:
            self._add(one)
        self.blocks.append(Block(start, self._length, heading))

    def _add(self, one: Said) -> None:
        time = one.at.strftime("%H:%M ") if one.at else ""
        who = f"* {one.who} " if one.did else f"{one.who}: " if one.who else ""
        before = self._length + bool(self._parts) + len(time + who)
        for position, (offset, line) in enumerate(one.marks):
            self._mark(before + offset if position else before - len(time + who), line)
        self._parts.append((time + who + one.text).rstrip())
        self._length += len(self._parts[-1]) + (len(self._parts) > 1)

    def _mark(self, offset: int, line: int) -> None:
        if not self.lines or self.lines[-1][1] != line:
            self.lines.append((offset, line))
