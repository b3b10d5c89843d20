"""Notes that programs keep, feeds, outlines and bookmarks."""

from __future__ import annotations

import json
import random
import sqlite3
from datetime import UTC, datetime

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

ENEX = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE en-export SYSTEM "http://xml.evernote.com/pub/evernote-export3.dtd" [<!ENTITY x "expanded">]>
<en-export>
<note><title>Kotel</title><content>
<![CDATA[<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE en-note SYSTEM "http://xml.evernote.com/pub/enml2.dtd">
<en-note><div>Nejede.</div>
<div>Chybí voda.</div></en-note>]]>
</content><created>20210504T103000Z</created><tag>dům</tag><tag>oprava</tag>
<note-attributes><author>Petr</author></note-attributes>
<resource><data encoding="base64">AAAA</data></resource></note>
<note><title>Druhá</title><content><![CDATA[<en-note>text &x;</en-note>]]></content></note>
</en-export>
"""
CTD = """\
<?xml version="1.0" ?>
<cherrytree>
<node name="Dům" unique_id="1" tags="" ts_creation="1620124200">
<rich_text>Úvod
</rich_text><rich_text weight="heavy">Druhý</rich_text><rich_text> řádek.

Nový odstavec.</rich_text>
<node name="Kotel" unique_id="2" tags="oprava"><rich_text>Nejede.</rich_text></node>
</node>
</cherrytree>
"""
TIDDLERS = [
    {
        "title": "Kotel",
        "text": "Nejede.\n\nChybí voda.",
        "tags": "dům [[velká oprava]]",
        "created": "20210504103000000",
    },
    {"title": "$:/core", "text": "program"},
    {"title": "Zahrada", "text": "Zalít."},
]
TIDDLYWIKI = (
    '<!doctype html>\n<html><body>\n<script class="tiddlywiki-tiddler-store" type="application/json">[\n'
    + ",\n".join(json.dumps(tiddler, ensure_ascii=False).replace("<", "\\u003C") for tiddler in TIDDLERS)
    + "]</script></body></html>"
)
TID = "created: 20210504103000000\ntags: dům [[velká oprava]]\ntitle: Kotel\n\nNejede.\n\nChybí voda.\n"
RSS = """\
<?xml version="1.0"?>
<rss version="2.0"><channel><title>Zprávy</title>
<item><title>Kotel nejede</title><link>https://example.org/1</link>
<description>&lt;p&gt;Chybí &lt;b&gt;voda&lt;/b&gt;.&lt;/p&gt;</description>
<pubDate>Tue, 04 May 2021 10:30:00 GMT</pubDate></item>
<item><title>Druhá</title></item>
</channel></rss>
"""
ATOM = """\
<feed xmlns="http://www.w3.org/2005/Atom"><title>Zprávy</title>
<entry><title>Kotel nejede</title>
<link rel="self" href="https://example.org/self"/><link href="https://example.org/1"/>
<content type="html">&lt;p&gt;Chybí &lt;b&gt;voda&lt;/b&gt;.&lt;/p&gt;</content>
<author><name>Petr</name></author><published>2021-05-04T10:30:00Z</published></entry>
<entry><title>Druhá</title></entry>
</feed>
"""
OPML = """\
<opml version="2.0"><head><title>Odběry</title></head><body>
<outline text="Dům">
<outline text="Kotle" type="rss" xmlUrl="https://example.org/feed"/>
</outline>
<outline text="Jiné"/>
</body></opml>
"""
BOOKMARKS = """\
<!DOCTYPE NETSCAPE-Bookmark-file-1>
<TITLE>Bookmarks</TITLE>
<DL><p>
    <DT><H3 ADD_DATE="1">Dům</H3>
    <DL><p>
    <DT><A HREF="https://example.org/kotel?a=1&amp;b=2" ADD_DATE="1620124200" TAGS="oprava,voda">Kotel &amp; voda</A>
        <DD>Jak ho opravit
    </DL><p>
    <DT><A HREF="javascript:void(0)">skript</A>
    <DT><A HREF="https://example.org/">Domů</A>
</DL><p>
"""
MORNING = datetime(2021, 5, 4, 10, 30, tzinfo=UTC)


def cherry_database() -> bytes:
    db = sqlite3.connect(":memory:")
    db.executescript(
        "CREATE TABLE node (node_id, name TEXT, txt TEXT, syntax TEXT, tags TEXT, ts_creation, ts_lastsave);"
        "CREATE TABLE children (node_id INTEGER, father_id INTEGER, sequence INTEGER);"
        "INSERT INTO children VALUES (1, 0, 1), (2, 1, 1);"
    )
    rich = "<?xml version='1.0' ?><node><rich_text>Nejede</rich_text><rich_text weight='heavy'>.</rich_text></node>"
    db.execute("INSERT INTO node VALUES (1, 'Dům', 'prostý text', 'plain-text', '', 1620124200, 0)")
    db.execute("INSERT INTO node VALUES (2, 'Kotel', ?, 'custom-colors', 'oprava', 1620124200, 0)", [rich])
    db.commit()
    data = db.serialize()
    db.close()
    return data


SAMPLES = {
    "a.enex": ENEX.encode(),
    "a.ctd": CTD.encode(),
    "a.ctb": cherry_database(),
    "wiki.html": TIDDLYWIKI.encode(),
    "a.tid": TID.encode(),
    "a.rss": RSS.encode(),
    "a.atom": ATOM.encode(),
    "a.opml": OPML.encode(),
    "bookmarks.html": BOOKMARKS.encode(),
}


def documents(name: str) -> list[Document]:
    return list(read(Source(SAMPLES[name], name)))


def row_of(document: Document, words: str, name: str) -> str:
    """The line of the file on which some words of the text stand."""
    return SAMPLES[name].decode().splitlines()[(document.line_at(document.text.index(words)) or 0) - 1]


def test_evernote() -> None:
    note, second = documents("a.enex")
    assert (note.title, note.member, note.date, note.people) == ("Kotel", "1", MORNING, ("Petr",))
    assert note.text == "Nejede.\n\nChybí voda."
    assert note.facts == {"tags": "dům, oprava"}
    assert row_of(note, "Chybí", "a.enex").startswith("<div>Chybí")
    assert "expanded" not in second.text


def test_cherrytree() -> None:
    house, boiler = documents("a.ctd")
    assert (house.title, house.date) == ("Dům", MORNING)
    assert house.text == "Úvod\nDruhý řádek.\n\nNový odstavec."
    for words in ("Úvod", "Druhý", "Nový"):
        assert words in row_of(house, words, "a.ctd")
    assert boiler.blocks[0].heading == ("Dům",)
    assert boiler.facts == {"tags": "oprava"}
    assert "Nejede." in row_of(boiler, "Nejede", "a.ctd")


def test_cherrytree_database() -> None:
    house, boiler = documents("a.ctb")
    assert (house.text, house.date) == ("prostý text", MORNING)
    assert (boiler.title, boiler.text, boiler.blocks[0].heading) == ("Kotel", "Nejede.", ("Dům",))


@pytest.mark.parametrize("name", ["wiki.html", "a.tid"])
def test_tiddlywiki(name: str) -> None:
    note = documents(name)[0]
    assert (note.title, note.text, note.date) == ("Kotel", "Nejede.\n\nChybí voda.", MORNING)
    assert note.facts == {"tags": "dům, velká oprava"}
    assert "Chybí" in row_of(note, "Chybí", name)
    assert [document.title for document in documents(name)] == ["Kotel", "Zahrada"][: 2 if "wiki" in name else 1]


@pytest.mark.parametrize("name", ["a.rss", "a.atom"])
def test_feeds(name: str) -> None:
    entry, second = documents(name)
    assert (entry.kind, entry.title, entry.date) == ("page", "Kotel nejede", MORNING)
    assert entry.text == "Kotel nejede\nhttps://example.org/1\n\nChybí voda."
    assert entry.facts == {"url": "https://example.org/1"}
    assert "Chybí" in row_of(entry, "Chybí", name)
    assert second.text == "Druhá"


def test_outlines() -> None:
    (outline,) = documents("a.opml")
    assert outline.title == "Odběry"
    assert outline.text == "Dům\n\nKotle https://example.org/feed\n\nJiné"
    assert [block.heading for block in outline.blocks] == [(), ("Dům",), ()]
    assert "Kotle" in row_of(outline, "Kotle", "a.opml")


def test_bookmarks() -> None:
    boiler, home = documents("bookmarks.html")
    assert (boiler.kind, boiler.title, boiler.date) == ("link", "Kotel & voda", MORNING)
    assert boiler.text == "Kotel & voda\nhttps://example.org/kotel?a=1&b=2\nJak ho opravit"
    assert boiler.facts["folder"] == "Dům"
    assert boiler.facts["tags"] == "oprava, voda"
    assert "kotel?a=1" in row_of(boiler, "Kotel", "bookmarks.html")
    assert home.text == "Domů\nhttps://example.org/"


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12)
    )
    text = f"{bomb}]><opml><body><outline text='x &m;'/><outline text='ok'/></body></opml>"
    (document,) = read(Source(text.encode(), "a.opml"))
    assert len(document.text) < 100


def reason(data: bytes, name: str) -> str:
    """Why a file cannot be read; empty when it can, and then its documents are sound."""
    try:
        for document in read(Source(data, name)):
            assert document.text.strip()
            assert [at for at, _ in document.lines or ()] == sorted({at for at, _ in document.lines or ()})
    except Unreadable as problem:
        return problem.reason
    return ""


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for _ in range(200):
        data = bytearray(SAMPLES[name])
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.choice(b"<>/\"'=& \n\xff\0a1")
        cut = dice.choice([len(data), dice.randrange(1, len(data))])
        assert reason(bytes(data[:cut]), name) in ("", *REASONS)


def test_nesting_without_end() -> None:
    for name, opening in [("a.ctd", '<node name="x">'), ("a.opml", '<opml><outline text="x">'), ("a.enex", "<note>")]:
        assert reason((opening * 20_000).encode(), name) in ("", *REASONS)


def test_an_error_whose_text_is_damaged() -> None:
    """What SQLite says of a damaged database quotes it, in bytes that are no UTF-8; that ended the reading of all."""
    data = cherry_database().replace(b"CREATE TABLE", b"CREATE \xf7ABLE")
    with pytest.raises(Unreadable) as problem:
        list(read(Source(data, "a.ctb")))
    assert problem.value.reason == "damaged"


JOPLIN = """Kotel a čajník

Kde je čajník?

# Kůlna

V kůlně.

id: 0123456789abcdef0123456789abcdef
parent_id: fedcba9876543210fedcba9876543210
created_time: 2021-05-04T10:30:00.000Z
updated_time: 2022-05-04T10:30:00.000Z
source: joplin-desktop
type_: 1"""


def test_a_note_of_joplin() -> None:
    (note,) = read(Source(JOPLIN.encode(), "0123456789abcdef0123456789abcdef.md"))
    assert (note.kind, note.title, note.date) == ("note", "Kotel a čajník", datetime(2021, 5, 4, 10, 30, tzinfo=UTC))
    assert note.text.endswith("V kůlně.")
    assert note.line_at(note.text.index("V kůlně")) == 7
    with pytest.raises(Unreadable):
        list(read(Source(JOPLIN.replace("type_: 1", "type_: 2").encode(), "x.md")))
    (other,) = read(Source(JOPLIN.replace("type_: 1", "and so on").encode(), "x.md"))
    assert "joplin-desktop" in other.text
