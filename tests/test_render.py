from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from ask.cli import answers, gate, overview, render, snippet
from ask.cli.render import View
from ask.cli.terminal import Terminal, cell, cells, cut, cut_front, terminal
from ask.generator.results import Answer, Citation, Claim
from ask.retriever.hits import Copy, Hit, Results
from hypothesis import example, given
from hypothesis import strategies as st

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
CODE = 'def walk(node):\n    """Print the structure of a page."""\n    for child in node:\n        print(child.tag)\n'
HIT = Hit(
    rank=1,
    score=0.67,
    id=5,
    path="/home/o/scripts/outline.py",
    document=None,
    kind="script",
    title="Outline",
    line=12,
    end_line=15,
    page=None,
    date=datetime(2019, 3, 14, tzinfo=UTC),
    snippet=CODE.rstrip(),
    why={"meaning": 0.412, "words": 0.308, "when": -0.05},
    text=CODE,
    heading=("Outline", "walk"),
)
OWN = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\")


def mark(text: str) -> Iterable[tuple[int, int]]:
    return [found.span() for found in re.finditer("(?i)structure|odstav|html", text)]


def view(width: int | None = None, **others: object) -> View:
    look = Terminal(width, colour=width is not None, links=width is not None)
    return replace(View(look, mark, home="/home/o", now=NOW), **others)


def plain(lines: Iterable[str]) -> list[str]:
    return [OWN.sub("", line) for line in lines]


def test_notes_break_between_words() -> None:
    said = plain(render.notes(["meaning covers 100 % of the index; words cover all of it"], view(30)))
    assert said == ["meaning covers 100 % of the", "index; words cover all of it"]


def test_a_hit_on_a_terminal() -> None:
    assert plain(render.hits([HIT], view(100))) == [
        " 1  ~/scripts/outline.py:13  walk  script · 2019-03-14, 6 years ago",
        "    12 │ def walk(node):",
        '    13 │     """Print the structure of a page."""',
        "    14 │     for child in node:",
        "",
    ]


def test_a_hit_in_a_pipe_has_its_whole_path_and_no_sequences() -> None:
    lines = list(render.hits([HIT], view()))
    assert lines == plain(lines)
    assert lines[0] == " 1  /home/o/scripts/outline.py:13  walk  script · 2019-03-14, 6 years ago"


def test_matches_are_highlighted_and_the_path_leads_to_the_line() -> None:
    lines = list(render.hits([HIT], view(100)))
    assert 'Print the \x1b[1;31mstructure\x1b[0m of a page."""' in lines[2]
    assert lines[0].count("/home/o/scripts/outline.py\x1b\\") == 1
    vscode = replace(view(100), terminal=Terminal(100, links=True, address="vscode://file{path}:{line}"))
    assert "vscode://file/home/o/scripts/outline.py:13" in next(iter(render.hits([HIT], vscode)))


@pytest.mark.parametrize("width", [20, 33, 50, 80, 200])
@pytest.mark.parametrize("explain", [False, True])
def test_nothing_is_wider_than_the_terminal(width: int, explain: bool) -> None:
    long = replace(
        HIT,
        path="/home/o/" + "very long folder/" * 9 + "článek.pdf",
        title="漢字の題名 " * 20,
        snippet="Dlouhý odstavec o HTML " * 20 + "slovobezmezer" * 20 + "漢字" * 60,
        text="",
        copies=tuple(
            Copy(path, HIT.date, same) for path in ("/home/o/kopie/" * 6, "/b", "/c") for same in (True, False)
        ),
    )
    for line in plain(render.hits([long, HIT], view(width, explain=explain))):
        assert cells(line) <= max(width, 46 if explain and "█" in line else 0), line


def test_a_long_path_keeps_its_end() -> None:
    long = replace(HIT, path="/home/o/" + "folder/" * 20 + "outline.py")
    assert plain(render.hits([long], view(40)))[0] == " 1  …/folder/folder/folder/outline.py:13"


def test_a_path_below_the_working_folder_is_relative_to_it_on_a_terminal() -> None:
    here = replace(view(100), folder="/home/o/scripts")
    assert here.path("/home/o/scripts/outline.py") == "outline.py"
    assert here.path("/home/o/scripts") == "~/scripts"
    assert here.path("/home/o/scripts.old/a") == "~/scripts.old/a"
    assert replace(view(), folder="/home/o/scripts").path("/home/o/scripts/a") == "/home/o/scripts/a"


def test_rows_are_those_that_match_best() -> None:
    text = "\n".join([*("nothing here" for _ in range(9)), "about structure", "odstavec", "html", "structure"])
    hit = replace(HIT, snippet=text, text=text, line=1, end_line=13)
    assert [row.number for row in snippet.rows(hit, mark, width=None, limit=3)] == [10, 11, 12]
    assert [row.number for row in snippet.rows(hit, lambda text: [], width=None, limit=3)] == [1, 2, 3]


def test_rows_lose_empty_lines_and_common_indentation_but_not_their_numbers() -> None:
    text = "        a structure\n\n\t\tb\n            c\n"
    hit = replace(HIT, snippet=text, text=text, line=7, end_line=10)
    found = snippet.rows(hit, mark, width=None, limit=5)
    assert [(row.number, row.text) for row in found] == [(7, "a structure"), (9, "b"), (10, "    c")]
    assert [found[0].text[a:b] for a, b in found[0].spans] == ["structure"]


@pytest.mark.parametrize(
    "other",
    [
        {"line": None, "end_line": None},
        {"end_line": 40},  # a decoded mail: its text has fewer lines than the file
        {"text": "something else"},
        {"snippet": "x", "text": "x\nx\n", "end_line": 13},  # which of the two it is nobody knows
    ],
)
def test_no_line_number_is_better_than_a_wrong_one(other: dict[str, object]) -> None:
    hit = replace(HIT, **other)  # type: ignore[arg-type]
    assert snippet.first_line(hit) is None
    assert plain(render.hits([hit], view(100)))[1].startswith("    │ ")


def test_a_snippet_inside_a_chunk_is_numbered_from_its_place() -> None:
    hit = replace(HIT, snippet="    for child in node:\n        print(child.tag)")
    assert snippet.first_line(hit) == 14


def test_an_escape_in_a_snippet_shifts_no_highlight() -> None:
    text = "\x1b[31mred\x1b[0m structure \u202eof"
    hit = replace(HIT, snippet=text, text=text, end_line=12)
    assert list(render.hits([hit], view(80)))[1].endswith("red \x1b[1;31mstructure\x1b[0m of")


def test_hostile_texts_reach_nobody() -> None:
    evil = "\x1b]52;c;AAAA\x07\x1b[2J\u202eevil\n\x9b1m"
    hit = replace(
        HIT, path=f"/home/o/{evil}", document=evil, kind=evil, title=evil, heading=(evil,), snippet=evil, text="",
        copies=(Copy(evil, None, True), Copy(evil, None, False)), why={evil: 1.0},
    )  # fmt: skip
    citation = Citation(evil, evil, evil, 1, 1, None, evil)
    found = Answer("q", evil, True, False, (citation,), model=evil, host=evil, notes=(evil,))
    report = {"files": {}, "roots": [evil], "skipped": {evil: 1}, "models": {evil: evil}}
    for look in (view(60, explain=True), view(explain=True)):
        lines = [
            *render.results(Results("q", (hit,), notes=(evil,)), look),
            *render.results(Results("q", (), near=(hit,)), look),
            *render.paths([hit]),
            *render.places([hit], look),
            *answers.answer(found, look),
            *overview.status(report, look),
        ]
        for line in plain(lines):
            assert line == gate.clean(line)
            assert "52;c" not in gate.clean(line) or "\\x1b]52;c" in line  # shown only as part of a name


def test_nothing_found_shows_the_nearest_faintly() -> None:
    lines = list(render.results(Results("q", (), near=(HIT,), notes=("12 files could not be read",)), view(100)))
    assert plain(lines) == [
        "Nothing found that is close enough. The nearest:",
        " 1  ~/scripts/outline.py:12  walk  script · 2019-03-14, 6 years ago",
        "12 files could not be read",
    ]
    assert lines[2] == "\x1b[2m12 files could not be read\x1b[0m"
    assert list(render.results(Results("q", ()), view())) == ["Nothing found."]


def test_explanation_shows_each_part_and_the_sum() -> None:
    lines = plain(render.hits([replace(HIT, exact=False)], view(explain=True)))
    assert lines[4:] == [
        "    meaning  +0.412  ███████████████",
        "    words    +0.308  ███████████",
        "    when     -0.050  ██",
        "    score    +0.670  ████████████████████████",
        "    its meaning is still an approximation",
        "",
    ]


def test_plain_modes() -> None:
    other = replace(HIT, rank=2, path="/b \x07.txt", line=None, snippet="a  b")
    assert list(render.paths([HIT, other, HIT])) == ["/home/o/scripts/outline.py", "/b \\x07.txt"]
    assert list(render.places([HIT, other], view(40))) == [
        '/home/o/scripts/outline.py:13: """Print the structure of a page."""',
        "/b \\x07.txt: a  b",
    ]


def test_members_and_pages_are_part_of_the_place() -> None:
    assert render.place("/home/o/box.mbox", "inbox/3", None, None, view(80)).text == "~/box.mbox › inbox/3"
    assert render.place("/home/o/a.pdf", None, 4, 3, view(80)).text == "~/a.pdf, page 3"
    assert render.place("/home/other/a", None, 4, None, view(80)).text == "/home/other/a:4"
    assert render.place("/home/o", None, None, None, view(80)).text == "~"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"), (1, "yesterday"), (2, "2 days ago"), (13, "13 days ago"), (14, "2 weeks ago"),
        (60, "8 weeks ago"), (61, "2 months ago"), (729, "23 months ago"), (731, "2 years ago"),
        (2271, "6 years ago"), (-1, "tomorrow"), (-3, "in 3 days"), (-400, "in 13 months"),
    ],
)  # fmt: skip
def test_dates_as_people_say_them(days: int, words: str) -> None:
    assert render.ago(days) == words


def test_a_date_is_that_of_the_readers_zone() -> None:
    late = datetime(2025, 5, 31, 23, 30, tzinfo=UTC)
    prague = timezone(timedelta(hours=2))
    assert render.day(late, NOW.astimezone(prague)) == "2025-06-01, today"
    assert render.day(datetime(1, 1, 1, tzinfo=prague), NOW) == "0001-01-01, 2024 years ago"
    assert render.day(datetime(2400, 1, 1, tzinfo=UTC), NOW) == "2400-01-01, in 374 years"


ANSWER = Answer(
    "what does it cost?",
    "It walks the tree [1].\nIt costs 500 Kč [2].",
    grounded=False,
    abstained=False,
    citations=(
        Citation("[1]", HIT.path, None, 12, 13, None, "It walks the tree"),
        Citation("[2]", "/home/o/a.pdf", None, None, None, 3, "the price is\n400 Kč", verified=False),
    ),
    claims=(
        Claim("It walks the tree [1].", 0, 22, ("[1]",), 1.0),
        Claim("It costs 500 Kč [2].", 23, 43, ("[2]",), 0.2, missing=("500",), supported=False),
    ),
    model="tiny",
    notes=("one file has changed",),
)


def test_an_answer_with_its_sources() -> None:
    lines = list(answers.answer(ANSWER, view(80)))
    assert plain(lines) == [
        "It walks the tree [1].",
        "It costs 500 Kč [2]. [not in your files]",
        "",
        "[1] ~/scripts/outline.py:12",
        "[2] ~/a.pdf, page 3  changed since it was read",
        '    "the price is 400 Kč"',
        "written by tiny",
        "one file has changed",
    ]
    assert "tree \x1b[36m[1]\x1b[0m." in lines[0]
    assert "file://" in lines[3]


def test_an_answer_that_is_not_given() -> None:
    nothing = Answer("q", "", False, True, notes=("3 files could not be read",))
    assert list(answers.answer(nothing, view())) == ["No answer found in your files.", "3 files could not be read"]
    withheld = replace(nothing, withheld="The moon is cheese.", notes=())
    assert list(answers.answer(withheld, view())) == ["No answer: what the model wrote is not backed by your files."]
    elsewhere = replace(nothing, model="big", host="gpu.example.org", notes=())
    assert plain(answers.answer(elsewhere, view()))[1] == "asked: big at gpu.example.org"


def test_status_in_a_few_lines() -> None:
    report = {
        "files": {"indexed": 12034, "skipped": 1100, "unreadable": 3},
        "chunks": {"total": 99123, "approximate": 50000, "exact": 49123},
        "bytes": {"source": 123456789, "index": 5_500_000},
        "skipped": {"binary": 300, "damaged": 3, "build": 800},
        "roots": ["/home/o", {"path": "/mnt/x"}],
        "watch": {"running": False},
    }
    assert plain(overview.status(report, view(80))) == [
        "Files      12,034 indexed  1,100 left out  3 could not be read",
        "Chunks     99,123  words 100 %, meaning 100 %, exact 49 %",
        "Size       source 123 MB  index 5.5 MB",
        "Folders    ~  /mnt/x",
        "Left out   build 800  binary 300",
        "Unreadable damaged 3",
        "Watching   no; ask watch keeps the index up to date",
    ]


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "100 kB"), (1_500_000, "1.5 MB"), (10**15, "1000 TB")],
)
def test_sizes(size: int, words: str) -> None:
    assert overview.human_bytes(size) == words


LETTERS = st.text(st.sampled_from("ab č漢 \u0301👩-"), max_size=80)


@example("\u0301 a漢", 2)
@given(LETTERS, st.integers(2, 30))
def test_wrapping_loses_only_spaces_and_keeps_to_the_width(text: str, width: int) -> None:
    parts = snippet.wrap(text, width)
    assert all(cells(text[a:b]) <= width for a, b in parts)
    between = [text[a:b] for (_, a), (b, _) in zip([(0, 0), *parts], [*parts, (len(text), 0)], strict=True)]
    assert all(gap in ("", " ") for gap in between)


@given(LETTERS, st.integers(2, 30))
def test_cutting_keeps_to_the_width(text: str, width: int) -> None:
    for short in (cut(text, width), cut_front(text, width)):
        assert cells(short) <= width
    if cells(text) <= width:
        assert cut(text, width) == text


def test_width_of_letters() -> None:
    assert [cell(c) for c in "ač漢👩\u0301\u200d한"] == [1, 1, 2, 2, 0, 0, 2]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "colour", "links"),
    [
        ({"TERM": "xterm-256color"}, True, False),
        ({"TERM": "xterm-kitty"}, True, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7006"}, True, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True, True),
        ({"TERM": "dumb", "VTE_VERSION": "7006"}, False, False),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, False, True),
        ({"TERM": "xterm", "NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, False),
        ({"TERM": "xterm", "CLICOLOR": "0"}, False, False),
        ({"TERM": "xterm", "FORCE_COLOR": "0"}, False, False),
        ({"TERM": "xterm", "FORCE_HYPERLINK": "1"}, True, True),
        ({"TERM": "xterm-kitty", "FORCE_HYPERLINK": "0"}, True, False),
        ({}, False, False),
    ],
)
def test_what_a_terminal_can_show(environ: dict[str, str], colour: bool, links: bool) -> None:
    look = terminal(Screen(), environ)
    assert (look.colour, look.links) == (colour, links)
    assert look.width == 80
    assert terminal(Screen(), {"COLUMNS": "123"}).width == 123


def test_a_pipe_has_neither_unless_told() -> None:
    assert terminal(io.StringIO(), {"TERM": "xterm-kitty"}) == Terminal(letters=False)
    assert terminal(io.StringIO(), {"CLICOLOR_FORCE": "1"}).colour
    assert terminal(io.StringIO(), {"NO_COLOR": "1"}, colour="always").colour
    assert not terminal(Screen(), {"TERM": "xterm-kitty"}, links="never").links


def test_signs_have_a_plain_form() -> None:
    lines = render.hits([HIT], replace(view(), terminal=Terminal(letters=False), explain=True))
    assert all(line.isascii() for line in lines)
