"""The command line is put together from modules; a search imports only what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from ask.cli.app import MODULES, application
from ask.cli.start import COMMANDS, meant


def _commands(app: typer.Typer) -> set[str]:
    group: Any = typer.main.get_command(app)
    return set(group.commands)


@pytest.mark.parametrize("module", MODULES)
def test_the_table_of_commands_tells_the_truth(module: str) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    import_module(f"ask.cli.{module}").register(app)
    assert _commands(app) == set(MODULES[module])


def test_every_command_is_a_command_and_not_the_beginning_of_a_question() -> None:
    """`ask settings of the router` was said to be no command, because words that may become one were on the list."""
    assert _commands(application()) == COMMANDS


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("why did we move the server to the attic", True), ("why asterisk", True), ("why question ~/a.txt", False),
        ("why question a.txt --json", False), ("get milk from the shop", True), ("get 12", False),
        ("get --json 12", False), ("status of the roof", True), ("status --json", False), ("check engine light", True),
        ("check --repair", False), ("similar . -n 3", False), ("similar stories about cats", True),
        ("what is this", True), ("forget a b", False), ("index of refraction", False), ("--version", False),
    ],
)  # fmt: skip
def test_some_commands_are_also_words_that_questions_begin_with(typed: str, question: bool) -> None:
    """`ask why did we move the server` was wrong use of `ask why`."""
    words = typed.split()
    assert meant(words) == (["answer", *words] if question else words)


@pytest.mark.parametrize("typed", ["indx", "idnex", "forgett", "inde", "similr"])
def test_a_mistyped_command_before_a_path_is_no_question(typed: str, tmp_path: Path) -> None:
    assert meant([typed, str(tmp_path)]) == [typed, str(tmp_path)]
    assert meant([typed, "of", "refraction"])[0] == "answer"


def test_a_command_brings_its_module_only() -> None:
    assert _commands(application("search")) == set(MODULES["asking"])
    assert (
        _commands(application("--help")) == _commands(application()) == {n for names in MODULES.values() for n in names}
    )


def _imported(ask: Any, *arguments: str) -> set[str]:
    """The names of all modules that the command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *map(str, ask.command(*arguments))],
        env={**os.environ, **ask.environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr[-500:]
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_a_search_imports_what_it_needs(ask: Any, tree: Callable[..., Path]) -> None:
    assert ask("index", tree({"a.txt": "The attic server was moved in March."}), "-q").code == 0
    by_words = _imported(ask, "search", "attic", "--only", "words")
    assert "ask.retriever.lexical" in by_words
    assert not by_words & {"numpy", "onnxruntime", "tokenizers", "faiss", "ask.cli.building", "ask.indexer.extract.pdf"}
    by_both = _imported(ask, "search", "attic")
    assert {"numpy", "onnxruntime", "tokenizers"} <= by_both
    assert not by_both & {"torch", "sentence_transformers", "transformers", "onnx", "faiss", "urllib.request"}
