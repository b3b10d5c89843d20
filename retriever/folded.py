"""A question in lower case without diacritics that knows where its letters stood in what was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ask.indexer.words import fold

LONGEST = 1_000
"""Code points that are looked at: cues stand in questions, not in pasted texts."""
HIDDEN = "\x1f"
"""Stands for each letter of an "exact phrase" or an -unwanted word: what is in them is no cue."""
_LITERAL = re.compile(r'-?"[^"]*"|(?<!\S)-[^\s"+-]\S*')


@dataclass(frozen=True, slots=True)
class Folded:
    """A text with its folded form, in which patterns are looked for."""

    text: str
    """As typed; what is in quotes is hidden."""
    folded: str
    offsets: Sequence[int]
    """For each letter of `folded` where it stands in `text`; one more for the end."""

    def span(self, match: re.Match[str], group: int | str = 0) -> tuple[int, int]:
        """Where a match in `folded` stands in the text as typed: code points, half-open."""
        start, end = match.span(group)
        return self.offsets[start], self.offsets[end]


def folded(text: str) -> Folded:
    """Fold the beginning of a question. Letters that fold to several, and marks that vanish, keep their places."""
    seen = _LITERAL.sub(lambda literal: HIDDEN * len(literal[0]), text[:LONGEST])
    if seen.isascii():
        return Folded(seen, seen.lower(), range(len(seen) + 1))
    letters: list[str] = []
    offsets: list[int] = []
    for at, letter in enumerate(seen):
        for part in fold(letter):
            letters.append(part)
            offsets.append(at)
    return Folded(seen, "".join(letters), [*offsets, len(seen)])
