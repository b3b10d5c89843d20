"""Rich Text Format, written here."""

from __future__ import annotations

import random
import struct

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

HEAD = (
    rb"{\rtf1\ansi\ansicpg1250\deff0{\fonttbl{\f0\fcharset238 Times;}{\f1\fcharset204 Times Cyr;}{\f2\fcharset128 Mincho;}}"
    rb"{\stylesheet{\s1\outlinelevel0 heading 1;}{\s2\outlinelevel1 heading 2;}}{\*\generator Writer;}"
    rb"{\info{\title Kettles}{\author Jana Nov\'e1kov\'e1}{\creatim\yr2019\mo5\dy6\hr7\min8}{\revtim\yr2020\mo1\dy2}}"
)
BODY = (
    rb"\pard\s1 O konvic\'edch\par\pard P\'f8\'edli\'9a \u382?lu\u357 ?ou\'e8k\'fd k\'f9\'f2.\par"
    rb"\pard\s2 Materi\'e1ly\par\trowd\pard\intbl kov\cell cena\cell\row\trowd\pard\intbl m\'ec\'ef\cell 300\cell\row"
    rb"\pard {\f1 \'ea\'ee\'ed\'fc} {\f2 \'93\'fa\'96\'7b}\par\page {\v hidden}shown\line next\emdash x\u-10179?\u-8704?\par"
    rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}{\pict\bin4 {{{{ffff}{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt In a box}}}"
    rb"{\b0\*\cs7 not a destination}\par"
)
RTF = HEAD + BODY + b"}"


def read_all(data: bytes) -> list[Document]:
    return list(read(Source(data, "kettle.rtf")))


def outcome(data: bytes) -> str:
    """`read`, or the reason why not."""
    try:
        read_all(data)
    except Unreadable as problem:
        return problem.reason
    return "read"


def test_text() -> None:
    (document,) = read_all(RTF)
    assert document.text.split("\n\n") == [
        "O konvicích",
        "Příliš žluťoučký kůň.",
        "Materiály",
        "kov | cena\nměď | 300",
        "конь 日本",
        "shown\nnext—x😀",
        "a link In a boxnot a destination",
    ]


def test_what_the_file_says_about_itself() -> None:
    (document,) = read_all(RTF)
    assert (document.title, document.people) == ("Kettles", ("Jana Nováková",))
    assert document.date is not None
    assert (document.date.year, document.date.month) == (2020, 1)


def test_headings_and_pages() -> None:
    (document,) = read_all(RTF)
    assert document.blocks[1].heading == ("O konvicích",)
    assert document.blocks[3].heading == ("O konvicích", "Materiály")
    assert document.page_at(document.text.index("měď")) == 1
    assert document.page_at(document.text.index("shown")) == 2


def test_an_embedded_file() -> None:
    content = b"in the box"
    package = (
        b"\2\0note.txt\0C:\\note.txt\0\0\0\3\0"
        + struct.pack("<I", 4)
        + b"tmp\0"
        + struct.pack("<I", len(content))
        + content
    )
    ole1 = struct.pack("<III", 0x501, 2, 8) + b"Package\0" + struct.pack("<III", 0, 0, len(package)) + package
    _, member = read_all(HEAD + rb"text{\object{\*\objdata " + ole1.hex().encode() + b"}}}")
    assert (member.member, member.text) == ("note.txt", "in the box")


def test_not_for_reading() -> None:
    assert outcome(HEAD + b"}") == "empty"
    assert outcome(b"{\\rtf" + b"{" * 5000) == "too deep"
    assert outcome(b"{\\rtf1 \\ansicpg99999 text") == "read"


def test_damage_is_refused_or_read() -> None:
    dice = random.Random(5)
    for turn in range(500):
        data = bytearray(RTF)
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.choice([dice.randrange(256), *b"{}\\"])
        if turn % 3 == 0:
            del data[dice.randrange(len(data)) :]
        assert outcome(bytes(data)) in {"read", *REASONS}


@pytest.mark.parametrize("word", [b"\\u", b"\\'", b"\\bin9999999999 ", b"\\f-1 ", b"\\uc99 \\u8364 ", b"\\s-5\\par "])
def test_odd_words(word: bytes) -> None:
    assert outcome(RTF[:-1] + word + b" end}") == "read"
