"""What `ask model list` shows: as lines for people, as JSON for programs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ask.cli import gate, installed
from ask.cli.session import Session

if TYPE_CHECKING:
    from ask.generator.models import Advised, Model
    from ask.indexer.compile import Compiled


def lines(session: Session, found: Sequence[Model], free: int) -> Iterator[str]:
    """A model a line, the one in use marked; where there is none, those worth fetching."""
    yield "Meaning (finds; another one: ask model use FOLDER):"
    for one in installed.compiled(session):
        mark = "*" if _is_set(session, one) else " "
        yield gate.clean(f"{mark} {one.name}  {one.dimensions} dimensions, reads {one.max_tokens} tokens at a time")
    yield ""
    yield "Answers (writes; without one, answers are quotes):"
    width = max([len(gate.clean(model.name)) for model in found], default=0)
    for model in found:
        mark = "*" if session.settings.llm in (model.name, os.fspath(model.path)) else " "
        yield f"{mark} {gate.clean(model.name):<{width}}  {_about(model, free)}"
    if not found:
        yield from _advice()


def as_json(
    session: Session, found: Sequence[Model], served: Sequence[tuple[str, str]], free: int
) -> dict[str, object]:
    """All that `lines` tells; `free` is the memory that is available, bytes."""
    from ask.generator import models

    return {
        "current": session.settings.llm or None,
        "meaning": [_meaning_json(session, model) for model in installed.compiled(session)],
        "memory_available": free,
        "models": [_model_json(model, free) for model in found],
        "servers": [{"name": address, "origin": origin} for address, origin in served],
        "advised": [_advised_json(model) for model in models.advised()],
    }


def _about(model: Model, free: int) -> str:
    from ask.cli.overview import human_bytes

    header = model.header
    if header is None:
        return gate.clean(f"cannot be used: {model.problem}")
    fits = {"yes": "fits", "tight": "just fits", "no": "too large for the free memory", "unknown": "may fit"}
    parts = (
        f"{header.architecture} {_billions(header.parameters)}",
        header.quantisation,
        human_bytes(model.bytes),
        f"{header.context:,} tokens" if header.context else "",
        fits[model.fits(free)],
        model.origin,
    )
    return gate.clean(", ".join(part for part in parts if part))


def _billions(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 50_000_000 else f"{parameters / 1e6:.1f}M"


def _advice() -> Iterator[str]:
    from ask.cli.overview import human_bytes
    from ask.generator import models

    yield "There is no language model on this machine. Worth fetching:"
    for model in models.advised():
        yield gate.clean(
            f"  ask model pull {model.name:<14} {human_bytes(model.bytes):>7}, for {model.memory_gb} GB of memory:"
            f" {model.about} ({model.licence})"
        )


def _meaning_json(session: Session, model: Compiled) -> dict[str, object]:
    return {
        "name": model.name,
        "folder": model.folder.name,
        "dimensions": model.dimensions,
        "window": model.max_tokens,
        "query_prompt": model.query_prompt,
        "passage_prompt": model.passage_prompt,
        "set": _is_set(session, model),
    }


def _is_set(session: Session, model: Compiled) -> bool:
    return session.settings.model in (model.name, os.path.basename(model.name))  # noqa: PTH119 (names hold slashes)


def _model_json(model: Model, free: int) -> dict[str, object]:
    header = model.header
    return {
        "name": model.name,
        "path": os.fspath(model.path),
        "origin": model.origin,
        "family": header.architecture if header else None,
        "parameters": header.parameters if header else None,
        "quantisation": header.quantisation if header else None,
        "context": header.context if header else None,
        "bytes": model.bytes,
        "fits": model.fits(free),
        "problem": model.problem or None,
    }


def _advised_json(model: Advised) -> dict[str, object]:
    return {
        "name": model.name,
        "about": model.about,
        "memory_gb": model.memory_gb,
        "bytes": model.bytes,
        "licence": model.licence,
        "url": model.url,
    }
