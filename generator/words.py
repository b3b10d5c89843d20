"""Words of a question and of a sentence, made comparable: folded, stemmed, with the empty ones left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

import Stemmer
from ask.indexer.words import fold

__all__ = ["WORD", "empty_words", "fold", "full_stems", "language", "pairs", "stems"]

WORD = re.compile(r"\w+(?:[.,:]\d+)*", re.UNICODE)

_EMPTY = {
    "english": (
        "the a an of in on at to for by with from and or is are was were be been being do does did what which who whom"
        " whose when where why how many much that this these those it its as has have had not there their his her they"
        " he she you your i me my mine we our us can could would will shall should may might must if than then so such"
        " into about also no nor s t m re ve d ll"
    ),
    "czech": (
        "a i o u k ke s se si v ve z ze na do od po pro pri za pod nad bez mezi pred pres aby ale ani ano asi az bude"
        " budou by byl byla byli bylo byly bych byt co coz cemu cim ci dal jak jake jaky jaka jako je jeho jej jeji"
        " jejich jen jeste jestli jez ji jiz jsem jsi jsme jsou jste kde kdo kdy kdyz kolik koho komu kam odkud kterou"
        " ktera ktere ktery kteri ma mam maji me mel mela meli mi mit mne mne muj moje moji muze my nad nam nas ne nebo"
        " nebyl nej neni nez nic nich o ona oni ono pak podle pokud prave proc proto protoze sve svuj ta tak take"
        " takze tam te tedy ten tento teto tim to toho tom tomu tu ty uz vam vas vice vsak vy zda ze"
    ),
}
_CZECH_LETTERS = re.compile(r"[ěščřžýůďťňĚŠČŘŽÝŮĎŤŇ]")


def language(text: str) -> str:
    """`czech` or `english`, by its letters and its commonest words."""
    if _CZECH_LETTERS.search(text):
        return "czech"
    words = set(WORD.findall(fold(text)))
    return "czech" if len(words & _czech_only()) > len(words & empty_words("english")) else "english"


@cache
def _czech_only() -> frozenset[str]:
    return empty_words("czech") - empty_words("english")


@cache
def empty_words(language: str) -> frozenset[str]:
    """Folded words that carry no meaning of their own."""
    return frozenset(_EMPTY[language].split())


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)


def stems(text: str, language: str) -> list[str]:
    """Every word of `text` in order, stemmed for `language`, then folded."""
    words = WORD.findall(text.lower())
    return [fold(stem) for stem in _stemmer(language).stemWords(words)]


def full_stems(text: str, language: str) -> list[str]:
    """The stems of those words that mean something; all of them when none does."""
    words = WORD.findall(text.lower())
    kept = [word for word in words if fold(word) not in empty_words(language)]
    return [fold(stem) for stem in _stemmer(language).stemWords(kept or words)]


def pairs(stemmed: Iterable[str]) -> set[tuple[str, str]]:
    """Neighbouring stems."""
    return set(pairwise(stemmed))
