"""Workbooks in xlsb: the parts of an xlsx, each a sequence of binary records, from the format's published layout.

[MS-XLSB]: a record is its number and its length, seven bits a byte, and its content. python-calamine read two of four
such files, panicked on one, and fills every cell between the first and the last.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress

from ask.indexer.documents import Document
from ask.indexer.extract.excel import notes_of
from ask.indexer.extract.package import Package
from ask.indexer.extract.properties import properties
from ask.indexer.extract.sheets import Sheet, date_text, documents, is_date_format, number_text

_ROW, _BLANK, _SHORT, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOL, _RICH = 8, 9, 10, 62
_ITEM, _FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END = 19, 44, 47, 617, 618
_BOOK, _SHEET = 153, 156

Record = tuple[int, bytes]


def workbook_documents(package: Package, main: str) -> list[Document]:
    """A document for each sheet with something in it."""
    strings = [_string(content, 1) for kind, content in _records(package, "xl/sharedStrings.bin") if kind == _ITEM]
    dates = _date_styles(package)
    targets = {each.id: each.target for each in package.relations(main)}
    from_1904 = False
    sheets = []
    for kind, content in _records(package, main):
        if kind == _BOOK and len(content) >= 4:
            from_1904 = bool(content[0] & 1)
        elif kind == _SHEET:
            at = next((at for at in (8, 12) if _string(content, at) in targets), 8)  # the second before 2007
            key = _string(content, at)
            part = package.find(targets.get(key, ""))
            sheet = Sheet(_string(content, at + 4 + 2 * len(key)))
            _fill(sheet, _records(package, part), strings, dates, from_1904)
            for note in notes_of(package, part):
                sheet.note(note)
            sheets.append(sheet)
    return documents(package.source, properties(package, package.find("docProps/core.xml")), sheets)


def _records(package: Package, name: str) -> Iterator[Record]:
    """The records of a part, as far as they are whole."""
    data = package.read(name)
    at = 0
    while at < len(data):
        kind, at = _varying(data, at, 2)
        length, at = _varying(data, at, 4)
        yield kind, data[at : at + length]
        at += length


def _varying(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of up to `most` bytes, and where it ends. Record numbers keep their marks out."""
    value = 0
    for turn in range(most):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << 7 * turn
        if byte < 0x80:
            break
    return value, at


def _string(content: bytes, at: int) -> str:
    if at + 4 > len(content):
        return ""
    (length,) = struct.unpack_from("<I", content, at)
    return content[at + 4 : at + 4 + 2 * length].decode("utf-16-le", "replace")


def _date_styles(package: Package) -> frozenset[int]:
    codes: dict[int, str] = {}
    found: list[bool] = []
    in_cells = False
    for kind, content in _records(package, "xl/styles.bin"):
        if kind == _FORMAT and len(content) >= 6:
            codes[struct.unpack_from("<H", content)[0]] = _string(content, 2)
        elif kind in (_STYLES_BEGIN, _STYLES_END):
            in_cells = kind == _STYLES_BEGIN
        elif kind == _STYLE and in_cells and len(content) >= 4:
            (key,) = struct.unpack_from("<H", content, 2)
            found.append(is_date_format(key, codes.get(key, "")))
    return frozenset(number for number, is_date in enumerate(found) if is_date)


def _fill(sheet: Sheet, records: Iterator[Record], strings: list[str], dates: frozenset[int], from_1904: bool) -> None:
    number = 0
    row: list[tuple[int, str]] = []
    for kind, content in records:
        with suppress(struct.error):
            if kind == _ROW:
                sheet.row(number, row)
                number, row = struct.unpack_from("<I", content)[0] + 1, []
                continue
            value = _value(kind, content, strings)
            if value is None:
                continue
            column, style = struct.unpack_from("<II", content)
            if isinstance(value, float):
                is_date = style & 0xFFFFFF in dates
                value = date_text(value, from_1904) if is_date else number_text(value)
            row.append((column, value))
    sheet.row(number, row)


def _value(kind: int, content: bytes, strings: list[str]) -> str | float | None:
    """What a cell holds; None for a record that is no cell, or one without text."""
    if kind == _SHORT:
        return _short(struct.unpack_from("<I", content, 8)[0])
    if kind in (_REAL, _FORMULA_NUMBER):
        (value,) = struct.unpack_from("<d", content, 8)
        return float(value) if value - value == 0 else None  # neither infinite nor no number
    if kind in (_BOOL, _FORMULA_BOOL):
        return "TRUE" if content[8:9] == b"\1" else "FALSE"
    if kind in (_TEXT, _FORMULA_TEXT):
        return _string(content, 8)
    if kind == _RICH:
        return _string(content, 9)
    if kind == _SHARED:
        (position,) = struct.unpack_from("<I", content, 8)
        return strings[position] if position < len(strings) else None
    return None


def _short(packed: int) -> float:
    """A number in 30 bits: an integer or the upper half of a double, perhaps in hundredths."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        (value,) = struct.unpack("<d", bytes(4) + struct.pack("<I", packed & 0xFFFFFFFC))
    value = value if value - value == 0 else 0.0
    return value / 100 if packed & 1 else value
