"""Words of time in both languages, folded, with what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def _table(rows: Mapping[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, words in rows.items() for word in words.split()}


def _numbered(first: int, *rows: str) -> dict[str, int]:
    return {word: number for number, words in enumerate(rows, first) for word in words.split()}


def alternatives(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; spaces in them stand for any white space."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "(?:" + "|".join(word.replace(" ", "\\ ") for word in longest_first) + ")"


MONTHS = _numbered(
    1,
    "january jan leden ledna lednu",
    "february feb unor unora unoru",
    "march mar brezen brezna breznu",
    "april apr duben dubna dubnu",
    "may kveten kvetna kvetnu",
    "june jun cerven cervna cervnu",
    "july jul cervenec cervence cervenci",
    "august aug srpen srpna srpnu",
    "september sept sep zari",
    "october oct rijen rijna rijnu",
    "november nov listopad listopadu",
    "december dec prosinec prosince prosinci",
)
SEASONS = _table(
    {
        "spring": "spring jaro jare jara",
        "summer": "summer leto lete leta",
        "autumn": "autumn fall podzim podzimu podzimni",
        "winter": "winter zima zime zimu zimy",
    }
)
WEEKDAYS = _numbered(
    0,
    "monday pondeli pondelka pondelek",
    "tuesday utery uterek uterka",
    "wednesday streda stredu stredy",
    "thursday ctvrtek ctvrtka",
    "friday patek patku",
    "saturday sobota sobotu soboty",
    "sunday nedele nedeli",
)
UNITS = _table(
    {
        "day": "day days den dny dni dnu dnem dnech",
        "week": "week weeks tyden tydny tydnu tydne tydnem tydnech",
        "month": "month months mesic mesice mesicu mesicem mesici mesicich",
        "year": "year years yr yrs rok roky roku rokem roce lety leta let letech",
    }
)

_COUNTED = (
    "a an one jednim jeden",
    "two dvema dva dve",
    "three tremi tri",
    "four ctyrmi ctyri",
    "five peti pet",
    "six sesti sest",
    "seven sedmi sedm",
    "eight osmi osm",
    "nine deviti devet",
    "ten deseti deset",
    "eleven jedenacti jedenact",
    "twelve dvanacti dvanact",
    "thirteen trinacti",
    "fourteen ctrnacti",
    "fifteen patnacti patnact",
)
_VAGUE = {
    (1.5, 3.5): ("couple", "a couple", "couple of", "a couple of"),
    (2.0, 6.0): ("few", "a few", "some", "par", "nekolika", "nekolik"),
    (3.0, 8.0): ("several", "vice"),
    (6.0, 20.0): ("many", "mnoha", "spoustou", "hodne"),
    (18.0, 23.0): ("twenty", "dvaceti", "dvacet"),
    (27.0, 34.0): ("thirty", "triceti", "tricet"),
}
AMOUNTS: Mapping[str, tuple[float, float]] = {
    **{word: (float(n), float(n)) for word, n in _numbered(1, *_COUNTED).items()},
    **{word: span for span, words in _VAGUE.items() for word in words},
}
"""Words for how many, as least and most: equal for numbers."""

FIXED: Mapping[str, str] = {
    phrase: meaning
    for meaning, phrases in {
        "today": (
            "today", "tonight", "this morning", "this afternoon", "this evening", "earlier today",
            "dnes", "dneska", "dnes rano", "dnes vecer", "dneska rano",
        ),
        "yesterday": ("yesterday", "yesterday morning", "yesterday evening", "vcera", "vcera rano", "vcera vecer"),
        "last night": ("last night", "vcera v noci", "dnes v noci"),
        "tomorrow": ("tomorrow", "zitra", "zejtra"),
        "next week": ("next week", "pristi tyden"),
        "day before yesterday": ("day before yesterday", "the day before yesterday", "predevcirem"),
        "week before last": ("week before last", "the week before last", "predminuly tyden", "predminuleho tydne"),
        "other day": ("the other day", "onehdy", "pred par dny", "tuhle"),
        "recently": ("recently", "lately", "not long ago", "nedavno", "v posledni dobe", "posledni dobou"),
        "while ago": (
            "a while ago", "a while back", "some time ago", "pred casem", "pred nejakou dobou", "pred nejakym casem",
        ),
        "long ago": (
            "long ago", "a long time ago", "long time ago", "ages ago", "years and years ago", "back in the day",
            "back in the days", "in the old days", "decades ago", "kdysi", "kdysi davno", "davno", "pred davnou dobou",
            "pred dlouhou dobou", "za mlada", "uz davno",
        ),
        "half a year ago": ("half a year ago", "pred pul rokem", "pred pulrokem"),
        "year and a half ago": ("a year and a half ago", "year and a half ago", "pred rokem a pul"),
    }.items()
    for phrase in phrases
}  # fmt: skip
"""Whole phrases, with the key of what they mean."""

ADJECTIVES: Mapping[str, str] = {"vcerejs": "yesterday", "dnesn": "today", "zitrejs": "tomorrow", "nedavn": "recently"}
"""Beginnings of Czech adjectives of time."""
