"""What was typed, taken apart: words, "exact phrases", +needed and -unwanted ones."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ask.indexer import words
from ask.indexer.errors import EmptyQuery, UsageError
from ask.indexer.text import without_surrogates
from ask.retriever.cues import Cues, find_cues
from ask.retriever.filters import Filters
from ask.retriever.people import Me

LONGEST = 8_000
"""Code points of a question that count; the rest of a pasted text changes nothing but the time it takes."""
MOST_WORDS = 64
"""Different words that are looked up; the rarest are kept."""
_TOKEN = re.compile(
    r'(?P<sign>[+-])?"(?P<phrase>[^"]*)"|(?P<plus>(?<!\S)\+)(?P<must>[^\s"+-]\S*)|(?P<minus>(?<!\S)-)(?P<not>[^\s"+-]\S*)'
)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question."""

    text: str
    """What is embedded: the question without excluded words and operators."""
    words: tuple[str, ...] = ()
    """Different words to look up, in order; small words are left out when others are there."""
    phrases: tuple[str, ...] = ()
    """Exact sequences of words that a hit must hold."""
    needed: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    """Words or phrases no hit may hold."""
    filters: Filters = field(default_factory=Filters)
    typed: str = ""
    """The question as typed."""
    cues: Cues | None = None
    """What it says of time, kind and people; None: not looked for."""
    like: Path | None = None
    """Absolute path of a file whose meaning counts as much as that of the question; without words, alone."""

    def with_filters(self, filters: Filters) -> Query:
        """The same question within other limits."""
        return replace(self, filters=filters)


def parse(
    text: str,
    filters: Filters | None = None,
    *,
    now: datetime | None = None,
    me: Me | None = None,
    without: Collection[str] = (),
    like: Path | None = None,
) -> Query:
    """Take a question apart. Raises `EmptyQuery` when there is nothing to look for.

    With `now` (timezone-aware), cues of time, kind and people are looked for, but for those that `without` names
    (`when`, `script`); `me` is who says "I wrote". With `like`, the question may be empty.
    """
    typed = without_surrogates(text[:LONGEST])  # arguments that are not UTF-8 hold some, models take none
    found: dict[str, list[str]] = {"phrases": [], "needed": [], "unwanted": []}

    def note(match: re.Match[str]) -> str:
        if match["phrase"] is not None:
            found["unwanted" if match["sign"] == "-" else "phrases"].append(match["phrase"])
            return " " if match["sign"] == "-" else match["phrase"]
        if match["must"]:
            found["needed"].append(match["must"])
            return match["must"]
        found["unwanted"].append(match["not"])
        return " "

    plain = _TOKEN.sub(note, typed)
    cues = find_cues(plain, now, me).without(*without) if now is not None else None
    looked_up = telling(words.words(cues.text_left() if cues else plain))
    if not looked_up and like is None:
        if found["unwanted"]:
            raise UsageError("the question only says what is not wanted", "Add a word to look for.")
        raise EmptyQuery
    return Query(
        text=" ".join(plain.split()),
        words=looked_up[:MOST_WORDS],
        phrases=tuple(p for p in found["phrases"] if words.words(p)),
        needed=tuple(n for n in found["needed"] if words.words(n)),
        unwanted=tuple(u for u in found["unwanted"] if words.words(u)),
        filters=filters or Filters(),
        typed=text,
        cues=cues,
        like=like,
    )


def telling(found: list[str]) -> tuple[str, ...]:
    """The different words worth looking up, in order.

    Small words are left out unless there are no others, or the question is Czech: there they help (nDCG@10 on Czech
    sections .471 with them, .455 without; on questions about code .394 against .436).
    """
    different = {words.fold(word): word for word in reversed(found)}
    ordered = tuple(different[key] for key in dict.fromkeys(words.fold(word) for word in found))
    if words.language(" ".join(found)) == "cs":
        return ordered
    return tuple(word for word in ordered if words.fold(word) not in words.STOPWORDS) or ordered
