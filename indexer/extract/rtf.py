"""Rich Text Format: text, headings, tables and what the file says about itself.

Read here because the libraries for it drop what matters: striprtf knows neither headings nor dates, nor text in boxes,
and takes seconds for a file that holds pictures.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.members import member
from ask.indexer.extract.ole import packed_file
from ask.indexer.extract.pdf import title_of
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.registry import Source, extractor, read
from ask.indexer.extract.unpack import Budget
from ask.indexer.text import normalise

DEEPEST = 1_000
"""Open groups; more are an attack."""

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\",
    re.DOTALL,
)
_CHARACTERS: Mapping[bytes, str] = {
    b"tab": "\t", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"bullet": "•", b"line": "\n", b"emspace": " ", b"enspace": " ", b"softline": "\n", b"lbr": "\n",
}  # fmt: skip
_SYMBOLS: Mapping[bytes, str] = {b"~": " ", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\r", b"\r": "\r"}
_UNSEEN = frozenset(
    b"fonttbl colortbl stylesheet info pict objdata fldinst themedata colorschememapping datastore listtable "
    b"listoverridetable rsidtbl revtbl xmlnstbl latentstyles generator filetbl nonshppict sp bkmkstart bkmkend "
    b"pnseclvl pntext listtext xe tc ftnsep ftnsepc aftnsep aftnsepc template passwordhash objclass objname "
    b"private mmathPr wgrffmtfilter do pgptbl upr blipuid shpgrp atnid atnauthor atnref atnicn atndate atntime".split()
)
_SEEN = frozenset(b"shpinst shptxt annotation ud footnote shprslt".split())
"""Destinations with text among those that readers may skip."""
_CODE_PAGES: Mapping[int, str] = {
    0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_TITLES = (b"title", b"author", b"operator", b"subject", b"keywords")
_DATES = (b"revtim", b"creatim")


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until a brace closes."""

    place: bytes = b""
    """The destination: empty for the text itself."""
    unseen: bool = False
    page: str = ""
    """Code page of the font; empty: that of the file."""
    skip: int = 1
    """Bytes that stand for a character given by its number."""


@dataclass(slots=True)
class _Paragraph:
    level: int | None = None
    style: int | None = None
    in_table: bool = False


@extractor("rtf", suffixes=[".rtf"], magic=[b"{\\rtf", b"{\\urtf"])
def read_rtf(source: Source) -> Iterator[Document]:
    """One document. Raises `Unreadable` "damaged" or "empty"."""
    if not source.data.lstrip()[:6].startswith((b"{\\rtf", b"{\\urtf")):
        raise Unreadable("damaged", "it does not begin as RTF does")
    reader = _Reader(source.data)
    reader.run()
    found = False
    if reader.pieces.blocks:
        found = True
        yield _document(source, reader)
    budget = Budget(source)
    for inner in filter(None, map(_object, reader.objects)):
        with suppress(Unreadable):
            for document in read(member(source, *inner, budget)):
                found = True
                yield document
    if not found:
        raise Unreadable("empty")


def _object(data: bytes) -> tuple[str, bytes] | None:
    """The file in an embedded object, behind its class, topic and item; None when it holds none."""
    try:
        at, names = 8, []
        for _ in range(3):
            (length,) = struct.unpack_from("<I", data, at)
            names.append(data[at + 4 : at + 4 + length])
            at += 4 + length
        content = data[at + 4 :]
        if names[0].startswith(b"Package"):
            return packed_file(bytes(4) + content)
    except (struct.error, ValueError):
        return None
    return ("object", content) if content else None


def _document(source: Source, reader: _Reader) -> Document:
    said = reader.said
    facts = {"subject": said.get(b"subject", ""), "tags": said.get(b"keywords", "")}
    return Document(
        reader.pieces.text,
        title=title_of({"Title": said.get(b"title", "")}),
        member=source.member,
        blocks=tuple(reader.pieces.blocks),
        date=reader.date(),
        people=tuple(dict.fromkeys(filter(None, (said.get(b"author", ""), said.get(b"operator", ""))))),
        lines=(),
        pages=tuple(reader.pieces.pages) if reader.page > 1 else (),
        facts={name: value for name, value in facts.items() if value},
    )


@dataclass(slots=True)
class _Tables:
    """What the head of a file defines."""

    page: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    levels: dict[int, int] = field(default_factory=dict)
    """Levels of headings by the number of their style."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.pieces = Pieces()
        self.said: dict[bytes, str] = {}
        self.page = 1
        self._shown = 0
        self._stack: list[_Group] = []
        self._group = _Group()
        self._tables = _Tables()
        self._text: list[str] = []
        self._bytes = bytearray()
        self._to_skip = 0
        self._paragraph = _Paragraph()
        self._path: list[tuple[int, str]] = []
        self._rows = False
        """The last piece is a row of a table."""
        self._font = self._style = 0
        self._word: list[str] = []
        """Text of the open entry in a table of the head."""
        self._opens = False
        """A group has just been opened: only here a star marks what readers may skip."""
        self._starred = False
        self._hex: list[bytes] = []
        self.objects: list[bytes] = []
        """Embedded objects."""
        self._moments: dict[bytes, dict[bytes, int]] = {}

    def run(self) -> None:
        """Read the file; what a cut leaves open is closed."""
        at, data = 0, self._data
        while (match := _TOKEN.match(data, at)) is not None:
            at = match.end()
            word, number, code, symbol, brace, text = match.groups()
            if symbol == b"*":
                self._starred = self._opens
                continue
            self._opens = brace == b"{" or (self._opens and match.group().isspace())
            if word == b"bin":
                at += max(int(number or 0), 0)
            elif text is not None:
                self._write(text)
            elif code is not None:
                self._write(bytes([int(code, 16)]))
            elif brace is not None:
                self._brace(brace)
            elif word is not None:
                self._control(word, int(number) if number else None)
            elif symbol is not None:
                self._symbol(symbol)
        self._end_paragraph()

    def date(self) -> datetime | None:
        """When it was last changed, or else written, in local time."""
        for name in _DATES:
            parts = self._moments.get(name, {})
            try:
                stated = datetime(*(parts.get(part, 0) for part in (b"yr", b"mo", b"dy", b"hr", b"min")))  # type: ignore[arg-type]
                return stated.astimezone() if stated.year > 1980 else None
            except (ValueError, OverflowError, OSError):
                continue
        return None

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._to_skip = 0
        if brace == b"{":
            if len(self._stack) >= DEEPEST:
                raise Unreadable("too deep", "groups without end")
            self._stack.append(self._group)
        elif self._stack:
            self._end_entry()
            self._group = self._stack.pop()
        self._starred = False

    def _symbol(self, symbol: bytes) -> None:
        if symbol in (b"\n", b"\r"):
            self._control(b"par", None)
        elif text := _SYMBOLS.get(symbol):
            self._flush()
            self._put(text)

    def _control(self, word: bytes, number: int | None) -> None:
        starred, self._starred = self._starred, False
        if word in _UNSEEN or (starred and word not in _SEEN):
            self._flush()
            self._group = replace(self._group, place=word, unseen=True)
        elif word == b"u":
            self._character(number or 0)
        elif word in _CHARACTERS:
            self._flush()
            self._put(_CHARACTERS[word])
        elif self._group.unseen:
            self._define(word, number)
        else:
            self._format(word, number)

    def _define(self, word: bytes, number: int | None) -> None:
        """Words in the tables of the head."""
        place = self._group.place
        if word == b"f" and place == b"fonttbl":
            self._font = number or 0
        elif word in (b"fcharset", b"cpg") and place == b"fonttbl":
            name = f"cp{number}" if word == b"cpg" else _CODE_PAGES.get(number or 0, "")
            self._tables.fonts[self._font] = _known(name)
        elif word == b"s" and place == b"stylesheet":
            self._style = number or 0
        elif word == b"outlinelevel" and place == b"stylesheet" and number is not None and 0 <= number < 9:
            self._tables.levels[self._style] = number + 1
        elif word in _TITLES or word in _DATES:
            self._flush()
            self._group = replace(self._group, place=word)
        elif place in _DATES and number is not None:
            self._moments.setdefault(place, {})[word] = number

    def _end_entry(self) -> None:
        if self._hex:
            digits = b"".join(self._hex)
            self._hex.clear()
            with suppress(ValueError):
                self.objects.append(bytes.fromhex(digits[: len(digits) & ~1].decode("ascii", "replace")))
        text = " ".join("".join(self._word).split())
        self._word.clear()
        if self._group.place in _TITLES and text:
            self.said.setdefault(self._group.place, normalise(text)[:1000])

    def _format(self, word: bytes, number: int | None) -> None:
        """Words in the text."""
        if word in (b"par", b"sect", b"page", b"row", b"nestrow"):
            self._end_paragraph(row=word in (b"row", b"nestrow"))
            self.page += word == b"page"
        elif word in (b"cell", b"nestcell"):
            self._flush()
            self._text.append("\x07")
        elif word == b"pard":
            self._paragraph = _Paragraph()
        elif word == b"intbl":
            self._paragraph.in_table = True
        elif word == b"s":
            self._paragraph.style = number
        elif word == b"outlinelevel":
            self._paragraph.level = number + 1 if number is not None and 0 <= number < 9 else None
        elif word in (b"footnote", b"annotation", b"shptxt"):
            self._flush()
            self._text.append(" ")
        elif word in (b"f", b"uc", b"ansicpg", b"mac", b"pc", b"pca", b"v"):
            self._set(word, number)

    def _set(self, word: bytes, number: int | None) -> None:
        self._flush()
        if word == b"f":
            self._group = replace(self._group, page=self._tables.fonts.get(number or 0, ""))
        elif word == b"uc":
            self._group = replace(self._group, skip=min(max(number or 0, 0), 10))
        elif word == b"v":
            self._group = replace(self._group, unseen=number != 0)
        else:
            names = {b"ansicpg": f"cp{number}", b"mac": "mac-roman", b"pc": "cp437", b"pca": "cp850"}
            self._tables.page = _known(names[word]) or self._tables.page

    def _character(self, number: int) -> None:
        self._flush()
        code = number & 0xFFFF if number < 0 else number
        if 0xF020 <= code <= 0xF0FF:  # symbols of a font
            code -= 0xF000
        if 0 < code < 0x110000:
            self._put(chr(code))
        self._to_skip = self._group.skip

    def _write(self, text: bytes) -> None:
        """Bytes of the file's or the font's code page. A character of several bytes may come in several tokens."""
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        if self._group.place == b"objdata":
            self._hex.append(text)
        elif text:
            self._bytes += text

    def _flush(self) -> None:
        if self._bytes:
            page = self._group.page or self._tables.page
            text = self._bytes.decode(page, "replace")
            self._bytes.clear()
            self._put(text)

    def _put(self, text: str) -> None:
        if not self._group.unseen:
            self._text.append(text)
        elif self._group.place in _TITLES:
            self._word.append(text)

    def _end_paragraph(self, row: bool = False) -> None:
        self._flush()
        if self._paragraph.in_table and not row and "\x07" not in "".join(self._text[-1:]) and self._text:
            self._text.append(" ")  # a cell of several paragraphs goes on
            return
        text = _joined("".join(self._text))
        is_row = row or "\x07" in "".join(self._text)
        self._text.clear()
        if not text.strip():
            return
        level = self._paragraph.level or self._tables.levels.get(self._paragraph.style or -1)
        if level and not is_row:
            self._path = [part for part in self._path if part[0] < level] + [(level, " ".join(text.split())[:300])]
        page = self.page if self.page != self._shown else None
        self._shown = self.page
        heading = tuple(name for _, name in self._path)
        self.pieces.add(text, heading=heading, page=page, joined=is_row and self._rows and page is None)
        self._rows = is_row


def _joined(text: str) -> str:
    """Characters beyond the first 65,536 are written as two halves; cells end with a mark."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return normalise(" | ".join(cell.strip() for cell in text.split("\x07")).strip(" |") if "\x07" in text else text)


def _known(name: str) -> str:
    """A code page, empty when Python has none of this name."""
    try:
        "".encode(name)
    except LookupError:
        return ""
    return name
