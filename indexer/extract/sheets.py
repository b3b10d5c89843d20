"""What all workbooks have in common: a document for each sheet, its rows as lines that know their number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from ask.indexer.documents import Document
from ask.indexer.extract.flow import joined
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.properties import Properties
from ask.indexer.extract.registry import Source
from ask.indexer.text import normalise, one_line

BLOCK = 500
"""Code points that rows sharing a block fill at least."""
MARKED = 50_000
"""Rows after which only the first row of a block knows its number."""
ALIGNED = 50
"""Columns in which an empty cell keeps its place; tables wider than that are sparse."""

_NUMBER = re.compile(r"[-+]?[\d.,:%/ \s-]*\d[\d.,:%/ \s-]*[€$£%]?|Kč")
_FIRST_ROWS = 20
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])


class Sheet:
    """One sheet, told row by row."""

    def __init__(self, name: str) -> None:
        self.name = one_line(name)
        self._pieces = Pieces()
        self._first: list[list[str]] = []
        self._rows = 0
        self._since = BLOCK
        """Code points in the last block."""

    def row(self, number: int, cells: Sequence[tuple[int, str]]) -> None:
        """Add a row, `number` 1-based, from (column, text) pairs, columns 0-based and rising."""
        texts: list[str] = []
        for column, text in cells:
            if len(texts) < column <= ALIGNED:
                texts += [""] * (column - len(texts))
            texts.append(one_line(text))
        line = joined(texts)
        if not line:
            return
        if len(self._first) < _FIRST_ROWS:
            self._first.append(texts)
        self._rows += 1
        joins = self._since < BLOCK
        self._since = self._since + len(line) if joins else len(line)
        self._pieces.add(line, line=number if not joins or self._rows < MARKED else None, joined=joins)

    def note(self, text: str) -> None:
        """Add a comment or the text of a drawing."""
        self._pieces.add(normalise(text))
        self._since = BLOCK

    def document(self, source: Source, about: Properties, *, alone: bool) -> Document | None:
        """The document of this sheet, which is the whole file when it is `alone`; None when it is empty."""
        pieces = self._pieces
        if not pieces.blocks:
            return None
        member = source.member if alone else source.inside(f"sheet {self.name}")
        return Document(
            pieces.text,
            "table",
            title=" – ".join(filter(None, [about.title, self.name if not alone or not _made_up(self.name) else ""])),
            member=member,
            blocks=tuple(pieces.blocks),
            date=about.date,
            people=about.people,
            header=header_of(self._first),
            lines=tuple(pieces.lines),
            facts=about.facts,
        )

    def __bool__(self) -> bool:
        return bool(self._pieces.blocks)


def documents(source: Source, about: Properties, sheets: Sequence[Sheet]) -> list[Document]:
    """The documents of all sheets that hold something."""
    filled = [sheet for sheet in sheets if sheet]
    found = (sheet.document(source, about, alone=len(filled) == 1) for sheet in filled)
    return [document for document in found if document is not None]


def header_of(rows: Sequence[Sequence[str]]) -> str:
    """Names of columns: the first row that is as wide as most, without numbers and without doubles."""
    widest = max((sum(map(bool, row)) for row in rows), default=0)
    for row in rows[:-1]:
        names = [cell for cell in row if cell]
        if len(names) < 2 or len(names) * 2 < widest:
            continue
        named = len(set(names)) == len(names) and not any(_NUMBER.fullmatch(name) for name in names)
        return " | ".join(names)[:500] if named else ""
    return ""


def number_text(value: float) -> str:
    """A number as people write it: no `.0`, no noise behind the fifteenth digit."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else format(value, ".15g")


@lru_cache(maxsize=4096)
def date_text(serial: float, from_1904: bool = False) -> str:
    """A day as workbooks count them; a time of day when it is less than one; the number itself when out of range."""
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
    if not 0 <= serial < 2_958_466:
        return number_text(serial)
    moment = start + timedelta(seconds=round(serial * 86_400))
    if serial < 1:
        return moment.strftime("%H:%M")
    return moment.strftime("%Y-%m-%d %H:%M" if moment.hour or moment.minute else "%Y-%m-%d")


def is_date_format(key: int, code: str) -> bool:
    """Whether a number format shows a day or a time."""
    if not code:
        return key in _BUILT_IN_DATES
    bare = _QUOTED.sub("", code.partition(";")[0]).lower()
    return "general" not in bare and any(letter in bare for letter in "ymdhs")


def _made_up(name: str) -> bool:
    return re.fullmatch(r"(?:sheet|list|tabelle|feuil|table|arkusz|hárok)\s?\d*", name.lower()) is not None
