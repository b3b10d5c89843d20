"""Workbooks before 2007 (xls), through xlrd: written in Python, so that damage cannot crash the process.

python-calamine reads them faster, but panics on some, and fills every cell between the first and the last.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.properties import Properties
from ask.indexer.extract.registry import Source
from ask.indexer.extract.sheets import Sheet, date_text, documents, number_text

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Sheet as XlrdSheet

_DAMAGE = (
    *(struct.error, ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError),
    *(OSError, EOFError, NameError, NotImplementedError, RecursionError),
)
"""What xlrd raises for damaged files besides its own error."""
_TEXT, _NUMBER, _DATE, _BOOLEAN = 1, 2, 3, 4


def excel_documents(source: Source, about: Properties) -> list[Document]:
    """A document for each sheet with something in it. Raises `Unreadable`."""
    import xlrd
    from xlrd.compdoc import CompDocError

    try:
        book = xlrd.open_workbook(file_contents=source.data, logfile=io.StringIO(), on_demand=True, ragged_rows=True)
        sheets = [_sheet(book, number) for number in range(book.nsheets)]
    except (xlrd.XLRDError, CompDocError) as problem:
        locked = "encrypted" in str(problem).lower() or "password" in str(problem).lower()
        raise Unreadable("encrypted" if locked else "damaged", str(problem)) from problem
    except _DAMAGE as problem:
        raise Unreadable("damaged", str(problem)) from problem
    found = documents(source, about, sheets)
    if not found:
        raise Unreadable("empty")
    return found


def _sheet(book: Book, number: int) -> Sheet:
    rows: XlrdSheet = book.sheet_by_index(number)
    sheet = Sheet(rows.name)
    for row in range(rows.nrows):
        values, kinds = rows.row_values(row), rows.row_types(row)
        cells = [
            (column, _text(value, kind, book))
            for column, (value, kind) in enumerate(zip(values, kinds, strict=True))
            if kind in (_TEXT, _NUMBER, _DATE, _BOOLEAN)
        ]
        sheet.row(row + 1, cells)
    for note in rows.cell_note_map.values():
        sheet.note(note.text)
    book.unload_sheet(number)
    return sheet


def _text(value: str | float, kind: int, book: Book) -> str:
    if isinstance(value, str):
        return value
    if kind == _BOOLEAN:
        return "TRUE" if value else "FALSE"
    return date_text(value, bool(book.datemode)) if kind == _DATE else number_text(value)
