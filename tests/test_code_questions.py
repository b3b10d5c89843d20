"""Questions turned towards code: only chunks of code are compared with the turned question, on the scale of all others."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.indexer.compile import Compiled
from ask.indexer.embed import Embedder
from ask.indexer.packed import cosines
from ask.retriever.code_questions import CodeQuestions, level, of_model

QUESTION = "Remove every file in a folder that is older than a week."
OWN = "def sweep(d):\n    for p in d.iterdir():\n        if time.time() - p.stat().st_mtime > 604800:\n            p.unlink()\n"
LONE = "void remove_old_files(char *folder) { unlink(older_than_a_week(folder)); }"
OTHERS = (
    "def week(files):\n    older = [f for f in files if f.folder]\n    return older.remove(every)\n",
    "def folder(file, week):\n    every = {}\n    every[file] = week.remove(file)\n    return every\n",
)


def test_the_shipped_model_has_a_map_and_unknown_ones_have_none(compiled: Compiled) -> None:
    known = of_model(compiled.fingerprint)
    assert known is not None
    assert known.rows.shape == (compiled.dimensions + 1, compiled.dimensions)
    assert of_model("0123456789abcdef") is None


@pytest.fixture
def learnt(compiled: Compiled) -> CodeQuestions:
    known = of_model(compiled.fingerprint)
    assert known is not None
    return known


def test_a_question_keeps_its_length(compiled: Compiled, learnt: CodeQuestions) -> None:
    question = Embedder(compiled).embed_query(QUESTION)
    turned = learnt.turned(question)
    assert turned.dtype == np.float32
    assert np.linalg.norm(turned) == pytest.approx(1, abs=1e-5)
    assert 0.5 < float(turned @ question) < 0.99


def test_no_language_gains_over_another() -> None:
    found = level({1: 0.3, 2: 0.1, 3: -0.2, 4: -0.2}, {1: "python", 2: "python", 3: "c", 4: "perl"})
    assert found == {1: pytest.approx(0.1), 2: pytest.approx(-0.1), 3: 0.0, 4: 0.0}


def test_the_turned_question_tells_its_function_from_others_better(compiled: Compiled, learnt: CodeQuestions) -> None:
    embedder = Embedder(compiled)
    question = embedder.embed_query(QUESTION)
    own, *others = embedder.embed([OWN, *OTHERS])
    turned = learnt.turned(question)
    for other in others:
        assert turned @ own - turned @ other > question @ own - question @ other


def test_only_code_is_turned_to_and_keeps_its_level(ask: Any, tree: Callable[..., Path], compiled: Compiled) -> None:
    files = {"own.py": OWN, "a.py": OTHERS[0], "b.py": OTHERS[1], "lone.c": LONE, "note.md": "Remove old files.\n"}
    assert ask("index", tree(files), "--wait", "full").code == 0
    learnt = of_model(compiled.fingerprint)
    assert learnt is not None
    hits = ask("search", QUESTION, "--only", "meaning", "--all", "--json").json()["hits"]
    scores = {Path(hit["path"]).name: hit["score"] for hit in hits}
    stored = _stored(ask)
    question = Embedder(compiled).embed_query(QUESTION)
    plain = {name: float(cosines([stored[name]], question)[0]) for name in files}
    gains = {name: float(cosines([stored[name]], learnt.turned(question))[0]) - plain[name] for name in files}
    middle = sum(gains[name] for name in files if name.endswith(".py")) / 3
    for name in ("lone.c", "note.md"):  # prose, and the only one of its language
        assert scores[name] == pytest.approx(plain[name], abs=1e-4)
        assert abs(gains[name]) > 0.01
    for name in ("own.py", "a.py", "b.py"):
        assert scores[name] == pytest.approx(plain[name] + gains[name] - middle, abs=1e-4)
    assert scores["own.py"] > plain["own.py"] + 0.01


def _stored(ask: Any) -> dict[str, bytes]:
    """The vector of each file of one chunk, by the file's name."""
    with closing(ask.db()) as db:
        rows = db.execute(
            "SELECT f.path, v.data FROM files f JOIN documents d ON d.file_id = f.id JOIN chunks c ON c.document_id = d.id"
            " JOIN vectors v ON v.hash = c.hash"
        ).fetchall()
    return {Path(os.fsdecode(path)).name: data for path, data in rows}


def test_what_is_like_a_file_is_not_turned(ask: Any, tree: Callable[..., Path], compiled: Compiled) -> None:
    codes = {"own.py": OWN, "a.py": OTHERS[0], "b.py": OTHERS[1]}
    root = tree(codes)
    assert ask("index", root, "--wait", "full").code == 0
    hits = ask("search", "--like", root / "own.py", "--only", "meaning", "--all", "--json").json()["hits"]
    own, *others = Embedder(compiled).embed([text.strip() for text in codes.values()])
    scores = {Path(hit["path"]).name: hit["score"] for hit in hits}
    assert [scores["a.py"], scores["b.py"]] == pytest.approx([float(own @ other) for other in others], abs=0.01)
