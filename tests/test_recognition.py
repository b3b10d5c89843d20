"""Text in pictures and scanned pages, made here and read by tesseract where it is installed."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import helpers
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Recognition, Source, read, recognise
from PIL import Image, ImageDraw, ImageFont

Tree = Callable[[Mapping[str, Any]], Path]
WORDS = "The invoice of the plumber\nis in the blue folder"

needs_tesseract = pytest.mark.skipif(not recognise.wanted(["en"]), reason="tesseract is not installed")


def scan(words: str = WORDS, kind: str = "PNG", **options: Any) -> bytes:
    """A page with words on it, as a picture."""
    page = Image.new("RGB", (900, 300), "white")
    ImageDraw.Draw(page).text((60, 60), words, fill="black", font=ImageFont.load_default(48))
    out = io.BytesIO()
    page.save(out, kind, **options)
    return out.getvalue()


def wanted() -> Recognition:
    return Recognition(recognise.wanted(["en"]))


@needs_tesseract
@pytest.mark.parametrize("kind", ["PNG", "PDF", "TIFF"])
def test_words_in_pictures(kind: str) -> None:
    (document,) = read(Source(scan(kind=kind), f"scan.{kind.lower()}", recognition=wanted()))
    assert "invoice of the plumber" in document.text
    assert document.facts["pages recognised"] == "1"


@needs_tesseract
def test_a_picture_without_words() -> None:
    noise = Image.effect_noise((400, 400), 80)
    out = io.BytesIO()
    noise.save(out, "PNG")
    with pytest.raises(Unreadable, match="nothing about itself"):
        list(read(Source(out.getvalue(), "sand.png", recognition=wanted())))


@needs_tesseract
def test_no_page_is_begun_when_the_time_is_spent() -> None:
    with pytest.raises(Unreadable) as problem:
        list(read(Source(scan(kind="PDF"), "scan.pdf", recognition=Recognition(wanted().languages, 0))))
    assert problem.value.reason == "scanned"


def test_without_it_a_scan_is_a_scan() -> None:
    with pytest.raises(Unreadable) as problem:
        list(read(Source(scan(kind="PDF"), "scan.pdf")))
    assert problem.value.reason == "scanned"


@needs_tesseract
def test_pictures_are_looked_at_last(ask: Any, tree: Tree) -> None:
    root = tree(
        {"scan.pdf": scan(kind="PDF"), "shot.png": scan("A kettle for the kitchen"), "a.txt": "A plain note.\n"}
    )
    assert ask("index", root, "--wait", "words").code == 3, "the scan could not be read yet"
    assert ask("search", "plumber", "--only", "words", "--json").json()["hits"] == []
    assert ask("index", root).code == 0
    hits = {word: ask("search", word, "--only", "words", "--json").json()["hits"] for word in ("plumber", "kettle")}
    assert [Path(hit["path"]).name for hit in hits["plumber"]] == ["scan.pdf"]
    assert hits["plumber"][0]["page"] == 1
    assert [Path(hit["path"]).name for hit in hits["kettle"]] == ["shot.png"]
    assert ask("check").code == 0

    said = ask("index", root, "--json").json()
    assert (said["unchanged"], said["unreadable"]) == (3, []), "what was found is not lost by the next run"
    (root / "shot.png").write_bytes(scan("A teapot for the garden"))
    ask("index", root)
    assert ask("search", "teapot", "--only", "words", "--json").json()["hits"]
    assert not ask("search", "kettle", "--only", "words", "--json").json()["hits"]


def test_it_can_be_switched_off(ask: Any, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree({"scan.pdf": scan(kind="PDF")})
    monkeypatch.setenv("ASK_PICTURES", "0")
    assert ask("index", root).code == 3
    assert ask("status", "--json").json()["skipped"] == {"scanned": 1}
    db = ask.db()
    assert helpers.waiting(db) == {"tesseract": 1}
    db.close()
