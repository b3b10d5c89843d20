"""PDF, from files put together here object by object."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from ask.indexer.extract.pdf import date_of, title_of


def shown(*lines: str) -> bytes:
    """A content stream that shows lines of text."""
    return (
        b"BT /F1 12 Tf 72 720 Td 14 TL " + b" ".join(b"(%b) Tj T*" % line.encode("cp1252") for line in lines) + b" ET"
    )


def make_pdf(
    pages: list[bytes], info: str = "", catalog: str = "", trailer: str = "", more: list[str] | None = None
) -> bytes:
    """A PDF with a font, pages with these content streams, and further objects, numbered from 10 + 2 × pages."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    objects: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: f"<< {info} >>".encode("latin-1"),
    }
    for n, stream in enumerate(pages):
        annotations = "/Annots [8 0 R]" if n == 0 else ""
        objects[10 + 2 * n] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {11 + 2 * n} 0 R {annotations} "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        ).encode()
        objects[11 + 2 * n] = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream)
    objects |= {10 + 2 * len(pages) + n: body.encode("latin-1") for n, body in enumerate(more or [])}
    out = bytearray(b"%PDF-1.6\n")
    offsets: dict[int, int] = {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number, offset in offsets.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, offset)
    size = max(objects) + 1
    out += f"trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode(
        "latin-1"
    )
    return bytes(out)


def read_one(data: bytes) -> Document:
    (document,) = read(Source(data, "kettle.pdf"))
    return document


def reason_of(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_one(data)
    return caught.value.reason


def test_pages_are_known() -> None:
    document = read_one(make_pdf([shown("First page", "second line"), shown(""), shown("Third page")]))
    assert document.text == "First page\nsecond line\n\nThird page"
    assert document.pages == ((0, 1), (document.text.index("Third"), 3))
    assert document.page_at(document.text.index("second")) == 1
    assert document.page_at(len(document.text) - 1) == 3
    assert document.line_at(0) is None
    assert document.kind == "paper"


def test_what_the_file_says_about_itself() -> None:
    info = r"/Title (Kettles of Bohemia) /Author (Jana) /CreationDate (D:20190506070809+02'00') /Subject (tea)"
    document = read_one(make_pdf([shown("text")], info))
    assert document.title == "Kettles of Bohemia"
    assert document.people == ("Jana",)
    assert document.date == datetime(2019, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    assert document.facts == {"subject": "tea"}


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("Microsoft Word - offer.doc", ""),
        ("untitled", ""),
        ("Document1", ""),
        ("Slide 1", ""),
        ("thesis_final.dvi", ""),
        ("scan0001", ""),
        ("--", ""),
        ("", ""),
        ("Slides about attention", "Slides about attention"),
        ("Návod\r\nk použití", "Návod k použití"),
        ("Scanning the skies", "Scanning the skies"),
    ],
)
def test_titles_that_programs_make_up_are_ignored(stated: str, title: str) -> None:
    assert title_of({"Title": stated}) == title


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("D:20200131", datetime(2020, 1, 31, tzinfo=UTC)),
        ("D:2020", datetime(2020, 1, 1, tzinfo=UTC)),
        ("D:20200131120000Z", datetime(2020, 1, 31, 12, tzinfo=UTC)),
        ("D:20200131120000-05'30'", datetime(2020, 1, 31, 12, tzinfo=timezone(-timedelta(hours=5, minutes=30)))),
        ("D:20209931", None),
        ("D:19040101", None),
        ("yesterday", None),
        ("D:20200131120000+99'99'", None),
    ],
)
def test_dates(stated: str, date: datetime | None) -> None:
    assert date_of(stated) == date


def test_bookmarks_are_headings() -> None:
    more = [
        "<< /Type /Outlines /First 15 0 R /Last 15 0 R /Count 1 >>",
        "<< /Title (Tea) /Parent 14 0 R /Dest [12 0 R /Fit] >>",
    ]
    document = read_one(make_pdf([shown("Before"), shown("Green")], catalog="/Outlines 14 0 R", more=more))
    assert [block.heading for block in document.blocks] == [(), ("Tea",)]


def test_remarks_and_filled_fields_are_text() -> None:
    # Object 8 is the annotation of the first page.
    for annotation in (
        "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (Ask the plumber) >>",
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (who) /Rect [0 0 9 9] /V (Ask the plumber) >>",
    ):
        data = make_pdf([shown("Form")]).replace(b"xref\n0 1", b"8 0 obj\n%b\nendobj\nxref\n0 1" % annotation.encode())
        at = data.index(b"8 0 obj\n<< /Type /Annot")
        data = data.replace(b"trailer", b"8 1\n%010d 00000 n \ntrailer" % at)
        data = data.replace(b"startxref\n", b"startxref\n%d %%" % data.index(b"xref\n0 1"))
        document = read_one(data)
        assert document.text == "Form\n\nAsk the plumber"
        assert document.page_at(len(document.text)) == 1


def test_why_a_file_gives_no_text() -> None:
    assert reason_of(make_pdf([b"0 0 100 100 re f"])) == "scanned"
    assert reason_of(make_pdf([b""])) == "empty"
    assert reason_of(b"%PDF-1.4\nnonsense") == "damaged"
    assert reason_of(b"%PDF-") == "damaged"
    lock = "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{0}> /U <{0}> >> /ID [<00> <00>]".format("ab" * 32)
    assert reason_of(make_pdf([shown("secret")], trailer=lock)) == "encrypted"


def test_damage_never_escapes_as_another_error() -> None:
    whole = make_pdf([shown("First page"), shown("Second page")], "/Title (Kettles) /CreationDate (D:2019)")
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 30)):
            data[dice.randrange(8, len(data))] = dice.randrange(256)
        try:
            read_one(bytes(data[: dice.randrange(len(data) // 2, len(data))]))
        except Unreadable:
            continue
