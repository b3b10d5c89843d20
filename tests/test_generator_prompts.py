"""Prompt files: small, readable, and one's own comes first."""

from __future__ import annotations

from pathlib import Path

import pytest
from ask.generator import prompts
from ask.generator.model import Message
from ask.generator.template import ChatTemplate
from ask.generator.tools import TOOLS
from ask.indexer.errors import ModelProblem, NotFound, UsageError

NAMES = {"answer", "chat", "rewrite", "act", "deep", "deep-split", "deep-notes", "script", "librarian"}


def test_all_prompts_that_ship_can_be_read_and_say_what_they_are_for() -> None:
    found = {prompt.name: prompt for prompt in prompts.available()}
    assert found.keys() >= NAMES
    assert all(prompt.about and prompt.own is None for prompt in found.values())
    assert all(prompts.source(name) for name in NAMES)


def test_a_copy_of_ones_own_comes_first(tmp_path: Path) -> None:
    (tmp_path / "answer.md").write_text(
        "---\nabout: mine: all mine\ntemperature: 0.7\n---\n# user\nQ: {question}", "utf-8"
    )
    (tmp_path / "poem.md").write_text("# user\n{sources}\nA poem about {question}", "utf-8")
    mine = prompts.load("answer", tmp_path)
    assert (mine.about, mine.sampling.temperature, mine.own) == ("mine: all mine", 0.7, tmp_path / "answer.md")
    assert mine.filled(question="why?") == [Message("user", "Q: why?")]
    assert {"answer", "poem", "chat"} <= {prompt.name for prompt in prompts.available(tmp_path)}


def test_what_is_filled_in_is_not_filled_again() -> None:
    prompt = prompts.parse("x", "# user\n{sources} | {question} | {other} {}")
    assert prompt.filled(sources="{question}", question="{sources}") == [
        Message("user", "{question} | {sources} | {other} {}")
    ]


def test_a_persona_is_a_transcript_with_a_reverse_prompt() -> None:
    prompt = prompts.load("librarian")
    filled = prompt.filled(question="Where is the key?", sources="[1] notes.md", history="")
    assert isinstance(filled, str)
    assert filled.endswith("User: Where is the key?\nLibby:")
    assert prompt.sampling.stop == ("User:",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no turn at all", "no turn"),
        ("---\nabout: x\n# user\nhi", "head without an end"),
        ("---\ntemprature: 1\n---\n# user\nhi", "unknown setting"),
        ("---\ntemperature: hot\n---\n# user\nhi", "no number"),
        ("---\ntemperature: -1\n---\n# user\nhi", "out of range"),
        ("---\nstop: [\n---\n# user\nhi", "cannot be read"),
        ("# transcript\na\n# user\nb", "transcript"),
    ],
)
def test_a_broken_prompt_file_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        prompts.parse("mine", text)


@pytest.mark.parametrize("name", ["../secret", "a/b", ""])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(UsageError):
        prompts.load(name)


def test_a_prompt_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="nonsense"):
        prompts.load("nonsense")


TURNS = [Message("system", "Be brief."), Message("user", "Why?")]


def test_a_template_of_the_model_joins_the_turns() -> None:
    source = (
        "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m['content'] | trim }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    assert ChatTemplate(source, "<s>").render(TURNS) == (
        "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_template_without_a_system_turn_gets_it_in_the_first_question() -> None:
    source = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for m in messages %}[{{ m.content }}]{% endfor %}"
    )
    assert ChatTemplate(source).render(TURNS) == "[Be brief.\n\nWhy?]"


def test_a_model_without_a_template_gets_a_plain_transcript_and_its_stop_words() -> None:
    template = ChatTemplate("")
    assert template.render(TURNS) == "System: Be brief.\n\nUser: Why?\n\nAssistant:"
    assert "\nUser:" in template.stop


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ strftime_now.__globals__['os'] }}",
        "{{ 'x' | center(10000000000) }}",
        "{% set x = messages.append(1) %}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{% for i in range(999999999) %}x{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{% if %}",
        "{{ 'a' * (10 ** 12) }}",
        "{{ raise_exception('never') }}",
        "x" * 300_000,
    ],
)
def test_a_hostile_template_is_an_error_and_reaches_nothing(source: str) -> None:
    with pytest.raises(ModelProblem):
        ChatTemplate(source).render(TURNS)


def test_the_documentation_names_every_prompt_and_every_tool() -> None:
    text = (Path(__file__).parent.parent / "docs" / "answers.md").read_text("utf-8")
    for prompt in prompts.available():
        assert f"| `{prompt.name}` | {prompt.about} |" in text
    for tool in TOOLS:
        assert f"| `{tool.name}({', '.join(tool.arguments)})` | {tool.about} |" in text
