"""Books, written here."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

OPF = (
    '<package xmlns="opf" xmlns:dc="dc"><metadata><dc:title>Babička</dc:title><dc:creator>Božena Němcová</dc:creator>'
    "<dc:date>1998-03-01</dc:date><dc:language>cs</dc:language></metadata><manifest>"
    '<item id="two" href="text/b%20two.xhtml"/><item id="one" href="text/a.xhtml"/></manifest>'
    '<spine><itemref idref="one"/><itemref idref="two"/><itemref idref="gone"/></spine></package>'
)
CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'


def make_epub() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/content.opf", OPF)
        archive.writestr(
            "OEBPS/text/b two.xhtml", "<html><head><title>Two</title></head><body><p>Konec.</p></body></html>"
        )
        archive.writestr(
            "OEBPS/text/a.xhtml", "<html><body><h1>Staré bělidlo</h1><p>Dávno, dávno již tomu.</p></body></html>"
        )
    return out.getvalue()


FB2 = """<?xml version="1.0" encoding="utf-8"?><FictionBook xmlns="fb"><description><title-info><author>
<first-name>Karel</first-name><last-name>Čapek</last-name></author><book-title>Válka s mloky</book-title><lang>cs</lang>
</title-info><document-info><author><nickname>scanner</nickname></author></document-info></description><body><section>
<title><p>Kniha první</p></title><section><title><p>Podivín</p></title><p>Kapitán van Toch.</p></section></section>
</body><binary id="cover">aGVsbG8=</binary></FictionBook>""".encode()
SAMPLES = {"babicka.epub": make_epub(), "mloci.fb2": FB2}


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


def test_epub() -> None:
    document = read_one(SAMPLES["babicka.epub"], "babicka.epub")
    assert document.text.split("\n\n") == ["Staré bělidlo", "Dávno, dávno již tomu.", "Konec."]
    assert (document.title, document.people, document.language) == ("Babička", ("Božena Němcová",), "cs")
    assert document.blocks[1].heading == ("Staré bělidlo",)
    assert document.blocks[2].heading == ("Two",)
    assert document.page_at(document.text.index("Konec")) == 2
    assert document.date is not None
    assert document.date.year == 1998


def test_fictionbook() -> None:
    document = read_one(FB2, "mloci.fb2")
    assert document.text.split("\n\n") == ["Kniha první", "Podivín", "Kapitán van Toch."]
    assert document.blocks[2].heading == ("Kniha první", "Podivín")
    assert (document.title, document.people, document.language) == ("Válka s mloky", ("Karel Čapek",), "cs")


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for turn in range(300):
        data = bytearray(SAMPLES[name])
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if turn % 3 == 0:
            del data[dice.randrange(len(data)) :]
        assert outcome(bytes(data), name) in {"read", *REASONS}
