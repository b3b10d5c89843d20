"""Parting what a reasoning model thinks from what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OPEN, CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Thought:
    """What stood between the thinking marks."""

    text: str


def parted(pieces: Iterable[str], thinking: bool = False) -> Iterator[str | Thought]:
    """Pieces of the answer as they come, without white space before the first; a thought as a whole when it ends.

    `thinking`: the prompt itself opened a thought. A thought that never ends is given as one, and there is no answer.
    """
    held, begun = "", False
    for piece in pieces:
        held += piece
        if not thinking and not begun:
            held = held.lstrip()
            if len(held) < len(OPEN) and OPEN.startswith(held):
                continue
            thinking = held.startswith(OPEN)
            held = held.removeprefix(OPEN)
        if thinking:
            if CLOSE not in held:
                continue
            thought, held = held.split(CLOSE, 1)
            thinking = False
            yield Thought(thought.strip())
            held = held.lstrip()
        if held:
            begun = True
            yield held
            held = ""
    if thinking:
        yield Thought(held.strip())
    elif held:
        yield held
