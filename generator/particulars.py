"""The particulars of a sentence (named entities): numbers, dates, names, so that two ways of writing them are equal.

`1,234.50` and `1234.5`, `21 August 1968`, `21. srpna 1968` and `1968-08-21` must meet; `1968` and `1986` must not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ask.generator.words import empty_words, fold

_MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "january jan leden ledna lednu lednem",
            "february feb unor unora unoru unorem",
            "march mar brezen brezna breznu breznem",
            "april apr duben dubna dubnu dubnem",
            "may kveten kvetna kvetnu kvetnem",
            "june jun cerven cervna cervnu cervnem",
            "july jul cervenec cervence cervenci cervencem",
            "august aug srpen srpna srpnu srpnem",
            "september sep sept zari",
            "october oct rijen rijna rijnu rijnem",
            "november nov listopad listopadu listopadem",
            "december dec prosinec prosince prosinci prosincem",
        ),
        1,
    )
    for name in names.split()
}
_NUMBER = re.compile(r"\d+(?:[.,:\u00a0 ]?\d+)*")
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_POINTED = re.compile(r"\b(\d{1,2})[./]\s?(\d{1,2})[./]\s?(\d{4})\b")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_ENGLISH_THOUSANDS = re.compile(r"\d{1,3}(?:[,\u00a0 ]\d{3})+(?:\.\d+)?")
_CZECH_THOUSANDS = re.compile(r"\d{1,3}(?:[.\u00a0 ]\d{3})+(?:,\d+)?")
_MARKERS = re.compile(r"\[\d+\]")

_COUNTED: Mapping[str, str] = {
    word: str(number)
    for number, words in enumerate(
        (
            "zero nula", "one jeden jedna jedno", "two dva dve", "three tri", "four ctyri", "five pet", "six sest",
            "seven sedm", "eight osm", "nine devet", "ten deset", "eleven jedenact", "twelve dvanact",
            "thirteen trinact", "fourteen ctrnact", "fifteen patnact", "sixteen sestnact", "seventeen sedmnact",
            "eighteen osmnact", "nineteen devatenact", "twenty dvacet",
        )
    )
    for word in words.split()
}  # fmt: skip


def numbers(text: str) -> frozenset[str]:
    """Numbers in one form; a date gives its day, month and year, a month its name's number as `m8`."""
    text = _MARKERS.sub(" ", text)
    found: set[str] = set()
    for pattern, order in ((_ISO, (0, 1, 2)), (_POINTED, (2, 1, 0))):
        for date in pattern.findall(text):
            year, month, day = (int(date[at]) for at in order)
            found |= {str(year), f"m{month}", str(day)}
        text = pattern.sub(" ", text)
    for run in _NUMBER.findall(text):
        found |= _forms(run)
    return frozenset(found | months(text))


def months(text: str) -> frozenset[str]:
    """Months named in a text. `May` and `Mar` count only with a capital, and never as the first word."""
    named = set()
    for word in _WORD.finditer(text):
        number = _MONTHS.get(fold(word.group()))
        doubtful = word.group().lower() in ("may", "mar", "dec", "sep", "jan") and not word.group()[0].isupper()
        if number and not doubtful and not (word.group() in ("May", "Mar", "Jan") and word.start() == 0):
            named.add(f"m{number}")
    return frozenset(named)


def _forms(run: str) -> set[str]:
    """A run of digits as one number if it is written with thousands, else its parts."""
    if _ENGLISH_THOUSANDS.fullmatch(run):
        return {_canonical(re.sub(r"[,\u00a0 ]", "", run))}
    if _CZECH_THOUSANDS.fullmatch(run):
        return {_canonical(re.sub(r"[.\u00a0 ]", "", run).replace(",", "."))}
    return {_canonical(part.replace(",", ".")) for part in re.split(r"[\u00a0 ]", run) if part}


def _canonical(digits: str) -> str:
    if digits.count(".") == 1 and ":" not in digits:
        whole, fraction = digits.split(".")
        fraction = fraction.rstrip("0")
        return f"{int(whole or 0)}.{fraction}" if fraction else str(int(whole or 0))
    return str(int(digits)) if digits.isdecimal() else digits


def counted(text: str) -> frozenset[str]:
    """Small numbers written as words, as digits."""
    return frozenset(_COUNTED[word] for word in map(fold, _WORD.findall(text)) if word in _COUNTED)


def names(text: str) -> frozenset[str]:
    """Words with a capital that do not begin the sentence, folded; months and empty words are none."""
    text = _MARKERS.sub(" ", text).strip(" -*•\"'“„(")
    found = set()
    for word in _WORD.finditer(text):
        folded = fold(word.group())
        begins = word.start() == 0 or text[: word.start()].rstrip("\"'“„( ").endswith((".", "!", "?", ":", "\n"))
        if word.group()[0].isupper() and not begins and folded not in _MONTHS and not _empty(folded):
            found.add(folded)
    return frozenset(found)


def _empty(folded: str) -> bool:
    return folded in empty_words("english") or folded in empty_words("czech")


def same_name(name: str, words: frozenset[str]) -> bool:
    """A name occurs among folded words, whatever its case ending: `prahy` is `praha`."""
    if name in words:
        return True
    bare = name.removesuffix("'s").removesuffix("’s")
    root = bare[: max(4, len(bare) - 2)]
    return bare in words or (len(root) >= 4 and any(_alike(root, bare, word) for word in words))


def _alike(root: str, name: str, word: str) -> bool:
    return word.startswith(root) and abs(len(word) - len(name)) <= 3
