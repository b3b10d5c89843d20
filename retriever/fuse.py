"""Scores of several kinds into one: a sum of scores, not of ranks.

Reciprocal rank fusion forgets by how much the first is better than the second; a sum of scores does not, and wins on
every set measured (docs/retrieval.md). The unit is the cosine. Meaning counts as far as the model knows the language
of the question; where it does not, whole documents count more than single passages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ask.retriever.lexical import Lexical

UNSURE, SURE = 0.03, 0.63
"""What the best match by words is worth, passage and document together: less where ten documents match alike than
where one stands out (`Lexical.separation`). Questions about prose separate well (0.5 to 0.8), those about code badly
(0.3)."""
DOCUMENT = 0.30
"""Share of the document in that when the model knows the language; `DOCUMENT_ALONE` when it does not."""
DOCUMENT_ALONE = 0.80
CUE_WORDS = 0.5
"""What the words of a question count that only says what kind of thing, when and from whom: a page with the heading
"links" is not the link from Petr."""
COVERAGE = 0.10
"""What it is worth to hold all words of the question rather than a few."""
BEGINNING = 0.10
"""What it is worth that a document begins with what is asked for."""
SYMBOL = 0.20
"""What it is worth when the question says the name of a function or class, and all of it."""
LEAST_MEANING = 0.20
"""How far meaning counts at least: also in a language that the model does not know there are names and loanwords."""
NAME_WORDS = 0.30
"""What it is worth when all words of the question stand in the file's name."""
NAME_MEANING = 0.40
"""How much the meaning of the file's name counts, beside that of its text."""
KNOWN, UNKNOWN = 1.6, 2.4
"""Tokens per word of a question up to which the model surely knows its language, and from which it surely does not.
Measured medians: English 1.0–1.2, questions about code 1.2, Czech 2.3."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that may become a hit, with what each side says of it."""

    id: int
    document: int
    cosine: float
    name_cosine: float = 0.0
    """Of the question and the file's name."""
    name_share: float = 0.0
    """Share of the question's rarity (idf) that stands in the file's name, 0 to 1."""
    named: float = 0.0
    """How well a function or class in it is named by the question, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A candidate with its score, taken apart."""

    id: int
    parts: Mapping[str, float]

    @property
    def score(self) -> float:
        """The sum of the parts."""
        return sum(self.parts.values())


def trust(fragmentation: float) -> float:
    """How far to trust meaning, 0 to 1, from the tokens per word of a question.

    A tokenizer has whole words for the languages its model was trained on and cuts all others to pieces.
    """
    return min(max((UNKNOWN - fragmentation) / (UNKNOWN - KNOWN), 0.0), 1.0)


def fuse(
    candidates: list[Candidate], lexical: Lexical, trusted: float = 1.0, *, only_cues: bool = False
) -> list[Fused]:
    """Candidates with their scores, best first. `trusted` is how far meaning counts, 0 to 1; `only_cues` says that no word
    of the question tells what a text is about."""
    told = CUE_WORDS if only_cues else 1.0
    best_passage = max(lexical.passages.values(), default=0.0) or 1.0
    best_document = max(lexical.documents.values(), default=0.0) or 1.0
    share = DOCUMENT + (DOCUMENT_ALONE - DOCUMENT) * (1 - trusted)
    by_words = UNSURE + (SURE - UNSURE) * lexical.separation()

    def parts(candidate: Candidate) -> dict[str, float]:
        passage = lexical.passages.get(candidate.id, 0.0) / best_passage
        document = lexical.documents.get(candidate.document, 0.0) / best_document
        beginning = lexical.beginnings.get(candidate.document, 0.0) / best_passage
        return {
            "meaning": max(trusted, LEAST_MEANING) * candidate.cosine,
            "words": told * by_words * (1 - share) * passage,
            "document": told * by_words * share * document,
            "beginning": told * BEGINNING * beginning,
            "coverage": told * COVERAGE * lexical.coverage.get(candidate.id, 0.0),
            "name": NAME_WORDS * candidate.name_share + NAME_MEANING * trusted * candidate.name_cosine,
            "symbol": SYMBOL * candidate.named,
        }

    return best_first(Fused(candidate.id, parts(candidate)) for candidate in candidates)


def best_first(fused: Iterable[Fused]) -> list[Fused]:
    """By score; of equals the older chunk first."""
    return sorted(fused, key=lambda one: (-one.score, one.id))


def with_part(fused: Iterable[Fused], name: str, values: Mapping[int, float]) -> list[Fused]:
    """The candidates again, best first; those that have a value with one part more."""
    return best_first(Fused(one.id, {**one.parts, name: values[one.id]}) if one.id in values else one for one in fused)
