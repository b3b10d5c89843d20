"""Measures of a ranking, and `ask bench`, whose questions come from the index and whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ask.indexer.progress import Silent
from ask.retriever import bench
from ask.retriever.measures import ndcg, recall, reciprocal_rank
from ask.retriever.search import Searcher

NOTES = {
    "attic.md": "# Moving the server to the attic\n\nThe old server hums too loudly for the living room. Petr took it"
    " to the attic in March, and the network cable goes through the chimney now.\n",
    "cake.md": "# Grandmother's poppy seed cake\n\nGrind the poppy seed twice. The old oven burns loudly on the left"
    " side, so turn the cake after twenty minutes and let it cool in the living room.\n",
    "ferry.md": "# The ferry to Hiiumaa\n\nThe ferry leaves at seven in the morning. The cable on the left side of the"
    " pier is where the old bicycles are kept, and Petr forgot his there in March.\n",
    "zahrada.md": "# Jarní práce na zahradě\n\nV březnu se stříhají jabloně. Starý kompost patří pod maliny a nový na"
    " levou stranu zahrady, kde loni rostly brambory.\n",
    "copy/ferry.md": "# The ferry to Hiiumaa\n\nThe ferry leaves at seven in the morning. The cable on the left side of"
    " the pier is where the old bicycles are kept, and Petr forgot his there in March.\n",
}


@pytest.mark.parametrize(
    ("ranked", "wanted"),
    [
        (["a", "b"], {"ndcg": 1.0, "recall": 1.0, "mrr": 1.0}),
        (["x", "a", "b"], {"ndcg": (1 / 1.5849625 + 0.5) / (1 + 1 / 1.5849625), "recall": 1.0, "mrr": 0.5}),
        (["x", "a"], {"ndcg": (1 / 1.5849625) / (1 + 1 / 1.5849625), "recall": 0.5, "mrr": 0.5}),
        (["x", "x", "x", "a", "a"], {"ndcg": (1 / 1.5849625) / (1 + 1 / 1.5849625), "recall": 0.5, "mrr": 0.5}),
        ([*"cdefghijklm", "a"], {"ndcg": 0.0, "recall": 0.0, "mrr": 0.0}),
        ([], {"ndcg": 0.0, "recall": 0.0, "mrr": 0.0}),
    ],
)
def test_measures(ranked: list[str], wanted: dict[str, float]) -> None:
    relevant = {"a": 1.0, "b": 1.0, "z": 0.0}
    got = {"ndcg": ndcg(ranked, relevant), "recall": recall(ranked, relevant), "mrr": reciprocal_rank(ranked, relevant)}
    assert got == pytest.approx(wanted)


def test_better_grades_first_gain_more() -> None:
    relevant = {"good": 2.0, "fair": 1.0}
    assert ndcg(["good", "fair"], relevant) == 1.0 > ndcg(["fair", "good"], relevant) > 0.5


@pytest.fixture
def indexed(ask: Any, tree: Callable[..., Path]) -> Any:
    """A command line over the notes."""
    assert ask("index", tree(NOTES), "-q").code == 0
    return ask


def _questions(ask: Any, seed: int = 1) -> list[bench.Question]:
    db = ask.db()
    try:
        return bench.make_questions(db, 3, seed)
    finally:
        db.close()


def test_questions_come_from_the_files_and_give_nothing_away(indexed: Any) -> None:
    questions = _questions(indexed)
    assert {question.sort for question in questions} == {"title", "memory"}
    for question in questions:
        text = Path(question.path).read_text("utf-8")
        assert all(word in text for word in question.text.split())
    memories = " ".join(question.text for question in questions if question.sort == "memory").split()
    assert memories
    assert not {"chimney", "hums", "poppy", "Hiiumaa", "jabloně"} & set(memories), "these stand in one passage only"


def test_a_title_that_two_files_have_is_no_question(indexed: Any) -> None:
    everything = [question for seed in range(20) for question in _questions(indexed, seed)]
    assert not [q for q in everything if q.sort == "title" and "ferry" in q.path]
    assert [q for q in everything if q.sort == "title" and "cake" in q.path]


def test_the_seed_decides(indexed: Any) -> None:
    assert _questions(indexed, 1) == _questions(indexed, 1)
    assert len({tuple(_questions(indexed, seed)) for seed in range(8)}) > 1


def test_a_copy_is_as_good_as_the_file(indexed: Any) -> None:
    paths = [path for (path,) in indexed.db().execute("SELECT CAST(path AS TEXT) FROM files WHERE path LIKE '%ferry%'")]
    assert len(paths) == 2
    questions = [bench.Question("memory", "seven morning bicycles ferry", path) for path in paths]
    searcher = Searcher(indexed.home)
    try:
        done = bench.run(searcher, questions, Silent())
    finally:
        searcher.close()
    assert not done.missed
    assert {score.side: score.first for score in done.scores} == {"words": 1.0, "meaning": 1.0, "both": 1.0}


def test_what_is_not_found_is_said(indexed: Any) -> None:
    (path,) = [q.path for q in _questions(indexed) if "attic" in q.path][:1]
    searcher = Searcher(indexed.home)
    wrong = bench.Question("title", "xyzzy plugh", path.replace("attic.md", "gone.md"))
    try:
        done = bench.run(searcher, [wrong], Silent())
    finally:
        searcher.close()
    assert done.missed == (wrong,)
    assert {score.mrr for score in done.scores} == {0.0}


def test_the_command(indexed: Any) -> None:
    said = indexed("bench", "--questions", "2", "--json")
    assert said.code == 0
    result = said.json()
    assert {(row["questions"], row["side"]) for row in result["scores"]} == {
        (sort, side) for sort in ("title", "memory") for side in ("words", "meaning", "both")
    }
    assert all(0 <= row[name] <= 1 for row in result["scores"] for name in ("recall@1", "recall@10", "mrr@10"))
    assert all(row["recall@1"] <= row["mrr@10"] <= row["recall@10"] for row in result["scores"])
    shown = indexed("bench", "--questions", "2").out
    assert "half-remembered" in shown
    assert "It is no grade." in shown


def test_before_there_is_meaning_words_are_asked_alone(ask: Any, tree: Callable[..., Path]) -> None:
    assert ask("index", tree(NOTES), "--wait", "words", "-q").code == 0
    assert {row["side"] for row in ask("bench", "--json").json()["scores"]} == {"words"}


def test_nothing_to_ask_about(ask: Any, tree: Callable[..., Path]) -> None:
    assert ask("index", tree({"numbers.txt": "1 2 3\n"}), "-q").code == 0
    said = ask("bench")
    assert said.code == 1
    assert "No questions can be made" in said.out
