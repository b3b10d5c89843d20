"""Rows and columns, and structured data: CSV, TSV, JSON, JSON Lines, YAML, TOML, INI."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from ask.indexer.documents import Block, Document
from ask.indexer.extract.leaves import Leaf, leaves
from ask.indexer.extract.pieces import Pieces, paragraphs, trimmed
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

LONGEST_ROW = 200
"""Source lines; a row that seems longer comes from a stray quotation mark, and every line is taken for a row."""

_DELIMITERS = ",;\t|"
_SETTINGS = [".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".config", ".properties", ".cnf", ".desktop", ".service",
             ".timer", ".editorconfig", ".reg", ".inf", ".jsonc", ".json5", ".env.example", ".rc", ".repo", ".list"]  # fmt: skip


@extractor("csv", suffixes=[".csv", ".tsv", ".tab", ".psv"])
def read_csv(source: Source) -> Iterator[Document]:
    """One document, its text that of the file, each row a block; column names are its `header`."""
    text = text_of(source)
    delimiter = "\t" if source.suffix in (".tsv", ".tab") else delimiter_of(text)
    rows = _rows(text, delimiter)
    header = _header(text, rows, delimiter)
    blocks = tuple(Block(start, end) for start, end in rows)
    yield Document(text, "table", member=source.member, blocks=blocks, header=header)


def delimiter_of(text: str) -> str:
    """The delimiter that gives the first rows the same number of columns, and the most of them."""
    lines = [line for line in text[:20_000].split("\n")[:50] if line.strip()]
    return max(_DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: Sequence[str], delimiter: str) -> float:
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0.0
    usual = max(set(widths), key=widths.count, default=1)
    return widths.count(usual) / len(widths) * min(usual, 20) if usual > 1 else 0.0


def _rows(text: str, delimiter: str) -> list[tuple[int, int]]:
    """Spans of rows; a quoted field may hold line ends."""
    lines = text.splitlines(keepends=True) if "\n" in text else [text]
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    csv.field_size_limit(max(len(text), 131_072))
    reader = csv.reader(lines, delimiter=delimiter)
    spans: list[tuple[int, int]] = []
    before = 0
    try:
        for _ in reader:
            if reader.line_num - before > LONGEST_ROW:
                raise csv.Error
            if span := trimmed(text, starts[before], starts[reader.line_num]):
                spans.append(span)
            before = reader.line_num
    except csv.Error:
        spans = [span for a, b in zip(starts, starts[1:], strict=False) if (span := trimmed(text, a, b))]
    return spans


def _header(text: str, rows: Sequence[tuple[int, int]], delimiter: str) -> str:
    """The first row when it names the columns: all of it words, none twice, none empty."""
    if len(rows) < 2:
        return ""
    names = [cell.strip() for cell in next(csv.reader([text[slice(*rows[0])]], delimiter=delimiter), [])]
    named = (
        all(names) and len(set(names)) == len(names) > 1 and not any(re.fullmatch(r"[\d.,:%+ -]+", n) for n in names)
    )
    return " | ".join(" ".join(name.split()) for name in names)[:500] if named else ""


@extractor("json", suffixes=[".json", ".geojson", ".webmanifest", ".har", ".topojson"])
def read_json(source: Source) -> Iterator[Document]:
    """One document of `key: value` lines, a block for each record. What is not JSON is read as settings."""
    text = text_of(source)
    try:
        pieces = _flattened(text, [(0, len(text))])
    except ValueError:
        yield _settings(source, text)
        return
    yield _data(source, text, pieces)


@extractor("jsonl", suffixes=[".jsonl", ".ndjson", ".jsonlines"])
def read_json_lines(source: Source) -> Iterator[Document]:
    """One document, a record a line. Lines that are not JSON are left out."""
    text = text_of(source)
    spans = [match.span() for match in re.finditer(r"[^\n]+", text)]
    yield _data(source, text, _flattened(text, spans, tolerant=True))


def _data(source: Source, text: str, pieces: Pieces) -> Document:
    if not pieces.blocks:
        return Document(text, "data", member=source.member)
    return Document(pieces.text, "data", member=source.member, blocks=tuple(pieces.blocks), lines=tuple(pieces.lines))


def _flattened(text: str, spans: Sequence[tuple[int, int]], tolerant: bool = False) -> Pieces:
    pieces = Pieces()
    line, counted = 1, 0
    for start, end in spans:
        record: tuple[str | int, ...] | None = None
        try:
            for leaf in leaves(text, start, end):
                if leaf.value in ("", "null"):
                    continue
                line += text.count("\n", counted, leaf.offset)
                counted = leaf.offset
                key = ".".join(str(part) for part in leaf.path if isinstance(part, str))
                new = _record(leaf)
                pieces.add(f"{key}: {leaf.value}" if key else leaf.value, line=line, joined=new == record)
                record = new
        except ValueError:
            if not tolerant:
                raise
    return pieces


def _record(leaf: Leaf) -> tuple[str | int, ...]:
    for depth, part in enumerate(leaf.path):
        if isinstance(part, int):
            return leaf.path[: depth + 1]
    return leaf.path[:1]


@extractor("settings", suffixes=_SETTINGS)
def read_settings(source: Source) -> Iterator[Document]:
    """One document, its text that of the file."""
    yield _settings(source, text_of(source))


def _settings(source: Source, text: str) -> Document:
    blocks = tuple(Block(start, end) for start, end in paragraphs(text))
    return Document(text, "config", member=source.member, blocks=blocks)
