"""Web pages and XML: what a reader sees, on which line it stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

PAGE = """\
<!DOCTYPE html>
<html lang="cs-CZ">
<head><title>Konvice &amp; čajníky</title>
<meta name="author" content="Jana Nováková">
<meta property="article:published_time" content="2019-05-06T07:08:09Z">
<script>var hidden = "script";</script>
<style>p { color: hidden }</style>
</head>
<body>
<nav><a href="/">Domů</a><a href="/o">O nás</a></nav>
<h1>Vše o konvicích</h1>

<p>První odstavec
má dva řádky
a <b>tučné</b> slovo.</p>
<h2
  id="x">Materiály</h2>
<ul><li>smalt<li>nerez</ul>
<!-- poznámka
na dvou řádcích -->
<table>
<tr><th>Objem</th><th>Cena</th></tr>
<tr><td>1 l</td><td><p>300&nbsp;Kč</p></td></tr>
</table>
<pre>
vař(
  voda)
</pre>
<div><span>Skladem</span><span>5 kusů</span></div>
<h2>Závěr</h2>
Text bez odstavce.<br>Nový řádek.
</body></html>
"""


def read_one(text: str | bytes, name: str = "page.html") -> Document:
    (document,) = read(Source(text.encode() if isinstance(text, str) else text, name))
    return document


def parts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def test_readable_text_comes_out_in_order() -> None:
    assert parts(read_one(PAGE)) == [
        "Vše o konvicích",
        "První odstavec má dva řádky a tučné slovo.",
        "Materiály",
        "- smalt",
        "- nerez",
        "Objem | Cena",
        "1 l | 300 Kč",
        "vař(\n  voda)",
        "Skladem 5 kusů",
        "Závěr",
        "Text bez odstavce.\nNový řádek.",
    ]


def test_headings_make_a_path() -> None:
    headings = {part: block.heading for part, block in zip(parts(read_one(PAGE)), read_one(PAGE).blocks, strict=True)}
    assert headings["První odstavec má dva řádky a tučné slovo."] == ("Vše o konvicích",)
    assert headings["- smalt"] == ("Vše o konvicích", "Materiály")
    assert headings["Text bez odstavce.\nNový řádek."] == ("Vše o konvicích", "Závěr")


@pytest.mark.parametrize(
    "word", ["Vše", "První", "dva řádky", "tučné", "Materiály", "smalt", "Cena", "1 l", "voda", "Skladem", "Nový"]
)
def test_every_piece_knows_its_line(word: str) -> None:
    document = read_one(PAGE)
    line = document.line_at(document.text.index(word))
    assert line is not None
    assert word in PAGE.splitlines()[line - 1]


def test_what_the_page_says_about_itself() -> None:
    document = read_one(PAGE)
    assert document.title == "Konvice & čajníky"
    assert document.people == ("Jana Nováková",)
    assert document.date == datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert document.language == "cs"
    assert document.kind == "page"


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="iso-8859-2">', "iso8859-2"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1250">', "cp1250"),
        ("", "cp1250"),
        ('<meta charset="utf-8">', "utf-16"),
        ('<meta charset="iso-8859-1">', "utf-8"),
    ],
)
def test_encodings(head: str, encoding: str) -> None:
    text = "Příliš žluťoučký kůň úpěl ďábelské ódy, ještě že šťastně."
    page = f"<html><head>{head}</head><body><p>{text}</p></body></html>"
    assert read_one(page.encode(encoding)).text == text


def test_layout_tables_are_no_rows() -> None:
    page = "<table><tr><td><h1>Left</h1><p>one</p></td><td><table><tr><td>a<td>b</tr></table></td></tr></table>"
    assert parts(read_one(page)) == ["Left", "one", "a | b"]


def test_a_page_whose_navigation_never_closes_is_kept() -> None:
    page = "<html><body><nav><a href='/'>Home</a>" + "<p>The whole text of the page.</p>" * 20
    assert "whole text" in read_one(page).text


def test_a_page_too_deep_for_the_parser_loses_no_text() -> None:
    page = "<html><body>top\n" + "<div>" * 5_000 + "\nbottom"
    document = read_one(page)
    assert "bottom" in document.text
    assert document.line_at(document.text.index("bottom")) == 3


@pytest.mark.parametrize(
    "page",
    [
        "<p>text",
        "<table><tr><td>text",
        "</div></p>text<",
        "<a><b><i>text</a></b>",
        "text &nosuch; &#xD800; &#0;",
        "<html\0>text",
    ],
)
def test_malformed_pages_are_read(page: str) -> None:
    assert "text" in read_one(page).text


@pytest.mark.parametrize("page", ["<html></html>", "<script>x</script>", "<!-- x -->", "<p> </p>"])
def test_pages_without_text(page: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_one(page)
    assert caught.value.reason == "empty"


def test_lines_beyond_the_reach_of_libxml2() -> None:
    page = "<p>x\n</p>" * 70_000 + "<p>last</p>"
    document = read_one(page)
    assert document.line_at(document.text.index("last")) == 70_001


# ── XML ──────────────────────────────────────────────────────────────────────────────────────────────

LIBRARY = """\
<?xml version="1.0" encoding="iso-8859-2"?>
<!DOCTYPE library [<!ENTITY secret SYSTEM "file:///etc/hostname"><!ENTITY lol "lol">
]>
<library
  name="Moje">
  <book id="1"><title>Válka s mloky</title><year>1936</year>
    <note>&secret;&lol; Nejlepší kniha o tom, jak se chytří tvorové dají dobře zaplatit za to,
      že&nbsp;prohrají.</note></book>
  konec
</library>
"""


def test_xml_gives_texts_with_their_lines() -> None:
    document = read_one(LIBRARY.encode("iso8859-2"), "library.xml")
    assert parts(document) == [
        "name: Moje",
        "title: Válka s mloky\nyear: 1936\n"
        "Nejlepší kniha o tom, jak se chytří tvorové dají dobře zaplatit za to, že prohrají.",
        "library: konec",
    ]
    assert [document.line_at(document.text.index(word)) for word in ("Válka", "1936", "Nejlepší", "konec")] == [
        6,
        6,
        7,
        9,
    ]


def test_xml_bombs_do_not_go_off() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY a0 "boom">{entities}]><x><a>before</a>&a9;</x>'
    assert read_one(bomb, "bomb.xml").text == "a: before"


def test_damaged_xml_keeps_its_text() -> None:
    document = read_one("<notes>\n<note>Buy milk</note>\n<note>Water & soil\n<broken", "notes.xml")
    assert "Buy milk" in document.text
    assert document.line_at(document.text.index("Water")) == 3


def test_xml_without_text_is_its_source() -> None:
    text = '<svg><rect x="1"/><g id="kettle"/></svg>'
    assert read_one(text, "kettle.svg").text == text


def test_xhtml_called_xml_is_a_page() -> None:
    page = '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Hello</p></body></html>'
    assert read_one(page, "page.xml").kind == "page"
