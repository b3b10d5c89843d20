"""Markdown: sections with their heading path, fenced code kept whole, front matter as metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ask.indexer.documents import Block, Document
from ask.indexer.extract.pieces import trimmed
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT = re.compile(r"---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|$)", re.DOTALL)
_SUFFIXES = [".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdx", ".rmd", ".qmd", ".mdwn"]


@extractor("markdown", suffixes=_SUFFIXES)
def read_markdown(source: Source) -> Iterator[Document]:
    """One document, its text that of the file, a block for each part of Markdown's outermost structure."""
    text = text_of(source)
    front, start = front_matter(text)
    blocks, title = _structure(text, start)
    yield Document(
        text,
        "note",
        title=str(front.get("title") or title),
        member=source.member,
        blocks=tuple(blocks),
        date=as_datetime(front.get("date") or front.get("created")),
        people=tuple(as_list(front.get("author") or front.get("authors"))),
        facts={"tags": ", ".join(tags)} if (tags := as_list(front.get("tags"))) else {},
    )


def front_matter(text: str) -> tuple[Mapping[str, Any], int]:
    """Metadata at the top between lines of dashes, and where the text after it starts. Broken YAML is just text."""
    import yaml

    match = _FRONT.match(text)
    if match is None:
        return {}, 0
    try:
        found = yaml.safe_load(match.group(1))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, 0
    return (found, match.end()) if isinstance(found, dict) else ({}, 0)


def as_list(value: object) -> list[str]:
    """Words of a front matter field, which may be a list or a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list):
        return [str(part).strip() for part in value if isinstance(part, str | int | float)]
    return []


def as_datetime(value: object) -> datetime | None:
    """A date of front matter with its time zone; the local one when it names none."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime):
            return value.astimezone() if value.tzinfo is None else value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _structure(text: str, start: int) -> tuple[list[Block], str]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table").disable(["inline"])
    tokens = parser.parse(text[start:])
    offsets = _line_offsets(text, start)
    blocks: list[Block] = []
    if span := trimmed(text, 0, start):
        blocks.append(Block(*span))
    path: list[tuple[int, str]] = []
    title = ""
    for position, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        if token.type == "heading_open":
            level, name = int(token.tag[1]), _plain(tokens[position + 1].content)
            path = [(above, other) for above, other in path if above < level] + [(level, name)]
            if level == 1 and not title:
                title = name
        blocks += _blocks_of(text, tokens, position, offsets, tuple(name for _, name in path))
    return blocks, title


def _blocks_of(
    text: str, tokens: Sequence[Token], position: int, offsets: Sequence[int], heading: tuple[str, ...]
) -> Iterator[Block]:
    token = tokens[position]
    if token.map is None:
        return
    first, last = token.map
    if span := trimmed(text, offsets[first], offsets[min(last, len(offsets) - 1)]):
        yield Block(*span, heading, whole=token.type == "fence")


def _line_offsets(text: str, start: int) -> list[int]:
    offsets = [start]
    while (newline := text.find("\n", offsets[-1])) >= 0:
        offsets.append(newline + 1)
    offsets.append(len(text))
    return offsets


def _plain(heading: str) -> str:
    """A heading without the marks of Markdown."""
    heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}", r"\1", heading).strip()
