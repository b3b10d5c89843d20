"""Calendars, address books, subtitles and bibliographies: a document for each entry, with its day and people."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from ask.indexer.extract.tex_letters import readable

CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
X-WR-CALNAME:Domov
BEGIN:VTIMEZONE
TZID:Europe/Prague
BEGIN:STANDARD
DTSTART:19701025T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/Prague:20210504T103000
DTEND;TZID=Europe/Prague:20210504T113000
SUMMARY:Instalatér\\, oprava kotle
LOCATION:Sklep
DESCRIPTION:Přinese nový ventil.\\nPlatí se
  hotově.
ORGANIZER;CN="Petr Novák":mailto:petr@example.org
ATTENDEE:mailto:jana@example.org
RRULE:FREQ=YEARLY
BEGIN:VALARM
DESCRIPTION:beep
END:VALARM
END:VEVENT
BEGIN:VTODO
SUMMARY:Zaplatit
DUE;VALUE=DATE:20210601
END:VTODO
END:VCALENDAR
"""
CONTACTS = """\
BEGIN:VCARD
VERSION:3.0
N:Novák;Petr;;Ing.;
FN:Ing. Petr Novák
ORG:Voda topení;dílna
item1.TEL;TYPE=CELL:+420 123 456
EMAIL:petr@example.org
ADR:;;Dlouhá 1;Brno;;60200;Česko
PHOTO;ENCODING=b:AAAA
 BBBB
NOTE:Opravil kotel\\, levně.
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Mal=C3=A1;=
Jana
TEL:1
END:VCARD
"""
SRT = """\
1
00:00:01,000 --> 00:00:03,000
<i>Dobrý den.</i>
Vítejte.

2
00:00:04,500 --> 00:00:06,000
Vítejte.
Co to je?

3
01:02:03,000 --> 01:02:05,000
Kotel.
"""
VTT = "WEBVTT\n\nNOTE a comment\n\n" + SRT.replace(",", ".").replace("00:00:0", "00:0")
BIBTEX = r"""
@comment{nothing}
@article{novak2009,
  title = {O {Kotl}ech a {\v c}ajn\'{\i}c\'ich},
  author = "Nov{\'a}k, Petr and Mal\'a, Jana",
  year = 2009, month = mar,
  abstract = {Kettles {\&} pots.},
  url = {https://example.org/kettle}
}
@book(knuth, title = "TeX" # " book", year = {1984})
"""
RIS = """\
TY  - JOUR
TI  - O kotlech a čajnících
AU  - Novák, Petr
AU  - Malá, Jana
PY  - 2009/03/
AB  - Kettles & pots.
UR  - https://example.org/kettle
ER  -\x20
TY  - BOOK
T1  - TeX book
Y1  - 1984
ER  -\x20
"""
SAMPLES = {"a.ics": CALENDAR, "a.vcf": CONTACTS, "a.srt": SRT, "a.vtt": VTT, "a.bib": BIBTEX, "a.ris": RIS}


def documents(text: str | bytes, name: str) -> list[Document]:
    return list(read(Source(text.encode() if isinstance(text, str) else text, name)))


def row_of(document: Document, words: str, source: str) -> str:
    """The line of the file on which some words of the text stand."""
    return source.splitlines()[(document.line_at(document.text.index(words)) or 0) - 1]


def test_entries_of_a_calendar() -> None:
    event, task = documents(CALENDAR, "a.ics")
    assert (event.kind, event.title, event.member) == ("event", "Instalatér, oprava kotle", "1")
    assert event.date == datetime(2021, 5, 4, 8, 30, tzinfo=UTC)
    assert event.text == "Instalatér, oprava kotle\n\nSklep\n\nPřinese nový ventil.\nPlatí se hotově."
    assert event.people == ("Petr Novák <petr@example.org>", "jana@example.org")
    assert event.facts == {"calendar": "Domov", "place": "Sklep", "repeats": "yearly", "ends": "2021-05-04 11:30"}
    assert row_of(event, "Sklep", CALENDAR) == "LOCATION:Sklep"
    assert row_of(event, "nový ventil", CALENDAR).startswith("DESCRIPTION:")
    assert task.date is not None
    assert task.date.strftime("%Y-%m-%d") == "2021-06-01"


def test_cards_of_an_address_book() -> None:
    petr, jana = documents(CONTACTS.replace("\n", "\r\n"), "a.vcf")
    assert (petr.kind, petr.title, petr.people) == (
        "contact",
        "Ing. Petr Novák",
        ("Ing. Petr Novák <petr@example.org>",),
    )
    assert petr.text == (
        "Ing. Petr Novák\nVoda topení, dílna\ne-mail: petr@example.org\ntelephone: +420 123 456\n"
        "address: Dlouhá 1, Brno, 60200, Česko\nOpravil kotel, levně."
    )
    assert row_of(petr, "levně", CONTACTS).startswith("NOTE")
    assert row_of(petr, "Brno", CONTACTS).startswith("ADR")
    assert jana.title == "Jana Malá"
    assert row_of(jana, "telephone", CONTACTS) == "TEL:1"


@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_subtitles_by_the_half_minute(name: str) -> None:
    (document,) = documents(SAMPLES[name], name)
    assert document.text == "Dobrý den.\nVítejte.\nCo to je?\n\nKotel."
    assert [block.heading for block in document.blocks] == [("0:00:01",), ("1:02:03",)]
    assert row_of(document, "Co to", SAMPLES[name]) == "Co to je?"
    assert row_of(document, "Kotel", SAMPLES[name]) == "Kotel."


@pytest.mark.parametrize("name", ["a.bib", "a.ris"])
def test_works_of_a_bibliography(name: str) -> None:
    article, book = documents(SAMPLES[name], name)
    assert article.title.lower() == "o kotlech a čajnících"
    assert article.people == ("Novák, Petr", "Malá, Jana")
    assert article.date is not None
    assert article.date.strftime("%Y-%m") == "2009-03"
    assert "Kettles & pots." in article.text
    assert "https://example.org/kettle" in row_of(article, "https:", SAMPLES[name])
    assert book.title == "TeX book"
    assert [article.member, book.member] == (["novak2009", "knuth"] if name == "a.bib" else ["1", "2"])


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (r"\v{Z}lu\v tou\v{c}k\'y k\r{u}\v n", "Žluťoučký kůň"),
        (r"{\"o}\ss{} \& \emph{x}", "öß & x"),
        ("a--b~c", "a–b c"),
    ],
)
def test_letters_of_tex(written: str, read_as: str) -> None:
    assert readable(written) == read_as


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "a.ics"),
        ("x\n", "a.vcf"),
        ("x\n", "a.srt"),
        ("x\n", "a.bib"),
        ("x\n", "a.ris"),
    ],
)
def test_files_without_entries_have_a_reason(text: str, name: str) -> None:
    assert reason(text.encode(), name) in ("empty", "damaged")


def reason(data: bytes, name: str) -> str:
    """Why a file cannot be read; empty when it can, and then its documents are sound."""
    try:
        for document in documents(data, name):
            assert document.text.strip()
            assert [at for at, _ in document.lines or ()] == sorted({at for at, _ in document.lines or ()})
    except Unreadable as problem:
        return problem.reason
    return ""


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    whole = SAMPLES[name].encode()
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.choice(b'=:;{}"\\@,- \n0129TZ\xff')
        assert reason(bytes(data[dice.randrange(30) :]), name) in ("", *REASONS)


@pytest.mark.parametrize("text", ["@a{b,c={" * 3_000, "BEGIN:VCARD\n" * 9_000, ";=" * 20_000, ' "' * 20_000])
@pytest.mark.parametrize("name", SAMPLES)
def test_odd_texts_do_no_harm(text: str, name: str) -> None:
    assert reason(text.encode(), name) in ("", *REASONS)
