"""`ask search`, `ask QUESTION`, `ask get`, `ask similar`: what goes in and what comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isclose
from pathlib import Path
from typing import Any

import pytest

FILES = {
    "garden.md": "# Garden\n\nThe tomatoes need water twice a day in August.\n\n# Shed\n\nThe key is under the mat.\n",
    "server/backup.sh": "#!/bin/sh\n# copies the photos to the old disk\nrsync -a ~/photos /mnt/old\n",
    "dopis.txt": "Milá babičko, děkujeme za marmeládu. Přijedeme na svátky.\n",
    "copy/dopis.txt": "Milá babičko, děkujeme za marmeládu. Přijedeme na svátky.\n",
    "mail.md": "---\ndate: 2011-03-04\n---\nThe invoice from the plumber has not been paid.\n",
}
HIT = "rank score id path document kind title line end_line page date snippet why".split()


@pytest.fixture(scope="module")
def filled(new_ask: Callable[[Path], Any], plant: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A command line whose index holds `FILES`."""
    folder = tmp_path_factory.mktemp("searched")
    ask = new_ask(folder / "state")
    assert ask("index", plant(folder / "files", FILES), "--quiet").code == 0
    return ask


def names(said: Any) -> list[str]:
    return [Path(hit["path"]).name for hit in said.json()["hits"]]


def test_a_hit_is_what_the_contract_says(filled: Any) -> None:
    said = filled("search", "tomatoes in the garden", "--json")
    assert said.code == 0
    found = said.json()
    assert found["query"] == "tomatoes in the garden"
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
    for hit in found["hits"]:
        assert set(HIT) <= set(hit)
        assert isclose(sum(hit["why"].values()), hit["score"], abs_tol=1e-9)
        lines = Path(hit["path"]).read_text().splitlines()
        for line in hit["snippet"].splitlines():
            assert line in lines[hit["line"] - 1 : hit["end_line"]]
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    best = found["hits"][0]
    assert (Path(best["path"]).name, best["document"], best["kind"], best["line"]) == ("garden.md", None, "note", 1)


def test_the_document_says_its_own_date(filled: Any) -> None:
    assert filled("search", "plumber", "--json").json()["hits"][0]["date"].startswith("2011-03-04")


@pytest.mark.parametrize("side", ["words", "meaning"])
def test_one_side_alone(filled: Any, side: str) -> None:
    hits = filled("search", "water for tomatoes", "--only", side, "--json").json()["hits"]
    assert Path(hits[0]["path"]).name == "garden.md"
    for hit in hits:
        assert isclose(sum(hit["why"].values()), hit["score"], abs_tol=1e-9)
        assert hit["why"].get("meaning" if side == "words" else "words", 0.0) == 0.0


def test_meaning_finds_what_shares_no_word(filled: Any) -> None:
    assert names(filled("search", "unpaid bill for repairing pipes", "--json"))[0] == "mail.md"
    assert names(filled("search", "marmeladou", "--json"))[0] == "dopis.txt"  # a word in another form


def test_copies_are_one_hit(filled: Any) -> None:
    hits = filled("search", "děkujeme za marmeládu", "--json").json()["hits"]
    assert len([hit for hit in hits if hit["path"].endswith("dopis.txt")]) == 1
    assert len(hits[0]["family"]) == 1


def test_filters_limit_before_the_cut(filled: Any) -> None:
    assert names(filled("search", "the", "--ext", "sh", "-n", "1", "--json")) == ["backup.sh"]
    assert names(filled("search", "disk", "--kind", "script", "--json")) == ["backup.sh"]
    assert set(names(filled("search", "photos", "--before", "2012", "--json"))) <= {"mail.md"}
    assert "mail.md" not in names(filled("search", "invoice", "--after", "2012", "--json"))
    below = str(filled.home.parent / "files" / "server")
    assert names(filled("search", "the", "--path", below, "--json")) == ["backup.sh"]


def test_phrases_and_signs(filled: Any) -> None:
    assert names(filled("search", '"under the mat"', "--json")) == ["garden.md"]
    assert "garden.md" not in names(filled("search", "key -tomatoes", "--json"))
    assert names(filled("search", "--json", "--", "water +invoice")) == ["mail.md"]


def test_nothing_found(filled: Any) -> None:
    said = filled("search", "+xylophone", "--json")
    assert said.code == 1
    assert said.json()["hits"] == []
    assert filled("search", "+xylophone", "--files").out == ""
    assert filled("search", "+xylophone").code == 1


@pytest.mark.parametrize("question", ["", "   ", '""', "…?!", "+ -"])
def test_an_empty_question(filled: Any, question: str) -> None:
    for command in ("search", "answer"):
        said = filled(command, "--", question)
        assert (said.code, said.out) == (2, "")
        assert "empty" in said.err


def test_only_unwanted_words(filled: Any) -> None:
    said = filled("search", "--", "-tomatoes")
    assert said.code == 2
    assert "not wanted" in said.err


def test_a_question_of_100_kb(filled: Any) -> None:
    long = "tomatoes and water " * 5300
    said = filled.run("search", long, "-n", "1", "--json")
    assert said.code == 0
    assert names(said) == ["garden.md"]
    assert filled("search", "x" * 100_000, "--json").code in (0, 1)
    assert filled("search", '"' * 100_000, "--json").code == 2
    assert filled(long, "--json").code in (0, 1)


def test_a_question_that_is_not_utf8(filled: Any) -> None:
    assert names(filled.run("search", b"tomatoes \xff\xfe", "--json"))[0] == "garden.md"


@pytest.mark.parametrize(
    "question", ['NEAR(a b) OR "x', "a* AND b", "col:val ^x", "'; DROP TABLE chunks; --", "\x00a\x07"]
)
def test_no_question_is_taken_for_a_language(filled: Any, question: str) -> None:
    assert filled("search", "--json", "--", question).code in (0, 1)


def test_questions_from_standard_input(filled: Any) -> None:
    """A line that is no question gets no hits; order is kept."""
    questions = b"tomatoes\n\n-foo\nplumber\n" + b"\xff\xfe marmel\xc3\xa1da\n"
    said = filled("search", "-", "--jsonl", "-n", "1", stdin=questions)
    assert said.code == 0
    documents = [json.loads(line) for line in said.out.splitlines()]
    assert [document["query"] for document in documents][:4] == ["tomatoes", "", "-foo", "plumber"]
    found = [Path(d["hits"][0]["path"]).name if d["hits"] else None for d in documents]
    assert found == ["garden.md", None, None, "mail.md", "dopis.txt"]
    together = filled("search", "-", "--json", "-n", "1", stdin=questions)
    assert [document["query"] for document in together.json()] == [document["query"] for document in documents]
    assert filled("search", "-", stdin=b"").code == 1


def test_lines_as_grep_prints_them(filled: Any) -> None:
    said = filled("search", "tomatoes", "-l", "-n", "1")
    path, line, text = said.out.splitlines()[0].split(":", 2)
    assert Path(path).read_text().splitlines()[int(line) - 1] == text.strip()


def test_get(filled: Any) -> None:
    hit = filled("search", "key under the mat", "--json").json()["hits"][0]
    found = filled("get", str(hit["id"]), "--json").json()
    assert hit["snippet"] in found["text"]
    assert (found["path"], found["line"], found["end_line"]) == (hit["path"], hit["line"], hit["end_line"])
    whole = Path(hit["path"]).read_text()
    assert found["text"] in whole
    lines = filled("get", f"{hit['id']}:3:1", "--json").json()
    assert (lines["text"], lines["line"], lines["end_line"]) == (whole.splitlines()[2], 3, 3)
    assert filled("get", "999999").code == 1
    assert filled("get", "999999", "--json").out == ""
    assert filled("get", "abc").code == 2
    assert filled("get", "1:2:3:4").code == 2


@pytest.mark.parametrize("words", [["search", "tomatoes"], ["where do the tomatoes stand?"], ["model", "list"]])
def test_a_user_without_a_home_can_ask(filled: Any, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """As in a container whose user has no entry: every search ended with a traceback, because pathlib raises."""
    monkeypatch.setenv("HOME", "~")  # what stays of it when nothing is known
    assert filled(*words).code in (0, 1)


def test_get_shows_what_is_unseen_in_a_name(ask: Any, tree: Callable[..., Path]) -> None:
    """It left such letters out, so that two files looked as one."""
    assert ask("index", tree({"invoice\u202efdp.txt": "The invoice from the plumber.\n"}), "-q").code == 0
    (hit,) = ask("search", "invoice", "--json").json()["hits"]
    assert "invoice\\u202efdp.txt:1" in ask("get", str(hit["id"])).out


def test_similar(filled: Any) -> None:
    root = filled.home.parent / "files"
    said = filled("similar", root / "server" / ".." / "garden.md", "--json")
    assert said.code == 0
    assert "garden.md" not in names(said)
    assert [hit["rank"] for hit in said.json()["hits"]] == list(range(1, len(said.json()["hits"]) + 1))
    missing = filled("similar", root / "nope.txt")
    assert (missing.code, "is not in the index" in missing.err) == (1, True)
    assert "It is a folder" in filled("similar", root).err


def test_ranks_have_no_gaps(ask: Any, tree: Callable[..., Path]) -> None:
    """What was not good enough was left out after it had been counted: 1, 3, 4."""
    root = tree({
        "f.txt": "Faktura č. 2012-001, vystaveno 18. 1. 2012\nCelkem k úhradě 4 300 Kč\n",
        "bill.txt": "I paid the bill for the electricity and sent them the receipt.\n",
        "account.txt": "Paying an overdue account, money, Friday.\n",
        "invoice.txt": "The invoice 2015-077 is overdue.\n",
    })  # fmt: skip
    assert ask("index", root, "--quiet").code == 0
    hits = ask("search", "invoice of the dentist", "--json").json()["hits"]
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    assert [Path(hit["path"]).name for hit in hits] == [
        "invoice.txt",
        "account.txt",
    ]  # between them bill.txt was left out


def test_words_that_stand_nowhere_are_named_beside_what_meaning_found(filled: Any) -> None:
    """`ask search zzzxyqq` gave hits as if they had something to do with it."""
    said = filled("search", "the unpaid bill for repairing pipes", "--json").json()
    assert said["hits"]
    assert any("in no file: unpaid" in note and "only near in meaning" in note for note in said["notes"])
    assert not any("in no file" in note for note in filled("search", "tomatoes", "--json").json()["notes"])


def test_like_a_file(filled: Any) -> None:
    root = filled.home.parent / "files"
    alone = filled("search", "--like", root / "garden.md", "--json")
    assert names(alone) == names(filled("similar", root / "garden.md", "--json"))
    assert names(filled("search", "--like", root / "garden.md", "--ext", "sh", "--json")) == ["backup.sh"]
    with_words = filled("search", "invoice", "--like", root / "garden.md", "--json")
    assert names(with_words)[0] == "mail.md"
    assert with_words.json()["query"] == "invoice"
    assert names(filled("search", '"old disk" +photos -invoice', "--like", root / "mail.md", "--json")) == ["backup.sh"]
    assert filled("search", "--like", root / "nope.txt").code == 1
    assert filled("search").code == 2


def test_the_same_flags_for_searches_and_answers(filled: Any) -> None:
    for command in ("search", "answer"):
        assert filled(command, "backup", "photos", "--files").out.splitlines()[0].endswith("backup.sh")
        assert "backup.sh:2: " in filled(command, "backup", "photos", "-l", "-n", "1").out
        assert "Shed" not in filled(command, "tomatoes", "-n", "1", "-C", "2").out.split("garden.md:")[-1]
        assert "Shed" in filled(command, "tomatoes", "-n", "1", "-C", "9").out.split("garden.md:")[-1]
        assert filled(command, "invoice", "--like", filled.home.parent / "files" / "garden.md").code in (0, 1)
    every = filled("search", "the", "--all", "--json").json()["hits"]
    assert {Path(hit["path"]).name for hit in every} >= {"garden.md", "mail.md", "backup.sh"}
    assert names(filled("search", "backup", "--kind", "scripts", "--after", "5y", "--json")) == ["backup.sh"]


def test_an_answer_is_what_the_contract_says(filled: Any) -> None:
    said = filled("when", "do", "the", "tomatoes", "need", "water?", "--json")
    found = said.json()
    assert set(found) >= set("question answer grounded abstained citations hits model timing_ms".split())
    assert said.code == (1 if found["abstained"] else 0)
    assert not found["abstained"]
    for citation in found["citations"]:
        assert set(citation) >= {"marker", "path", "line", "end_line", "page", "quote"}
        assert citation["quote"] in Path(citation["path"]).read_text()
        assert citation["marker"] in found["answer"]
    assert {c["path"] for c in found["citations"]} <= {hit["path"] for hit in found["hits"]}


def test_an_answer_that_is_not_there_is_withheld(filled: Any) -> None:
    said = filled("answer", "what is the capital of Mongolia", "--json")
    assert (said.code, said.json()["abstained"], said.json()["citations"]) == (1, True, [])


def test_a_mistyped_command_that_nothing_answers(filled: Any) -> None:
    assert "ask status" in filled("statsu").out
    assert "ask search xyzzy" in filled("serch", "xyzzy").out
    assert "Did you mean" not in filled("xyzzy", "plugh").out


def test_an_unwanted_word_outside_the_quotes(filled: Any) -> None:
    said = filled("search", "tea", "-milk")
    assert (said.code, "ask search 'backup -draft'" in said.err) == (2, True)
    assert "quotes" not in filled("search", "tea", "--milk").err


def test_before_anything_is_indexed(ask: Any) -> None:
    for command in (
        ["search", "x"],
        ["x"],
        ["status"],
        ["get", "1"],
        ["similar", "/x"],
        ["check"],
        ["search", "x", "--json"],
    ):
        said = ask(*command)
        assert (said.code, said.out) == (1, ""), command
        assert "ask index" in said.err


@pytest.mark.parametrize("flag", [["--kind", "poem"], ["--after", "yesterdayish"], ["-n", "0"], ["--only", "luck"]])
def test_values_that_do_not_exist(filled: Any, flag: list[str]) -> None:
    said = filled("search", "x", *flag)
    assert (said.code, said.out) == (2, "")
    assert said.err
