"""The models and prompts that are on this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ask.cli import options
from ask.cli.session import Session, user_home
from ask.indexer.errors import ModelProblem

if TYPE_CHECKING:
    from ask.generator.models import Model
    from ask.indexer.compile import Compiled

FETCHED = "llm"
"""Folder in the state directory where `ask model pull` puts models. The models of meaning lie elsewhere."""
PROMPTS = "prompts"
"""Folder in the state directory with the user's own prompt files."""


def language_models(session: Session, folders: Sequence[Path] = ()) -> list[Model]:
    """Language models, those in `folders` and those fetched by `ask` first."""
    from ask.generator import models

    named: list[str | Path] = [*folders, *session.settings.llm_folders]
    wanted = [Path(options.absolute(folder)) for folder in named]
    return models.found(models.places(user_home(), os.environ, session.home / FETCHED, wanted))


def served() -> list[tuple[str, str]]:
    """(name for `ask model use`, program) of the models of servers that listen on this machine."""
    from ask.generator.servers import KNOWN, ServerModel

    found = []
    for origin, address in KNOWN.items():
        with suppress(ModelProblem):  # nobody listens there, or somebody else
            found += [(f"{address}#{name}", origin) for name in ServerModel(address, "").models()]
    return found


def compiled(session: Session) -> list[Compiled]:
    """The models of meaning that were compiled here, by name."""
    from ask.indexer.compile import CARD, MODELS, read_card

    found: list[Compiled] = []
    for card in sorted((session.home / MODELS).glob(f"*/{CARD}")):
        with suppress(ModelProblem):
            found.append(read_card(card.parent))
    return found
