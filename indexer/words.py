"""Text to the terms of the word index, the same way for documents and for questions.

Terms are folded (case and diacritics), identifiers are split (`camelCase`, `snake_case`, `IPv4`) and also kept whole,
and words are reduced to a stem of their language. Czech is inflected so freely that its first five letters serve
better than a stemmer (nDCG@10 on Czech sections: unfolded .375, folded .381, Snowball .468, five letters .491); such
terms carry a `~`, so that they never meet English ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat

import Stemmer

VERSION = 1
"""Part of what makes a word index stale: raise it when the same text would give other terms."""
_CZECH_LETTERS = frozenset("ěščřžýáíéúůňťďĚŠČŘŽÝÁÍÉÚŮŇŤĎ")
PREFIX = 5
"""Letters of a Czech or Slovak word that stand for it."""

_WORD = re.compile(r"[^\W_]+(?:[_'’][^\W_]+)*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_CZECH_WORDS = frozenset(
    "aby ale ani ano asi az bez bude budou byl byla bylo byt ci clanek co coz dalsi dnes ho jak jako je jeho jej jeji jen"
    " jenz jeste ji jiz jsem jsi jsme jsou jste kde kdo kdy kdyz ke ktera ktere ktery kteri ma mate maji mezi mi mne mnou"
    " moje muj muze muzete na nad nam nami nas nasi ne nebo nebot neni nez nic od ona oni ono podle"
    " pokud pouze prave pro proc proto protoze prvni pred pri se si svych tak take takze tam tato"
    " tedy tento teto ti tim timto tohle toho tohoto tom tomto tomu tu tuto ty tyto uz vam vas vase ve vsak"
    " vsechno vy za zda zde ze byli sve pres kolik jsem ktereho kterou nejsou jeste pak".split()
)
_CZECH_SMALL = frozenset("a i k o s u v z do by to on ten po ani az".split())
"""Czech words too short or too English to tell anything, but without meaning of their own."""
_ENGLISH_WORDS = frozenset(
    "about after all also an and are as at be because been before but by can could did do does for from had has have"
    " he her his how i if in into is it its just like more most my no not now of on one only or other our out over she"
    " so some such than that the their them then there these they this to up use used was we were what when where"
    " which who why will with would you your".split()
)
STOPWORDS = _CZECH_WORDS | _CZECH_SMALL | _ENGLISH_WORDS
"""Folded words that carry no meaning of their own in Czech or English."""

_english = Stemmer.Stemmer("english", 0)


def fold(text: str) -> str:
    """Lower case without diacritics: `Kůň` → `kun`. Keeps the number of words, not of code points."""
    return _without_marks(text).casefold()


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of a text as written, identifiers whole."""
    return _WORD.findall(text)


def language(text: str) -> str:
    """`cs` or `en`, whichever's small words are more; `""` when there are hardly any (code, tables, other languages).

    Letters that only Czech has count, too: in a short note ("Plán zahrady") they are often all there is.
    """
    text = text[:4000]
    found = _WORD.findall(text.lower()) if text.isascii() else [fold(word) for word in _WORD.findall(text)]
    czech = sum(map(_CZECH_WORDS.__contains__, found))
    english = sum(map(_ENGLISH_WORDS.__contains__, found))
    letters = 0 if text.isascii() else sum(map(_CZECH_LETTERS.__contains__, text))
    czech += letters // 4 if english else max(letters // 4, min(letters, 1 + len(found) // 40))
    if max(czech, english) < max(1, len(found) // 40):
        return ""
    return "cs" if czech > english else "en"


def languages(texts: Sequence[str]) -> list[str]:
    """The language of each passage of one document. In a mostly Czech document all are Czech: what it holds of other
    languages are quotations and names, which Czech inflects."""
    found = [language(text) for text in texts]
    return ["cs"] * len(found) if 2 * found.count("cs") > len(found) else found


def terms(text: str, lang: str) -> str:
    """The terms of a document's text, separated by spaces, in order.

    Every word gives its English stem, which for a word of another language is just its folded form; in a Czech text it
    also gives its first letters, marked.
    """
    return " ".join(filter(None, map(_terms, _WORD.findall(text), repeat(lang == "cs"))))


@lru_cache(maxsize=200_000)
def _terms(word: str, czech: bool) -> str:
    """The terms of one word, separated by spaces; none for what holds no letter that is kept."""
    parts = parts_of(word)
    found = [stem(part) for part in parts]
    if czech:
        found += [root(part) for part in parts]
    whole = fold(word.replace("_", "").replace("'", "").replace("’", ""))
    if parts != (whole,):
        found.append(whole)
    return " ".join(term for term in found if term)


@lru_cache(maxsize=50_000)
def parts_of(word: str) -> tuple[str, ...]:
    """The folded words an identifier is made of; one for an ordinary word. Single letters of compounds say nothing."""
    parts = [part.casefold() for part in _PART.findall(_without_marks(word))]
    return tuple(part for part in parts if len(part) > 1) if len(parts) > 1 else (fold(word),)


def stems_of(word: str) -> tuple[str, ...]:
    """Terms under which any text may hold the parts of `word`, the whole of a compound last."""
    return tuple(_terms(word, False).split())


@lru_cache(maxsize=50_000)
def stem(folded: str) -> str:
    """The English stem of a folded word."""
    found: str = _english.stemWord(folded)
    return found


@lru_cache(maxsize=50_000)
def part_stems(word: str) -> frozenset[str]:
    """English stems of the parts of `word`, without the whole of a compound."""
    return frozenset(stem(part) for part in parts_of(word))


def roots_of(word: str) -> tuple[str, ...]:
    """Terms under which Czech texts hold the parts of `word` in any inflection."""
    return tuple(root(part) for part in parts_of(word))


@lru_cache(maxsize=50_000)
def query_terms(word: str) -> tuple[str, ...]:
    """All terms under which a document may hold `word`: alternatives, not a sequence."""
    return tuple(dict.fromkeys([*stems_of(word), *roots_of(word)]))


def root(folded: str) -> str:
    """The first letters of a folded Czech word, marked."""
    return "~" + folded[:PREFIX]


def quoted(alternatives: Iterable[str]) -> str:
    """An FTS5 expression that matches any of the terms."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in alternatives)
