"""The index and the disk, as answers are checked against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ask.cli.session import Session
from ask.generator.context import Library
from ask.generator.library import IndexLibrary
from ask.retriever.search import Searcher

if TYPE_CHECKING:
    from ask.indexer.pool import ReaderSettings


def of(session: Session, searcher: Searcher, texts: Mapping[str, str]) -> Library:
    """What is around a passage, and what its file says now. `texts` came with the question, by name."""
    library = IndexLibrary(searcher.db, lambda: _reader(session))
    if not texts:
        return library
    from ask.generator.material import WithMaterial

    return WithMaterial(library, texts)


def _reader(session: Session) -> ReaderSettings | None:
    """How a file that has changed since is read again; None before anything was embedded."""
    from ask.indexer import maintain
    from ask.indexer.compile import MODELS, compiled_model, is_compiled

    values = session.settings
    if not is_compiled(session.home / MODELS, values.model):
        return None
    model = compiled_model(session.home / MODELS, values.model)
    return maintain.Plan(session.home, values.limits(), workers=1).reading(model)
