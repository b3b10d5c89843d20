"""Markup written by hand: headings are understood, the text stays that of the file."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

ORG = """\
#+TITLE: Dílna
#+AUTHOR: Petr Novák
#+DATE: <2021-05-04 Tue>
#+FILETAGS: :domov:

Úvod.

* TODO [#A] Kotel :oprava:topení:
Nejede.
** Postup
#+BEGIN_SRC sh
echo kotel
#+END_SRC
* Zahrada
Zalít.
"""
RST = """\
=====
Dílna
=====

:Author: Petr Novák
:Date: 2021-05-04

Úvod.

Kotel
-----
Nejede.

Postup
~~~~~~
echo kotel

Zahrada
-------
Zalít.

====  ====
not   one
====  ====
"""
ADOC = """\
= Dílna
:author: Petr Novák
:revdate: 2021-05-04

Úvod.

== Kotel
Nejede.

=== Postup
----
== no heading
echo kotel
----

== Zahrada ==
Zalít.
"""
LATEX = r"""\documentclass{article}
\title{D\'ilna \textbf{doma}}
\author{Petr Novák \and Jana Malá}
\date{4. 5. 2021}
\begin{document}
Úvod.
\section{Kotel}
Nejede.
% \section{Nic}
\subsection*{Postup {krok}}
echo kotel
\section[krátce]{Zahrada}
Zalít.
\end{document}
"""
ZIM = """\
Content-Type: text/x-zim-wiki
Wiki-Format: zim 0.6
Creation-Date: 2021-05-04T10:30:00+02:00

====== Dílna ======
Úvod.

===== Kotel =====
Nejede.

==== Postup ====
echo kotel

===== Zahrada =====
Zalít.
"""
MAN = r""".\" a comment
.TH KETTLE 1 "2021-05-04" "tea 1.0"
.SH NAME
kettle \- boils \fBwater\fR
.SH OPTIONS
.TP
.BR \-t ", " \-\-temperature =\fIdegrees\fR
How hot, for \(lqtea\(rq.
.PP
Another
paragraph.
.SS Files
.I /etc/kettle.conf
.de XX
hidden
..
"""
SAMPLES = {"a.org": ORG, "a.rst": RST, "a.adoc": ADOC, "a.tex": LATEX, "page.txt": ZIM, "kettle.1": MAN}


def read_one(data: str | bytes, name: str) -> Document:
    (document,) = read(Source(data.encode() if isinstance(data, str) else data, name))
    return document


def heading_of(document: Document, words: str) -> tuple[str, ...]:
    at = document.text.index(words)
    return next(block.heading for block in document.blocks if block.start <= at < block.end)


@pytest.mark.parametrize("name", ["a.org", "a.rst", "a.adoc", "a.tex", "page.txt"])
def test_headings_and_what_the_file_says_about_itself(name: str) -> None:
    document = read_one(SAMPLES[name], name)
    above = ("Dílna",) if name in ("a.rst", "a.adoc", "page.txt") else ()
    step = "Postup krok" if name == "a.tex" else "Postup"
    assert document.text == SAMPLES[name]
    assert document.kind == "note"
    assert heading_of(document, "Úvod") == above
    assert heading_of(document, "Nejede") == (*above, "Kotel")
    assert heading_of(document, "echo") == (*above, "Kotel", step)
    assert heading_of(document, "Zalít") == (*above, "Zahrada")
    assert document.line_at(document.text.index("echo")) == SAMPLES[name].splitlines().index("echo kotel") + 1
    assert document.title.endswith("doma" if name == "a.tex" else "Dílna")
    assert document.date is not None
    assert document.date.strftime("%Y-%m-%d") == "2021-05-04"
    assert name == "page.txt" or document.people[0] == "Petr Novák"


def test_tags_of_org() -> None:
    assert read_one(ORG, "a.org").facts == {"tags": "domov, oprava, topení"}


def test_dates_with_zones() -> None:
    assert read_one(ZIM, "page.txt").date == datetime(2021, 5, 4, 8, 30, tzinfo=UTC)


def test_manual_pages_are_text() -> None:
    document = read_one(MAN, "kettle.1")
    assert (document.kind, document.title) == ("page", "KETTLE(1)")
    assert document.text == (
        "NAME\n\nkettle - boils water\n\nOPTIONS\n\n-t, --temperature=degrees\nHow hot, for “tea”.\n\n"
        "Another\nparagraph.\n\nFiles\n\n/etc/kettle.conf"
    )
    assert heading_of(document, "/etc") == ("OPTIONS", "Files")
    rows = MAN.splitlines()
    for words in ("boils", "How hot", "paragraph.", "/etc"):
        assert words in rows[(document.line_at(document.text.index(words)) or 0) - 1]


def test_rotated_logs_are_no_manual_pages() -> None:
    assert read_one("started\nstopped\n", "server.1").kind == "note"


def reason(data: bytes, name: str) -> str:
    """Why a file cannot be read; empty when it can, and then its blocks are sound."""
    try:
        for document in read(Source(data, name)):
            position = 0
            for block in document.blocks:
                assert position <= block.start < block.end <= len(document.text)
                position = block.end
    except Unreadable as problem:
        return problem.reason
    return ""


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    whole = SAMPLES[name].encode()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.choice(b"=-*\\{}[]\n\n.'\"~# \xff")
        assert reason(bytes(data), name) in ("", *REASONS)


@pytest.mark.parametrize("text", ["{" * 20_000, "=" * 50_000, "\\section{" * 5_000, "- \n" * 20_000, "* " * 20_000])
@pytest.mark.parametrize("name", SAMPLES)
def test_odd_texts_take_no_longer(text: str, name: str) -> None:
    assert reason(text.encode(), name) in ("", *REASONS)
