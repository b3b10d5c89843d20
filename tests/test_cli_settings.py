"""`ask settings`: what is set, and where."""

from __future__ import annotations

import tomllib
from typing import Any

from ask.cli.settings import ROWS


def test_every_setting_with_its_value_and_origin(ask: Any) -> None:
    ask.home.mkdir(exist_ok=True)
    (ask.home / "config.toml").write_text('results = 7\nllm_key = "sk-very-secret"\n')
    said = ask("settings", "--json")
    found = {row["name"]: row for row in said.json()}
    assert list(found) == list(ROWS)
    assert (found["results"]["value"], found["results"]["from"]) == (7, str(ask.home / "config.toml"))
    assert (found["lines"]["value"], found["lines"]["from"]) == (3, "default")
    assert found["llm_key"]["value"] == "***"
    text = ask("settings").out
    assert f"results = 7  ({ask.home / 'config.toml'})" in text
    assert "sk-very-secret" not in said.out + text


def test_a_template_to_begin_with(ask: Any) -> None:
    template = ask("settings", "--template").out
    assert tomllib.loads(template) == {}
    assert all(f"# {name} = " in template for name in ROWS)
