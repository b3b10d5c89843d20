"""Text that comes with a question – piped in, a file, the clipboard – as passages like any other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ask.generator.context import Library
from ask.generator.extractive import Embedder
from ask.generator.sentences import sentences
from ask.generator.words import full_stems, language, stems
from ask.retriever.hits import Hit, Results

PIECE = 900
"""Code points of one passage, about 200 tokens."""
MOST = 2_000_000
"""Code points of material that are looked at; the rest is named in the notes."""


def passages(question: str, name: str, text: str, embedder: Embedder | None, most: int = 8) -> Results:
    """The pieces of `text` that bear on the question, best first; all of them when they are few.

    `name` stands where a path would: `standard input`, `clipboard`, or the path of a file.
    """
    read = text[:MOST]
    pieces = _pieces(read)
    scores = _scores(question, [read[start:end] for start, end in pieces], embedder)
    best = sorted(range(len(pieces)), key=lambda at: -scores[at])[:most]
    hits = tuple(_hit(rank, name, read, pieces[at], scores[at]) for rank, at in enumerate(best, 1))
    notes = (f"only the first {MOST} characters of {name} were read",) if len(text) > MOST else ()
    return Results(question, hits, notes=notes)


def _pieces(text: str) -> list[tuple[int, int]]:
    """Runs of whole sentences up to `PIECE` long."""
    pieces: list[tuple[int, int]] = []
    for sentence in sentences(text):
        if pieces and sentence.end - pieces[-1][0] <= PIECE:
            pieces[-1] = (pieces[-1][0], sentence.end)
        else:
            pieces.append((sentence.start, sentence.end))
    return pieces


def _scores(question: str, pieces: list[str], embedder: Embedder | None) -> list[float]:
    """Share of the question's words, and meaning where a model is at hand and there are not too many pieces."""
    spoken = language(question)
    asked = set(full_stems(question, spoken))
    shares = [len(asked & set(stems(piece, spoken))) / max(len(asked), 1) for piece in pieces]
    if embedder is None or not pieces:
        return shares
    few = sorted(range(len(pieces)), key=lambda at: -shares[at])[:64]
    vectors = embedder.embed([question, *(pieces[at] for at in few)])
    for at, cosine in zip(few, np.asarray(vectors[1:] @ vectors[0]), strict=True):
        shares[at] += float(cosine)
    return shares


def _hit(rank: int, name: str, text: str, piece: tuple[int, int], score: float) -> Hit:
    start, end = piece
    line = text.count("\n", 0, start) + 1
    inside = text[start:end]
    return Hit(
        rank=rank,
        score=score,
        id=-rank,
        path=name,
        document=None,
        kind="note",
        title="",
        line=line,
        end_line=line + inside.count("\n"),
        page=None,
        date=None,
        snippet=inside[:300],
        why={"material": score},
        text=inside,
        start=start,
    )


class WithMaterial:
    """A library that also knows the texts that came with the question, by name."""

    def __init__(self, library: Library, texts: Mapping[str, str]) -> None:
        self._library = library
        self._texts = texts

    def neighbours(self, hit: Hit, before: int, after: int) -> str:
        """See `context.Library`."""
        if hit.id >= 0 or hit.path not in self._texts:
            return self._library.neighbours(hit, before, after)
        return self._texts[hit.path][max(hit.start - before, 0) : hit.start + len(hit.text) + after]

    def text_now(self, hit: Hit) -> str | None:
        """What came with the question is what it is."""
        if hit.id >= 0 or hit.path not in self._texts:
            return self._library.text_now(hit)
        return self._texts[hit.path]
