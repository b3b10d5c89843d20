"""What questions say about time, kind and people, in English and Czech."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ask.indexer.documents import KINDS
from ask.retriever import kind_cues
from ask.retriever.cues import POSTED, WEIGHTS, Cues, find_cues, prior
from ask.retriever.filters import Filters
from ask.retriever.folded import folded
from ask.retriever.people import Me, Person, guess_me, similarity
from ask.retriever.when import When
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=timezone(timedelta(hours=1)))
"""A Tuesday."""
ME = Me(("Jan Novák",), ("jan@example.org",), ("jan",))


def find(text: str) -> Cues:
    return find_cues(text, NOW, ME)


def when(text: str) -> When:
    (cue,) = find(text).of("when")
    assert isinstance(cue.meaning, When)
    return cue.meaning


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        # days
        ("what did I save today", "2026-11-24", "2026-11-24"), ("the mail from yesterday", "2026-11-23", "2026-11-23"),
        ("the day before yesterday", "2026-11-22", "2026-11-22"), ("2 days ago", "2026-11-22", "2026-11-22"),
        ("on Monday", "2026-11-23", "2026-11-23"), ("last Tuesday", "2026-11-17", "2026-11-17"),
        ("on 3 May 2021", "2021-05-03", "2021-05-03"), ("May 3, 2021", "2021-05-03", "2021-05-03"),
        ("on December 3rd", "2025-12-03", "2025-12-03"), ("2021-05-03", "2021-05-03", "2021-05-03"),
        ("co bylo včera", "2026-11-23", "2026-11-23"), ("vcera", "2026-11-23", "2026-11-23"),
        ("předevčírem", "2026-11-22", "2026-11-22"), ("dneska", "2026-11-24", "2026-11-24"),
        ("včerejší mail", "2026-11-23", "2026-11-23"), ("3. května 2021", "2021-05-03", "2021-05-03"),
        ("3. 5. 2021", "2021-05-03", "2021-05-03"), ("3.5.2021", "2021-05-03", "2021-05-03"),
        ("v pondělí", "2026-11-23", "2026-11-23"), ("minulou středu", "2026-11-18", "2026-11-18"),
        # weeks
        ("the week before last", "2026-11-09", "2026-11-15"), ("předminulý týden", "2026-11-09", "2026-11-15"),
        ("last week", "2026-11-16", "2026-11-22"), ("this week", "2026-11-23", "2026-11-29"),
        ("minulý týden", "2026-11-16", "2026-11-22"), ("z minulého týdne", "2026-11-16", "2026-11-22"),
        ("the past week", "2026-11-17", "2026-11-25"), ("poslední týden", "2026-11-17", "2026-11-25"),
        ("last weekend", "2026-11-20", "2026-11-22"), ("o víkendu", "2026-11-20", "2026-11-22"),
        # months
        ("between March and May 2019", "2019-03-01", "2019-05-31"), ("začátkem dubna", "2026-04-01", "2026-04-30"),
        ("last month", "2026-10-01", "2026-10-31"), ("in March", "2026-03-01", "2026-03-31"),
        ("in December", "2025-12-01", "2025-12-31"),
        ("31 June 2019", "2019-06-01", "2019-06-30"), ("in March 2019", "2019-03-01", "2019-03-31"),
        ("notes of may 2019", "2019-05-01", "2019-05-31"), ("v březnu 2019", "2019-03-01", "2019-03-31"),
        ("v breznu", "2026-03-01", "2026-03-31"), ("loni v březnu", "2025-03-01", "2025-03-31"),
        ("v červenci 2020", "2020-07-01", "2020-07-31"), ("v červnu 2020", "2020-06-01", "2020-06-30"),
        ("minulý měsíc", "2026-10-01", "2026-10-31"), ("2019-03", "2019-03-01", "2019-03-31"),
        # seasons
        ("summer 2019", "2019-06-01", "2019-08-31"), ("in the fall of 2019", "2019-09-01", "2019-11-30"),
        ("last summer", "2026-06-01", "2026-08-31"), ("last winter", "2025-12-01", "2026-02-28"),
        ("loni v létě", "2025-06-01", "2025-08-31"), ("v létě loni", "2025-06-01", "2025-08-31"),
        ("na podzim 2020", "2020-09-01", "2020-11-30"), ("z loňského léta", "2025-06-01", "2025-08-31"),
        # years
        ("in 2012", "2012-01-01", "2012-12-31"), ("invoice 2012", "2012-01-01", "2012-12-31"),
        ("meeting about last year's budget", "2025-01-01", "2025-12-31"), ("this year", "2026-01-01", "2026-12-31"),
        ("v roce 2012", "2012-01-01", "2012-12-31"), ("z roku 2012", "2012-01-01", "2012-12-31"),
        ("vloni", "2025-01-01", "2025-12-31"), ("předloni", "2024-01-01", "2024-12-31"),
        ("letos", "2026-01-01", "2026-12-31"), ("loňská faktura", "2025-01-01", "2025-12-31"),
        ("between 2010 and 2012", "2010-01-01", "2012-12-31"), ("2010–2012", "2010-01-01", "2012-12-31"),
        ("mezi lety 2010 a 2012", "2010-01-01", "2012-12-31"), ("in the 90s", "1990-01-01", "1999-12-31"),
        ("v devadesátých letech", "1990-01-01", "1999-12-31"),
        # bounds
        ("since 2015", "2015-01-01", "2026-11-25"), ("od ledna 2020", "2020-01-01", "2026-11-25"),
        ("before 2015", "1900-01-01", "2014-12-31"), ("do roku 2010", "1900-01-01", "2009-12-31"),
        ("před rokem 2010", "1900-01-01", "2009-12-31"), ("after March 2019", "2019-04-01", "2026-11-25"),
    ],
)  # fmt: skip
def test_times(text: str, first: str, last: str) -> None:
    found = when(text)
    assert (found.start.date().isoformat(), (found.end - timedelta(seconds=1)).date().isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("text", "label", "years", "not_years"),
    [
        ("that script I wrote years ago", "2–8 years ago", 4, 0.5), ("a few years ago", "2–6 years ago", 4, 0.3),
        ("3 years ago", "3 years ago", 3, 1), ("three years ago", "3 years ago", 3, 9),
        ("a year ago", "1 year ago", 1, 5), ("a couple of months ago", "1.5–3.5 months ago", 0.2, 3),
        ("two weeks ago", "2 weeks ago", 0.04, 1), ("recently", "recently", 0.05, 1), ("long ago", "long ago", 12, 0.5),
        ("před pár lety", "2–6 years ago", 4, 0.3), ("pred par lety", "2–6 years ago", 4, 0.3),
        ("před lety", "2–8 years ago", 4, 0.5), ("před třemi lety", "3 years ago", 3, 1),
        ("před 3 lety", "3 years ago", 3, 1), ("před rokem", "1 year ago", 1, 5),
        ("před měsícem", "1 month ago", 0.08, 1), ("před několika týdny", "2–6 weeks ago", 0.07, 1),
        ("kdysi", "long ago", 12, 0.5), ("nedávno", "recently", 0.05, 1), ("před půl rokem", "half a year ago", 0.5, 3),
        ("v posledních letech", "the past 5 years", 3, 12),
    ],
)  # fmt: skip
def test_vague_times(text: str, label: str, years: float, not_years: float) -> None:
    found = when(text)
    assert found.label == label
    assert found.weight(NOW - timedelta(days=365.25 * years)) == 1
    assert found.weight(NOW - timedelta(days=365.25 * not_years)) < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "when I was at university", "chords of Yesterday", "two may be open", "may 3 files be open", "let me in",
        "http://example.org/2012/a", "version v1.2019", "how many days are there in a week", "the last words",
        '"years ago" in a title', "invoice -yesterday", "what is the next step", "the march of the penguins",
        "spring mattress", "error 4242", "2150", "jak dopustit vodu do kotle",
    ],
)  # fmt: skip
def test_no_times(text: str) -> None:
    assert not find(text).of("when")


def test_old_things_still_count_for_years_ago() -> None:
    """Who says "years ago" may mean twenty: the weight falls slowly backwards, fast towards now."""
    found = when("years ago")
    twenty, last_month = (found.weight(NOW - timedelta(days=days)) for days in (20 * 365, 30))
    assert 0.15 < twenty < 0.5
    assert last_month < 0.05


def test_czech_do_is_a_bound_and_english_do_is_not() -> None:
    assert when("what did we do last week").label == "last week"
    assert when("do roku 2010").label == "before 2010"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("that HTML-structure script", ["script"]), ("skripty na zálohu", ["script"]), ("v tom skriptu", ["script"]),
        ("my notes on cats", ["note"]), ("poznámek o kočkách", ["note"]), ("e-mail about crumbs", ["mail"]),
        ("maily od Petra", ["mail"]), ("invoice for the roof", ["invoice"]), ("faktur za střechu", ["invoice"]),
        ("slides on estimates", ["slides"]), ("prezentace o odhadech", ["slides"]), ("photo of a toaster", ["photo"]),
        ("fotek z dovolené", ["photo"]), ("a PDF about boilers", ["PDF"]), ("tabulka výdajů", ["table"]),
        ("we said on IRC", ["chat"]), ("source code of the parser", ["program"]), ("jupyter notebook", ["notebook"]),
        ("which city has the most people", []), ('"script" in quotes', []), ("note.txt", []),
        ("invoice -script", ["invoice"]),
    ],
)  # fmt: skip
def test_kinds(text: str, kinds: list[str]) -> None:
    assert [cue.label for cue in find(text).of("kind")] == kinds


def test_a_weak_word_counts_less() -> None:
    assert [cue.trust for cue in find("error code").of("kind")] == [kind_cues.WEAK]


def test_links() -> None:
    for text in ("the link Petr posted", "odkaz na třídění ovcí"):
        cues = find(text)
        assert cues.of("link")
        assert prior(cues, NOW, "chat", (), "see https://example.org/a")["link"] > 0
        assert prior(cues, NOW, "chat", (), "no address at all")["link"] == 0


def test_every_kind_in_the_table_exists_and_every_word_is_folded() -> None:
    for word, (thing, _) in kind_cues.things().items():
        assert set(thing.kinds + thing.near) <= set(KINDS)
        assert [cue.kinds for cue in kind_cues.find(folded(word))] == [thing], word


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("the note from Petr", ["Petr"]), ("odkaz od Petra", ["Petra"]), ("the link Petr posted on IRC", ["Petr"]),
        ("what Jana Nováková wrote about cats", ["Jana Nováková"]), ("co mi poslal Pavel", ["Pavel"]),
        ("mail from petr about cats", ["petr"]), ("from petr@example.org", ["petr@example.org"]),
        ("chat with Lenka", ["Lenka"]), ("Petr's mail", ["Petr"]), ("the script I wrote", ["me"]),
        ("napsal jsem poznámku", ["me"]), ("my notes", ["me"]), ("data from sensors", []), ("mail from last week", []),
        ("from Monday", []), ("od čtvrtka", []), ("what I said to Petr", ["me"]), ("faktura od instalatéra", []),
    ],
)  # fmt: skip
def test_people(text: str, people: list[str]) -> None:
    assert [cue.label for cue in find(text).of("people")] == people


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("Petra", "Petr Novák <petr@example.org>"), ("Pavla", "Pavel"), ("Marka", "Marek"), ("Jany", "Jana"),
        ("Tomáše", "Tomáš"), ("Zdeňka", "Zdeněk"), ("Jiřího", "Jiří"), ("Honzy", "honza"), ("Lence", "Lenka"),
        ("Novotného", "Novotný"), ("Evy", "Eva"), ("Jany Novákové", "Jana Nováková"), ("Ondrejovi", "Ondřej"),
    ],
)  # fmt: skip
def test_inflected_names(typed: str, known: str) -> None:
    assert similarity(typed, known) == pytest.approx(0.9)
    assert any(part in "petr novak pavel marek jana tomas zdenek jiri honza lenka novotny eva novakova ondrej"
               for part in Person(typed).beginnings())  # fmt: skip


@pytest.mark.parametrize(("typed", "known"), [("Marka", "Martin"), ("Petra", "Pavel"), ("Eva", "Steve"), ("", "Petr")])
def test_other_names(typed: str, known: str) -> None:
    assert similarity(typed, known) == 0


def test_the_user_is_guessed_from_settings(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text(
        '# mine\n[core]\n\tname = wrong\n[user]\n\tname = "Jan Novák" ; me\n\temail = jan@example.org\n'
        '[user "work"]\n name = no\n'
    )
    (tmp_path / ".muttrc").write_text(
        'set from="Jan <novak@example.org>"\nset imap_pass="secret"\nset realname = Honza\n'
    )
    me = guess_me(tmp_path, "jan")
    assert me == Me(("Jan Novák", "Honza"), ("jan@example.org", "novak@example.org"), ("jan",))
    assert me.wrote(["Jan Novák <x@example.org>", "Petr"]) == 1
    assert me.wrote(["Petr", "Jan Novák"]) == 0
    assert 0 < me.wrote([]) < 1
    assert guess_me(tmp_path / "nobody", "root") == Me()


def test_cues_are_shown_and_can_be_dropped() -> None:
    cues = find("that HTML-structure script I wrote years ago")
    assert cues.shown() == "kind: script · people: me · when: 2–8 years ago"
    assert cues.without("people").shown() == "kind: script · when: 2–8 years ago"
    assert cues.without("script", "when").shown() == "people: me"
    assert not cues.without("when", "kind", "people")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("that HTML-structure script I wrote years ago", "that HTML-structure script I wrote"),
        ("meeting about last year's budget", "meeting about budget"),
        ("poznámka o kotli, včera večer", "poznámka o kotli,"),
        ("taxes in 2019", "taxes in 2019"),  # may stand in a name or a text
        ("yesterday", "yesterday"), ("co bylo včera", "co bylo včera"),  # nothing else to look for
        ("cats", "cats"),
    ],
)  # fmt: skip
def test_words_that_only_say_when_are_not_looked_up(text: str, left: str) -> None:
    assert find(text).text_left() == left


def test_cues_as_hard_filters() -> None:
    tz = NOW.tzinfo
    assert find("invoice from March 2019").filters(NOW) == Filters(
        after=datetime(2019, 3, 1, tzinfo=tz), before=datetime(2019, 4, 1, tzinfo=tz),
        kinds=("paper", "note", "mail", "table", "page"),
    )  # fmt: skip
    assert find("mails from Pavla").filters(NOW) == Filters(kinds=("mail",), people=("pavl", "pavel"))
    assert find("mails I wrote").filters(NOW).people == ("jan@example.org", "Jan Novák")
    assert find("the script I wrote").filters(NOW) == Filters(kinds=("script",))
    assert find("before 2015").filters(NOW).after is None
    assert find("since 2015").filters(NOW).before is None


def test_what_was_limited_already_stays() -> None:
    given_before = Filters(before=datetime(2001, 1, 1, tzinfo=UTC), kinds=("code",))
    assert find("skript z roku 2019").filters(NOW, given_before) == given_before


def test_the_right_document_gets_more() -> None:
    cues = find("the script I wrote years ago")
    then = NOW - timedelta(days=4 * 365)
    right, wrong = prior(cues, then, "script", ["Jan Novák"], ""), prior(cues, NOW, "mail", ["Petr"], "")
    assert right == {"kind": WEIGHTS["kind"], "people": WEIGHTS["people"], "when": WEIGHTS["when"]}
    assert sum(wrong.values()) < 0.01
    assert prior(find("cats"), then, "script", (), "") == {}


def test_an_invoice_has_no_kind_but_words() -> None:
    cues = find("faktura za střechu")
    parts = [prior(cues, NOW, "note", (), text)["kind"] for text in ("FAKTURA č. 12", "faktur bylo víc", "recept")]
    assert parts[0] == parts[1] == WEIGHTS["kind"]
    assert 0 < parts[2] < parts[0]
    assert prior(cues, NOW, "code", (), "faktura")["kind"] == 0


QUESTIONS = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            "last před in of 2019 31 30. února May 3 99 ago years lety Petra I wrote od from script - \" ' since do"
            " 0000 , v summer letos minulý week týdnem ﬁ ß İ ̌ and – \u0301 2010-2012 the 90s past few let".split(" ")
        ),
        max_size=12,
    ).map(" ".join),
)
DATES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=13))]))


@given(QUESTIONS, DATES)
def test_any_text_is_a_question(text: str, date: datetime) -> None:
    """Never an error, spans inside the text, scores within their limits, dropped cues gone."""
    cues = find(text)
    for cue in cues:
        assert 0 <= cue.start < cue.end <= len(text)
        assert 0 < cue.trust <= 1
        if isinstance(cue.meaning, When):
            assert cue.meaning.start < cue.meaning.end
            assert cue.meaning.weight(cue.meaning.start) == 1
            assert cue.meaning.weight(cue.meaning.end) == pytest.approx(cue.meaning.edge)
    spans = [(cue.start, cue.end) for cue in cues.of("when")]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    for sort, part in prior(cues, date, "note", ["Petr"], text).items():
        assert 0 <= part <= (POSTED if sort == "link" else WEIGHTS[sort])
    cues.filters(NOW)
    assert cues.text_left().strip() or not text.strip()
    assert not cues.without("when", "kind", "people", "link")


def test_a_question_of_cues_alone_finds_what_they_fit(ask: Any, tree: Callable[..., Path]) -> None:
    """No word of it needs to stand there: "invoice" finds a Czech one."""
    files = {"doklad17.txt": "Faktura č. 2019-17\nDodavatel: Vodárna\nČástka k úhradě: 1200 Kč\n", "plot.txt": "Plot."}
    assert ask("index", tree(files)).code == 0
    found = ask("search", "invoice", "--json").json()
    assert [Path(hit["path"]).name for hit in found["hits"]] == ["doklad17.txt"]
    assert not any("only near in meaning" in note for note in found["notes"])
