"""Words of a question that Python code says in its own: compared with its names, on the scale of all others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.indexer.compile import Compiled
from ask.indexer.embed import Embedder
from ask.indexer.word_vectors import WordVectors
from ask.retriever.code_words import WORTH, CodeWords, answered, of_model
from ask.retriever.shorthand import read

SWEEP = "def sweep(root):\n    for each in root.iterdir():\n        rmtree(each)\n"
ORDER = "def arrange(everything):\n    everything.sort(key=len)\n    return everything\n"


@pytest.fixture
def learnt(compiled: Compiled) -> CodeWords:
    known = of_model(compiled.fingerprint)
    assert known is not None
    return known


@pytest.fixture
def vectors(compiled: Compiled) -> WordVectors:
    known = Embedder(compiled).word_vectors()
    assert known is not None
    return known


def test_the_shipped_model_has_maps_and_unknown_ones_have_none(learnt: CodeWords, vectors: WordVectors) -> None:
    assert learnt.asked(["delete", "folder"], vectors).shape == learnt.named(["unlink", "iterdir"], vectors).shape
    assert of_model("0123456789abcdef") is None


@pytest.mark.parametrize(
    ("asked", "said", "other"),
    [
        ("delete", "rmtree", "sort"),
        ("folder", "iterdir", "len"),
        ("environment", "getenv", "sort"),
        ("list", "append", "open"),
    ],
)
def test_a_word_is_nearer_to_what_python_calls_it(
    asked: str, said: str, other: str, learnt: CodeWords, vectors: WordVectors
) -> None:
    near, far = (learnt.named([said, other], vectors) @ learnt.asked([asked], vectors)[0]).tolist()
    plain = vectors([asked]) @ vectors([said, other]).T
    assert near - far > max(plain[0, 0] - plain[0, 1], 0.1)


def test_names_are_kept_and_found_again(learnt: CodeWords, vectors: WordVectors) -> None:
    first = learnt.named(["unlink", "rows", "iterdir"], vectors)
    again = learnt.named(["iterdir", "sort", "unlink"], vectors)
    assert np.array_equal(again[[2, 0]], first[[0, 2]])
    assert np.linalg.norm(again, axis=1) == pytest.approx(1, abs=1e-5)
    many = [f"name{number}" for number in range(25_000)]
    for at in range(0, len(many), 5_000):  # more than are kept
        learnt.named(many[at : at + 5_000], vectors)
    assert np.allclose(learnt.named(["unlink", "rows", "iterdir"], vectors), first, atol=1e-6)


def test_words_that_a_passage_holds_are_not_counted_again(learnt: CodeWords, vectors: WordVectors) -> None:
    code = [read(SWEEP), read("def delete_files_of_folder(folder): ..."), read("")]
    weights = {"delete": 3.0, "files": 2.0, "folder": 2.0}
    said, held, empty = answered(code, weights, learnt, vectors)
    assert 0.1 < said < 1
    assert held == empty == 0


def test_python_is_lifted_or_lowered_and_all_else_is_left(ask: Any, tree: Callable[..., Path]) -> None:
    question = "delete everything in a folder"
    root = tree({
        "sweep.py": SWEEP, "order.py": ORDER, "sweep.c": "void sweep(char *folder) { unlink(folder); }\n",
        "note.md": "Delete everything in the folder of old things.\n",
    })  # fmt: skip
    assert ask("index", root, "--wait", "full").code == 0
    hits = ask("search", question, "--all", "--json").json()["hits"]
    parts = {Path(hit["path"]).name: hit["why"].get("idiom") for hit in hits}
    assert parts["sweep.c"] is parts["note.md"] is None
    assert parts["sweep.py"] > 0.01
    assert parts["sweep.py"] + parts["order.py"] == pytest.approx(0, abs=1e-3)
    assert abs(parts["order.py"]) < WORTH
    assert all(sum(hit["why"].values()) == pytest.approx(hit["score"], abs=1e-3) for hit in hits)


def test_one_python_file_alone_keeps_its_level(ask: Any, tree: Callable[..., Path]) -> None:
    assert ask("index", tree({"sweep.py": SWEEP, "note.md": "A folder.\n"}), "--wait", "full").code == 0
    hits = ask("search", "delete everything in a folder", "--all", "--json").json()["hits"]
    assert all("idiom" not in hit["why"] for hit in hits)
