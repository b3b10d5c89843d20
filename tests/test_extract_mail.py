"""Mails and mailboxes: what is new in each, who wrote it and when, and on which line of the file it stands."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from ask.indexer.extract.quoting import new_lines

ANSWER = """\
From: =?utf-8?q?Petr_Nov=C3=A1k?= <petr@example.org>
To: "Malá, Jana" <jana@example.org>, list@example.org
Cc: =?windows-1250?B?SmH4bWls?= <jarmil@example.org>
Subject: =?utf-8?b?UmU6IG9wcmF2YSA=?=
 =?utf-8?b?a290bGU=?=
Date: Sat, 14 Mar 2009 21:05:00 +0100
Message-ID: <three@example.org>
References: <one@example.org> <two@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Ahoj Jano,

přijdu ve středu.
Návod je na https://example.org/kotel

Dne 13. 3. 2009 v 10:00 Jana Malá napsala:
> Kdy přijdete?
> Kotel nejede.

P

--\x20
Petr Novák
tel. 123
"""

MAILBOX = """\
From jana@example.org Fri Mar 13 10:00:00 2009
From: jana@example.org
Subject: kotel
Date: Fri, 13 Mar 2009 10:00:00 +0100

Kotel nejede.
From now on it is cold.

>From here it leaks.

From - Sat Mar 14 21:05:00 2009
X-Mozilla-Status: 0009
From: spam@example.org
Subject: deleted long ago

Buy!

From petr@example.org Sat Mar 14 21:05:00 2009
From: petr@example.org
Subject: =?utf-8?q?ohl=C3=A1=C5=A1en=C3=AD?=

Přijdu.
"""


def documents(data: bytes | str, name: str = "a.eml", path: str = "") -> list[Document]:
    return list(read(Source(data.encode() if isinstance(data, str) else data, name, path)))


def reason(data: bytes, name: str) -> str:
    """Why a file cannot be read; empty when it can, and then its documents are sound."""
    try:
        for document in documents(data, name):
            assert document.text.strip()
            assert all(0 <= offset <= len(document.text) for offset, _ in document.lines or ())
    except Unreadable as problem:
        return problem.reason
    return ""


def line_with(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def check_lines(document: Document, source: str) -> None:
    """Each line of the text stands on the line of the file that the document says."""
    lines = source.splitlines()
    offset = 0
    for line in document.text.split("\n"):
        if line.strip():
            at = document.line_at(offset)
            assert at is not None
            assert line.strip() in lines[at - 1]
        offset += len(line) + 1


def test_a_mail_is_what_is_new_in_it() -> None:
    (mail,) = documents(ANSWER)
    assert mail.kind == "mail"
    assert mail.text == "Ahoj Jano,\n\npřijdu ve středu.\nNávod je na https://example.org/kotel\n\nP"
    assert mail.title == "Re: oprava kotle"
    assert mail.date == datetime(2009, 3, 14, 20, 5, tzinfo=UTC)
    assert mail.people == (
        "Petr Novák <petr@example.org>",
        "Malá, Jana <jana@example.org>",
        "list@example.org",
        "Jařmil <jarmil@example.org>",
    )
    assert mail.facts == {"thread": "one@example.org", "left out": "6 quoted or signature lines"}
    assert mail.line_at(mail.text.index("https:")) == line_with(ANSWER, "https:")
    check_lines(mail, ANSWER)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_mailbox_has_a_document_for_each_mail(ends: str) -> None:
    first, third = documents(MAILBOX.replace("\n", ends), "Inbox")
    assert (first.member, third.member) == ("1", "3")
    assert first.text == "Kotel nejede.\nFrom now on it is cold.\n\nFrom here it leaks."
    assert third.title == "ohlášení"
    assert third.text == "Přijdu."
    assert third.line_at(0) == line_with(MAILBOX, "Přijdu.")
    assert third.date is not None
    assert third.date.isoformat()[:19] == "2009-03-14T21:05:00"  # of the line above it, for want of a header
    check_lines(first, MAILBOX)


def test_quoted_printable_keeps_its_lines() -> None:
    source = (
        "From: a@example.org\nSubject: x\nContent-Type: text/plain; charset=iso-8859-2\n"
        "Content-Transfer-Encoding: quoted-printable\n\nP=F8=EDli=B9 =\ndlouh=FD\n=F8=E1dek\n\nlink\n"
    )
    (mail,) = documents(source)
    assert mail.text == "Příliš dlouhý\nřádek\n\nlink"
    assert mail.line_at(0) == 6
    assert mail.line_at(mail.text.index("řádek")) == 8
    assert mail.line_at(mail.text.index("link")) == 10


@pytest.mark.parametrize("encoding", ["cp1250", "iso8859-2", "utf-8"])
def test_mail_without_a_declared_charset(encoding: str) -> None:
    text = "From: Jiří Šťastný <j@example.org>\nSubject: Žluťoučký kůň\nTo: x@example.org\n\nPříliš žluťoučký kůň.\n"
    (mail,) = documents(text.encode(encoding))
    assert mail.text == "Příliš žluťoučký kůň."
    assert mail.title == "Žluťoučký kůň"


def composed() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Petr <petr@example.org>"
    message["Subject"] = "faktura"
    message["Date"] = "Sat, 14 Mar 2009 21:05:00 +0100"
    message.set_content("V příloze je faktura.\n")
    message.add_alternative("<p>V příloze je <b>faktura</b>.</p>", subtype="html")
    message.add_attachment("Kotel 4000 Kč\n".encode(), maintype="text", subtype="plain", filename="faktura květen.txt")
    message.add_attachment(bytes(range(256)) * 8, maintype="image", subtype="gif", filename="logo.gif")
    return message


def test_attachments_are_documents() -> None:
    mail, invoice = documents(composed().as_bytes())
    assert mail.text == "V příloze je faktura."
    assert mail.facts["attachments"] == "faktura květen.txt, logo.gif"
    assert mail.facts["not read"].startswith("logo.gif: ")
    assert invoice.member == "faktura květen.txt"
    assert invoice.text.strip() == "Kotel 4000 Kč"


def test_a_confined_process_reads_attachments(ask: Any, tree: Callable[[Mapping[str, Any]], Path]) -> None:
    """Their suffixes were looked up in `/etc/mime.types`, where there is one: that ended the worker."""
    message = composed()
    message.add_attachment(b"<p>Bez jm\xc3\xa9na</p>", maintype="text", subtype="html")
    root = tree({"a.eml": message.as_bytes()})
    assert ask("index", root).code == 0
    (hit,) = ask("search", "Kotel 4000", "--only", "words", "--json").json()["hits"][:1]
    assert hit["document"] == "faktura květen.txt"
    (hit,) = ask("search", "bez jmena", "--only", "words", "--json").json()["hits"][:1]
    assert hit["document"] == "part 3.html"


def test_an_attachment_whose_name_is_written_as_it_is() -> None:
    """readpst does so; the bytes beyond ASCII were lost."""
    raw = composed().as_bytes().replace(b"filename*=utf-8''faktura%20kv%C4%9Bten.txt", 'filename="květen.txt"'.encode())
    mail, invoice = documents(raw)
    assert (mail.facts["attachments"], invoice.member) == ("květen.txt, logo.gif", "květen.txt")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("Petr Novak", ("Petr Novak",)),
        ("Petr Novak; Mala, Jana; 'karel@example.org'", ("Petr Novak", "Mala, Jana", "karel@example.org")),
        ("=?utf-8?B?UGV0ciBOb3bDoWs7IEthcmVsIERsb3Vow70=?=", ("Petr Novák", "Karel Dlouhý")),
        ("root (Cron Daemon)", ("Cron Daemon <root>",)),
        ("undisclosed-recipients:;", ()),
        ("Team: a@example.org, b@example.org;", ("a@example.org", "b@example.org")),
    ],
)
def test_people_without_addresses(header: str, names: tuple[str, ...]) -> None:
    """As Outlook lists them in what was sent: of each, the first word was kept."""
    (mail,) = documents(f"To: {header}\nSubject: kotel\n\nKotel nejede.\n")
    assert mail.people == names


def test_a_mail_in_a_mail_keeps_its_lines() -> None:
    outer = EmailMessage()
    outer["From"] = "Jana <jana@example.org>"
    outer["Subject"] = "Fwd: faktura"
    outer.set_content("Viz níže.\n", cte="8bit")
    outer.add_attachment(composed())
    outer.add_attachment(composed())
    data = outer.as_bytes()
    found = documents(data)
    assert [document.member for document in found] == [
        None,
        "faktura",
        "faktura/faktura květen.txt",
        "faktura (2)",
        "faktura (2)/faktura květen.txt",
    ]


def test_mails_are_opened_three_deep() -> None:
    message = composed()
    for _ in range(6):
        outer = EmailMessage()
        outer["Subject"] = "outer"
        outer.set_content("text")
        outer.add_attachment(message)
        message = outer
    found = documents(message.as_bytes())
    assert len(found) == 4
    assert found[-1].member == "outer/outer/outer"
    assert found[-1].facts["not read"] == "outer: too deep"


def test_a_mail_that_is_a_page_loses_what_it_quotes() -> None:
    source = (
        "From: a@example.org\nSubject: Re: x\nContent-Type: text/html; charset=utf-8\n\n"
        "<html><body><div>Dobrý den,</div>\n<div>přijdu zítra.</div>\n"
        '<div class="gmail_quote"><div>On Monday Jana wrote:</div>\n'
        "<blockquote>Kdy přijdete?</blockquote></div>\n</body></html>\n"
    )
    (mail,) = documents(source)
    assert mail.text == "Dobrý den,\n\npřijdu zítra."
    assert mail.line_at(mail.text.index("zítra")) == line_with(source, "zítra")
    assert "left out" in mail.facts


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ("Yes.\n\nOn Mon, 2 Mar 2009 at 10:00, Petr\n<petr@example.org> wrote:\n\n> No?", "Yes."),
        ("> No?\n\nYes.\n\n> Why?\n\nBecause.", "Yes.\nBecause."),
        ("> only quoted", "> only quoted"),
        ("Ano.\n\n-----Původní zpráva-----\nOd: Petr\nNe?", "Ano."),
        ("Ano.\n________________________________\nOd: Petr\nOdesláno: včera\nKomu: Jana\nPředmět: x\n\nNe?", "Ano."),
        ("Two things:\n> a\nNo.", "Two things:\nNo."),
        ("text\n-- \nPetr\ntel. 1", "text"),
        ("-- \nPetr", "-- \nPetr"),
        ("a\n\n-- \n" + "long\n" * 30 + "end", "a\n-- \n" + "long\n" * 30 + "end"),
    ],
)
def test_what_is_new(lines: str, kept: str) -> None:
    rows = lines.split("\n")
    assert [rows[at] for at in new_lines(rows) if rows[at].strip()] == kept.split("\n")


def test_what_is_passed_on_is_kept() -> None:
    text = "Pro info.\n\n-----Original Message-----\nFrom: Petr\n\nNo?"
    (mail,) = documents(f"From: a@example.org\nSubject: FW: x\n\n{text}\n")
    assert mail.text.endswith("No?")


def test_maildir_and_apple_mail() -> None:
    by_place = documents(
        "Subject: x\nFrom: a@example.org\n\ntext\n", "1236.M1.host:2,S", "/home/a/Maildir/cur/1236.M1.host:2,S"
    )
    assert by_place[0].kind == "mail"
    message = "From: a@example.org\nSubject: x\n\ntext\n"
    (apple,) = documents(f"{len(message)}\n{message}<?xml version='1.0'?><plist><dict/></plist>", "3.emlx")
    assert (apple.text, apple.line_at(0)) == ("text", 5)


def test_text_that_begins_like_a_mailbox_is_text() -> None:
    assert documents("From my window I see\nthe street.\n", "poem.txt")[0].kind == "note"
    assert documents("From my window I see\nthe street.\n", "poem")[0].kind == "note"
    assert documents("To: do\nbuy milk\n", "list")[0].kind == "note"


def test_a_mail_without_text_is_its_subject() -> None:
    (mail,) = documents("From: a@example.org\nSubject: Zavolej mi\n\n")
    assert mail.text == "Zavolej mi"
    with pytest.raises(Unreadable) as caught:
        documents("From: a@example.org\n\n")
    assert caught.value.reason == "empty"


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/plain; charset=nonsense",
        "Content-Type: text/plain; charset*=utf-8''%FF%",
        "Content-Type: ;;;=",
        "Content-Type: multipart/mixed",
        'Content-Type: multipart/mixed; boundary=""',
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: x-uuencode",
        "Date: Thu, 99 Foo 99999 99:99:99 +9999",
        "To: <<>>,,\"'(((",
        "Content-Disposition: attachment; filename*0*=x; filename*2=",
        "X-Mozilla-Status: zzzz",
    ],
)
def test_broken_headers_do_no_harm(header: str) -> None:
    mail, *_ = documents(
        f"From: a@example.org\nSubject: =?x-none?Q?r=E9gime?= =?utf-8?b?!!?=\n{header}\n\nhello there\n"
    )
    assert mail.kind in ("mail", "note")


def test_parts_inside_parts_without_end() -> None:
    depth = 3_000
    parts = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    assert reason(f"Subject: deep\nFrom: a@example.org\n{parts}\nend\n".encode(), "a.eml") in ("", "too deep")


@pytest.mark.parametrize("name", ["a.eml", "a.mbox", "Inbox", "a.emlx"])
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    samples = [ANSWER.encode(), MAILBOX.encode(), composed().as_bytes(), b"500\n" + composed().as_bytes()]
    for _ in range(250):
        data = bytearray(dice.choice(samples))
        for _ in range(dice.randrange(1, 30)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        cut = sorted(dice.randrange(len(data)) for _ in range(2))
        assert reason(bytes(data[: cut[0]] + data[cut[1] :]), name) in ("", *REASONS)
