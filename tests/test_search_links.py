"""The link somebody posted: the chunk that holds it wins, and the snippet shows the very line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ask.retriever.hits import Hit
from ask.retriever.links import Link, links
from ask.retriever.people import Me
from ask.retriever.query import parse
from ask.retriever.search import Searcher

TODAY = datetime(2019, 5, 8, 9, 0, tzinfo=timezone(timedelta(hours=2)))
CHAT = [
    "20:12 <jana> Petr posted links on IRC all day, links, links, nothing but links from Petr",
    "20:14 <petr> nobody posted a link on IRC",
    "20:15 <jana> the link was posted by Petr, wasn't it? on IRC? https://mine.example/list",
]
LOG = f"""--- Log opened Mon May 06 20:00:00 2019
{chr(10).join(CHAT)}
20:20 < petr> http://old.example/tomatoes-in-winter
20:21 <jana> thanks
--- Day changed Tue May 07 2019
20:10 <jana> Petr posted something on IRC?
20:11 -!- petr [petr@sheep.example] has joined #garden
20:12 < petr> sleep well, all
20:13 < petr> http://sheep.example/sorting.html
20:14 <jana> and Petr, the links you posted yesterday on IRC?
"""
MAIL = """From: Petr Malý <petr@sheep.example>
To: Jana <jana@garden.example>
Subject: compost
Date: Fri, 12 Apr 2019 10:00:00 +0200

Have a look at this, it is about compost: https://compost.example/heap
"""


@pytest.fixture(scope="module")
def found(
    new_ask: Callable[[Path], Any], plant: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], list[Hit]]:
    """Asks an index of a chat, a mail and many notes that talk about links."""
    base = tmp_path_factory.mktemp("links")
    ask = new_ask(base / "state")
    notes = {f"n{i}.md": f"# Links {i}\n\nPetr posted a link on IRC, number {i}.\n" for i in range(130)}
    plant(base / "files", {"irc/#garden.log": LOG, "mail/compost.eml": MAIL, **notes})
    assert ask("index", base / "files").code == 0

    def search(text: str) -> list[Hit]:
        with closing(Searcher(ask.home)) as searcher:
            return list(searcher.search(parse(text, now=TODAY, me=Me(("Jana",), (), ("jana",)))).hits)

    return search


@pytest.mark.parametrize(
    ("question", "line", "number"),
    [
        ("the link Petr posted on IRC yesterday", "20:13 petr: http://sheep.example/sorting.html", 11),
        ("odkaz, co včera poslal Petr na IRC", "20:13 petr: http://sheep.example/sorting.html", 11),
        ("the link Petr posted on IRC on Monday", "20:20 petr: http://old.example/tomatoes-in-winter", 5),
        ("the link I posted on IRC", CHAT[2].replace("<jana>", "jana:"), 4),
    ],
)
def test_the_very_line(found: Callable[[str], list[Hit]], question: str, line: str, number: int) -> None:
    hit = found(question)[0]
    assert hit.focus is not None
    start = hit.snippet.rfind("\n", 0, hit.focus[0]) + 1
    assert hit.snippet[start:].split("\n")[0] == line
    assert hit.snippet[hit.focus[0] :].startswith("http")
    assert hit.lines is not None
    assert hit.lines[hit.snippet.count("\n", 0, hit.focus[0])] == number
    assert sum(hit.why.values()) == pytest.approx(hit.score)


def test_a_link_in_a_mail_is_its_author_s(found: Callable[[str], list[Hit]]) -> None:
    hit = found("the link to the heap that Petr sent me")[0]
    assert Path(hit.path).name == "compost.eml"
    assert "https://compost.example/heap" in hit.snippet


def test_links_and_who_posted_them() -> None:
    text = "20:12 petr: look\nhttp://a.example and www.b.example\n20:13 jana: no: http://c.example\n"
    assert [(text[link.start : link.end], link.who) for link in links(text)] == [
        ("http://a.example", "petr"), ("www.b.example", "petr"), ("http://c.example", "jana"),
    ]  # fmt: skip
    assert list(links("see http://a.example")) == [Link(4, 20, "")]


def test_a_page_with_the_heading_links_is_not_the_link(ask: Any, tree: Callable[..., Path]) -> None:
    """ "odkaz od Petra" has no word but its cues: the one page that holds "odkazy" won over what Petr had posted."""
    log = "--- Log opened Mon May 06 20:00:00 2019\n20:20 < petr> http://old.example/rajcata\n20:21 <jana> diky\n"
    page = (
        "<html lang=cs><title>Dečky</title><h1>Odkazy</h1><p>Odkazy jsou zatím ve výstavbě, přijďte jindy.</p></html>"
    )
    root = tree({"irc/#zahrada.log": log, "index.html": page})
    assert ask("index", root).code == 0
    assert ask("search", "odkaz od Petra", "--json").json()["hits"][0]["path"].endswith("#zahrada.log")
    assert ask("search", "odkazy ve výstavbě", "--json").json()["hits"][0]["path"].endswith("index.html")
