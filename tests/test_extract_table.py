"""Rows of CSV and its kin."""

from __future__ import annotations

import pytest
from ask.indexer.documents import Document
from ask.indexer.extract import Source, read
from ask.indexer.extract.table import delimiter_of


def read_one(text: str | bytes, name: str = "costs.csv") -> Document:
    (document,) = read(Source(text.encode() if isinstance(text, str) else text, name))
    return document


def rows(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def test_rows_are_blocks_and_the_first_names_the_columns() -> None:
    document = read_one("name;price;note\nkettle;300;blue\nteapot;250;\n")
    assert rows(document) == ["name;price;note", "kettle;300;blue", "teapot;250;"]
    assert document.header == "name | price | note"
    assert document.kind == "table"
    assert document.line_at(document.blocks[2].start) == 3


def test_czech_tables_from_a_spreadsheet() -> None:
    document = read_one("Jméno;Částka;Poznámka\r\nŽofie Šťastná;1 250,50 Kč;příště\r\n".encode("cp1250"))
    assert rows(document) == ["Jméno;Částka;Poznámka", "Žofie Šťastná;1 250,50 Kč;příště"]
    assert document.header == "Jméno | Částka | Poznámka"


def test_quoted_fields_may_hold_line_ends() -> None:
    document = read_one('who,what\nJana,"first\nsecond, with ""quotes"""\nPetr,x\n')
    assert rows(document)[1:] == ['Jana,"first\nsecond, with ""quotes"""', "Petr,x"]
    assert [document.line_at(block.start) for block in document.blocks] == [1, 2, 4]


def test_a_stray_quotation_mark_does_not_swallow_the_rest() -> None:
    text = 'size,name\n"5,pipe\n' + "".join(f"{n},item {n}\n" for n in range(500))
    assert len(rows(read_one(text))) == 502


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,1\t2,2\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("one column\nonly\n", ","),
        ("", ","),
    ],
)
def test_delimiters(text: str, delimiter: str) -> None:
    assert delimiter_of(text) == delimiter


@pytest.mark.parametrize(
    "text", ["1,2\n3,4\n", "2020-01-01,5\n2020-01-02,6\n", "a,a\n1,2\n", "a,\n1,2\n", "only,one row\n"]
)
def test_no_header_is_made_up(text: str) -> None:
    assert read_one(text).header == ""


def test_huge_fields_are_read() -> None:
    document = read_one('a,b\n1,"' + "long text " * 50_000 + '"\n2,short\n')
    assert len(document.blocks) == 3


def test_rows_of_large_tables_share_blocks() -> None:
    text = "id,name\n" + "".join(f"{n},item {n}\n" for n in range(60_000))
    document = read_one(text)
    assert len(document.blocks) < 6_000
    assert document.text[document.blocks[-1].start : document.blocks[-1].end].endswith("59999,item 59999")


def test_tabs() -> None:
    assert read_one("a\tb\nx, y\tz\n", "x.tsv").header == "a | b"
