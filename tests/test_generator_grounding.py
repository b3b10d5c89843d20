"""What a model wrote is held against its sources by code: numbers, names and words must stand there, and still do."""

from __future__ import annotations

from pathlib import Path

import pytest
from ask.generator.context import Passage
from ask.generator.grounding import Checked, check, verified
from ask.generator.particulars import names, numbers, same_name
from ask.retriever.hits import Hit

CABIN = "The cabin was built by Josef Malina in 1987. It took six summers and 12,500 crowns.\nThe roof leaks."
BOAT = "The boat lies under the bridge. Its engine is broken since 21 August 2009."
CHATA = "Chatu postavil Josef Malina v roce 1987. Stála 12 500 korun. Loď leží pod mostem od 21. srpna 2009."


def passage(number: int, text: str, folder: Path) -> Passage:
    file = folder / f"{number}.md"
    file.write_text(text, "utf-8")
    hit = Hit(
        number, 1.0, number, str(file), None, "note", "", 1, 1 + text.count("\n"), None, None, text[:40], {}, text
    )
    return Passage(number, hit, text, 0)


def now(hit: Hit) -> str | None:
    file = Path(hit.path)
    return file.read_text("utf-8") if file.exists() else None


@pytest.fixture
def passages(tmp_path: Path) -> list[Passage]:
    return [passage(1, CABIN, tmp_path), passage(2, BOAT, tmp_path)]


def checked(text: str, passages: list[Passage], question: str = "Who built the cabin?") -> Checked:
    return check(question, text, passages, now)


def test_a_supported_sentence_gets_a_quote_with_its_place(passages: list[Passage]) -> None:
    found = checked("The cabin was built by Josef Malina in 1987 [1]. The roof leaks [1].", passages)
    assert found.grounded
    assert [citation.marker for citation in found.citations] == ["[1]", "[1]"]
    assert found.citations[0].quote == "The cabin was built by Josef Malina in 1987."
    assert found.citations[1].line == 2
    assert Path(found.citations[1].path).read_text("utf-8").splitlines()[1] == found.citations[1].quote


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("The cabin was built by Josef Malina in 1978 [1].", ("1978",)),
        ("The cabin was built by Karel Malina in 1987 [1].", ("karel",)),
        ("It took six summers and 15,200 crowns [1].", ("15200",)),
        ("The engine of the boat is broken since 21 May 2009 [2].", ("m5",)),
    ],
)
def test_a_number_a_name_or_a_date_that_the_source_does_not_hold_is_marked(
    passages: list[Passage], text: str, missing: tuple[str, ...]
) -> None:
    found = checked(text, passages)
    assert not found.grounded
    assert found.claims[0].missing == missing
    assert not found.claims[0].supported
    assert found.withheld


def test_other_ways_of_writing_a_number_or_a_date_are_the_same(passages: list[Passage]) -> None:
    assert checked("It took six summers and 12 500 crowns [1].", passages).grounded
    assert checked("The engine of the boat is broken since 2009-08-21 [2].", passages).grounded
    assert checked("The cabin took 6 summers to be built by Josef [1].", passages).grounded


def test_a_sentence_without_a_marker_gets_the_one_that_holds_it(passages: list[Passage]) -> None:
    found = checked("The boat lies under the bridge.", passages)
    assert found.text == "The boat lies under the bridge [2]."
    assert found.grounded


def test_a_wrong_marker_is_put_right_and_one_that_does_not_exist_is_dropped(passages: list[Passage]) -> None:
    assert checked("The boat lies under the bridge [1].", passages).text == "The boat lies under the bridge [2]."
    assert checked("The boat lies under the bridge [7].", passages).text == "The boat lies under the bridge [2]."


def test_what_no_source_says_is_marked_and_the_rest_stays(passages: list[Passage]) -> None:
    found = checked(
        "The cabin was built by Josef Malina in 1987 [1]. He loved mushrooms [1]. The boat lies under the bridge [2].",
        passages,
    )
    assert [claim.supported for claim in found.claims] == [True, False, True]
    assert not found.grounded
    assert not found.withheld
    for claim in found.claims:
        assert found.text[claim.start : claim.end] == claim.text


def test_an_invented_answer_is_withheld(passages: list[Passage]) -> None:
    found = checked("Quantum entanglement explains photosynthesis [1]. Bananas are radioactive [2].", passages)
    assert found.withheld
    assert found.share == 0


def test_a_quote_must_stand_in_the_file_as_it_is_now(passages: list[Passage]) -> None:
    Path(passages[0].hit.path).write_text("All gone.", "utf-8")
    found = checked("The cabin was built by Josef Malina in 1987 [1].", passages)
    assert not found.grounded
    assert not found.citations[0].verified
    assert found.stale == (passages[0].hit.path,)
    Path(passages[0].hit.path).unlink()
    assert not checked("The cabin was built by Josef Malina in 1987 [1].", passages).grounded


@pytest.mark.parametrize(("text", "holds"), [("1987 [1].", True), ("Josef Malina [1]", True), ("1978 [1].", False)])
def test_an_answer_of_one_word_is_checked_like_any_other(passages: list[Passage], text: str, holds: bool) -> None:
    found = checked(text, passages)
    assert found.grounded is holds
    assert found.withheld is not holds


def test_two_sources_may_back_a_sentence_together(passages: list[Passage]) -> None:
    found = checked("The cabin was built by Josef Malina and the boat lies under the bridge [1][2].", passages)
    assert found.grounded
    assert {citation.marker for citation in found.citations} == {"[1]", "[2]"}


def test_markers_behind_the_full_stop_belong_to_the_sentence_before(passages: list[Passage]) -> None:
    found = checked("The cabin was built by Josef Malina in 1987. [1] The boat lies under the bridge. [2]", passages)
    assert found.text == "The cabin was built by Josef Malina in 1987 [1]. The boat lies under the bridge [2]."


def test_czech_case_endings_dates_and_numbers(tmp_path: Path) -> None:
    source = [passage(1, CHATA, tmp_path)]
    assert checked("Chata Josefa Maliny byla postavena v roce 1987 [1].", source, "Kdo postavil chatu?").grounded
    assert checked("Chata stála 12500 korun [1].", source, "Kolik stála chata?").grounded
    assert not checked("Chata stála 13500 korun [1].", source, "Kolik stála chata?").grounded


def test_an_answer_in_another_language_than_the_source_is_checked_by_its_particulars(tmp_path: Path) -> None:
    source = [passage(1, CHATA, tmp_path)]
    assert checked("The cottage was built by Josef Malina in 1987 [1].", source).grounded
    assert not checked("The cottage was built by Josef Malina in 1989 [1].", source).grounded


def test_quotes_made_elsewhere_are_verified_too(passages: list[Passage]) -> None:
    citation = passages[0].cite(0, 44)
    hits = [passages[0].hit]
    assert verified([citation], hits, now)[0].verified
    Path(passages[0].hit.path).write_text("All gone.", "utf-8")
    assert not verified([citation], hits, now)[0].verified


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,234.50", "1234.5"),
        ("12 500", "12500"),
        ("1.234,5", "1234.5"),
        ("21 August 1968", "1968-08-21"),
        ("21. srpna 1968", "21.8.1968"),
        ("at 10:30", "10:30"),
        ("version 1.2.3", "1.2.3"),
    ],
)
def test_numbers_in_one_form(one: str, other: str) -> None:
    assert numbers(one) == numbers(other)


def test_numbers_that_differ_differ() -> None:
    assert numbers("1968") != numbers("1986")
    assert numbers("3.5") != numbers("35")
    assert numbers("See [1].") == frozenset()


def test_names_are_words_with_a_capital_inside_a_sentence() -> None:
    assert names("The man met Josef Malina in Brno on Monday in May. Then He left.") == {
        "josef",
        "malina",
        "brno",
        "monday",
    }
    assert same_name("prahy", frozenset({"praha"}))
    assert not same_name("karel", frozenset({"josef", "kamil"}))
