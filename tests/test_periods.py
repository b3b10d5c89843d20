"""Times that only the index knows: when I was at …"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def filled(new_ask: Callable[[Path], Any], plant: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Four years at Quarkova, a memory of it much later, and two recipes, one from each time."""
    base = tmp_path_factory.mktemp("periods")
    ask = new_ask(base / "state")
    notes = {
        f"work{y}.md": f"---\ndate: {y}-05-01\n---\nA day at Quarkova, office, number {y}.\n" for y in range(2012, 2022)
    }
    soups = {
        f"soup{y}.md": f"---\ndate: {y}-06-01\n---\nRecipe of the soup for lunch, written down.\n" for y in (1999, 2015)
    }
    plant(base / "files", {**notes, **soups, "soup1999.md": soups["soup1999.md"] + "Salt.\n"})
    assert ask("index", base / "files").code == 0
    return ask


@pytest.mark.parametrize(
    "said", ["when I worked at Quarkova", "když jsem dělal v Quarkově", "while I was at the Quarkova"]
)
def test_a_time_named_by_an_employer(filled: Any, said: str) -> None:
    found = filled("search", f"recipe of the soup, {said}", "--json").json()
    assert "when: 2013–2020, as 10 files say of Quarkov" in found["cues"]
    when = {Path(hit["path"]).name: hit["why"]["when"] for hit in found["hits"]}
    assert when["soup2015.md"] > 0.1 > when["soup1999.md"]


def test_what_too_few_files_say_is_no_time(filled: Any) -> None:
    assert filled("search", "soup when I was at Nowhere", "--json").json()["cues"] == ""
