"""Plain text: paragraphs, titles, and what is no text."""

from __future__ import annotations

import pytest
from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read


def read_one(data: bytes | str, name: str = "note.txt") -> Document:
    (document,) = read(Source(data.encode() if isinstance(data, str) else data, name))
    return document


def test_paragraphs_are_blocks() -> None:
    document = read_one("\n\n  First\nline two  \n \t\n\n    indented\n\n\nlast")
    assert [document.text[b.start : b.end] for b in document.blocks] == ["  First\nline two", "    indented", "last"]
    assert [document.line_at(b.start) for b in document.blocks] == [3, 7, 10]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Nákupní seznam\n\nmléko\nchléb\n", "Nákupní seznam"),
        ("Trip to Brno\n============\nWe left early.\n", "Trip to Brno"),
        ("=======\nKettles\n=======\n\nAll about them.\n", "Kettles"),
        ("Dear Jana,\n\nthank you.\n", ""),
        ("One line runs into\nthe next one.\n", ""),
        ("-----\n\n-----\n", ""),
        ("x" * 90 + "\n\ntext\n", ""),
        ("", ""),
    ],
)
def test_title(text: str, title: str) -> None:
    assert read_one(text + "\nend").title == title


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.txt", "note"), ("README", "note"), ("a.log", "log"), ("unheard.of", "note"), ("no-suffix", "note")],
)
def test_any_text_is_read(name: str, kind: str) -> None:
    assert read_one("some words\n", name).kind == kind


def test_text_in_old_encodings_keeps_its_lines() -> None:
    document = read_one("Příliš žluťoučký kůň\r\n\r\núpěl ďábelské ódy\r\n".encode("cp1250"))
    assert document.text == "Příliš žluťoučký kůň\n\núpěl ďábelské ódy\n"
    assert document.line_at(document.blocks[1].start) == 3


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.txt", "empty"),
        (b" \n\t\n", "a.txt", "empty"),
        (bytes(range(256)) * 20, "a.txt", "binary"),
        (bytes(range(256)) * 20, "no-suffix", "binary"),
        (b"%!PS-Adobe-3.0\n(kettle) show", "letter.unheard", "unsupported"),
        (b"QUJD" * 20_000, "a.txt", "machine-written"),
    ],
)
def test_what_is_no_text_has_a_reason(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_one(data, name)
    assert caught.value.reason == reason


def test_a_book_on_one_line_is_text() -> None:
    assert read_one("once upon a time there was " * 3_000).kind == "note"


def test_a_pdf_called_txt_is_read_as_pdf() -> None:
    with pytest.raises(Unreadable) as caught:
        read_one(b"%PDF-1.4\nnothing else")
    assert caught.value.reason == "damaged"
