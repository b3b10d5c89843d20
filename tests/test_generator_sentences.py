"""Sentences are slices of the text, and end where a reader says they end."""

from __future__ import annotations

import pytest
from ask.generator.sentences import LONGEST, sentences
from hypothesis import given
from hypothesis import strategies as st


def texts(text: str, kind: str = "note") -> list[str]:
    return [sentence.text for sentence in sentences(text, kind)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. We left!", ["It rained.", "We left!"]),
        ("Dr. Novák came. He sat down.", ["Dr. Novák came.", "He sat down."]),
        ("He met J. R. Smith, e.g. in Brno. Twice.", ["He met J. R. Smith, e.g. in Brno.", "Twice."]),
        ("The war of 1866 ended in August. It was short.", ["The war of 1866 ended in August.", "It was short."]),
        ("Founded in 1973. The rest is history.", ["Founded in 1973.", "The rest is history."]),
        ("It costs 3.50 and not 4. Is that all?", ["It costs 3.50 and not 4.", "Is that all?"]),
        ("Dne 21. srpna 1968 v ul. Lidická. Pak odešel.", ["Dne 21. srpna 1968 v ul. Lidická.", "Pak odešel."]),
        ("Fixace hypotéky končí 1. 9. 2024. Pak víc.", ["Fixace hypotéky končí 1. 9. 2024.", "Pak víc."]),
        ("Sejdeme se už 24. 12. Přijď!", ["Sejdeme se už 24. 12.", "Přijď!"]),
        ("Karel IV. založil školu. Karel IV. Lucemburský.", ["Karel IV. založil školu.", "Karel IV. Lucemburský."]),
        ("World War II. The peace.", ["World War II.", "The peace."]),
        ("Přišel Ing. Mgr. Dvořák, tzv. „Křeček“. Odešel.", ["Přišel Ing. Mgr. Dvořák, tzv. „Křeček“.", "Odešel."]),
        ('"Is it so?" she asked. Yes.', ['"Is it so?" she asked.', "Yes."]),
        ("Wait... what? Oh… well. So.", ["Wait... what?", "Oh… well.", "So."]),
        ("See www.example.org/a.html for more. End", ["See www.example.org/a.html for more.", "End"]),
    ],
)  # fmt: skip
def test_sentences_end_at_their_punctuation(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_wrapped_lines_are_one_sentence_and_list_items_are_their_own() -> None:
    text = "A paragraph that was wrapped at the margin of the file goes\non here. Then it ends.\n\n- first\n- second\n"
    assert texts(text) == [
        "A paragraph that was wrapped at the margin of the file goes\non here.",
        "Then it ends.",
        "- first",
        "- second",
    ]


def test_rows_of_a_table_drawn_with_spaces_stand_for_themselves() -> None:
    """A bill once came out as one quote of six rows, too long to see which sum belonged to what."""
    bill = "Diagnostics, the computer reports 41 faults      900 CZK\nCable harness, original            6 480 CZK\n"
    assert len(texts(bill)) == 2
    lost = "Taking the network cable out of the waste pipe 1 1 200 Kč\nElbow for the waste pipe HT 50 2 × 85 170 Kč\n"
    assert len(texts(lost)) == 2
    assert texts(f"What was done, and what it cost us in the end\n{bill}")[0].startswith("What was done")


def test_each_turn_of_a_conversation_stands_for_itself() -> None:
    assert texts("10:04 <anna> shall we meet\n10:05 <petr> at the station\n", "chat") == [
        "10:04 <anna> shall we meet",
        "10:05 <petr> at the station",
    ]


def test_code_is_cut_by_line() -> None:
    assert texts("def f(a):\n    # Twice. Really.\n    return 2 * a\n", "code")[0] == "def f(a):"


def test_a_wrapped_comment_is_one_sentence_and_code_is_not() -> None:
    text = (
        "# Files are grouped by size first and hashed only when another is as large; reading\n"
        "# the whole disk to learn that a file is unique is slow.\n"
        "for name in sorted(everything_below(folder), key=lambda one: one.size)\n"
        "if name.is_file() and name.stat().st_size > 0 and name not in seen_before:\n"
    )
    assert [sentence.count("\n") for sentence in texts(text, "script")] == [1, 0, 0]
    assert [sentence.count("\n") for sentence in texts(text, "log")] == [0, 0, 0, 0]


def test_a_sentence_without_an_end_is_cut() -> None:
    found = sentences("word " * 1000)
    assert max(len(sentence.text) for sentence in found) <= LONGEST


@given(st.text(alphabet=st.sampled_from("ab A.Á!?…\n\t-1(\"'čž "), max_size=200), st.sampled_from(["note", "code"]))
def test_sentences_are_slices_in_order_and_lose_only_white_space(text: str, kind: str) -> None:
    at = 0
    for sentence in sentences(text, kind):
        assert sentence.text == text[sentence.start : sentence.end]
        assert text[at : sentence.start].strip() == ""
        assert sentence.text == sentence.text.strip() != ""
        at = sentence.end
    assert text[at:].strip() == ""
