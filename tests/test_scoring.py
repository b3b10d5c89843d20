"""What the words say of documents, and what the parts of a score are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import words
from ask.retriever import lexical
from ask.retriever.fuse import Candidate, fuse
from ask.retriever.lexical import Lexical
from ask.retriever.query import parse
from ask.retriever.search import Searcher

BEES = "A hive needs room in May, and the swarm leaves on the first warm day. " * 12
FERRY = "The ferry was late again, so we waited at the harbour and drank tea. " * 12
FILES = {
    "first.txt": f"Notes about bees\n\n{BEES}\n\n{FERRY}",
    "last.txt": f"{FERRY}\n\n{BEES}\n\nNotes about bees",
    "short.txt": "Gravel for the path.\n",
    "middle.txt": "Gravel for the path was delivered on Monday, two tons, and paid at once.\n",
    "longer.txt": "We were told that gravel is sold by the ton, sand by the bag, and that both come on Mondays. " * 3,
    "tools.py": (
        "def check_output(command):\n    total = run(command, wait=True, output=None)\n    return total.strip()\n\n"
        "def check(command, output):\n    total = run(command, wait=True, output=output)\n    return total == output\n"
    ),
    "clanek.txt": "Včela nosí pyl a u česna ji hlídají strážkyně, které nikoho cizího nepustí dovnitř.\n",
}


@pytest.fixture(scope="module")
def searcher(
    new_ask: Callable[[Path], Any], plant: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Searcher]:
    folder = tmp_path_factory.mktemp("scored")
    ask = new_ask(folder / "state")
    assert ask("index", plant(folder / "files", FILES), "--quiet").code == 0
    found = Searcher(folder / "state")
    yield found
    found.close()


def by_name(searcher: Searcher, scores: Any) -> dict[str, float]:
    names = dict(searcher.db.execute("SELECT d.id, f.path FROM documents d JOIN files f ON f.id = d.file_id"))
    return {Path(names[document].decode()).name: score for document, score in scores.items()}


def test_a_document_of_one_passage_is_scored_like_that_passage(searcher: Searcher) -> None:
    """The length of a passage was once held against its document a second time: short messages won."""
    found = lexical.search(searcher.db, searcher.frequencies, parse("gravel"))
    passages = {found.document_of[chunk]: score for chunk, score in found.passages.items()}
    assert len(passages) == 3
    # FTS5 counts words where we count characters, and knows the mean of the whole index: near, not equal.
    assert found.documents == pytest.approx(passages, rel=0.25)


def test_what_a_document_begins_with_counts_more(searcher: Searcher) -> None:
    found = lexical.search(searcher.db, searcher.frequencies, parse("notes about bees"))
    beginnings = by_name(searcher, found.beginnings)
    assert set(beginnings) == {"first.txt"}
    hits = searcher.search(parse("notes about bees"), only="words").hits
    assert [Path(hit.path).name for hit in hits[:2]] == ["first.txt", "last.txt"]
    assert hits[0].why["beginning"] > hits[1].why["beginning"] == 0


def test_a_function_is_found_by_all_of_its_name(searcher: Searcher) -> None:
    hit = searcher.search(parse("check the output of a command")).hits[0]
    assert hit.why["symbol"] > 0
    found = lexical.search(searcher.db, searcher.frequencies, parse("check the output of a command"))
    assert found.named(["check_output"]) > found.named(["check"]) > found.named(["check_nothing_else"]) > 0
    assert found.named(["strip"]) == found.named([]) == 0


def test_the_words_are_sure_when_one_document_stands_out() -> None:
    alike = Lexical({i: 2.0 - i / 100 for i in range(12)}, document_of={i: i for i in range(12)})
    clear = Lexical({i: 2.0 / (i + 1) for i in range(12)}, document_of={i: i for i in range(12)})
    one_document = Lexical(dict.fromkeys(range(12), 2.0), document_of=dict.fromkeys(range(12), 7))
    assert Lexical().separation() == 0
    assert 0 < alike.separation() < 0.1 < clear.separation() < one_document.separation() == 1


def test_sure_words_outweigh_meaning_and_unsure_ones_do_not() -> None:
    def best(scores: dict[int, float]) -> int:
        found = Lexical(scores, document_of={i: i for i in scores})
        candidates = [Candidate(i, i, cosine=0.6 if i == 1 else 0.4) for i in scores]
        return fuse(candidates, found)[0].id

    assert best({0: 2.0, **dict.fromkeys(range(1, 12), 0.2)}) == 0
    assert best({0: 2.0, **dict.fromkeys(range(1, 12), 1.8)}) == 1


def test_english_in_a_czech_document_is_inflected_like_czech() -> None:
    czech, english = "To je ale věc, kterou jsem ještě neviděl.", "This is what they said about it."
    assert words.languages([czech, english, czech]) == ["cs", "cs", "cs"]
    assert words.languages([czech, english]) == ["cs", "en"]
    assert words.languages([]) == []


def test_frequent_words_together_find_what_lacks_the_rarest(
    new_ask: Callable[[Path], Any],
    plant: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a large index frequent words are only looked up for candidates: those that a rarer word or two words give."""
    files = {f"kettle{n}.txt": f"The kettle number {n} is on the stove.\n" for n in range(6)}
    files |= {f"lamp{n}.txt": f"The lamp number {n} is on the table.\n" for n in range(6)}
    files |= {"both.txt": "A kettle under the lamp.\n", "rare.txt": "An ocarina.\n"}
    ask = new_ask(tmp_path / "state")
    assert ask("index", plant(tmp_path / "files", files), "--quiet").code == 0
    monkeypatch.setattr(lexical, "BUDGET", 3)
    searcher = Searcher(tmp_path / "state")
    hits = searcher.search(parse("ocarina kettle lamp"), only="words").hits
    assert {Path(hit.path).name for hit in hits[:2]} == {"both.txt", "rare.txt"}
    searcher.close()


def test_counts_are_kept_until_somebody_writes(
    new_ask: Callable[[Path], Any], plant: Callable[..., Path], tmp_path: Path
) -> None:
    ask = new_ask(tmp_path / "state")
    assert ask("index", plant(tmp_path / "files", {"one.txt": "A kettle.\n"}), "--quiet").code == 0
    searcher = Searcher(tmp_path / "state")
    searcher.search(parse("kettle"), only="words")
    assert (searcher.frequencies.of("kettl"), searcher.frequencies.passages()) == (1, 1)
    assert ask("index", plant(tmp_path / "files", {"two.txt": "Another kettle.\n"}), "--quiet").code == 0
    assert len(searcher.search(parse("kettle"), only="words").hits) == 2
    assert (searcher.frequencies.of("kettl"), searcher.frequencies.passages()) == (2, 2)
    searcher.close()
