"""Web addresses in a text, and who posted them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+")
_SAID = re.compile(r"^\d\d:\d\d(?::\d\d)? (?:\* )?(?P<who>[^\s:][^\n:]{0,60}): ", re.MULTILINE)
"""How a message begins in a chat, whatever it was exported by."""


@dataclass(frozen=True, slots=True)
class Link:
    """A web address in a text."""

    start: int
    end: int
    """Code points of the text, half-open."""
    who: str
    """Who posted it, as the chat names them; empty where the text is no chat."""


def has_link(text: str) -> bool:
    """Whether a text holds a web address."""
    return ADDRESS.search(text) is not None


def links(text: str) -> Iterator[Link]:
    """All web addresses, in order. In a chat, a message goes on until the next one begins."""
    for match in ADDRESS.finditer(text):
        said = None
        for said in _SAID.finditer(text, 0, match.start()):  # noqa: B007 (the last one counts)
            pass
        yield Link(*match.span(), said["who"].strip() if said else "")


def best(text: str, fits: Callable[[str], float]) -> tuple[Link, float] | None:
    """The link whose poster fits best, and how well; the first of equal ones. None without a link."""
    found = [(link, fits(link.who)) for link in links(text)]
    return max(found, key=lambda pair: pair[1]) if found else None
