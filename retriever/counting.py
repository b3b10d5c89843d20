"""Questions that are not searches: how many, list all, the largest. They are answered by SQL, exactly.

    "how many PDFs do I have?" · "kolik mám skriptů" · "all invoices from 2019" · "the largest notes of last month"

A question counts as one of these only when every word of it is understood; one word too many, and it is a search. So
"how many points did the Panthers surrender?" and "kolik stála oprava auta" are searches.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from ask.indexer.words import fold
from ask.retriever.cues import Cue, Cues, find_cues
from ask.retriever.filters import Filters
from ask.retriever.folded import HIDDEN, LONGEST, Folded, folded
from ask.retriever.kind_cues import WEAK, Kinds
from ask.retriever.people import Person

Act = Literal["count", "list"]
Unit = Literal["files", "documents"]
Order = Literal["newest", "oldest", "largest", "smallest"]
By = Literal["", "kind", "year", "language"]

ROWS = 50
"""Rows listed unless the question says how many."""


@dataclass(frozen=True, slots=True)
class Counting:
    """What is to be counted or listed."""

    act: Act
    unit: Unit
    """Files count also when they could not be read; documents are what was read, a mail of an mbox each."""
    filters: Filters = field(default_factory=Filters)
    holds: tuple[str, ...] = ()
    """Words of which one must stand in the name, the title or the beginning of a document: invoices."""
    authored: bool = True
    """Whether people are those who wrote it, or anybody named as sender or receiver."""
    order: Order = "newest"
    limit: int = ROWS
    by: By = ""
    """What counts are divided by; empty: by kind of document, or state of file."""
    label: str = ""
    """What was understood, for people: `invoice · 2019`."""


def plan(
    text: str, now: datetime, absolute: Callable[[str], str] = os.path.abspath, limit: int = ROWS
) -> Counting | None:
    """What a question wants counted or listed; None when it is a search.

    `now` is timezone-aware; `absolute` makes a path as typed absolute; `limit` is for questions that name no number.
    """
    question = folded(text)
    act = _act(question.folded)
    if act is None or HIDDEN in question.folded or len(text) > LONGEST:
        return None
    cues = find_cues(text, now)
    wanted = _Wanted(question)
    for read in (_read_act, _read_by, _read_paths(absolute), _read_cues(cues), _read_formats, _read_order, _read_plain):
        read(wanted)
    if not _is_sure(wanted, cues):
        return None
    dates = cues.without("kind", "people", "link").filters(now)
    return Counting(
        act=act,
        unit=_unit(wanted),
        filters=replace(_filters(wanted), after=dates.after, before=dates.before),
        holds=wanted.thing.inside if wanted.thing else (),
        authored=wanted.authored,
        order=wanted.order or "newest",
        limit=wanted.limit or limit,
        by=wanted.by,
        label=" · ".join(wanted.labels) or "everything",
    )


# --- reading the question: each step takes the words it understands ---------------------------------------------------


@dataclass(slots=True)
class _Wanted:
    """A question while its words are taken from it one after the other."""

    question: Folded
    rest: str = ""
    """Folded, with spaces where words were taken."""
    thing: Kinds | None = None
    weak: bool = False
    suffixes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    person: Person | None = None
    authored: bool = True
    order: Order | None = None
    by: By = ""
    limit: int = 0
    plain: bool = False
    """Whether it says "files" or "documents"."""
    of_files: bool = False
    odd: bool = False
    """Something is said that SQL cannot answer."""
    labels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rest = self.question.folded

    def take(self, start: int, end: int) -> bool:
        """Take the letters from `start` to `end` of the folded question; False when they were all taken before."""
        taken = bool(self.rest[start:end].strip())
        self.rest = self.rest[:start] + " " * (end - start) + self.rest[end:]
        return taken

    def take_cue(self, cue: Cue) -> bool:
        """The same for a cue, whose offsets are those of the question as typed."""
        offsets = self.question.offsets
        places = [at for at in range(len(self.rest)) if cue.start <= offsets[at] < cue.end]
        return bool(places) and self.take(places[0], places[-1] + 1)

    def taken(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Take all that matches."""
        for match in pattern.finditer(self.rest):
            self.take(*match.span())
            yield match


_BEST = {
    "newest": "newest|latest|most recent|nejnovejsi\\w{0,3}", "oldest": "oldest|nejstarsi\\w{0,3}",
    "largest": "largest|biggest|longest|nejvetsi\\w{0,3}|nejdelsi\\w{0,3}",
    "smallest": "smallest|shortest|nejmensi\\w{0,3}|nejkratsi\\w{0,3}",
}  # fmt: skip
_COUNT = re.compile(r"\s*(?:and |a )?(?:how many|number of|count(?: of)?|kolik|pocet|spocitej)\b")
_LIST = re.compile(
    r"\s*(?:please |prosim )?(?:(?:list|show|give me|display|print|vypis|zobraz|ukaz|seznam)\b(?: mi| me)?"
    r"|(?=(?:all|every|vsechny|vsechna|veskere)\b)|(?:find|najdi)(?= (?:all|every|vsechny|vsechna)\b)"
    r"|(?:(?:which|what|ktery|ktere|jaky|jake)\b(?: is| are| je| jsou| mam)? )?"
    rf"(?=(?:the |my |moje |ty )?(?:\d{{1,3}} )?(?:{'|'.join(_BEST.values())}|last \d|poslednich \d)))"
)
_BY = {
    "kind": re.compile(r"\b(?:per|by|of each|for each|podle) (?:kind|type|druhu|typu)\b"),
    "year": re.compile(r"\b(?:per|by|each|in each|podle|za kazdy|v kazdem) (?:year|roku|rok|roce)\b|\bpo letech\b"),
    "language": re.compile(r"\b(?:per|by|in each|podle) (?:programming |programovaciho )?(?:language|jazyka)\b"),
}
_PATH = re.compile(
    r"(?<!\w)(?:in|below|under|inside|within|from|v|ve|z|ze|pod)\s+"
    r"(?:(?:the )?(?:folder|directory|slozce|adresari)\s+)?(?P<path>(?:~|/|\.\.?/)[^\s?\"]*)"
)
_SUFFIX = re.compile(r"(?<!\S)\*?\.(?P<s>[a-z][a-z0-9]{0,7})(?!\S)")
_BEFORE_FILES = re.compile(
    r"(?<!\w)(?P<s>md|txt|csv|html|json|xml|docx|odt|xlsx|pptx|epub|org|tex|log|yaml|toml)(?= (?:files?|soubor))"
)
_PLAIN = re.compile(r"(?<!\w)(?:(?P<files>files?|soubor(?:u|y)?)|documents?|dokument(?:u|y)?)(?!\w)")
_ORDERS = {order: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") for order, pattern in _BEST.items()}
_FIRST = re.compile(r"(?<!\w)(?:(?:last|top|first|poslednich|prvnich) )?(?P<n>[1-9]\d{0,2})(?!\w)")
_LANGUAGE_WORDS = {
    "bash": "shell", "perlu": "perl", "perlove": "perl", "perlovych": "perl", "pythonu": "python", "pythoni": "python",
    "pythonove": "python", "pythonovych": "python", "javascriptu": "javascript", "javy": "java", "jave": "java",
    "golang": "go", "shellu": "shell", "shellove": "shell", "shellovych": "shell", "ruby": "ruby", "rustu": "rust",
    **{name: name for name in (
        "python perl javascript typescript java kotlin rust php shell lua scala haskell sql awk tcl erlang elixir"
        " clojure groovy julia matlab ocaml pascal powershell prolog fortran cobol ada").split()},
}  # fmt: skip
_LANGUAGE = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(_LANGUAGE_WORDS, key=len, reverse=True))})(?!\w)")
_FILLING = frozenset(
    "do does did i we have has had got get there are is was were my our of the a all every any in on at from by me"
    " which that exist total altogether please you index indexed stored saved written write wrote received receive"
    " what for mine here know and disk computer"
    " mam mame mas mate je jsou bylo byly tam tu na disku v ve z ze od mi me moje moji moje sve svoje svych vsech"
    " vsechny vsechna vsechno veskere celkem dohromady napsal napsala jsem si ulozil ulozenych existuje co ktere jich"
    " mych nasich pocitaci tady prosim se za rok roku".split()
)
_SHOW = re.compile(r"\s*(?:please |prosim )?(?:show|give|display|print|ukaz|zobraz)\b")
_ALL = re.compile(r"\b(?:all|every|my|our|moje|moji|vsechny|vsechna|veskere)\b")
_MINE = re.compile(r"\b(?:my|i|we|our|me|here|indexed|mam|mame|moje|moji|mych|mi|jsem|nasich)\b")
_WORD = re.compile(r"\w+")


def _act(text: str) -> Act | None:
    if _COUNT.match(text):
        return "count"
    return "list" if _LIST.match(text) else None


def _read_act(wanted: _Wanted) -> None:
    match = _COUNT.match(wanted.rest) or _LIST.match(wanted.rest)
    if match is not None:
        wanted.take(*match.span())


def _read_by(wanted: _Wanted) -> None:
    names: tuple[By, ...] = ("kind", "year", "language")
    for name in names:
        for _ in wanted.taken(_BY[name]):
            wanted.by = name


def _read_paths(absolute: Callable[[str], str]) -> Callable[[_Wanted], None]:
    def read(wanted: _Wanted) -> None:
        for match in wanted.taken(_PATH):
            start, end = wanted.question.span(match, "path")
            typed = wanted.question.text[start:end]
            wanted.paths = (*wanted.paths, absolute(typed))
            wanted.labels.append(f"in {typed}")

    return read


def _read_cues(cues: Cues) -> Callable[[_Wanted], None]:
    def read(wanted: _Wanted) -> None:
        times_first = sorted(cues, key=lambda cue: cue.kind != "when")  # "from March" is no person
        taken = [cue for cue in times_first if wanted.take_cue(cue)]
        for cue in cues:
            if cue in taken:
                _note(wanted, cue)

    return read


_TALK = re.compile(r"(?:chat|talk|conversation|e-?mail|mail|konverzac)")
"""How cues begin that name somebody who was talked to, not an author."""


def _note(wanted: _Wanted, cue: Cue) -> None:
    if isinstance(cue.meaning, Kinds):
        _note_thing(wanted, cue.meaning, weak=cue.trust == WEAK)
    elif isinstance(cue.meaning, Person):
        wanted.odd |= wanted.person is not None
        wanted.person = cue.meaning
        wanted.authored = _TALK.match(fold(wanted.question.text[cue.start : cue.end])) is None
        wanted.labels.append(cue.label)
    elif cue.kind == "when":
        wanted.labels.append(cue.label)


def _note_thing(wanted: _Wanted, thing: Kinds, *, weak: bool) -> None:
    wanted.labels.append(thing.name)
    wanted.weak |= weak
    if thing.suffixes:
        wanted.suffixes = (*wanted.suffixes, *thing.suffixes)
    elif wanted.thing is not None:
        wanted.odd = True  # "mails with photos" is no listing
    else:
        wanted.thing = thing


def _read_formats(wanted: _Wanted) -> None:
    for pattern in (_SUFFIX, _BEFORE_FILES):
        for match in wanted.taken(pattern):
            wanted.suffixes = (*wanted.suffixes, match["s"])
            wanted.labels.append(f"*.{match['s']}")
    for match in wanted.taken(_LANGUAGE):
        wanted.languages = (*wanted.languages, _LANGUAGE_WORDS[match[0]])
        wanted.labels.append(_LANGUAGE_WORDS[match[0]])


def _read_order(wanted: _Wanted) -> None:
    orders: tuple[Order, ...] = ("newest", "oldest", "largest", "smallest")
    for order in orders:
        for _ in wanted.taken(_ORDERS[order]):
            wanted.order = order
    for match in wanted.taken(_FIRST):
        wanted.limit = int(match["n"])


def _read_plain(wanted: _Wanted) -> None:
    for match in wanted.taken(_PLAIN):
        wanted.plain = True
        wanted.of_files |= match["files"] is not None


def _is_sure(wanted: _Wanted, cues: Cues) -> bool:
    """Whether all was understood, and it is the user's things that are asked for."""
    if wanted.odd or len(cues.of("when")) > 1 or any(word not in _FILLING for word in _WORD.findall(wanted.rest)):
        return False
    if not (wanted.thing or wanted.suffixes or wanted.languages or wanted.plain):
        return False
    mails = wanted.thing is not None and set(wanted.thing.kinds) <= {"mail", "chat"}
    if mails and any(cue.label == "me" and cue.trust == 1 for cue in cues.of("people")):
        return False  # whether the user sent or got them is more than the columns tell
    if _SHOW.match(wanted.question.folded) and not (
        wanted.order or wanted.limit or _ALL.search(wanted.question.folded)
    ):
        return False  # "show me the script from Petr" wants that one
    mine = _MINE.search(wanted.question.folded) or wanted.paths or not _COUNT.match(wanted.question.folded)
    return bool(mine) or not (wanted.weak or (wanted.languages and not wanted.thing and not wanted.plain))


def _unit(wanted: _Wanted) -> Unit:
    told = wanted.thing or wanted.languages or wanted.person or wanted.by in ("kind", "language")
    return "documents" if told or not (wanted.suffixes or wanted.of_files) else "files"


def _filters(wanted: _Wanted) -> Filters:
    return Filters(
        kinds=wanted.thing.kinds if wanted.thing else (),
        paths=wanted.paths,
        people=wanted.person.beginnings() if wanted.person else (),
        languages=wanted.languages,
        suffixes=tuple(dict.fromkeys(wanted.suffixes)),
    )
