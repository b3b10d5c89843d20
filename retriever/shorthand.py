"""Names in code that hold a word of the question in another shape: `dir` for directory, `sortkey` for sort, `isfile` for file.

The word index knows words and the parts of `camelCase` and `snake_case`; what programmers shorten or write together is
none of them. It is looked for where it costs nothing, in the best candidates, and only for words that a passage does not
hold as such. For prose there are synonyms (alignment.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ask.indexer import words
from ask.retriever.fuse import Fused, with_part

WORTH = 0.2
"""What it is worth when all words of the question stand there in another shape."""
_WORD, _SHORT, _STEM = 5, 3, 4
"""Letters of a word that is shortened, of what it is shortened to, and of a stem that is found in longer names, at least."""


@dataclass(frozen=True, slots=True)
class Code:
    """The names in a passage of code."""

    id: int
    """Its chunk."""
    language: str
    names: frozenset[str]
    """Parts of names, folded."""
    stems: frozenset[str]

    def lacks(self, words_asked: Iterable[str]) -> list[str]:
        """Those of the folded words that it does not hold as such."""
        return [word for word in words_asked if words.stem(word) not in self.stems]


def read(text: str, chunk: int = 0, language: str = "") -> Code:
    """The names in a text."""
    names = frozenset(part for word in set(words.words(text)) for part in words.parts_of(word))
    return Code(chunk, language, names, frozenset(map(words.stem, names)))


def with_shorthand(code: Sequence[Code], weights: Mapping[str, float], fused: Sequence[Fused]) -> list[Fused]:
    """The candidates again, best first: `code` among them is lifted by the share of the weights of the words asked for
    (`weights`) that its names hold in another shape."""
    shares = ((each.id, share(weights, each)) for each in code)
    return with_part(fused, "shorthand", {i: WORTH * held for i, held in shares if held})


def share(weights: Mapping[str, float], code: Code) -> float:
    """The share of the words' weights that a passage holds in another shape only, 0 to 1."""
    missing = code.lacks(weights)
    return sum(weights[word] for word in missing if is_near(word, code.names)) / (sum(weights.values()) or 1.0)


def is_near(word: str, parts: Collection[str]) -> bool:
    """Whether one of the parts of names is `word` shortened to its beginning, or holds its stem among other letters."""
    if len(word) >= _WORD and any(word[:end] in parts for end in range(_SHORT, len(word) - 1)):
        return True
    stem = words.stem(word)
    return len(stem) >= _STEM and any(stem in part and len(part) > len(word) for part in parts)


def weights(asked: Sequence[str], rarity: Mapping[str, float]) -> dict[str, float]:
    """The telling parts of the words asked for with their rarity; what stands nowhere counts as the rarest."""
    highest = max(rarity.values(), default=1.0)
    telling = dict.fromkeys(part for word in asked for part in words.parts_of(word))
    return {
        part: rarity.get(words.stem(part), highest) for part in telling if len(part) > 2 and part not in words.STOPWORDS
    }
