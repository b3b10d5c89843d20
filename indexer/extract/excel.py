"""Workbooks in Office Open XML (xlsx and its kin), read as a stream: a sheet may be far larger than the memory."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ask.indexer.documents import Document
from ask.indexer.extract.flow import Texts
from ask.indexer.extract.package import Package, attribute, local
from ask.indexer.extract.properties import properties
from ask.indexer.extract.sheets import Sheet, date_text, documents, is_date_format, number_text
from ask.indexer.extract.slides import comments

_DRAWN = frozenset(["drawing", "chart", "diagramData", "chartUserShapes"])


def excel_documents(package: Package, main: str) -> list[Document]:
    """A document for each sheet with something in it."""
    book = _Workbook()
    package.xml(main, book)
    strings = _Strings()
    package.xml(package.find("xl/sharedStrings.xml"), strings)
    styles = _Formats()
    package.xml(package.find("xl/styles.xml"), styles)
    sheets = []
    for name, part in _sheets(package, main, book):
        reader = _Cells(Sheet(name), strings.found, styles.dates, book.from_1904)
        package.xml(part, reader)
        for note in notes_of(package, part):
            reader.sheet.note(note)
        sheets.append(reader.sheet)
    return documents(package.source, properties(package, package.find("docProps/core.xml")), sheets)


def _sheets(package: Package, main: str, book: _Workbook) -> list[tuple[str, str]]:
    """Names and parts in the order of the workbook, then parts that it does not name."""
    targets = {each.id: each.target for each in package.relations(main)}
    named = [(name, part) for name, key in book.sheets if (part := package.find(targets.get(key, "")))]
    known = {part for _, part in named}
    parts = package.matching(r"xl/(worksheets|chartsheets|dialogsheets)/[^/]*\.xml")
    return named + [(part.rpartition("/")[2].removesuffix(".xml"), part) for part in parts if part not in known]


def notes_of(package: Package, part: str) -> list[str]:
    """Comments of a sheet, and texts of its drawings and charts."""
    found: list[str] = []
    waiting, seen = [part], {part}
    while waiting:
        for relation in package.relations(waiting.pop()):
            if relation.external or relation.target in seen:
                continue
            seen.add(relation.target)
            if relation.kind in ("comments", "threadedComment"):
                found += comments(package, relation.target)
            elif relation.kind in _DRAWN:
                texts = Texts()
                package.xml(relation.target, texts)
                found.append("\n".join(texts.found))
                waiting.append(relation.target)
    return list(dict.fromkeys(found))


class _Workbook:
    """Names of the sheets, with the keys of their parts."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.from_1904 = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if local(tag) == "sheet":
            self.sheets.append((attributes.get("name", ""), attribute(attributes, "id")))
        elif local(tag) == "workbookPr":
            self.from_1904 = attributes.get("date1904", "") in ("1", "true")

    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


class _Strings:
    """The strings that cells share, by position."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._open: list[str] = []
        self._taking = False
        self._sounds = False
        """In a guide to pronunciation."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "rPh":
            self._sounds = True
        self._taking = name == "t" and not self._sounds

    def data(self, text: str) -> None:
        if self._taking:
            self._open.append(text)

    def end(self, tag: str) -> None:
        name = local(tag)
        self._taking = False
        if name == "rPh":
            self._sounds = False
        elif name == "si":
            self.found.append("".join(self._open))
            self._open = []

    def close(self) -> None: ...


class _Formats:
    """Which cell styles show days."""

    def __init__(self) -> None:
        self.dates: set[str] = set()
        self._codes: dict[str, str] = {}
        self._in_cells = False
        self._count = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            key = attributes.get("numFmtId", "")
            if is_date_format(int(key) if key.isdecimal() else 0, self._codes.get(key, "")):
                self.dates.add(str(self._count))
            self._count += 1

    def end(self, tag: str) -> None:
        if local(tag) == "cellXfs":
            self._in_cells = False

    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


class _Cells:
    """Tells a sheet its rows."""

    def __init__(self, sheet: Sheet, strings: list[str], dates: set[str], from_1904: bool) -> None:
        self.sheet = sheet
        self._strings = strings
        self._dates = dates
        self._from_1904 = from_1904
        self._number = 0
        self._row: list[tuple[int, str]] = []
        self._column = -1
        self._kind = self._style = ""
        self._value: list[str] = []
        self._taking = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name == "c":
            stated = column_of(attributes.get("r", ""))
            self._column = stated if stated > self._column else self._column + 1
            self._kind, self._style = attributes.get("t", ""), attributes.get("s", "")
            self._value = []
        elif name in ("v", "t"):
            self._taking = True
        elif name == "row":
            number = attributes.get("r", "")
            self._number = int(number) if number.isdecimal() and len(number) < 9 else self._number + 1
            self._row, self._column = [], -1

    def data(self, text: str) -> None:
        if self._taking:
            self._value.append(text)

    def end(self, tag: str) -> None:
        name = local(tag)
        if name in ("v", "t"):
            self._taking = False
        elif name == "c" and self._value:
            self._row.append((self._column, self._text("".join(self._value))))
        elif name == "row":
            self.close()

    def close(self) -> None:
        self.sheet.row(self._number, self._row)
        self._row = []

    def _text(self, value: str) -> str:
        if self._kind == "s":
            position = int(value) if value.isdecimal() and len(value) < 9 else len(self._strings)
            return self._strings[position] if position < len(self._strings) else ""
        if self._kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if self._kind in ("", "n"):
            return self._number_text(value)
        return "" if self._kind == "e" else value

    def _number_text(self, value: str) -> str:
        try:
            number = float(value)
        except ValueError:
            return value
        if not math.isfinite(number):
            return value
        return date_text(number, self._from_1904) if self._style in self._dates else number_text(number)


def column_of(reference: str) -> int:
    """The 0-based column of a reference like `AB12`; -1 when it names none."""
    column = 0
    for letter in reference[:4]:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column - 1
