"""Rows and columns: CSV and its kin. The text is that of the file, so that what is quoted stands there."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ask.indexer.documents import Block, Document
from ask.indexer.extract.pieces import trimmed
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

LONGEST_ROW = 200
"""Source lines; a row that seems longer comes from a stray quotation mark, and each line is taken for a row."""
MANY_ROWS = 50_000
"""Above this, neighbouring rows share a block: blocks cost memory, and the chunker would join them anyway."""
BLOCK = 500
"""Code points that rows sharing a block fill at least."""

_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NUMBER = re.compile(r"[\d.,:%/+\s-]+[€$£%]?")

Span = tuple[int, int]


@extractor("table", suffixes=[".csv", ".tsv", ".tab", ".psv"])
def read_table(source: Source) -> Iterator[Document]:
    """One document with a block for each row; its column names are the header."""
    text = text_of(source)
    delimiter = "\t" if source.suffix in (".tsv", ".tab") else delimiter_of(text)
    rows = _rows(text, delimiter)
    header = _header(text, rows, delimiter)
    blocks = (Block(start, end) for start, end in (_grouped(rows) if len(rows) > MANY_ROWS else rows))
    yield Document(text, "table", member=source.member, blocks=tuple(blocks), header=header)


def delimiter_of(text: str) -> str:
    """The delimiter that gives the first rows the same number of columns, and many of them."""
    lines = [line for line in text[:20_000].split("\n")[:50] if line.strip()]
    return max(_DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: Sequence[str], delimiter: str) -> float:
    widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    usual = max(set(widths), key=widths.count, default=1)
    return widths.count(usual) / len(widths) * min(usual, 20) if usual > 1 else 0.0


def _rows(text: str, delimiter: str) -> list[Span]:
    """Spans of rows; a quoted field may hold line ends."""
    lines = _LINE.findall(text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    ends = pairwise(_row_starts(lines, delimiter))
    return [span for first, last in ends if (span := trimmed(text, starts[first], starts[last]))]


def _row_starts(lines: Sequence[str], delimiter: str) -> list[int]:
    """Indexes of the lines at which rows begin, and the number of lines."""
    if not any('"' in line for line in lines):
        return list(range(len(lines) + 1))
    csv.field_size_limit(2**31 - 1)  # the usual limit of 128 KiB is below what people put into a cell
    reader = csv.reader(lines, delimiter=delimiter)
    begins = [0]
    for _ in reader:
        if reader.line_num - begins[-1] > LONGEST_ROW:
            return list(range(len(lines) + 1))
        begins.append(reader.line_num)
    return begins


def _header(text: str, rows: Sequence[Span], delimiter: str) -> str:
    """The names of the columns when the first row has them: no numbers, none twice, none empty."""
    if len(rows) < 2:
        return ""
    names = [" ".join(cell.split()) for cell in next(csv.reader([text[slice(*rows[0])]], delimiter=delimiter), [])]
    named = all(names) and len(set(names)) == len(names) > 1 and not any(_NUMBER.fullmatch(name) for name in names)
    return " | ".join(names)[:500] if named else ""


def _grouped(rows: Sequence[Span]) -> Iterator[Span]:
    start, end = rows[0]
    for row in rows[1:]:
        if end - start >= BLOCK:
            yield start, end
            start = row[0]
        end = row[1]
    yield start, end
