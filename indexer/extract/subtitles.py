"""Subtitles (srt, vtt): what is said, a block for each half minute under the time at which it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

SPAN = 30
"""Seconds of speech that make a block."""

_CUE = re.compile(r"\s*(?:(\d{1,3}):)?(\d\d):(\d\d)[.,]\d{1,3}\s*-->\s*(?:\d{1,3}:)?\d\d:\d\d[.,]\d{1,3}")
_TAG = re.compile(r"<[^>\n]{1,80}>|\{\\[^}\n]{1,80}\}")


@dataclass(slots=True)
class _Scene:
    """Lines that are said within one span."""

    start: int
    """Seconds from the beginning."""
    rows: list[str] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)


@extractor("subtitles", suffixes=[".srt", ".vtt", ".sbv"], magic=[b"WEBVTT"])
def read_subtitles(source: Source) -> Iterator[Document]:
    """One document. Lines that a cue repeats from the one before it, as live captions do, are left out."""
    pieces = Pieces()
    for scene in _scenes(text_of(source)):
        minutes, seconds = divmod(scene.start, 60)
        heading = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        pieces.add("\n".join(scene.rows), heading=(heading,), marks=scene.marks)
    if not pieces.blocks:
        raise Unreadable("damaged", "no subtitle with a time")
    yield Document(pieces.text, "note", member=source.member, blocks=tuple(pieces.blocks), lines=tuple(pieces.lines))


def _scenes(text: str) -> Iterator[_Scene]:
    scene: _Scene | None = None
    rows = text.split("\n")
    speaking = False
    length, before = 0, ""
    for number, row in enumerate(rows, 1):
        if cue := _CUE.match(row):
            speaking = True
            start = int(cue[1] or 0) * 3600 + int(cue[2]) * 60 + int(cue[3])
            if scene is None or not scene.start <= start < scene.start + SPAN:
                if scene:
                    yield scene
                scene, length = _Scene(start), 0
            continue
        words = " ".join(_TAG.sub("", row).split())
        speaking = speaking and bool(row.strip())
        if scene and speaking and words and words != before:
            scene.marks.append((length, number))
            scene.rows.append(words)
            length += len(words) + 1
            before = words
    if scene:
        yield scene
