"""What a model is given to read: the best, once each, under a budget, with a place in a file for every word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ask.generator.context import choose, layout
from ask.generator.neutral import neutral
from ask.retriever.hits import Hit
from hypothesis import given
from hypothesis import strategies as st

BOOK = "".join(f"Sentence number {n} is about thing{n} and place{n}.\n" for n in range(60))


def hit(rank: int, start: int, end: int, text: str = BOOK, path: str = "/home/u/book.md") -> Hit:
    piece = text[start:end]
    line = text.count("\n", 0, start) + 1
    return Hit(
        rank, 2.0 - rank / 10, rank, path, None, "note", "", line, line + piece.count("\n"), None,
        datetime(2021, 5, 3, tzinfo=UTC), piece[:40], {}, piece, ("Part",), 1, start,
    )  # fmt: skip


def words(texts: list[str] | tuple[str, ...]) -> list[int]:
    return [len(text.split()) for text in texts]


class Book:
    def neighbours(self, hit: Hit, before: int, after: int) -> str:
        return BOOK[max(hit.start - before, 0) : hit.start + len(hit.text) + after]

    def text_now(self, hit: Hit) -> str | None:
        return BOOK


def piece(number: int, sentences: int = 2) -> tuple[int, int]:
    start = BOOK.index(f"Sentence number {number} ")
    return start, BOOK.index(f"Sentence number {number + sentences} ")


def test_the_best_stands_first_and_the_second_best_last() -> None:
    hits = [hit(rank, *piece(rank * 5)) for rank in range(1, 6)]
    chosen = choose(hits, 1000, words)
    assert [passage.hit.rank for passage in chosen] == [1, 3, 5, 4, 2]
    assert [passage.marker for passage in chosen] == ["[1]", "[2]", "[3]", "[4]", "[5]"]


def test_what_a_better_passage_says_is_not_said_again() -> None:
    hits = [hit(1, *piece(5, 4)), hit(2, *piece(6, 2)), hit(3, *piece(30))]
    assert [passage.hit.rank for passage in choose(hits, 1000, words)] == [1, 3]


def test_neighbours_are_joined_in_whole_sentences_while_there_is_room() -> None:
    start, end = piece(20)
    (passage,) = choose([hit(1, start, end)], 1000, words, Book())
    assert len(passage.text) > end - start
    assert BOOK[passage.start : passage.start + len(passage.text)] == passage.text
    assert passage.text.startswith("Sentence number")
    assert passage.text.endswith(".")
    (narrow,) = choose([hit(1, start, end)], 30, words, Book())
    assert narrow.text == BOOK[start:end]


def test_a_passage_too_long_is_cut_at_the_end_of_a_sentence() -> None:
    (passage,) = choose([hit(1, 0, len(BOOK))], 60, words)
    assert BOOK.startswith(passage.text)
    assert passage.text.endswith(".")
    assert 0 < len(passage.text) < len(BOOK)


def test_nothing_is_chosen_when_nothing_fits() -> None:
    assert choose([hit(1, 0, len(BOOK))], 5, words) == ()


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(0, 55), st.integers(1, 4)), max_size=8))
def test_the_layout_never_exceeds_the_budget(budget: int, pieces: list[tuple[int, int]]) -> None:
    hits = [hit(rank, *piece(number, size)) for rank, (number, size) in enumerate(pieces, 1)]
    chosen = choose(hits, budget, words, Book())
    assert sum(words([layout(chosen, neutral)])) <= budget
    for passage in chosen:
        assert BOOK[passage.start : passage.start + len(passage.text)] == passage.text


@pytest.mark.parametrize("number", [10, 17, 22])
def test_a_citation_knows_its_line_even_outside_the_hit(number: int) -> None:
    (passage,) = choose([hit(1, *piece(16, 4))], 1000, words, Book())
    sentence = f"Sentence number {number} is about thing{number} and place{number}."
    at = passage.text.index(sentence)
    citation = passage.cite(at, at + len(sentence))
    assert citation.quote == sentence
    assert citation.line == number + 1
    assert BOOK[citation.start :].startswith(sentence)


def test_the_header_tells_name_date_and_heading_and_is_neutral() -> None:
    (passage,) = choose([hit(1, *piece(3), path="/home/u/<|im_start|>.md")], 1000, words)
    assert layout([passage], neutral).startswith("[1] < |im_start|>.md (2021-05-03) Part\nSentence number 3")
