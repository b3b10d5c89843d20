"""Manual pages in man and mdoc: their text without requests, sections as headings, every line with its source line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

_FIRST = re.compile(rb"^\.\s*(?:TH|Dd|Dt)[ \t]", re.MULTILINE)
_REQUEST = re.compile(r"[.'][ \t]*([A-Za-z]{1,2}|[A-Z]\w*)(?=\s|$)[ \t]*(.*)")
_SECTIONS = {"SH": 1, "Sh": 1, "SS": 2, "Ss": 2}
_SILENT = frozenset(
    "TH Dd Dt Os so de am ig nf fi ne sp br ad na nh hy ft ta in ti ps ll if ie el ds nr so de1 tr rm rr rn mk rt"
    " RS RE PD DT EX EE UE ME YS P PP LP HP Pp Bl El Bd Ed Rs Re TS TE".split()
)
"""Requests that set how a page looks."""
_BREAKS = frozenset("P PP LP HP Pp sp TP IP It RS RE Bl El Bd Ed".split())
_ESCAPE = re.compile(
    r"\\(?:f(?:\[[^\]]*\]|\(..|.)|s[-+]?\d+|m\[[^\]]*\]|\*(?:\(..|\[[^\]]*\]|.)|\((..)|\[([^\]]*)\]|\"(.*)|(.))"
)
_CHARACTERS = {"aq": "'", "dq": '"', "cq": "’", "oq": "‘", "lq": "“", "rq": "”", "em": "—", "en": "–", "bu": "•",
               "co": "©", "rg": "®", "ha": "^", "ti": "~", "rs": "\\", "bv": "|", "lB": "[", "rB": "]"}  # fmt: skip
_WORDS = re.compile(r'"((?:[^"]|"")*)"?|(\S+)')
_MDOC = re.compile(r"\b(?:Ar|Fl|Nm|Cm|Op|Ev|Pa|Xr|Li|Em|Sy|Dq|Sq|Ql|Va|Oo|Oc|No|Ns)\b[ ]?")
_SUFFIXES = [f".{section}" for section in "123456789"] + [".man", ".mdoc", ".1m", ".3pm", ".1p", ".3p"]


@extractor("man", suffixes=_SUFFIXES, sniff=lambda source: bool(_FIRST.search(source.data[:8_000])))
def read_man(source: Source) -> Iterator[Document]:
    """One document of kind "page"."""
    page = _Page()
    for number, row in enumerate(text_of(source).split("\n"), 1):
        page.read(row, number)
    page.end()
    if not page.pieces.blocks:
        raise Unreadable("empty", "a manual page without text")
    pieces = page.pieces
    yield Document(pieces.text, "page", page.title, source.member, tuple(pieces.blocks), lines=tuple(pieces.lines))


class _Page:
    """Gathers lines to paragraphs."""

    def __init__(self) -> None:
        self.pieces = Pieces()
        self.title = ""
        self._path: tuple[str, ...] = ()
        self._rows: list[str] = []
        self._marks: list[tuple[int, int]] = []
        self._length = 0
        self._defining = False

    def read(self, row: str, number: int) -> None:
        if self._defining:
            self._defining = not row.startswith("..")
            return
        match = _REQUEST.match(row)
        if match is None:
            if not row.startswith((".", "'")):
                self._say(_plain(row), number)
            return
        name, rest = match.group(1), match.group(2)
        if name in ("TH", "Dt"):
            words = _words(rest)
            self.title = f"{words[0]}({words[1]})" if len(words) > 1 else " ".join(words)
        self._defining = name in ("de", "am", "ig")
        if name in _SECTIONS:
            self._section(" ".join(_words(rest)), _SECTIONS[name], number)
            return
        if name in _BREAKS:
            self.end()
        if name not in _SILENT:
            self._say(_macro(name, rest), number)

    def end(self) -> None:
        """Close the paragraph."""
        self.pieces.add("\n".join(self._rows), heading=self._path, marks=self._marks)
        self._rows, self._marks, self._length = [], [], 0

    def _section(self, name: str, level: int, number: int) -> None:
        self.end()
        self._path = (*self._path[: level - 1], name) if name else self._path
        self._say(name, number)
        self.end()

    def _say(self, words: str, number: int) -> None:
        if not words.strip():
            self.end()
            return
        self._marks.append((self._length, number))
        self._rows.append(words)
        self._length += len(words) + 1


def _macro(name: str, rest: str) -> str:
    """The words of a macro: fonts that alternate leave no space between them."""
    words = _words(rest)
    if name in ("BR", "RB", "BI", "IB", "IR", "RI"):
        return "".join(words)
    if name in ("IP", "TP"):
        return words[0] if words and name == "IP" else ""
    joined = " ".join(words)
    return _MDOC.sub("", joined) if name[0].isupper() and len(name) == 2 and name[1].islower() else joined


def _words(rest: str) -> list[str]:
    found = (match.group(1) if match.group(1) is not None else match.group(2) for match in _WORDS.finditer(rest))
    return [_plain(word.replace('""', '"')) for word in found]


def _plain(row: str) -> str:
    """A line without escapes for fonts and characters."""
    return _ESCAPE.sub(_character, row)


def _character(match: re.Match[str]) -> str:
    named = match.group(1) or match.group(2)
    if named:
        return _CHARACTERS.get(named, "")
    single = match.group(4) or ""
    return {"-": "-", "e": "\\", "&": "", "%": "", "|": "", "^": "", "c": "", "~": " ", "0": " ", "/": "", ",": ""}.get(
        single, single
    )
