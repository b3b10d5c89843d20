"""Plain text: notes, logs, READMEs, and whatever else turns out to be text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import paragraphs
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import decode, looks_binary

LONGEST_LINE = 50_000
"""Code points; a longer line almost without blanks was written by a program."""

_TITLE = re.compile(
    r"\s*(?:([=\-~*_#])\1{2,}[^\S\n]*\n)?[^\S\n]*(\S[^\n]{0,79})\n"  # perhaps a line above it, as rst has
    r"(?:[^\S\n]*\n|([=\-~*_#])\3{2,}[^\S\n]*(?:\n|$))"
)
_SUFFIXES = [".txt", ".text", ".log", ".asc", ".nfo", ".me", ".1st", ".diz", ".ans", ".out", ".err"]
_NAMES = [
    "readme",
    "license",
    "licence",
    "copying",
    "changelog",
    "changes",
    "news",
    "todo",
    "authors",
    "notes",
]

_CODES = (b"%!PS", b"\x1b%-12345X")
"""PostScript and PJL: made of letters, but no text."""


@extractor("plain", suffixes=_SUFFIXES, names=_NAMES)
def read_plain(source: Source) -> Iterator[Document]:
    """One document with a block for each paragraph. Scripts among text files go to the reader of code."""
    text = text_of(source)
    if text.startswith("#!"):
        from ask.indexer.extract.code import script_documents

        yield from script_documents(source, text)
        return
    if machine_written(text):
        raise Unreadable("machine-written", "a line of more than 50,000 characters without blanks")
    blocks = tuple(Block(start, end) for start, end in paragraphs(text))
    kind = "log" if source.suffix == ".log" else "note"
    yield Document(text, kind, title="" if kind == "log" else title_of(text), member=source.member, blocks=blocks)


@extractor("text", sniff=lambda source: not looks_binary(source.data))
def read_any_text(source: Source) -> Iterator[Document]:
    """Text whose name says nothing."""
    if source.data.startswith(_CODES):
        raise Unreadable("unsupported", "a format of codes among which the words are lost")
    yield from read_plain(source)


def text_of(source: Source, declared: str = "") -> str:
    """The decoded text of a source. Raises `Unreadable` "binary" or "empty"."""
    if looks_binary(source.data):
        raise Unreadable("binary", "binary data, although the name promises text")
    text = decode(source.data, declared)
    if not text.strip():
        raise Unreadable("empty")
    return text


def title_of(text: str) -> str:
    """A short first line that stands alone or is underlined; empty when there is none."""
    match = _TITLE.match(text, 0, 400)
    title = match.group(2).strip() if match else ""
    return title if any(c.isalnum() for c in title) and title[-1] not in ",;" else ""


def machine_written(text: str) -> bool:
    """True for minified and generated text: a very long line in which blanks are rare, unlike prose on one line."""
    if len(text) < LONGEST_LINE:
        return False
    longest = max(text.split("\n"), key=len)
    return len(longest) > LONGEST_LINE and longest.count(" ") * 20 < len(longest)
