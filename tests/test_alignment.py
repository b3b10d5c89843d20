"""Other words for what is asked: vectors of single words, and the part of a score they give to prose."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.indexer.compile import Compiled
from ask.indexer.embed import Embedder
from ask.indexer.errors import ModelProblem
from ask.indexer.word_vectors import FILE, WordVectors
from ask.retriever.alignment import similarities


@pytest.fixture(scope="module")
def vectors(compiled: Compiled) -> WordVectors:
    found = Embedder(compiled).word_vectors()
    assert found is not None
    return found


def test_words_for_the_same_are_near(vectors: WordVectors) -> None:
    car, automobile, banana, nothing = vectors(["car", "automobile", "banana", ""])
    assert np.allclose([np.linalg.norm(v) for v in (car, automobile, banana)], 1, atol=1e-3)
    assert not nothing.any()
    assert car @ automobile > car @ banana + 0.1


def test_a_passage_with_other_words_for_the_same_is_nearer(vectors: WordVectors) -> None:
    synonyms, others, same, empty = similarities(
        ["car", "purchase"],
        ["We bought an automobile.", "Bananas grow on trees.", "the purchase of a car", ""],
        vectors,
    )
    assert same == pytest.approx(1, abs=1e-3)
    assert same > synonyms > others + 0.05
    assert empty == 0


def test_prose_is_compared_with_prose_and_code_is_left_alone(ask: Any, tree: Callable[..., Path]) -> None:
    root = tree({
        "garage.md": "# Diary\n\nOn Friday we bought an automobile from a neighbour.\n",
        "garden.md": "# Diary\n\nOn Friday we planted tomatoes with a neighbour.\n",
        "shop.py": "def bought(automobile):\n    '''Friday's neighbour.'''\n    return automobile\n",
    })  # fmt: skip
    assert ask("index", root, "--wait", "full").code == 0
    hits = ask("search", "neighbour, purchase of a car", "--json").json()["hits"]
    parts = {Path(hit["path"]).name: hit["why"].get("alignment") for hit in hits}
    assert parts["garage.md"] > 0 > parts["garden.md"]
    assert parts["garage.md"] + parts["garden.md"] == pytest.approx(0, abs=1e-3)
    assert parts["shop.py"] is None


def test_a_damaged_table_is_named_and_a_missing_one_is_done_without(compiled: Compiled, tmp_path: Path) -> None:
    copy = replace(compiled, folder=Path(shutil.copytree(compiled.folder, tmp_path / "model")))
    (copy.folder / FILE).write_bytes(b"no table")
    with pytest.raises(ModelProblem, match="damaged"):
        Embedder(copy).word_vectors()
    (copy.folder / FILE).unlink()
    assert Embedder(copy).word_vectors() is None
