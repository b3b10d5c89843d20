"""What English and Czech questions say about time: `years ago`, `in March`, `před pár lety`, `loni v létě`.

A small grammar of its own rather than a library: libraries for dates read moments ("3 years ago", which `--after`
needs), not stretches; they know no "years ago", "recently" or "loni v létě", take half a second to be imported and
milliseconds for a question, and see dates in ordinary words. Patterns run over folded text, so that `vcera` is `včera`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from ask.retriever import when
from ask.retriever.folded import Folded
from ask.retriever.time_words import ADJECTIVES, AMOUNTS, FIXED, MONTHS, SEASONS, UNITS, WEEKDAYS, alternatives
from ask.retriever.when import When

Make = Callable[[re.Match[str], datetime], When | None]


@dataclass(frozen=True, slots=True)
class TimeCue:
    """Words of a question that say when."""

    start: int
    end: int
    """Where they stand: code points of the question, half-open."""
    when: When
    trust: float
    """From 0 to 1: how surely they are meant as a time. A bare year may as well be a name."""
    stays: bool
    """Whether the words are still worth looking up: "2019" may stand in a text, "years ago" does not."""


@dataclass(frozen=True)
class _Form:
    source: str
    make: Make
    needs: frozenset[str]
    trust: float
    stays: bool

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when a question first has the words for it: all of them would take 18 ms of every search."""
        return re.compile(rf"(?<![\w.@/:\-])(?:{self.source})(?![\w@/])", re.VERBOSE)


_forms: list[_Form] = []

_YEAR = r"(?:19[5-9]\d|20\d\d)"
_MONTH = alternatives(MONTHS)
_SEASON = alternatives(SEASONS)
_WEEKDAY = alternatives(WEEKDAYS)
_UNIT = alternatives(UNITS)
_AMOUNT = rf"(?:(?P<n>\d{{1,2}}|{alternatives(AMOUNTS)})\ )?"
_IN = r"(?:in|during|from|of|v|ve|z|ze|behem|na)\ (?:the\ )?"
_PART = r"(?:(?:early|mid|late|beginning\ of|end\ of|zacatk\w{1,3}|konc\w{1,3})[\s-])?"
_BETWEEN = r"v\ letech\ |mezi\ (?:lety|roky)\ |between\ |od\ (?:roku\ )?"
_TO = r"(?:\s?[-–—]\s?|\ (?:to|until|and|a|az|do)\ (?:roku\ )?)"
_LAST = r"(?:last|previous|minul(?:y|a|e|eho|em|ou|ych))"
_THIS = r"(?:this|tento|tohoto|tomto|toto|tuto|letosni\w{0,3})"
_OWN = r"(?:'s\b)?"
"""Of "last year's"."""


def _form(pattern: str, needs: str, trust: float = 1.0, stays: bool = False) -> Callable[[Make], Make]:
    """Register what a pattern means, and the sorts of words (see `_sorts`) without which it need not be tried.

    In patterns, a space stands for any white space between words.
    """
    spaced = pattern.replace("\\ ", r"\s{1,3}")

    def register(make: Make) -> Make:
        _forms.append(_Form(spaced, make, frozenset(needs.split()), trust, stays))
        return make

    return register


def find(question: Folded, now: datetime) -> list[TimeCue]:
    """All that is said about time, from left to right, without overlaps. `now` is timezone-aware."""
    found = sorted(_candidates(question, now), key=lambda cue: (cue.start - cue.end, cue.start))
    kept: list[TimeCue] = []
    for cue in found:
        if all(cue.end <= other.start or other.end <= cue.start for other in kept):
            kept.append(cue)
    return sorted((_bounded(question, cue, now) for cue in kept), key=lambda cue: cue.start)


def _candidates(question: Folded, now: datetime) -> Iterator[TimeCue]:
    words = list(_WORD.finditer(question.folded))
    sorts = _sorts(words)
    for form in _forms:
        if form.needs <= sorts:
            for word in words:  # far fewer than letters, at each of which a search would try
                match = form.pattern.match(question.folded, word.start())
                if match is not None and (cue := _cue(question, form, match, now)) is not None:
                    yield cue


def _cue(question: Folded, form: _Form, match: re.Match[str], now: datetime) -> TimeCue | None:
    if _is_name(question, match):
        return None
    try:
        meant = form.make(match, now)
    except (ValueError, OverflowError):  # 31 June
        return None
    return None if meant is None else TimeCue(*question.span(match), meant, form.trust, form.stays)


def _sorts(words: Iterable[re.Match[str]]) -> set[str]:
    """The sorts of words in a question that tell which forms are worth a try; for most questions, none."""
    sorts: set[str] = set()
    for word in (found[0] for found in words):
        if word.isdigit():
            sorts.add("year" if len(word) == 4 else "number")
        elif word in _SORTS:
            sorts.update(_SORTS[word])
        elif word.startswith(_BEGINNINGS):
            sorts.update(("last", "this", "back", "fixed"))
    return sorts


def _sort_words() -> dict[str, tuple[str, ...]]:
    tables: Mapping[str, Iterable[str]] = {
        "month": MONTHS, "season": SEASONS, "weekday": WEEKDAYS, "unit": UNITS,
        "weekend": ["weekend", "vikend", "vikendu"],
        "ago": ["ago", "back", "pred"], "last": ["last", "past", "previous", "posledni", "poslednich", "poslednim"],
        "this": ["this", "tento", "tohoto", "tomto", "toto", "tuto"], "back": ["loni", "vloni", "predloni", "letos"],
        "fixed": {max(phrase.split(), key=len) for phrase in FIXED},
        "decade": ["let", "leta", "letech", "s", "fifties", "sixties", "seventies", "eighties", "nineties"],
    }  # fmt: skip
    words = {word for table in tables.values() for word in table}
    return {word: tuple(sort for sort, table in tables.items() if word in table) for word in words}


_WORD = re.compile(r"[a-z]+|\d+")
_SORTS = _sort_words()
_BEGINNINGS = ("minul", "letosn", "lonsk", "predlonsk", *ADJECTIVES)


def _is_name(question: Folded, match: re.Match[str]) -> bool:
    """A single capitalised word inside a question is a name ("chords of Yesterday"), unless all is in capitals."""
    start, end = question.span(match)
    word = question.text[start:end]
    return start > 0 and " " not in word and word[:1].isupper() and question.text != question.text.upper()


_BOUNDS = re.compile(
    r"(?<!\w)(?:(?P<since>since|od)|(?P<after>after|newer\ than|later\ than|po)|"
    r"(?P<before>before|until|till|older\ than|prior\ to|pred|do))\s{1,3}$"
)
_CZECH_DATE = re.compile(rf"roku|\d|{_MONTH}")


def _bounded(question: Folded, cue: TimeCue, now: datetime) -> TimeCue:
    """`since`, `after` and `before` in front of a time. The English verb "do" is no bound, `do roku 2010` is one."""
    ahead = question.folded[: _folded_at(question, cue.start)]
    bound = _BOUNDS.search(ahead)
    if bound is None:
        return cue
    if bound["before"] == "do" and not _CZECH_DATE.match(question.folded, len(ahead)):
        return cue
    meant = _bound(bound.lastgroup or "", cue.when, now)
    return replace(cue, start=question.offsets[bound.start()], when=meant, trust=max(cue.trust, 0.8))


def _bound(which: str, named: When, now: datetime) -> When:
    if which == "since":
        return named.since(now)
    return named.after(now) if which == "after" else named.before()


def _folded_at(question: Folded, offset: int) -> int:
    if isinstance(question.offsets, range):
        return offset
    return next(at for at, original in enumerate(question.offsets) if original >= offset)


# --- days, months, years by their names -------------------------------------------------------------------------------


@_form(rf"(?:on\ )?(?P<y>{_YEAR})-(?P<m>\d\d?)(?:-(?P<d>\d\d?))?", "year number", stays=True)
@_form(rf"(?:on\ |dne\ )?(?P<d>\d\d?)\.\s?(?P<m>\d\d?)\.\s?(?P<y>{_YEAR})", "year number", stays=True)
def _numbers(match: re.Match[str], now: datetime) -> When:
    if match["d"] is None:
        return when.month(int(match["y"]), int(match["m"]), now)
    return when.day(int(match["y"]), int(match["m"]), int(match["d"]), now)


_OF_DAY = rf"(?P<d>[0-3]?\d)(?:st|nd|rd|th|\.)?\ (?:of\ )?(?P<m>{_MONTH})(?:,?\ (?P<y>{_YEAR}))?"
_THEN_DAY = rf"(?P<m>{_MONTH})\ (?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?:,?\ (?P<y>{_YEAR}))?"


@_form(rf"(?:on\ |dne\ )?(?:the\ )?{_OF_DAY}", "month number", stays=True)
@_form(rf"(?:on\ )?{_THEN_DAY}", "month number", stays=True)
def _day_of_month(match: re.Match[str], now: datetime) -> When | None:
    month, of_month = MONTHS[match["m"]], int(match["d"])
    if match["y"]:
        return when.day(int(match["y"]), month, of_month, now)
    if match["m"] in ("may", "march") and not match[0].startswith("on "):  # "2 may be", "march 3 steps"
        return None
    this_year = when.day(now.year, month, of_month, now)
    return this_year if this_year.start <= now else when.day(now.year - 1, month, of_month, now)


@_form(rf"(?:{_IN})?{_PART}(?P<m>{_MONTH})(?:\ of|,|\ roku)?\ (?P<y>{_YEAR})", "month year", stays=True)
def _month_of_year(match: re.Match[str], now: datetime) -> When:
    return when.month(int(match["y"]), MONTHS[match["m"]], now)


_SOME_PART = _PART.removesuffix("?")


@_form(
    rf"(?:between\ |from\ |od\ |mezi\ )(?P<m>{_MONTH}){_TO}(?P<l>{_MONTH})\ (?P<y>{_YEAR})", "month year", stays=True
)
def _months(match: re.Match[str], now: datetime) -> When:
    year = int(match["y"])
    return when.month(year, MONTHS[match["m"]], now).to(when.month(year, MONTHS[match["l"]], now))


@_form(rf"{_SOME_PART}(?P<m>{_MONTH})", "month", trust=0.9, stays=True)
@_form(rf"{_IN}{_PART}(?P<m>{_MONTH})", "month", trust=0.9, stays=True)
def _month(match: re.Match[str], now: datetime) -> When:
    return when.latest_month(MONTHS[match["m"]], now)


_BOUND = r"(?:(?P<since>since|od)|(?P<after>after)|(?P<before>before|until|do))"


@_form(rf"{_BOUND}\ (?P<m>{_MONTH})(?!(?:\ of|,|\ roku)?\ {_YEAR})", "month", trust=0.9, stays=True)
def _month_bound(match: re.Match[str], now: datetime) -> When:
    which = next(name for name in ("since", "after", "before") if match[name])
    return _bound(which, when.latest_month(MONTHS[match["m"]], now), now)


@_form(rf"(?:{_IN})?(?P<s>{_SEASON})(?:\ of|\ roku)?\ (?P<y>{_YEAR})", "season year", stays=True)
def _season_of_year(match: re.Match[str], now: datetime) -> When:
    return when.season(SEASONS[match["s"]], int(match["y"]), now)


_NOT_ALONE = frozenset(["leta", "jara", "zimy", "spring"])
"""Also years, a name, part of "end of winter", and part of a mattress."""


@_form(rf"{_IN}(?P<s>{_SEASON})", "season", trust=0.8, stays=True)
def _season(match: re.Match[str], now: datetime) -> When | None:
    if match["s"] in _NOT_ALONE:
        return None
    return when.latest_season(SEASONS[match["s"]], now)


@_form(rf"(?:in\ )?{_LAST}\ (?:(?P<m>{_MONTH})|(?P<s>{_SEASON})){_OWN}", "last")
@_form(rf"(?:in\ )?{_THIS}\ (?:(?P<m>{_MONTH})|(?P<s>{_SEASON})){_OWN}", "this")
def _named(match: re.Match[str], now: datetime) -> When:
    over = match[0].removeprefix("in ").startswith(("last", "previous", "minul"))
    if match["m"]:
        return when.latest_month(MONTHS[match["m"]], now, over)
    return when.latest_season(SEASONS[match["s"]], now, over)


_YEARS_BACK = {
    "predloni": 2, "predlonsk": 2, "loni": 1, "vloni": 1, "lonsk": 1, "last year": 1, "letos": 0, "letosn": 0,
    "this year": 0,
}  # fmt: skip
_RELATIVE = r"(?P<r>predloni|loni|vloni|letos|last\ year|this\ year|(?P<adj>(?:pred)?lonsk|letosn)\w{1,3})"
_NAMED_PART = rf"(?:(?P<m>{_MONTH})|(?P<s>{_SEASON}))"


@_form(rf"{_RELATIVE}{_OWN}(?:\ rok\w{{0,2}})?(?:\ (?:{_IN})?{_NAMED_PART})?", "back")
@_form(rf"{_RELATIVE}{_OWN}(?:\ (?:{_IN})?{_NAMED_PART})?", "unit last")
@_form(rf"{_RELATIVE}{_OWN}(?:\ (?:{_IN})?{_NAMED_PART})?", "unit this")
@_form(rf"{_IN}{_NAMED_PART}\ {_RELATIVE}", "month")
@_form(rf"{_IN}{_NAMED_PART}\ {_RELATIVE}", "season")
def _part_of_year(match: re.Match[str], now: datetime) -> When:
    year = now.year - _YEARS_BACK[" ".join((match["adj"] or match["r"]).split())]
    if match["m"]:
        return when.month(year, MONTHS[match["m"]], now)
    return when.season(SEASONS[match["s"]], year, now) if match["s"] else when.year(year, now)


@_form(rf"(?:{_IN}|{_BETWEEN})?(?P<y>{_YEAR}){_TO}(?P<z>{_YEAR})", "year", trust=0.9, stays=True)
def _years(match: re.Match[str], now: datetime) -> When:
    return when.year(int(match["y"]), now).to(when.year(int(match["z"]), now))


@_form(rf"{_IN}(?:(?:the\ )?year\ |ro[kc]\w{{0,2}}\ )?(?P<y>{_YEAR})", "year", stays=True)
@_form(rf"(?:the\ )?(?:year|ro[kc]\w{{0,2}})\ (?P<y>{_YEAR})", "year", stays=True)
@_form(rf"(?P<y>{_YEAR})", "year", trust=0.5, stays=True)
def _year(match: re.Match[str], now: datetime) -> When | None:
    year = int(match["y"])
    return when.year(year, now) if year <= now.year + 1 else None


_TENS = {
    "fift": 5, "sixt": 6, "sevent": 7, "eight": 8, "ninet": 9,
    "padesat": 5, "sedesat": 6, "sedmdesat": 7, "osmdesat": 8, "devadesat": 9,
}  # fmt: skip
_SHORT = r"(?P<c>19|20)?(?P<t>\d)0"
_EN_TENS = rf"(?:the\ (?:(?:early|mid|late)[\ -])?{_SHORT}'?s|(?:the\ )?(?P<w>fift|sixt|sevent|eight|ninet)ies)"
_CS_TENS = rf"(?:{_SHORT}\.|(?P<w>padesat|sedesat|sedmdesat|osmdesat|devadesat)(?:a|ych))\ let(?:a|ech)?"


@_form(rf"(?:in\ |from\ |during\ )?{_EN_TENS}", "decade", stays=True)
@_form(rf"(?:v\ |z\ )?{_CS_TENS}", "decade", stays=True)
def _decade(match: re.Match[str], now: datetime) -> When:
    tens = _TENS[match["w"]] if match["w"] else int(match["t"])
    century = int(match["c"]) if match["c"] else 20 if tens < 5 else 19
    first = 100 * century + 10 * tens
    return when.year(first, now).to(when.year(first + 9, now)).labelled(f"{first}s")


# --- how long ago -----------------------------------------------------------------------------------------------------

_SINGULAR = frozenset("day week month year yr dnem tydnem mesicem rokem".split())
_ABOUT = r"(?:(?:about|some|maybe|like|nearly|almost|over)\ )?"
_CS_BACK = rf"(?P<u>dnem|dny|tydnem|tydny|mesicem|mesici|rokem|roky|lety)(?!\ {_YEAR})"


@_form(rf"{_ABOUT}{_AMOUNT}(?P<u>days?|weeks?|months?|years?|yrs?)\ (?:ago|back)", "unit ago")
@_form(rf"(?:asi\ |tak\ )?pred\ (?:asi\ )?{_AMOUNT}{_CS_BACK}", "unit ago")
@_form(rf"{_AMOUNT}(?P<u>days?|weeks?|months?|years?)(?:\ |-)old", "unit")
@_form(rf"{_AMOUNT}(?P<u>dny|dnu|tydny|tydnu|mesice|mesicu|roky|let)\ star(?:y|a|e|ou|eho|ych)", "unit")
def _ago(match: re.Match[str], now: datetime) -> When:
    amount, unit = match["n"], UNITS[match["u"]]
    if amount is None:
        least, most = (1.0, 1.0) if match["u"] in _SINGULAR else (2.0, 8.0)
    else:
        least, most = _amount(amount)
    return when.ago(least, most, unit, now)


def _amount(word: str) -> tuple[float, float]:
    return AMOUNTS.get(" ".join(word.split())) or (float(word), float(word))


_ONE = frozenset("day week month year den tyden mesic rok roku roce tydne mesici mesice tydnu".split())
_WITHIN = r"(?:in\ |over\ |during\ |within\ |za\ |behem\ |v\ )?(?:the\ )?"


@_form(rf"{_WITHIN}(?:past|last|poslednich?|poslednim?)\ {_AMOUNT}(?P<u>{_UNIT}){_OWN}", "unit last")
def _past(match: re.Match[str], now: datetime) -> When | None:
    """ "The past week" ends now; "last week" is one of the calendar."""
    unit, amount = UNITS[match["u"]], match["n"]
    if amount is None and match["u"] in _ONE and re.search(r"\blast\b", match[0]):
        return _last(match, now)
    most = _amount(amount)[1] if amount else 1.0 if match["u"] in _ONE else 5.0
    return when.past(most, unit, now, f"the past {most:g} {unit}s" if most != 1 else f"the past {unit}")


@_form(rf"{_LAST}\ (?P<u>{_UNIT}){_OWN}", "unit last")
def _last(match: re.Match[str], now: datetime) -> When:
    unit = UNITS[match["u"]]
    if unit == "week":
        return when.week(now, 1)
    if unit == "year":
        return when.year(now.year - 1, now)
    if unit == "day":
        return _yesterday(now)
    first = when.midnight(now).replace(day=1) - when.DAY
    return when.month(first.year, first.month, now)


@_form(rf"{_THIS}\ (?P<u>{_UNIT}){_OWN}", "unit this")
def _this(match: re.Match[str], now: datetime) -> When:
    unit = UNITS[match["u"]]
    if unit == "week":
        return when.week(now)
    if unit == "day":
        return _today(now)
    return when.year(now.year, now) if unit == "year" else when.month(now.year, now.month, now)


@_form(rf"(?:on\ |ve?\ )(?P<d>{_WEEKDAY})", "weekday", trust=0.8)
@_form(rf"{_LAST}\ (?P<d>{_WEEKDAY}){_OWN}", "weekday last")
def _weekday(match: re.Match[str], now: datetime) -> When:
    return when.weekday(WEEKDAYS[match["d"]], now)


@_form(r"(?P<last>last|minuly)\ (?:weekend(?:'s\b)?|vikend)", "weekend")
@_form(r"(?P<last>\0)?(?:(?:this|over\ the|tento|o)\ (?:weekend|vikendu?))", "weekend")
def _weekend(match: re.Match[str], now: datetime) -> When:
    return when.weekend(now, 1 if match["last"] else 0)


# --- fixed words ------------------------------------------------------------------------------------------------------


@_form(rf"(?P<f>{alternatives(FIXED)}){_OWN}|(?P<a>{alternatives(ADJECTIVES)})\w{{1,3}}", "fixed")
def _fixed(match: re.Match[str], now: datetime) -> When:
    meaning = FIXED[" ".join(match["f"].split())] if match["f"] else ADJECTIVES[match["a"]]
    return _MEANINGS[meaning](now)


def _today(now: datetime) -> When:
    return when.days(now, 1, "today")


def _yesterday(now: datetime) -> When:
    return when.days(now - when.DAY, 1, "yesterday")


def _last_night(now: datetime) -> When:
    today = when.midnight(now)
    return when.spanning(today - timedelta(hours=6), today + timedelta(hours=6), "last night")


_MEANINGS: Mapping[str, Callable[[datetime], When]] = {
    "today": _today,
    "yesterday": _yesterday,
    "last night": _last_night,
    "tomorrow": lambda now: when.days(now + when.DAY, 1, "tomorrow"),
    "next week": lambda now: when.week(now, -1).labelled("next week"),
    "day before yesterday": lambda now: when.days(now - 2 * when.DAY, 1, "the day before yesterday"),
    "week before last": lambda now: when.week(now, 2),
    "other day": lambda now: when.ago(2, 10, "day", now),
    "recently": lambda now: when.past(1.5, "month", now, "recently"),
    "while ago": lambda now: when.ago(1, 18, "month", now).labelled("a while ago"),
    "long ago": lambda now: when.ago(3, 20, "year", now).labelled("long ago"),
    "half a year ago": lambda now: when.ago(4, 9, "month", now).labelled("half a year ago"),
    "year and a half ago": lambda now: when.ago(14, 24, "month", now).labelled("1½ years ago"),
}
