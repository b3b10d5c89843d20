"""`ask why`, `ask audit`, counting and cues, through the real command."""

from __future__ import annotations

from collections.abc import Callable
from math import isclose
from pathlib import Path
from typing import Any

import pytest

KEY = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
FILES = {
    "outline.py": "#!/usr/bin/env python3\n# prints the structure of an HTML page\nimport sys\nprint(sys.stdin.read())\n",
    "diary/html.md": "---\ndate: 2012-05-01\n---\nToday I read about the structure of HTML pages and scripts.\n",
    "notes/deploy.txt": f"The token for deploying is {KEY} and must be changed.\n",
    ".env": "PASSWORD=hunter2\n",
    "irc/2009-03-14.log": "--- Log opened Sat Mar 14 09:00:00 2009\n09:01 < petr> hello\n"
    "09:02 < petr> https://sheep.example/merge-sort\n09:03 < jana> thanks\n",
}


@pytest.fixture(scope="module")
def filled(new_ask: Callable[[Path], Any], plant: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("explained")
    ask = new_ask(folder / "state")
    assert ask("index", plant(folder / "files", FILES), "--quiet").code == 0
    return ask


def test_why_follows_a_file_that_was_found(filled: Any) -> None:
    steps = filled("why", "structure of HTML", filled.home.parent / "files" / "outline.py", "--json").json()
    assert [step["stage"] for step in steps] == ["scanned", "read", "words", "meaning", "ranked"]
    assert all(step["passed"] for step in steps)


def test_a_file_that_one_side_finds_is_not_lost(filled: Any) -> None:
    """`ask why` ended with 1 for a file that its meaning alone had found."""
    said = filled("why", "tool showing webpage headings", filled.home.parent / "files" / "outline.py", "--json")
    passed = {step["stage"]: step["passed"] for step in said.json()}
    assert (said.code, passed["ranked"], passed["words"]) == (0, True, False)


def test_why_of_a_folder(filled: Any) -> None:
    said = filled("why", "tea", filled.home.parent / "files" / "irc")
    assert (said.code, "it is a folder" in said.out) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("why", "a question", "~nobody-here/a.txt"),
        ("a question?", "--model", "~nobody-here/a.gguf"),
        ("model", "use", "~nobody-here/model"),
        ("doctor",),
    ],
)
def test_the_home_of_somebody_who_does_not_exist_is_a_name_like_any_other(
    filled: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """pathlib raises for it, and the command ended with a traceback."""
    if arguments == ("doctor",):
        monkeypatch.setenv("ASK_MODEL", "~nobody-here/model")
    assert filled(*arguments).code in (1, 2)


def test_why_names_the_stage_where_a_file_was_lost(filled: Any) -> None:
    secret = filled("why", "password", filled.home.parent / "files" / ".env", "--json")
    assert secret.code == 1
    assert [step["passed"] for step in secret.json()] == [True, False]
    elsewhere = filled("why", "password", "/nowhere/at/all.txt", "--json").json()
    assert elsewhere == [{"stage": "scanned", "passed": False, "what": elsewhere[0]["what"]}]


@pytest.mark.parametrize(
    ("typed", "stage", "says"),
    [
        (["structure of HTML", "--kind", "note", "--ext", "py"], "limits", "it is not within: kind note"),
        (["structure of HTML", "--after", "2300"], "limits", "after 2300-01-01"),
        (["+sheep structure of HTML"], "needed", "none of its chunks holds all of: sheep"),
        (["structure -import"], "unwanted", "0 of its chunks are without: import"),
        (["the token for deploying"], "words", "token, deploying"),
    ],
)
def test_why_tells_each_stage(filled: Any, typed: list[str], stage: str, says: str) -> None:
    said = filled("why", typed[0], filled.home.parent / "files" / "outline.py", *typed[1:], "--json")
    lost = {step["stage"]: step["what"] for step in said.json() if not step["passed"]}
    assert said.code == 1
    assert says in lost[stage]


def test_nothing_found_says_what_may_be_the_reason(filled: Any) -> None:
    said = filled("search", "xyzzy plugh", "--kind", "script", "--ext", "py")
    assert said.code == 1
    assert "in no file: xyzzy, plugh" in said.out
    assert "only looked for within: kind script · ext py" in said.out
    assert "1 file is left out on purpose" in said.out


def test_explain_says_what_was_filtered(filled: Any) -> None:
    said = filled("search", "script about HTML", "--strict", "--explain", "--after", "2001")
    assert "within: kind script · after 2001-01-01" in said.out
    assert "within:" not in filled("search", "HTML", "--explain").out


def test_a_word_of_which_another_form_stands_there_is_not_called_missing(filled: Any) -> None:
    said = filled("search", "deployzz changezz xyzzyx", "--kind", "script").out
    assert "in no file: xyzzyx" in said


def test_audit_names_the_place_and_never_the_secret(filled: Any) -> None:
    said = filled("audit", "--json")
    assert KEY not in said.out
    (found,) = said.json()
    assert (Path(found["path"]).name, found["line"]) == ("deploy.txt", 1)
    assert filled("search", KEY, "--only", "words", "--json").code == 1


def test_counting_is_exact_and_shows_its_query(filled: Any) -> None:
    said = filled("answer", "how many scripts do I have?", "--json").json()
    assert (said["answer"], said["table"]["total"]) == ("1", 1)
    assert "SELECT" in said["table"]["sql"]


def test_a_list_that_was_cut_says_so(filled: Any) -> None:
    assert filled("the", "2", "largest", "files").out.startswith("5, of which these are the first 2\n")
    assert filled("list", "all", "scripts").out.startswith("1\n")


def test_cues_are_shown_lift_what_fits_and_can_be_switched_off(filled: Any) -> None:
    heeded = filled("search", "script about HTML structure", "--json").json()
    assert "script" in heeded["cues"]
    lifted = {Path(hit["path"]).name: hit for hit in heeded["hits"]}
    assert lifted["outline.py"]["why"]["kind"] > 0 == lifted["html.md"]["why"]["kind"]
    assert all(isclose(sum(hit["why"].values()), hit["score"], abs_tol=1e-9) for hit in heeded["hits"])
    ignored = filled("search", "script about HTML structure", "--no-cues", "--json").json()
    assert ignored["cues"] == ""
    assert all("kind" not in hit["why"] for hit in ignored["hits"])


def test_a_cue_can_be_dropped(filled: Any) -> None:
    said = filled("search", "script about HTML from 2012", "--drop", "kind", "--json").json()
    assert said["cues"] == "when: 2012"
    said = filled("HTML script from 2012", "--drop", "when", "--drop", "script", "--json").json()
    assert all(not {"when", "kind"} & set(hit["why"]) for hit in said["hits"])


def test_the_shell_counts_and_shows_its_cues(filled: Any) -> None:
    said = filled(stdin=b"how many scripts do I have?\nscript about HTML\n/cues -kind\n")
    assert said.out.startswith("1\n")
    assert "SELECT" in said.out
    assert said.out.count("kind: script") == 1


def test_strict_cues_exclude(filled: Any) -> None:
    kinds = {hit["kind"] for hit in filled("search", "script about HTML", "--strict", "--json").json()["hits"]}
    assert kinds == {"script"}


def test_the_link_somebody_posted_is_the_line_with_the_link(filled: Any) -> None:
    best = filled("search", "the link Petr posted on IRC", "--json").json()["hits"][0]
    assert "https://sheep.example/merge-sort" in best["snippet"]
    assert best["line"] <= 3 <= best["end_line"]
