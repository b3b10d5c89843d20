"""OpenDocument files, put together here part by part."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

NAMES = 'xmlns:office="o" xmlns:text="t" xmlns:table="tb" xmlns:draw="d" xmlns:dc="dc" xmlns:meta="m" xmlns:presentation="p" xmlns:manifest="mf"'
MIME = "application/vnd.oasis.opendocument."
META = (
    f"<office:document-meta {NAMES}><office:meta><dc:title>Konvice</dc:title><meta:initial-creator>Jana</meta:initial-creator>"
    "<dc:creator>Petr</dc:creator><meta:creation-date>2018-01-01T10:00:00</meta:creation-date><dc:date>2019-05-06T07:08:09Z</dc:date>"
    "<meta:keyword>čaj</meta:keyword></office:meta></office:document-meta>"
)
TEXT = (
    '<text:h text:outline-level="1">Čajové konvice</text:h><text:p>Příliš<text:s text:c="2"/>žluťoučký\n  <text:span>kůň</text:span>.</text:p>'
    '<text:h text:outline-level="2">Materiály</text:h>'
    "<table:table><table:table-row><table:table-cell><text:p>kov</text:p></table:table-cell><table:table-cell><text:p>cena</text:p></table:table-cell></table:table-row>"
    "<table:table-row><table:table-cell><text:p>měď</text:p></table:table-cell><table:table-cell><text:p>300</text:p></table:table-cell></table:table-row></table:table>"
    "<text:list><text:list-item><text:p>first</text:p></text:list-item></text:list>"
    "<text:p>Noted<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>a footnote</text:p></text:note-body></text:note>"
    "<office:annotation><dc:creator>Petr</dc:creator><dc:date>2020-01-01</dc:date><text:p>Really?</text:p></office:annotation>.</text:p>"
    "<text:tracked-changes><text:p>removed</text:p></text:tracked-changes>"
)
SHEET = (
    '<table:table table:name="Výdaje"><table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell><table:table-cell><text:p>Day</text:p></table:table-cell></table:table-row>'
    '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    '<table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell></table:table-row>'
    '<table:table-row table:number-rows-repeated="1048571"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
)
SHOW = (
    '<draw:page draw:name="a"><draw:frame presentation:class="title"><draw:text-box><text:p>Attention</text:p></draw:text-box></draw:frame>'
    "<draw:frame><draw:text-box><text:p>Queries and keys</text:p></draw:text-box></draw:frame>"
    "<presentation:notes><draw:frame><draw:text-box><text:p>Speak slowly</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
    '<draw:page draw:name="b"><draw:frame><draw:text-box><text:p>The end</text:p></draw:text-box></draw:frame></draw:page>'
)


def package(parts: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def content(body: str, medium: str) -> str:
    return (
        '<!DOCTYPE office:document-content PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "office.dtd">'
        f"<office:document-content {NAMES}><office:body><office:{medium}>{body}</office:{medium}></office:body></office:document-content>"
    )


def opendocument(body: str, medium: str, manifest: str = "") -> bytes:
    return package(
        {
            "mimetype": MIME + medium,
            "content.xml": content(body, medium),
            "meta.xml": META,
            "META-INF/manifest.xml": f"<manifest:manifest {NAMES}>{manifest}</manifest:manifest>",
        }
    )


SAMPLES = {
    "kettle.odt": opendocument(TEXT, "text"),
    "budget.ods": opendocument(SHEET, "spreadsheet"),
    "talk.odp": opendocument(SHOW, "presentation"),
    "kettle.fodt": f"<office:document {NAMES}>{META[META.index('<office:meta>') : META.index('</office:document-meta>')]}<office:body><office:text>{TEXT}</office:text></office:body></office:document>".encode(),
}


def read_one(data: bytes, name: str) -> Document:
    (document,) = read(Source(data, name))
    return document


def outcome(data: bytes, name: str) -> str:
    """`read`, or the reason why not."""
    try:
        list(read(Source(data, name)))
    except Unreadable as problem:
        return problem.reason
    return "read"


@pytest.mark.parametrize("name", ["kettle.odt", "kettle.fodt"])
def test_text(name: str) -> None:
    document = read_one(SAMPLES[name], name)
    assert document.text.split("\n\n") == [
        "Čajové konvice",
        "Příliš  žluťoučký kůň.",
        "Materiály",
        "kov | cena\nměď | 300",
        "- first",
        "a footnote",
        "Really?",
        "Noted.",
    ]
    assert (document.title, document.people) == ("Konvice", ("Jana", "Petr"))
    assert document.date == datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert document.facts == {"tags": "čaj"}
    assert document.blocks[3].heading == ("Čajové konvice", "Materiály")


def test_sheet() -> None:
    document = read_one(SAMPLES["budget.ods"], "budget.ods")
    assert document.text == "Name | Day\nx | x"
    assert (document.kind, document.header) == ("table", "Name | Day")
    assert document.line_at(document.text.index("x")) == 5


def test_slides() -> None:
    document = read_one(SAMPLES["talk.odp"], "talk.odp")
    assert document.text.split("\n\n") == ["Attention", "Queries and keys", "Speak slowly", "The end"]
    assert document.blocks[1].heading == ("Attention",)
    assert document.page_at(document.text.index("The end")) == 2
    assert document.kind == "slides"


def test_headers_and_footers_stand_once_at_the_end() -> None:
    page = "<style:master-page><style:header><text:p>Kettle works</text:p></style:header></style:master-page>"
    styles = f'<office:document-styles xmlns:style="s" {NAMES}><office:styles><text:p>no</text:p></office:styles><office:master-styles>{page * 3}</office:master-styles></office:document-styles>'
    document = read_one(package({"content.xml": content(TEXT, "text"), "styles.xml": styles}), "a.odt")
    assert document.text.endswith("Noted.\n\nKettle works")
    assert document.text.count("Kettle works") == 1


def test_encrypted() -> None:
    locked = '<manifest:file-entry><manifest:encryption-data manifest:checksum="x"/></manifest:file-entry>'
    assert outcome(opendocument(TEXT, "text", locked), "a.odt") == "encrypted"


def test_cut_short() -> None:
    text = SAMPLES["kettle.fodt"]
    document = read_one(text[: text.index(b"first")], "a.fodt")
    assert document.text.endswith("měď | 300")


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for turn in range(250):
        data = bytearray(SAMPLES[name])
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if turn % 3 == 0:
            del data[dice.randrange(len(data)) :]
        assert outcome(bytes(data), name) in {"read", *REASONS}
