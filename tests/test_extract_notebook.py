"""Notebooks of both formats, pretty-printed and on one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

NOTEBOOK: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Spotřeba konvice\n", "\n", "Kolik stojí čaj?"]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": [
                {"name": "stdout", "output_type": "stream", "text": ["0.12 kWh\n", "done"]},
                {"data": {"image/png": "aWdub3JlZA==", "text/plain": ["<Figure>"]}, "output_type": "display_data"},
                {"ename": "ValueError", "evalue": "cold water", "output_type": "error", "traceback": ["…"]},
            ],
            "source": ["energy = 0.12\n", "print(energy, 'kWh')"],
        },
        {"cell_type": "markdown", "metadata": {}, "source": "one string\nwith two lines"},
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": []},
    ],
    "metadata": {"kernelspec": {"language": "julia"}},
    "nbformat": 4,
}


def read_one(text: str) -> Document:
    (document,) = read(Source(text.encode(), "kettle.ipynb"))
    return document


@pytest.mark.parametrize("indent", [1, 4, None])
def test_cells_and_outputs_are_blocks(indent: int | None) -> None:
    document = read_one(json.dumps(NOTEBOOK, indent=indent))
    assert [(block.heading, document.text[block.start : block.end]) for block in document.blocks] == [
        (("cell 1",), "# Spotřeba konvice\n\nKolik stojí čaj?"),
        (("cell 2",), "energy = 0.12\nprint(energy, 'kWh')"),
        (("cell 2", "output"), "0.12 kWh\ndone\n<Figure>\nValueError\ncold water"),
        (("cell 3",), "one string\nwith two lines"),
    ]
    assert document.title == "Spotřeba konvice"
    assert document.language == "julia"
    assert document.kind == "code"


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_lines_are_those_of_the_file(ensure_ascii: bool) -> None:
    text = json.dumps(NOTEBOOK, indent=1, ensure_ascii=ensure_ascii)
    document = read_one(text)
    for words in ("# Spot", "Kolik", "energy =", "print(", "0.12 kWh", "done", "cold water", "one string"):
        line = document.line_at(document.text.index(words))
        assert line is not None
        assert words in text.split("\n")[line - 1]


def test_the_third_format() -> None:
    old = {
        "metadata": {"name": "old"},
        "nbformat": 3,
        "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"], "language": "python", "outputs": []}]}],
    }
    document = read_one(json.dumps(old))
    assert document.text == "x = 1"
    assert document.language == "python"


def test_empty_strings_do_not_confuse_the_lines() -> None:
    # Two strings at one offset once gave two lines for it.
    document = read_one('{"cells": [{"source": ["a\\n",\n"",\n"",\n"b"]}]}')
    assert document.text == "a\nb"
    assert document.lines == ((0, 1), (2, 4))


def test_long_outputs_are_cut() -> None:
    cell = {"cell_type": "code", "source": "run()", "outputs": [{"text": ["a line\n"] * 5_000}]}
    document = read_one(json.dumps({"cells": [cell]}))
    assert len(document.text) < 2_100
    assert document.text.endswith("a line")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "damaged"), ('{"cells": [}', "damaged"), ("{}", "empty"), ('{"cells": []}', "empty"), ("[1, 2]", "empty")],
)
def test_what_is_no_notebook(text: str, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_one(text)
    assert caught.value.reason == reason
