"""What questions say about the kind of thing that is looked for: `script`, `faktura`, `slides`, `the link`.

The words are data (`data/cues/kinds.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ask.indexer.words import fold
from ask.retriever.folded import Folded

WEAK = 0.5
"""How much a word counts that often means something else ("error code", "dinner table")."""
NEAR = 0.5
"""How much a kind counts that may be meant as well."""
NO_WORD = 0.4
"""How much a kind counts when the word for the thing is missing: a mail that does not say "invoice"."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """A thing with a name, and the kinds of documents it comes as."""

    name: str
    """For people; unique."""
    kinds: tuple[str, ...]
    """Keys of `documents.KINDS`."""
    near: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    """File name endings without their dot, where the name is that of a format."""
    inside: tuple[str, ...] = ()
    """Words of which a document must hold one, as the thing is no kind of its own (invoices)."""
    link: bool = False
    """A web address in the text will do."""

    def fits(self, kind: str, text: str) -> float:
        """How well a document of `kind` whose passage is `text` fits, from 0 to 1."""
        if kind not in self.kinds:
            return NEAR if kind in self.near else 0.0
        return 1.0 if not self.inside or holds(text, self.inside) else NO_WORD


@dataclass(frozen=True, slots=True)
class KindCue:
    """A word of a question that says what kind."""

    start: int
    end: int
    """Where it stands: code points of the question, half-open."""
    kinds: Kinds
    trust: float
    """From 0 to 1."""


def holds(text: str, words: Collection[str]) -> bool:
    """Whether a text holds one of the words; Czech endings do not matter."""
    folded = fold(text)
    return any(_root(fold(word)) in folded for word in words)


def _root(word: str) -> str:
    return word[:-1] if len(word) > 4 and word[-1] in "aeiouy" else word


def find(question: Folded) -> list[KindCue]:
    """The things a question names, from left to right; each thing once."""
    found: dict[str, KindCue] = {}
    for cue in _all(question):
        known = found.get(cue.kinds.name)
        if known is None or known.trust < cue.trust:
            found[cue.kinds.name] = cue
    return sorted(found.values(), key=lambda cue: cue.start)


def _all(question: Folded) -> Iterator[KindCue]:
    table = things()
    words = [(match.start(), match.end()) for match in _WORD.finditer(question.folded)]
    taken = 0
    for at, (start, _) in enumerate(words):
        if start < taken:
            continue
        for count in (2, 1):  # "source code" before "code"
            if at + count > len(words):
                continue
            end = words[at + count - 1][1]
            named = table.get(" ".join(question.folded[start:end].split()))
            if named is not None:
                taken = end
                yield KindCue(question.offsets[start], question.offsets[end], *named)
                break


_WORD = re.compile(r"(?<![\w@./:])[a-z0-9]+(?:[-'][a-z0-9]+)*(?![\w@/]|\.\w)")


@cache
def things() -> Mapping[str, tuple[Kinds, float]]:
    """Folded words and pairs of words → what they name, and how surely."""
    rows = tomllib.loads((files("ask.data") / "cues" / "kinds.toml").read_text("utf-8"))
    table: dict[str, tuple[Kinds, float]] = {}
    for name, row in rows.items():
        kinds, near, suffixes, inside = (tuple(row.get(key, ())) for key in ("kinds", "near", "suffixes", "inside"))
        thing = Kinds(name, kinds, near, suffixes, inside, row.get("link", False))
        table |= dict.fromkeys(row.get("weak", ()), (thing, WEAK)) | dict.fromkeys(row["words"], (thing, 1.0))
    return table
