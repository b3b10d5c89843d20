"""The command `prompts`: the ways of asking a language model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from ask.cli import gate, options
from ask.cli.installed import PROMPTS
from ask.cli.session import Session

if TYPE_CHECKING:
    from ask.generator.prompts import PromptFile


def prompts(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Print this one, to be copied and changed.")
    ] = None,
    json: options.Json = False,
) -> int:
    """List the ways of asking a language model, or print one of them.

    A file of the same name in the folder `prompts` of the state directory comes before the one that ships.

    \b
    ask prompts
    ask prompts answer > ~/.local/share/ask/prompts/mine.md
    ask "what did we decide?" --prompt mine
    """
    from ask.generator import prompts as files

    session = Session(json)
    own = session.home / PROMPTS
    if name is not None:
        text = files.source(name, own)
        if json:
            session.put_json({"name": name, "text": text})
        else:
            session.put(gate.clean(text, lines=True).rstrip("\n").split("\n"))
        return 0
    found = files.available(own)
    if json:
        session.put_json([_prompt_json(prompt) for prompt in found])
    else:
        width = max(len(prompt.name) for prompt in found)
        session.put([gate.clean(f"{prompt.name:<{width}}  {_about_prompt(prompt)}") for prompt in found])
    return 0


def _about_prompt(prompt: PromptFile) -> str:
    return f"{prompt.about} (your own)" if prompt.own else prompt.about


def _prompt_json(prompt: PromptFile) -> dict[str, object]:
    return {"name": prompt.name, "about": prompt.about, "own": None if prompt.own is None else os.fspath(prompt.own)}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(prompts)
