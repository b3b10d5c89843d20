"""Word, PowerPoint and Excel files, put together here part by part."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Limits, Source, read
from ask.indexer.extract.excel import column_of
from ask.indexer.extract.sheets import date_text, header_of, is_date_format, number_text

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="mc" xmlns:a="a" xmlns:wps="wps"'
P = 'xmlns:p="p" xmlns:a="a" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
X = 'xmlns="x" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CORE = (
    '<cp:coreProperties xmlns:cp="cp" xmlns:dc="dc" xmlns:dcterms="dcterms"><dc:title>Kettles of Bohemia</dc:title>'
    "<dc:creator>Jana Nováková</dc:creator><cp:lastModifiedBy>Petr</cp:lastModifiedBy><dc:subject>tea</dc:subject>"
    "<dcterms:created>2006-09-16T00:00:00Z</dcterms:created><dcterms:modified>2019-05-06T07:08:09Z</dcterms:modified>"
    "</cp:coreProperties>"
)


def package(parts: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def relations(*rows: tuple[str, str, str]) -> str:
    """A part of relations from (id, kind, target) rows."""
    return (
        "<Relationships>"
        + "".join(f'<Relationship Id="{key}" Type="{REL}/{kind}" Target="{target}"/>' for key, kind, target in rows)
        + "</Relationships>"
    )


def para(text: str, style: str = "", before: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r>{before}<w:t>{text}</w:t></w:r></w:p>"


STYLES = (
    f'<w:styles {W}><w:style w:styleId="Nadpis1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Nadpis2"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:styleId="Mine"><w:name w:val="My own"/><w:basedOn w:val="Nadpis2"/></w:style>'
    '<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>'
    '<w:style w:styleId="Nzev"><w:name w:val="Title"/></w:style></w:styles>'
)
BREAK = "<w:lastRenderedPageBreak/>"
WORD = (
    f'<?xml version="1.0" encoding="UTF-8"?><w:document {W}><w:body>'
    + para("O konvicích", "Nzev")
    + para("Čajové konvice", "Nadpis1")
    + para("Příliš žluťoučký kůň.", "Loop")
    + para("Materiály", "Mine", BREAK)
    + "<w:tbl>"
    + "".join(f"<w:tr>{''.join(f'<w:tc>{para(cell)}</w:tc>' for cell in row.split())}</w:tr>" for row in ("kov cena", "měď 300"))
    + "</w:tbl>"
    + "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>first</w:t></w:r></w:p>"
    + "<w:p><w:r><w:t>kept</w:t><w:delText>removed</w:delText><w:instrText>HYPERLINK x</w:instrText><w:tab/><w:t>text</w:t></w:r></w:p>"
    + "<w:p><w:r><mc:AlternateContent><mc:Choice><wps:txbx>" + para("In a box") + "</wps:txbx></mc:Choice>"
    + "<mc:Fallback>" + para("In a box") + "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    + "</w:body></w:document>"
)  # fmt: skip
DOCX = package(
    {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations(("r1", "officeDocument", "word/document.xml")),
        "word/document.xml": WORD,
        "word/styles.xml": STYLES,
        "word/comments.xml": f'<w:comments {W}><w:comment w:author="Petr">{para("Really?")}</w:comment></w:comments>',
        "word/footnotes.xml": f"<w:footnotes {W}><w:footnote>{para('See page two.')}</w:footnote></w:footnotes>",
        "word/header1.xml": f"<w:hdr {W}>{para('Kettle works')}</w:hdr>",
        "word/header2.xml": f"<w:hdr {W}>{para('Kettle works')}</w:hdr>",
        "word/charts/chart1.xml": '<c:chart xmlns:c="c"><c:v>Steam by year</c:v></c:chart>',
        "docProps/core.xml": CORE,
    }
)


def slide(title: str, *texts: str, place: str = "title") -> str:
    shapes = [f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{place}"/></p:nvPr></p:nvSpPr>{_body(title)}</p:sp>']
    shapes += [f"<p:sp>{_body(text)}</p:sp>" for text in texts]
    shapes += [f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="sldNum"/></p:nvPr></p:nvSpPr>{_body("7")}</p:sp>']
    shapes += [f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="ftr"/></p:nvPr></p:nvSpPr>{_body("Footer")}</p:sp>']
    return f"<p:sld {P}>{''.join(reversed(shapes))}</p:sld>"


def _body(text: str) -> str:
    return f"<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody>"


PPTX = package(
    {
        "_rels/.rels": relations(("r1", "officeDocument", "/ppt/presentation.xml")),
        "ppt/presentation.xml": f'<p:presentation {P}><p:sldId id="256" r:id="b"/><p:sldId id="257" r:id="a"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(
            ("a", "slide", "slides/slide1.xml"), ("b", "slide", "slides/slide2.xml")
        ),
        "ppt/slides/slide1.xml": slide("Attention", "Queries and keys"),
        "ppt/slides/slide2.xml": slide("Before attention", "Recurrent nets", place="ctrTitle"),
        "ppt/slides/_rels/slide1.xml.rels": relations(("n", "notesSlide", "../notesSlides/notesSlide1.xml")),
        "ppt/notesSlides/notesSlide1.xml": f"<p:notes {P}><p:sp>{_body('Speak slowly')}</p:sp></p:notes>",
        "docProps/core.xml": CORE.replace("Kettles of Bohemia", "PowerPoint Presentation"),
    }
)


def cell(reference: str, value: str, kind: str = "", style: str = "0") -> str:
    if kind == "inlineStr":
        return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{reference}" t="{kind or "n"}" s="{style}"><v>{value}</v></c>'


XLSX = package(
    {
        "_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook {X}><sheets><sheet name="Budget" r:id="a"/><sheet name="Výdaje" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(("a", "worksheet", "worksheets/sheet1.xml"), ("b", "worksheet", "worksheets/sheet2.xml")),
        "xl/sharedStrings.xml": "<sst><si><t>Name</t></si><si><r><t>Am</t></r><r><t>ount</t></r><rPh><t>x</t></rPh></si><si><t>Day</t></si></sst>",
        "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="d\\.m\\.yyyy"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": "<worksheet><sheetData>"
        f'<row r="1">{cell("A1", "0", "s")}{cell("B1", "1", "s")}{cell("C1", "2", "s")}</row>'
        f'<row r="5">{cell("A5", "Rent", "inlineStr")}{cell("B5", "1234.5")}{cell("C5", "43591", style="1")}</row>'
        f'<row r="6">{cell("A6", "Tea", "inlineStr")}{cell("C6", "43592", style="1")}</row></sheetData></worksheet>',
        "xl/worksheets/sheet2.xml": f'<worksheet><sheetData><row>{cell("", "1", "b")}{cell("", "#REF!", "e")}</row></sheetData></worksheet>',
        "xl/worksheets/_rels/sheet2.xml.rels": relations(("c", "comments", "../comments1.xml")),
        "xl/comments1.xml": "<comments><authors><author>Petr</author></authors><comment><text><t>Too </t><t>much</t></text></comment></comments>",
        "docProps/core.xml": CORE,
    }
)  # fmt: skip


def records(*rows: tuple[int, bytes]) -> bytes:
    """A part of an xlsb; numbers and lengths below 16,384."""
    out = b""
    for kind, content in rows:
        for number in (kind, len(content)):
            out += bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])
        out += content
    return out


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def place(column: int, style: int = 0) -> bytes:
    return struct.pack("<II", column, style)


XLSB = package(
    {
        "_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.bin")),
        "xl/workbook.bin": records((153, bytes(8)), (156, bytes(8) + wide("rId1") + wide("Výdaje"))),
        "xl/_rels/workbook.bin.rels": relations(("rId1", "worksheet", "worksheets/sheet1.bin")),
        "xl/sharedStrings.bin": records((19, b"\0" + wide("Name")), (19, b"\0" + wide("Amount"))),
        "xl/styles.bin": records((617, bytes(4)), (47, bytes(16)), (47, struct.pack("<HH", 0, 14)), (618, b"")),
        "xl/worksheets/sheet1.bin": records(
            (0, struct.pack("<I", 0) + bytes(13)),
            (7, place(0) + struct.pack("<I", 0)),
            (7, place(1) + struct.pack("<I", 1)),
            (6, place(2) + wide("Day")),
            (0, struct.pack("<I", 6) + bytes(13)),
            (6, place(0) + wide("Nájem")),
            (2, place(1) + struct.pack("<I", 123450 << 2 | 3)),
            (5, place(2, 1) + struct.pack("<d", 43591)),
            (4, place(3) + b"\1"),
        ),
    }
)
SAMPLES = {"budget.xlsb": XLSB, "kettle.docx": DOCX, "talk.pptx": PPTX, "budget.xlsx": XLSX}
"""A file of each format, for breaking."""


def read_all(data: bytes, name: str, limits: Limits | None = None) -> list[Document]:
    return list(read(Source(data, name, limits=limits or Limits())))


def reason_of(data: bytes, name: str, limits: Limits | None = None) -> str:
    with pytest.raises(Unreadable) as caught:
        read_all(data, name, limits)
    return caught.value.reason


def outcome(data: bytes, name: str) -> str:
    """`read`, or the reason why not."""
    try:
        read_all(data, name)
    except Unreadable as problem:
        return problem.reason
    return "read"


def test_word() -> None:
    (document,) = read_all(DOCX, "kettle.docx")
    assert document.text.split("\n\n") == [
        "O konvicích",
        "Čajové konvice",
        "Příliš žluťoučký kůň.",
        "Materiály",
        "kov | cena\nměď | 300",
        "- first",
        "kept\ttext",
        "In a box",
        "Petr: Really?",
        "See page two.",
        "Kettle works",
        "Steam by year",
    ]
    assert (document.title, document.kind) == ("Kettles of Bohemia", "note")
    assert document.people == ("Jana Nováková", "Petr")
    assert document.date == datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert document.facts == {"subject": "tea"}


def test_headings_and_pages_of_word() -> None:
    (document,) = read_all(DOCX, "kettle.docx")
    headings = {document.text[block.start : block.end]: block.heading for block in document.blocks}
    assert headings["Příliš žluťoučký kůň."] == ("Čajové konvice",)
    assert headings["kov | cena\nměď | 300"] == ("Čajové konvice", "Materiály")
    assert headings["Petr: Really?"] == ()
    assert document.page_at(document.text.index("kůň")) == 1
    assert document.page_at(document.text.index("měď")) == 2
    assert document.line_at(0) is None


def test_presentation() -> None:
    (document,) = read_all(PPTX, "talk.pptx")
    assert document.text.split("\n\n") == [
        "Before attention",
        "Recurrent nets",
        "Attention",
        "Queries and keys",
        "Speak slowly",
        "Footer",
    ]
    assert (document.kind, document.title) == ("slides", "Before attention")
    assert document.page_at(document.text.index("Queries")) == 2
    assert document.blocks[1].heading == ("Before attention",)


def test_workbook() -> None:
    budget, spent = read_all(XLSX, "budget.xlsx")
    assert budget.text == "Name | Amount | Day\nRent | 1234.5 | 2019-05-06\nTea |  | 2019-05-07"
    assert (budget.member, budget.kind, budget.header) == ("sheet Budget", "table", "Name | Amount | Day")
    assert budget.line_at(budget.text.index("Rent")) == 5
    assert budget.title == "Kettles of Bohemia – Budget"
    assert spent.text == "TRUE\n\nToo much"
    assert spent.member == "sheet Výdaje"


def test_binary_workbook() -> None:
    (document,) = read_all(XLSB, "budget.xlsb")
    assert document.text == "Name | Amount | Day\nNájem | 1234.5 | 2019-05-06 | TRUE"
    assert document.line_at(document.text.index("Nájem")) == 7
    assert (document.header, document.title) == ("Name | Amount | Day", "Výdaje")


def test_names_do_not_decide() -> None:
    assert [d.kind for d in read_all(PPTX, "talk.docx")] == ["slides"]
    assert [d.kind for d in read_all(DOCX, "attachment")] == ["note"]


def test_files_in_files() -> None:
    outer = package(
        {"word/document.xml": WORD, "word/embeddings/budget.xlsx": XLSX, "word/embeddings/broken.xlsx": b"no"}
    )
    members = [document.member for document in read_all(outer, "a.docx")]
    assert members == [None, "budget.xlsx/sheet Budget", "budget.xlsx/sheet Výdaje"]


def test_a_file_without_directory_is_searched() -> None:
    whole = package({"word/document.xml": WORD, "word/media/picture.bin": random.Random(1).randbytes(5000)})
    for cut in (len(whole) - 30, len(whole) - 3000):
        (document,) = read_all(whole[:cut], "cut.docx")
        assert "Příliš žluťoučký kůň." in document.text


def test_what_stands_before_damage_is_read() -> None:
    many = WORD.replace("first", "".join(f"{n * n} " for n in range(20_000)))
    data = bytearray(package({"word/document.xml": many}))
    data[-600:-500] = bytes(100)
    (document,) = read_all(bytes(data), "damaged.docx")
    assert "Čajové konvice" in document.text


def test_bombs() -> None:
    bomb = package({"word/document.xml": f"<w:document {W}><w:body>{para('a' * 60_000_000)}</w:body></w:document>"})
    assert reason_of(bomb, "bomb.docx") == "too large"
    assert reason_of(DOCX, "kettle.docx", Limits(bytes_out=100)) == "too large"


def test_entities_are_not_expanded() -> None:
    laughs = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    text = laughs + f"<w:document {W}><w:body>{para('before &y;&f; after')}</w:body></w:document>"
    (document,) = read_all(package({"word/document.xml": text}), "a.docx")
    assert "before" in document.text
    assert "ha" not in document.text
    assert "root" not in document.text


def test_nothing_in_it() -> None:
    assert reason_of(package({"word/document.xml": f"<w:document {W}/>"}), "a.docx") == "empty"
    assert reason_of(b"PK\x03\x04 and no more of it", "a.docx") == "damaged"


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for turn in range(200):
        data = broken(SAMPLES[name], dice, turn)
        assert outcome(data, name) in {"read", *REASONS}


def broken(data: bytes, dice: random.Random, turn: int) -> bytes:
    """Bytes flipped, a part cut out, or two parts of the file exchanged."""
    out = bytearray(data)
    if turn % 3 == 0:
        for _ in range(dice.randrange(1, 30)):
            out[dice.randrange(len(out))] = dice.randrange(256)
    elif turn % 3 == 1:
        at = dice.randrange(len(out))
        del out[at : at + dice.randrange(1, len(out))]
    else:
        at, other, length = dice.randrange(len(out)), dice.randrange(len(out)), dice.randrange(1, 400)
        out[at : at + length] = data[other : other + length]
    return bytes(out)


def test_damage_inside_the_parts() -> None:
    """A zip hides its content from random damage; here it is stored as it is."""
    dice = random.Random(3)
    for name, data in SAMPLES.items():
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {part: archive.read(part) for part in archive.namelist()}
        for turn in range(150):
            part = dice.choice(sorted(parts))
            stored = package(parts | {part: broken(parts[part], dice, turn)}, zipfile.ZIP_STORED)
            assert outcome(stored, name) in {"read", *REASONS}


def test_numbers_and_days() -> None:
    assert [number_text(n) for n in (3.0, 0.1 + 0.2, -1.5, 1e20)] == ["3", "0.3", "-1.5", "1e+20"]
    assert [date_text(n) for n in (43591, 43591.5, 0.25, -4, 9e9)] == [
        "2019-05-06",
        "2019-05-06 12:00",
        "06:00",
        "-4",
        "9000000000",
    ]
    assert date_text(42129, from_1904=True) == "2019-05-06"
    assert [column_of(r) for r in ("A1", "Z9", "AA10", "", "7")] == [0, 25, 26, -1, -1]


@pytest.mark.parametrize(
    ("key", "code", "expected"),
    [(14, "", True), (2, "", False), (164, "General", False), (164, 'yyyy"year"', True), (164, '0" days"', False), (164, "[Red]0.00", False),
     (164, "[h]:mm", True), (164, "#,##0\\ _Kč", False)],
)  # fmt: skip
def test_formats_of_days(key: int, code: str, expected: bool) -> None:
    assert is_date_format(key, code) is expected


def test_header_below_a_title() -> None:
    rows = [["Expenses 2019"], ["Name", "Amount", "Day"], ["Rent", "12", "x"], ["Tea", "3", "y"]]
    assert header_of(rows) == "Name | Amount | Day"
    assert header_of([["1", "2"], ["3", "4"]]) == ""
