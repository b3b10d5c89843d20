"""Words of a question that code holds shortened, or as a part of a longer name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ask.retriever.shorthand import WORTH, is_near, read, share


@pytest.mark.parametrize(
    ("word", "part"),
    [("directory", "dir"), ("message", "mess"), ("sorts", "sortkey"), ("file", "isfile"), ("remove", "removedirs")],
)
def test_a_name_holds_a_word_in_another_shape(word: str, part: str) -> None:
    assert is_near(word, {part})


@pytest.mark.parametrize(
    ("word", "part"),
    [("directory", "di"), ("sets", "set"), ("list", "lis"), ("sum", "assume"), ("directory", "folder"), ("get", "get")],
)
def test_a_few_letters_are_chance(word: str, part: str) -> None:
    assert not is_near(word, {part})


def test_only_words_that_are_missing_count() -> None:
    weights = {"remove": 3.0, "directory": 1.0}
    assert share(weights, read("def remove(dir): ...")) == 0.25
    assert share(weights, read("def removedirs(dir): ...")) == 1
    assert share(weights, read("remove the directory, dir, removedirs")) == 0
    assert share(weights, read("")) == 0


def test_code_is_lifted_and_prose_is_not(ask: Any, tree: Callable[..., Path]) -> None:
    root = tree({
        "a.py": "def recursive(dir):\n    for each in dir.children:\n        recursive(each)\n",
        "b.md": "A recursive dir is one that holds itself.\n",
    })  # fmt: skip
    assert ask("index", root, "--wait", "full").code == 0
    hits = ask("search", "recursive directory", "--json").json()["hits"]
    parts = {Path(hit["path"]).name: hit["why"].get("shorthand") for hit in hits}
    assert parts["b.md"] is None
    assert parts["a.py"] == pytest.approx(WORTH / 2, abs=1e-3)  # one of two words
    assert all(sum(hit["why"].values()) == pytest.approx(hit["score"], abs=1e-3) for hit in hits)
