"""Who wrote it: people in questions, and the user's own names.

Czech names are inflected ("od Petra", "od Pavla"), and the nominative cannot be told from the form alone; so names are
compared by their first letters, with the endings that inflection leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ask.indexer.words import STOPWORDS, fold
from ask.retriever.folded import Folded

SIMILAR = 0.9
"""How well an inflected name fits, against 1 for the very same."""
SHORTER = 0.7
"""How well a name fits that begins the other: Dan, Daniel."""
UNKNOWN_AUTHOR = 0.5
"""How well a document without people fits "I wrote": most of what lies on a disk is its owner's."""
WANTED = 64_000
"""Bytes of a settings file that are read."""


@dataclass(frozen=True, slots=True)
class Me:
    """The user, as documents name them."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()

    def wrote(self, people: Sequence[str]) -> float:
        """How well "I wrote" fits a document of these people, the author first."""
        if not people:
            return UNKNOWN_AUTHOR
        author = fold(people[0])
        if any(fold(address) in author for address in self.addresses):
            return 1.0
        words = set(_WORDS.findall(author))
        known = any(words >= set(_WORDS.findall(fold(name))) for name in (*self.names, *self.logins) if name.strip())
        return 1.0 if known else 0.0

    def __str__(self) -> str:
        return ", ".join((*self.names, *self.addresses, *self.logins))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in a question."""

    name: str
    """As typed, perhaps inflected."""

    def fits(self, people: Iterable[str]) -> float:
        """How well it fits the best of the people of a document."""
        return max((similarity(self.name, one) for one in people), default=0.0)

    def beginnings(self) -> tuple[str, ...]:
        """Parts of names, folded, of which one must be there: where only parts can be looked for, as in SQL.

        `Petra` → `petr`, `peter`; of several words the last, which is the surname.
        """
        name = fold(self.name)
        return (name,) if "@" in name else _stems(name.split()[-1])


@dataclass(frozen=True, slots=True)
class PeopleCue:
    """Words of a question that say who."""

    start: int
    end: int
    """Where they stand: code points of the question, half-open."""
    person: Person | None
    """None: the user."""
    trust: float
    """From 0 to 1."""


_WORDS = re.compile(r"\w+")
_OBLIQUE = frozenset(
    "a e y i u em ou ovi ho eho iho emu imu ym im o ka ky ku kovi kem la lovi lem ce ci ca cem covi te ze in".split()
)
_NOMINATIVE = frozenset(["", "a", "e", "y", "i", "o", "ek", "ka", "el", "ec", "r", "ta", "cha"])


def similarity(typed: str, known: str) -> float:
    """How well a typed, perhaps inflected name fits a known one, from 0 to 1; all its words must fit."""
    wanted = _WORDS.findall(fold(typed)) if "@" not in typed else []
    if not wanted:
        return 1.0 if typed and fold(typed) in fold(known) else 0.0
    there = _WORDS.findall(fold(known))
    return min(max((_alike(word, other) for other in there), default=0.0) for word in wanted)


def _alike(typed: str, known: str) -> float:
    if typed == known:
        return 1.0
    common = next(
        (n for n, (a, b) in enumerate(zip(typed, known, strict=False)) if a != b), min(len(typed), len(known))
    )
    for shared in range(common, 1, -1):
        if (shared > 2 or len(typed) == 3) and typed[shared:] in _OBLIQUE and known[shared:] in _NOMINATIVE:
            return SIMILAR
    return SHORTER if common >= 3 and common == min(len(typed), len(known)) else 0.0


_ENDINGS = ("oveho", "ovou", "ovem", "ove", "ovi", "eho", "emu", "iho", "imu", "em", "ym", "ou", *"aeiouy")
_VOWELS = frozenset("aeiouy")


def _stems(name: str) -> tuple[str, ...]:
    """What a folded name may begin with in the nominative: `pavla` → `pavl`, `pavel`; `lence` → `lenc`, `lenk`."""
    if len(name) == 3 and name[-1] in _VOWELS:
        return tuple(dict.fromkeys([name, name[:-1] + "a"]))  # Evy, Idy
    ending = next((e for e in _ENDINGS if name.endswith(e) and len(name) - len(e) >= 3), "")
    stem = name.removesuffix(ending)
    if not ending or len(stem) < 4:
        return (stem,)
    found = [stem]
    if not {stem[-1], stem[-2]} & _VOWELS:
        found.append(f"{stem[:-1]}e{stem[-1]}")
    if name.endswith("ce"):
        found.append(f"{stem[:-1]}k")
    return tuple(found)


# --- in questions -----------------------------------------------------------------------------------------------------

_CAPITAL = "[A-ZÀ-ÖØ-ÞĆČĎĐĒĖĘĚĞĪĮİŁĹĽŃŇŌŐŒŔŘŚŞŠŤŪŮŰŹŻŽΑ-ΩА-Я]"
_NAME = rf"{_CAPITAL}[\w'’-]+"
"""A word that begins with a capital; patterns for names run over the text as typed."""
_NAMES = rf"(?P<who>{_NAME}(?:\s(?!(?:I|In|On|At|From|To|V|Od|Z)\b){_NAME}){{0,2}})"
_ADDRESS = r"(?P<who>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
_EN_SAID = "wrote|posted|sent|said|shared|mentioned|told|recommended"
_CS_SAID = "napsala?|psala?|posílala?|posilala?|poslala?|sdílela?|sdilela?|říkala?|rikala?|doporučila?|doporucila?"
_BETWEEN = r"(?:(?:has|had|mi|nám|nam|to|mně|ti|kdysi|včera)\s)?"
_TALK = r"(?i:\b(?:chatu?|talk|talked|conversation|mails?|e-?mails?|konverzace)\s(?:with|to|se?|pro)\s)"
_PATTERNS = (
    (re.compile(rf"(?<!\w)(?:[Ff]rom|[Bb]y|[Oo]d)\s{_ADDRESS}"), 1.0),
    (re.compile(rf"(?<!\w)(?:[Ff]rom|[Oo]d)\s{_NAMES}"), 1.0),
    (re.compile(rf"(?<!\w)[Bb]y\s{_NAMES}"), 0.5),  # "the treaty broken by Britain"
    (re.compile(rf"(?<![\w.]){_NAMES}\s{_BETWEEN}(?:{_EN_SAID}|{_CS_SAID})(?!\w)"), 1.0),
    (re.compile(rf"(?<!\w)(?:{_CS_SAID})\s{_BETWEEN}{_NAMES}"), 0.9),
    (re.compile(_TALK + _NAMES), 0.8),
    (
        re.compile(
            rf"(?<!\w)(?P<who>{_CAPITAL}\w+)['’]s\s(?i:(?:e-?)?mails?|messages?|letters?|notes?|links?|posts?)\b"
        ),
        0.9,
    ),
)
_NO_NAMES = frozenset(
    "i the a my we you he she they it who what when where which why how this that january february march april may june"
    " july august september october november december monday tuesday wednesday thursday friday saturday sunday kdo co"
    " kdy kde kdyz jak ten ta to ktery ja on ona jsem somebody someone nobody".split()
)
_LOWER = re.compile(
    r"(?<!\w)(?:mails?|e-?mails?|messages?|letters?|links?|notes?|maily?|zprav[ay]|dopisy?|odkazy?|poznamk[ay])\s(?:from|by|od)\s"
    r"(?P<who>[a-z]{3,})(?!\w)"
)
"""Names in lower case count behind words that want an author: in "data from sensors" there is nobody."""
_NOBODY = frozenset(
    "the last this that before yesterday today monday tuesday wednesday thursday friday saturday sunday january"
    " february march april may june july august september october november december summer winter spring autumn fall"
    " school work home minuleho minule minulych lonska ledna unora brezna dubna kvetna cervna cervence srpna zari"
    " rijna listopadu prosince roku vcera vcerejska pondeli utery stredy ctvrtka patku soboty nedele scratch here there"
    " bank".split()
)
_MADE = "(?:napsal|psal|poslal|posilal|vytvoril|udelal|sdilel)a?"
_I = re.compile(
    r"(?<!\w)(?:i(?:'ve| have| had)? (?:wrote|written|posted|sent|said|made|shared|write)"
    rf"|{_MADE} jsem|jsem (?:\w+ ){{0,2}}{_MADE}|(?:od me|ode me))(?!\w)"
)
_MY = re.compile(r"(?<!\w)(?:my own|my|muj|moje|moji|meho|mou|me vlastni)(?!\w)")
MY = 0.3
"""What "my" counts: nearly all on a disk is its owner's."""


def find(question: Folded) -> list[PeopleCue]:
    """Who is named in a question, from left to right."""
    found = [*_named(question), *_lower(question)]
    for pattern, trust in ((_I, 1.0), (_MY, MY)):
        if (match := pattern.search(question.folded)) is not None:
            found.append(PeopleCue(*question.span(match), None, trust))
            break
    return sorted(found, key=lambda cue: cue.start)


def _named(question: Folded) -> Iterator[PeopleCue]:
    taken: list[tuple[int, int]] = []
    for pattern, trust in _PATTERNS:
        for match in pattern.finditer(question.text):
            start, end = match.span("who")
            if fold(match["who"].split()[0]) in _NO_NAMES or any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            name = match["who"].removesuffix("'s").removesuffix("’s")
            yield PeopleCue(match.start(), match.end(), Person(name), trust)


def _lower(question: Folded) -> Iterator[PeopleCue]:
    for match in _LOWER.finditer(question.folded):
        start, end = question.span(match, "who")
        if match["who"] not in STOPWORDS | _NOBODY and question.text[start].islower():
            yield PeopleCue(start, end, Person(question.text[start:end]), 0.6)


# --- the user ---------------------------------------------------------------------------------------------------------

_GIT = (".gitconfig", ".config/git/config")
_MUTT = (".muttrc", ".mutt/muttrc", ".config/mutt/muttrc", ".neomuttrc", ".config/neomutt/neomuttrc")
_SECTION = re.compile(r"\s*\[\s*([\w.-]+)\s*(\"[^\"]*\")?\s*\]")
_MUTT_SET = re.compile(r"\s*set\s+(from|realname)\s*=\s*(.+)")


def guess_me(home: Path, login: str) -> Me:
    """Who the user is, going by the settings of git and mutt below `home`; only names and addresses are taken.

    Files that are missing or cannot be read are as good as empty.
    """
    pairs = [pair for name in _GIT for pair in _git_user(_lines(home / name))]
    pairs += [pair for name in _MUTT for pair in _mutt_user(_lines(home / name))]
    names = tuple(dict.fromkeys(value for key, value in pairs if key in ("name", "realname")))
    addresses = tuple(dict.fromkeys(_bare(value) for key, value in pairs if key in ("email", "from") and "@" in value))
    return Me(names, addresses, (login,) if login and login != "root" else ())


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(WANTED).splitlines()
    except (OSError, ValueError):
        return []


def _git_user(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    inside = False
    for line in lines:
        if (section := _SECTION.match(line)) is not None:
            inside = section[1].lower() == "user" and section[2] is None
            line = line[section.end() :]
        key, sign, value = line.partition("=")
        if inside and sign and key.strip().lower() in ("name", "email"):
            yield key.strip().lower(), _value(value)


def _mutt_user(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if (match := _MUTT_SET.match(line)) is not None:
            yield match[1], _value(match[2])


def _value(text: str) -> str:
    stripped = text.strip()
    if stripped[:1] in ('"', "'") and (end := stripped.find(stripped[0], 1)) > 0:
        return stripped[1:end]
    return re.split(r"\s*[#;]", stripped, maxsplit=1)[0]


def _bare(address: str) -> str:
    return address.rsplit("<", 1)[-1].rstrip("> ").strip()
