"""What a question says besides its words: when, what kind, who, and that a link is wanted.

    "that HTML-structure script I wrote years ago"  →  when: 2–8 years ago · kind: script · people: me

Cues are soft: each adds to the score of what fits and takes nothing from what does not, so a wrong guess cannot bury
the right file. They are shown, each can be dropped, and on request they become hard filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from ask.indexer.words import STOPWORDS, fold, words
from ask.retriever import kind_cues, links, people, time_cues, when
from ask.retriever.filters import Filters
from ask.retriever.folded import folded
from ask.retriever.kind_cues import Kinds
from ask.retriever.people import Me, Person
from ask.retriever.when import When

Sort = Literal["when", "kind", "people", "link"]

WEIGHTS: Mapping[str, float] = MappingProxyType({"when": 0.15, "kind": 0.12, "people": 0.2, "link": 0.1})
"""What a cue that fits perfectly is worth, in units of cosine."""
SHARP = 2.0
"""How much more a single day is worth: who says "yesterday" knows, and last week's chat is not what is looked for."""
LOOSE = 0.5
"""Trust in a person up to which a link need not be theirs: "my links" are all on this disk."""
SOME_LINK = 0.7
"""How well a text with a web address fits "link", against 1 for a bookmark."""
POSTED = 0.4
"""What a web address is worth that the very person named has posted: whoever asks for "the link Petr posted" has no
use for the rest of what Petr said."""
NOT_THEIRS = 0.1
"""What any other web address is worth then, as the poster may go by another name."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A hint in a question."""

    kind: Sort
    start: int
    end: int
    """Where it stands in the question as typed: code points, half-open."""
    label: str
    """For people: `2–8 years ago`, `script`, `Petr`."""
    meaning: When | Kinds | Person | Me
    trust: float
    """From 0 to 1: how surely the words are meant so."""
    stays: bool = True
    """Whether its words are looked up as well."""


@dataclass(frozen=True, slots=True)
class Cues:
    """The cues of one question, from left to right."""

    text: str
    """The question as typed."""
    found: tuple[Cue, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.found)

    def __iter__(self) -> Iterator[Cue]:
        return iter(self.found)

    def of(self, kind: Sort) -> tuple[Cue, ...]:
        """Those of one kind."""
        return tuple(cue for cue in self.found if cue.kind == kind)

    def without(self, *names: str) -> Cues:
        """Fewer cues: all of a kind (`when`) or the one with a label (`script`) are dropped."""
        return replace(self, found=tuple(cue for cue in self.found if not {cue.kind, cue.label} & set(names)))

    def focus(self, text: str, kind: str, who: Sequence[str]) -> tuple[int, int] | None:
        """The part of a passage that a cue asks for: the web address. Code points, half-open."""
        if not self.of("link"):
            return None
        posters = self.of("people")
        found = links.best(text, lambda poster: poster_fits(posters[0], kind, who, poster) if posters else 0.0)
        return (found[0].start, found[0].end) if found else None

    def shown(self) -> str:
        """A line for people: `when: 2–8 years ago · kind: script`. Empty without cues."""
        kinds = dict.fromkeys(cue.kind for cue in self.found)
        return " · ".join(f"{kind}: {', '.join(cue.label for cue in self.of(kind))}" for kind in kinds)

    def text_left(self) -> str:
        """The question without the words that only said when, for looking up; all of it when little else is there."""
        left, at = "", 0
        for cue in self.found:
            if not cue.stays:
                left += self.text[at : cue.start]
                at = cue.end
        left = " ".join((left + self.text[at:]).split())
        return left if any(fold(word) not in STOPWORDS for word in words(left)) else self.text

    def say_all(self) -> bool:
        """True when the question has no telling word besides its cues: "the link from Petr"."""
        left, at = "", 0
        for cue in self.found:
            left += self.text[at : cue.start] + " "
            at = max(at, cue.end)
        return all(fold(word) in STOPWORDS for word in words(left + self.text[at:]))

    def filters(self, now: datetime, base: Filters | None = None) -> Filters:
        """The cues as hard limits; what `base` limits already stays as it is.

        A link is no limit. "I wrote" is one of mail and chats only: other documents seldom say whose they are.
        """
        base = base or Filters()
        after, before = _limits(self.of("when"), now)
        dated = base.after is not None or base.before is not None
        kinds = tuple(
            dict.fromkeys(k for c in self.of("kind") if isinstance(c.meaning, Kinds) for k in c.meaning.kinds)
        )
        signed = bool(kinds) and set(kinds) <= {"mail", "chat"}
        wanted = tuple(dict.fromkeys(part for cue in self.of("people") for part in _parts(cue, signed)))
        return replace(
            base,
            after=base.after if dated else after,
            before=base.before if dated else before,
            kinds=base.kinds or kinds,
            people=base.people or wanted,
        )


def find_cues(text: str, now: datetime, me: Me | None = None) -> Cues:
    """The cues of a question. `now` is timezone-aware; `me` is the user. Knows English and Czech; never fails."""
    question = folded(text)
    owner = me or Me()
    found = [
        *(Cue("when", c.start, c.end, c.when.label, c.when, c.trust, c.stays) for c in time_cues.find(question, now)),
        *(_of_kind(cue) for cue in kind_cues.find(question)),
        *(_of_people(cue, owner) for cue in people.find(question)),
    ]
    return Cues(text, tuple(sorted(found, key=lambda cue: (cue.start, cue.end))))


def _of_kind(cue: kind_cues.KindCue) -> Cue:
    if cue.kinds.link:
        return Cue("link", cue.start, cue.end, "a web address", cue.kinds, cue.trust)
    return Cue("kind", cue.start, cue.end, cue.kinds.name, cue.kinds, cue.trust)


def _of_people(cue: people.PeopleCue, me: Me) -> Cue:
    if cue.person is None:
        return Cue("people", cue.start, cue.end, "me", me, cue.trust)
    return Cue("people", cue.start, cue.end, cue.person.name, cue.person, cue.trust)


def _limits(cues: Sequence[Cue], now: datetime) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first to the end of the last; open where a cue is open."""
    stretches = [cue.meaning for cue in cues if isinstance(cue.meaning, When)]
    if not stretches:
        return None, None
    start, end = min(one.start for one in stretches), max(one.end for one in stretches)
    return (start if start.year > when.BEGINNING else None), (end if end <= now else None)


def _parts(cue: Cue, signed: bool) -> tuple[str, ...]:
    """Parts of names that the people of a document must hold; `signed` when its kind names an author."""
    if isinstance(cue.meaning, Person):
        return cue.meaning.beginnings()
    if isinstance(cue.meaning, Me) and signed and cue.trust == 1:
        return (*cue.meaning.addresses, *cue.meaning.names)
    return ()


def prior(
    cues: Cues,
    date: datetime | None,
    kind: str,
    who: Sequence[str],
    text: str,
    weights: Mapping[str, float] = WEIGHTS,
) -> dict[str, float]:
    """Parts of a score, one for each kind of cue in the question: 0 where a document does not fit, never less.

    `date`, `kind` and `who` (the author first) are those of a document, `text` is the passage in question.
    """
    parts: dict[str, float] = {}
    posters = cues.of("people")
    for cue in cues:
        if cue.kind == "link" and posters and posters[0].trust > LOOSE:
            part = cue.trust * posted(posters[0], kind, who, text)
        else:
            part = weights[cue.kind] * cue.trust * _fit(cue, date, kind, who, text)
        parts[cue.kind] = max(parts.get(cue.kind, 0.0), part)
    return parts


def posted(cue: Cue, kind: str, who: Sequence[str], text: str) -> float:
    """What the best web address of a passage is worth to somebody who asks for one that a person posted."""
    found = links.best(text, lambda poster: poster_fits(cue, kind, who, poster))
    return 0.0 if found is None else NOT_THEIRS + (POSTED - NOT_THEIRS) * found[1]


def poster_fits(cue: Cue, kind: str, who: Sequence[str], poster: str) -> float:
    """How well the poster of a web address is the person of a cue; outside chats that is the document's author."""
    author = [poster] if kind == "chat" and poster else list(who[:1])
    if isinstance(cue.meaning, Person):
        return cue.meaning.fits(author)
    return cue.meaning.wrote(author) if isinstance(cue.meaning, Me) and author else 0.0


def _fit(cue: Cue, date: datetime | None, kind: str, who: Sequence[str], text: str) -> float:
    match cue.meaning:
        case When() as stretch:
            sharp = SHARP if stretch.end - stretch.start <= timedelta(days=1, hours=1) else 1.0
            return 0.0 if date is None else sharp * stretch.weight(date)
        case Person() as person:
            return person.fits(who)
        case Me() as me:
            return me.wrote(who)
        case Kinds(link=True) as link:
            return 1.0 if kind in link.kinds else SOME_LINK if links.has_link(text) else 0.0
        case kinds:
            return kinds.fits(kind, text)
