"""Snippets show what was meant, also where no word of the question stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ask.retriever import focus

DIARY = (
    "The train to the coast was late again. We paid twelve crowns for a cup of tea. A brass band played until ten."
    " Somebody stole the bicycle bell. Our kitten sneezed all night and would not touch her fish. The vet gave us drops"
    " for her. The paint for the fence came in the wrong green. The lamp in the cellar flickers when it rains."
)


def test_a_snippet_centres_on_the_sentence_that_means_it(ask: Any, tree: Callable[..., Path]) -> None:
    lines = DIARY.replace(". ", ".\n")
    assert ask("index", tree({"diary.txt": lines, "other.txt": "Nothing at all about any of this."})).code == 0
    hit = ask("search", "sick cat taken to an animal doctor", "--json").json()["hits"][0]
    assert "kitten sneezed" in hit["snippet"]
    shown = ask("search", "sick cat taken to an animal doctor", "-n", "1", "-C", "1").out
    assert "diary.txt:5" in shown
    assert "kitten sneezed" in shown


def test_words_that_stand_there_tell_what_to_show() -> None:
    assert focus.told_by_words(DIARY, ["kittens", "sneezing"])
    assert focus.told_by_words(DIARY, ["kitten", "elephant"])
    assert not focus.told_by_words(DIARY, ["sick", "cat", "doctor"])
