"""Formats that a program of the system turns into one that we read: DjVu into text, help files (CHM) into web
pages, mailboxes of Outlook (PST) into mbox.

The program is started by the process that hands out files (`pool`), for a confined worker cannot start any; what it
wrote is what arrives here. Where the program is missing, or the file lies in an archive, the file itself arrives, which
is then said to wait for the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.html import read_html
from ask.indexer.extract.mail import read_mailbox
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import decode, normalise

FOLDER = "{folder}"
"""Stands for the folder that a program writes to."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a program turns a format into another. It reads standard input and writes standard output or, where there is
    `FOLDER` among the arguments, files into an empty folder, which are put together."""

    program: str
    """A key of `helpers.HELPERS`."""
    arguments: tuple[str, ...]
    magic: bytes
    """What the format itself begins with."""
    readable: tuple[str, ...] = ()
    """What the program must be able to read besides."""


_DJVU = Way("djvutxt", ("/dev/stdin",), b"AT&TFORM", ("/usr/share/djvu", "/usr/local/share/djvu"))
_HELP = Way("7z", ("x", "-so", "-tchm", "-bd", "/dev/stdin", "-r", "*.htm", "*.html"), b"ITSF")
_OUTLOOK = Way("readpst", ("-q", "-te", "-j", "0", "-8", "-o", FOLDER, "/dev/stdin"), b"!BDN")
WAYS: Mapping[str, Way] = {".djvu": _DJVU, ".djv": _DJVU, ".chm": _HELP, ".pst": _OUTLOOK, ".ost": _OUTLOOK}
"""By suffix, in lower case."""
_END_OF_PAGE = re.compile(rb"(?i)</html\s*>")


@extractor("djvu", suffixes=[".djvu", ".djv"], magic=[_DJVU.magic])
def read_djvu(source: Source) -> Iterator[Document]:
    """A book with its pages, from what djvutxt says."""
    _waits(source, _DJVU)
    pieces = Pieces()
    for number, page in enumerate(decode(source.data).split("\f"), 1):
        text = normalise(page)
        where: int | None = number
        for start, end in paragraphs(text):
            pieces.add(text[start:end], page=where)
            where = None
    if not pieces.blocks:
        raise Unreadable("scanned", "its pages are pictures")
    blocks, pages = tuple(pieces.blocks), tuple(pieces.pages)
    yield Document(pieces.text, "paper", member=source.member, blocks=blocks, lines=(), pages=pages)


@extractor("help file", suffixes=[".chm"], magic=[_HELP.magic])
def read_help(source: Source) -> Iterator[Document]:
    """A document for each page of a help file, from what 7z says."""
    _waits(source, _HELP)
    found = 0
    for part in _END_OF_PAGE.split(source.data):
        if not part.strip():
            continue
        member = source.inside(str(found + 1))
        try:
            for page in read_html(replace(source, data=part, name="page.html", member=member)):
                found += 1
                yield replace(page, lines=())
        except Unreadable:
            continue
    if not found:
        raise Unreadable("empty", "no page with text")


@extractor("outlook mailbox", suffixes=[".pst", ".ost"], magic=[_OUTLOOK.magic])
def read_outlook_mailbox(source: Source) -> Iterator[Document]:
    """The mails of an Outlook mailbox, from what readpst says."""
    _waits(source, _OUTLOOK)
    yield from read_mailbox(source)


def _waits(source: Source, way: Way) -> None:
    if source.data.startswith(way.magic):
        raise Unreadable("needs helper", way.program)
