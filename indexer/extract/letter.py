"""A mail, whatever it came in, and the documents it is: its own text and each of its attachments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import registry
from ask.indexer.extract.letter_page import page_pieces
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.quoting import is_forward, new_lines
from ask.indexer.extract.registry import Source

SHORT = 200
"""Code points; a shorter plain text next to a page three times as long only says that there is a page."""


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a mail with the source line of each of its lines, 1-based; no lines where the file has none."""

    text: str
    lines: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file in a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, before quoted text is left out."""

    subject: str
    people: tuple[str, ...] = ()
    """The author first."""
    date: datetime | None = None
    thread: str = ""
    plain: Body | None = None
    page: Body | None = None
    """The same text as HTML."""
    enclosed: Sequence[Enclosed] = ()
    inner: Sequence[Letter] = ()
    """Mails attached to this one."""
    lost: Sequence[str] = field(default=())
    """What could not be read, for people: `smime.p7m: encrypted`."""


def documents(letter: Letter, source: Source, member: str | None) -> Iterator[Document]:
    """The mail, then what is in it. Yields nothing for a mail without any text.

    `member` is the place of the mail in its file, None when it is the file.
    """
    attached = list(_attached(letter, source, member))
    unread = [found for found in attached if isinstance(found, str)]
    pieces, left_out = _pieces(letter)
    if not pieces.blocks and (subject := _subject(letter)):
        pieces.add(subject)
    if pieces.blocks:
        yield Document(
            pieces.text,
            "mail",
            title=letter.subject,
            member=member,
            blocks=tuple(pieces.blocks),
            date=letter.date,
            people=letter.people,
            header=_author(letter),
            lines=tuple(pieces.lines),
            facts=_facts(letter, left_out, unread),
        )
    yield from (found for found in attached if isinstance(found, Document))


def _subject(letter: Letter) -> str:
    return letter.subject or ", ".join(part.name for part in letter.enclosed)


def _author(letter: Letter) -> str:
    return letter.people[0].partition(" <")[0] if letter.people else ""


def _facts(letter: Letter, left_out: int, unread: Sequence[str]) -> dict[str, str]:
    names = [part.name for part in letter.enclosed] + [inner.subject for inner in letter.inner]
    facts = {
        "thread": letter.thread,
        "attachments": ", ".join(filter(None, names)),
        "not read": ", ".join([*letter.lost, *unread]),
        "left out": f"{left_out} quoted or signature lines" if left_out else "",
    }
    return {name: value for name, value in facts.items() if value}


def _pieces(letter: Letter) -> tuple[Pieces, int]:
    """The text that is new, and how many lines of it were left out."""
    plain = letter.plain if letter.plain is not None and letter.plain.text.strip() else None
    forwarded = is_forward(letter.subject)
    if letter.page is not None and (plain is None or len(plain.text.strip()) < SHORT):
        pieces, left_out = page_pieces(letter.page.text, letter.page.lines, forwarded)
        if plain is None or pieces.length > 3 * len(plain.text.strip()):
            return pieces, left_out
    return _plain_pieces(plain, forwarded) if plain is not None else (Pieces(), 0)


def _plain_pieces(body: Body, forwarded: bool) -> tuple[Pieces, int]:
    lines = body.text.split("\n")
    kept = new_lines(lines, forwarded)
    pieces = Pieces()
    for run in _runs(lines, kept):
        text = "\n".join(lines[position] for position in run)
        marks, offset = [], 0
        for position in run:
            if position < len(body.lines):
                marks.append((offset, body.lines[position]))
            offset += len(lines[position]) + 1
        pieces.add(text, marks=marks)
    return pieces, sum(bool(line.strip()) for line in lines) - sum(bool(lines[at].strip()) for at in kept)


def _runs(lines: Sequence[str], kept: Sequence[int]) -> Iterator[list[int]]:
    """Paragraphs of the kept lines: neighbours without a blank or dropped line between them."""
    run: list[int] = []
    for position in kept:
        if run and (position != run[-1] + 1 or not lines[position].strip()):
            yield run
            run = []
        if lines[position].strip():
            run.append(position)
    if run:
        yield run


def _attached(letter: Letter, source: Source, member: str | None) -> Iterator[Document | str]:
    """Documents of everything attached; a text for people for what could not be read."""
    taken: set[str] = set()
    for inner in letter.inner:
        name = _free(inner.subject or "message", taken)
        if source.depth >= source.limits.depth:
            yield f"{name}: too deep"
            continue
        deeper = replace(source, depth=source.depth + 1)
        yield from documents(inner, deeper, _joined(member, name))
    for part in letter.enclosed:
        name = _free(part.name, taken)
        inside = replace(
            source,
            data=part.data,
            name=name,
            path=f"{source.path}/{name}",
            member=_joined(member, name),
            depth=source.depth + 1,
            modified=letter.date or source.modified,
        )
        try:
            yield from registry.read(inside)
        except Unreadable as problem:
            yield f"{name}: {problem.reason}"


def _joined(member: str | None, name: str) -> str:
    return f"{member}/{name}" if member else name


def _free(name: str, taken: set[str]) -> str:
    """A name for a member: without folders, on one line, not yet used in this mail."""
    name = re.sub(r"\s+", " ", name.replace("\\", "/").rpartition("/")[2]).strip(" .")[:150] or "attachment"
    stem, dot, suffix = name.rpartition(".")
    number = 2
    while name in taken:
        name = f"{stem} ({number}).{suffix}" if dot and stem else f"{suffix} ({number})"
        number += 1
    taken.add(name)
    return name
