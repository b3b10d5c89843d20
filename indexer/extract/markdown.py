"""Markdown: sections with their heading path, fenced code kept whole, front matter as metadata."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ask.indexer.documents import Block, Document
from ask.indexer.extract.moments import moment
from ask.indexer.extract.pieces import trimmed
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONG_LIST = 800
"""Code points; the items of a longer list are blocks of their own."""

_YAML = re.compile(r"---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|$)", re.DOTALL)
_TOML = re.compile(r"\+\+\+[^\S\n]*\n(.*?)\n\+\+\+[^\S\n]*(?:\n|$)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,3}|`+)(?=\S)(.+?)(?<=\S)\1")
_HTML_TITLE = re.compile(r"<h1\b[^>]*>(.{1,300}?)</h1>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SUFFIXES = [".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdwn", ".mdx", ".rmd", ".qmd"]


@extractor("markdown", suffixes=_SUFFIXES)
def read_markdown(source: Source) -> Iterator[Document]:
    """One document, its text that of the file, a block for each part of Markdown's outermost structure.

    The block of a heading carries the path that ends with itself, as the blocks below it do.
    """
    text = text_of(source)
    front, start = front_matter(text)
    tokens = _parser().parse(text[start:])
    yield Document(
        text,
        "note",
        title=_word(front.get("title")) or _title(tokens, text[start : start + 5_000]),
        member=source.member,
        blocks=tuple(_blocks(text, start, tokens)),
        date=moment(front.get("date") or front.get("created")),
        people=tuple(_words(front.get("author") or front.get("authors"))),
        language=_word(front.get("lang")).partition("-")[0].lower(),
        facts={"tags": ", ".join(tags)} if (tags := _words(front.get("tags") or front.get("keywords"))) else {},
    )


def front_matter(text: str) -> tuple[Mapping[str, Any], int]:
    """Metadata between lines of dashes (YAML) or pluses (TOML) at the top, and where the text after it starts.

    What does not parse is just text.
    """
    import yaml

    found: object = None
    try:
        if match := _YAML.match(text):
            found = yaml.safe_load(match.group(1))
        elif match := _TOML.match(text):
            found = tomllib.loads(match.group(1))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError):
        # safe_load raises more than YAMLError: impossible dates, unhashable keys, odd tags
        return {}, 0
    return (found, match.end()) if match and isinstance(found, dict) else ({}, 0)


def _word(value: object) -> str:
    return " ".join(str(value).split()) if isinstance(value, str | int | float) else ""


def _words(value: object) -> list[str]:
    """Entries of a field that may be a list or a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [word for part in value if (word := _word(part))] if isinstance(value, list) else []


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Only blocks are wanted. Without `reference`, link definitions are paragraphs, so no text is lost; that rule is
    # also quadratic in their number.
    return MarkdownIt("commonmark").enable("table").disable(["inline", "reference"])


def _blocks(text: str, start: int, tokens: Sequence[Token]) -> Iterator[Block]:
    if span := trimmed(text, 0, start):
        yield Block(*span)
    offsets = _line_offsets(text, start)
    path: list[tuple[int, str]] = []
    items = False
    for position, token in enumerate(tokens):
        if token.map is None or token.level > items:
            continue
        first, end = offsets[token.map[0]], offsets[token.map[1]]
        if token.type == "heading_open":
            level = int(token.tag[1])
            path = [part for part in path if part[0] < level] + [(level, _shown(tokens[position + 1].content))]
        if token.level == 0:
            items = token.type in _LISTS and end - first > LONG_LIST
        if items and token.type != "list_item_open":
            continue
        if span := trimmed(text, first, end):
            yield Block(*span, tuple(name for _, name in path), whole=token.type == "fence")


_LISTS = frozenset(["bullet_list_open", "ordered_list_open"])


def _line_offsets(text: str, start: int) -> Sequence[int]:
    """Where each line of `text[start:]` begins, and the end of the text as often as a token may point behind it."""
    offsets = [start]
    while (newline := text.find("\n", offsets[-1])) >= 0:
        offsets.append(newline + 1)
    return [*offsets, len(text), len(text)]


def _title(tokens: Sequence[Token], beginning: str) -> str:
    """The first heading of the first level, written in Markdown or HTML."""
    for position, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0:
            return _shown(tokens[position + 1].content)
    html = _HTML_TITLE.search(beginning)
    return " ".join(_TAG.sub(" ", html.group(1)).split()) if html else ""


def _shown(heading: str) -> str:
    """A heading as a reader sees it, without Markdown's marks."""
    return _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", heading)).strip()
