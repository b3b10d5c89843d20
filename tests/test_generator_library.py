"""Around a passage and behind it: the index, and the file as it is now. With a real index of real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ask.generator import answer
from ask.generator.catalogue import IndexCatalogue
from ask.generator.library import IndexLibrary
from ask.indexer.compile import Compiled
from ask.indexer.pool import ReaderSettings
from ask.retriever.hits import Hit
from ask.retriever.query import parse
from ask.retriever.search import Searcher

FILES = {
    "cabin.md": "# Cabin\n\n" + "The lake is calm in the morning.\n\n" * 60 + "The key hangs behind the woodshed.\n",
    "page.html": "<html><body><h1>Boat</h1><p>The boat lies under the <b>old bridge</b>.</p></body></html>",
    "mails/one.eml": (
        "From: Petra Malá <petra@example.org>\nTo: a@example.org\nDate: Fri, 31 May 2019 10:00:00 +0200\n"
        "Subject: Boat\n\nThe boat was sold to nobody.\n"
    ),
}


@pytest.fixture
def searcher(ask: Any, tree: Callable[..., Path]) -> Iterator[Searcher]:
    root = tree(FILES)
    said = ask("index", root, "--wait", "words")
    assert said.code in (0, 3), said.err
    opened = Searcher(ask.home)
    yield opened
    opened.close()


@pytest.fixture
def library(searcher: Searcher, compiled: Compiled) -> IndexLibrary:
    return IndexLibrary(searcher.db, lambda: ReaderSettings(compiled.folder / "tokenizer.json", 256, workers=1))


def find(searcher: Searcher, question: str) -> Hit:
    return searcher.search(parse(question), only="words").hits[0]


def test_neighbours_stand_around_the_passage(searcher: Searcher, library: IndexLibrary) -> None:
    hit = find(searcher, "key woodshed")
    around = library.neighbours(hit, 50, 50)
    assert hit.text in around
    assert around.index(hit.text) == min(hit.start, 50)


def test_a_file_that_did_not_change_says_what_the_index_says(searcher: Searcher, library: IndexLibrary) -> None:
    hit = find(searcher, "key woodshed")
    now = library.text_now(hit)
    assert now is not None
    assert now[hit.start : hit.start + len(hit.text)] == hit.text


def test_a_changed_file_is_read_again(searcher: Searcher, library: IndexLibrary) -> None:
    hit = find(searcher, "key woodshed")
    Path(hit.path).write_text("# Cabin\n\nThe key lies under the stone.\n", "utf-8")
    now = library.text_now(hit)
    assert now is not None
    assert "under the stone" in now
    assert "woodshed" not in now
    Path(hit.path).unlink()
    assert library.text_now(hit) is None


def test_a_page_is_read_again_as_its_text(searcher: Searcher, library: IndexLibrary) -> None:
    hit = find(searcher, "boat bridge")
    Path(hit.path).write_text("<html><body><p>The boat is <i>gone</i> from the bridge.</p></body></html>", "utf-8")
    now = library.text_now(hit)
    assert now is not None
    assert "The boat is gone from the bridge." in now


def test_without_a_reader_a_changed_file_verifies_nothing(searcher: Searcher) -> None:
    hit = find(searcher, "key woodshed")
    Path(hit.path).write_text("The key hangs behind the woodshed. Changed.\n", "utf-8")
    assert IndexLibrary(searcher.db).text_now(hit) is None


def test_a_quote_is_verified_until_its_file_changes(searcher: Searcher, library: IndexLibrary) -> None:
    question = "where does the key hang"
    results = searcher.search(parse(question), only="words")
    found = answer.quoted(question, results, None, library)
    assert found.grounded
    assert found.citations[0].line == 123
    path = Path(found.citations[0].path)
    assert path.read_text("utf-8").splitlines()[122] == found.citations[0].quote
    path.write_text("nothing", "utf-8")
    assert not answer.quoted(question, results, None, library).grounded


def test_a_catalogue_searches_opens_lists_and_counts(searcher: Searcher, library: IndexLibrary) -> None:
    catalogue = IndexCatalogue(searcher, library)
    hit = catalogue.search("woodshed")[0]
    opened = catalogue.open(hit)
    assert len(opened.text) > len(hit.text)
    assert opened.text.splitlines()[0] in Path(hit.path).read_text("utf-8")
    assert opened.line is not None
    assert hit.line is not None
    assert opened.line < hit.line
    assert catalogue.count("", None, None, "") == 3
    assert catalogue.count("boat", None, None, "") == 2
    assert catalogue.count("boat", None, None, "page") == 1
    assert catalogue.count("boat zeppelin", None, None, "") == 0, "a word that stands nowhere was passed over"
    assert catalogue.count("boat sold", None, None, "") == 1
    assert catalogue.count("boat -bridge", None, None, "") == 1
    assert catalogue.count('"old bridge"', None, None, "") == 1
    assert {Path(hit.path).name for hit in catalogue.list(None, None, "")} == {"cabin.md", "page.html", "one.eml"}
    assert catalogue.list(date(1990, 1, 1), date(1990, 12, 31), "") == []
