"""Recordings: title, artist, album and the other tags, through tinytag. The sound itself is not listened to."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import paragraphs
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import normalise, one_line

if TYPE_CHECKING:
    from tinytag import TinyTag

_SUFFIXES = [".mp3", ".m4a", ".m4b", ".ogg", ".oga", ".opus", ".flac", ".wav", ".wma", ".aiff", ".aif", ".aifc"]
_PEOPLE = ("artist", "albumartist", "composer")
_SHOWN = ("title", "artist", "album", "albumartist", "composer", "genre", "year", "comment")


@extractor("sound", suffixes=_SUFFIXES)
def read_sound(source: Source) -> Iterator[Document]:
    """One document of kind "sound". Raises `Unreadable` "damaged", or "empty" when there are no tags."""
    from tinytag import TinyTag, TinyTagException

    try:
        tags = TinyTag.get(filename=source.name, file_obj=io.BytesIO(source.data), image=False)
    except TinyTagException as problem:
        raise Unreadable("damaged", str(problem)) from problem
    lines = [f"{name}: {value}" for name in _SHOWN if (value := _said(tags, name))]
    lyrics = "\n\n".join(normalise(each) for each in tags.other.get("lyrics", ()))
    if not any(_said(tags, name) for name in _SHOWN if name not in ("genre", "year")) and not lyrics:
        raise Unreadable("empty", "a recording without tags")
    text = "\n\n".join(filter(str.strip, ["\n".join(lines), lyrics]))
    yield Document(
        text,
        "sound",
        _said(tags, "title"),
        source.member,
        tuple(Block(*span) for span in paragraphs(text)),
        people=tuple(dict.fromkeys(filter(None, (_said(tags, name) for name in _PEOPLE)))),
        lines=(),
        facts=_facts(tags),
    )


def _said(tags: TinyTag, name: str) -> str:
    value = getattr(tags, name, None)
    return one_line(str(value))[:2_000] if value else ""


def _facts(tags: TinyTag) -> dict[str, str]:
    facts = {name: _said(tags, name) for name in ("album", "genre", "year")}
    if tags.duration:
        facts["length"] = f"{int(tags.duration) // 60}:{int(tags.duration) % 60:02}"
    return {name: value for name, value in facts.items() if value}
