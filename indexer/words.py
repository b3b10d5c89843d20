"""Text to the terms of the word index, the same way for documents and for questions.

Terms are folded (case and diacritics), identifiers are split (`camelCase`, `snake_case`, `IPv4`) and also kept whole,
and words are reduced to a stem of their language. Czech is inflected so freely that its first five letters serve
better than a stemmer (nDCG@10 on Czech sections: unfolded .375, folded .381, Snowball .468, five letters .491); such
terms carry a `~`, so that they never meet English ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

VERSION = 1
"""Part of what makes a word index stale: raise it when the same text would give other terms."""
PREFIX = 5
"""Letters of a Czech or Slovak word that stand for it."""

_WORD = re.compile(r"[^\W_]+(?:[_'’][^\W_]+)*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_CZECH_WORDS = frozenset(
    "a aby ale ani ano asi az bez bude budou by byl byla bylo byt co coz dalsi do har i jak jako je jeho jej jeji jen"
    " jenz jeste ji jiz jsem jsi jsme jsou jste k kde kdo kdy kdyz ke ktera ktere ktery kteri ma maji mezi mi mne mnou"
    " moje muj muze na nad nam nami nas nasi ne nebo nebot neni nez nic nove ny o od on ona oni ono pak po pod podle"
    " pokud pouze prave pro proc proto protoze prvni pred pri re s se si strana sve svych ta tak take takze tam tato"
    " tedy ten tento teto ti tim timto to tohle toho tohoto tom tomto tomu tu tuto ty tyto uz v vam vas vase ve vsak"
    " vsechno vy vyhledat z za zda zde ze".split()
)
_ENGLISH_WORDS = frozenset(
    "a about after all also an and are as at be because been before but by can could did do does for from had has have"
    " he her his how i if in into is it its just like more most my no not now of on one only or other our out over she"
    " so some such than that the their them then there these they this to up use used was we were what when where"
    " which who why will with would you your".split()
)
STOPWORDS = _CZECH_WORDS | _ENGLISH_WORDS
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
    """`cs` or `en`, whichever's small words are more; `""` when there are hardly any (code, tables, other languages)."""
    found = [fold(word) for word in _WORD.findall(text[:4000])]
    czech = sum(1 for word in found if word in _CZECH_WORDS and word not in _ENGLISH_WORDS)
    english = sum(1 for word in found if word in _ENGLISH_WORDS and word not in _CZECH_WORDS)
    if max(czech, english) < max(2, len(found) // 50):
        return ""
    return "cs" if czech > english else "en"


def terms(text: str, lang: str) -> str:
    """The terms of a document's text in its language, separated by spaces, in order."""
    return " ".join(term for word in _WORD.findall(text) for term in _document_terms(word, lang == "cs"))


@lru_cache(maxsize=200_000)
def _document_terms(word: str, czech: bool) -> tuple[str, ...]:
    parts = [part.casefold() for part in _PART.findall(_without_marks(word))] or [fold(word)]
    found = [_czech_stem(part) if czech else _english.stemWord(part) for part in parts]
    if len(parts) > 1:
        found.append(fold(word.replace("_", "").replace("'", "").replace("’", "")))
    return tuple(term for term in found if term)


def query_terms(word: str) -> tuple[str, ...]:
    """All terms under which a document may hold `word`, for any language: alternatives, not a sequence."""
    found = [*_document_terms(word, False), *_document_terms(word, True)]
    return tuple(dict.fromkeys(found))


def _czech_stem(folded: str) -> str:
    return "~" + folded[:PREFIX] if folded.isalpha() else folded


def quoted(alternatives: Iterable[str]) -> str:
    """An FTS5 expression that matches any of the terms."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in alternatives)
