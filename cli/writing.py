"""Answers written by a language model: which one, what it is given, and how its words are shown as they come."""

from __future__ import annotations

from ask.generator.servers import ServerModel
from ask.indexer.errors import UsageError


def server(address: str) -> ServerModel:
    """The model on a server, from `http://127.0.0.1:11434/v1#name`. Raises `UsageError`, also for other machines."""
    base, _, name = address.partition("#")
    if not name:
        raise UsageError(f"{address!r} does not say which model", "For example: http://127.0.0.1:11434/v1#llama3.2")
    return ServerModel(base, name)
