"""A home with chats, mails, a calendar, scripts and links of several days: questions find the very line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ask.indexer.compile import Compiled
from ask.retriever.hits import Hit
from ask.retriever.people import Me
from ask.retriever.query import parse
from ask.retriever.search import Searcher

NOW = datetime(2024, 5, 7, 15, 0, tzinfo=UTC)
"""The day on which everything is asked: a Tuesday."""
LINK = "https://example.org/kettles/repair"


def log(day: datetime, *lines: str) -> str:
    return "".join(f"{day:%Y-%m-%d} 20:0{at}:00\t{line}\n" for at, line in enumerate(lines))


def mail(day: datetime, sender: str, subject: str, text: str) -> str:
    return (
        f"From: {sender}\nTo: jana@example.org\nDate: {day:%a, %d %b %Y} 09:00:00 +0000\nSubject: {subject}\n\n{text}\n"
    )


def event(day: datetime, what: str) -> str:
    return (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\n"
        f"DTSTART:{day:%Y%m%d}T100000Z\nSUMMARY:{what}\nEND:VEVENT\nEND:VCALENDAR\n"
    )


YESTERDAY, LAST_WEEK = NOW - timedelta(days=1), NOW - timedelta(days=8)
FILES: Mapping[str, str] = {
    ".weechat/logs/irc.libera.#kitchen.weechatlog": log(
        LAST_WEEK, "Petr\tread this: https://example.org/old", "Jana\tthanks, looks good"
    )
    + log(YESTERDAY, "Jana\tmy kettle leaks", f"Petr\t{LINK}", "Jana\tthank you", "Olga\thttps://example.org/olga"),
    "mail/cur/1.eml": mail(YESTERDAY, "Petr <petr@example.org>", "Dinner", "Shall we meet at seven? Petr"),
    "mail/cur/2.eml": mail(LAST_WEEK, "Plumber <p@example.org>", "Invoice 12", "Please pay for the new pipe."),
    "calendar.ics": event(NOW + timedelta(days=2), "Dentist"),
    "bin/outline.py": "#!/usr/bin/env python3\n# print the headings of an HTML page as a tree\nimport sys\n",
    "notes/links.md": "# Links\n\n- https://example.org/bread\n- https://example.org/tea\n",
}


@pytest.fixture
def find(
    ask: Any, tree: Callable[[Mapping[str, str]], Path], compiled: Compiled
) -> Callable[[str], list[tuple[str, Hit]]]:
    """Asks the home; names of the files with their hits, best first."""
    root = tree(FILES)
    assert ask("index", root).code == 0

    def found(question: str) -> list[tuple[str, Hit]]:
        searcher = Searcher(ask.home)
        try:
            asked = parse(question, now=NOW, me=Me(("Jana Malá",), ("jana@example.org",)))
            return [(str(Path(hit.path).relative_to(root)), hit) for hit in searcher.search(asked).hits]
        finally:
            searcher.close()

    return found


def test_questions_of_a_person(find: Callable[[str], list[tuple[str, Hit]]]) -> None:
    for question in ("the link Petr posted on IRC yesterday", "odkaz, který včera Petr poslal na IRC"):
        name, hit = find(question)[0]
        assert (name, hit.document) == (".weechat/logs/irc.libera.#kitchen.weechatlog", "2024-05-06"), question
        assert hit.line is not None
        rows = FILES[name].split("\n")[hit.line - 1 : hit.end_line]
        assert f"2024-05-06 20:01:00\tPetr\t{LINK}" in rows
        assert LINK in hit.snippet
    for question, wanted in (
        ("the invoice from the plumber", "mail/cur/2.eml"),
        ("mail from Petr about dinner", "mail/cur/1.eml"),
        ("when is the dentist", "calendar.ics"),
        ("the script for the structure of HTML", "bin/outline.py"),
    ):
        assert find(question)[0][0] == wanted, question
