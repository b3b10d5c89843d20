"""Web pages: readable text with headings, through lxml's forgiving parser.

Every text that a reader would see is kept, except navigation; docs/formats.md tells what was measured instead of
lxml. `walk` turns the tree into pieces that know their source lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.moments import moment
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.walk import Walk

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element

_CHARSET = re.compile(
    rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']([\w.:-]+)""", re.IGNORECASE
)
_DATES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "dcterms.created",
    "dc.date.created",
    "dc.date.issued",
    "dcterms.date",
    "dc.date",
    "pubdate",
    "publishdate",
    "publish-date",
    "publication_date",
    "citation_publication_date",
    "parsely-pub-date",
    "sailthru.date",
    "date",
)
"""Names of meta tags that state when a page was written, the most telling first."""

_SPACES = re.compile(r"\s+")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[!/?]?[a-zA-Z][^<>]*>", re.DOTALL | re.IGNORECASE)


@extractor(
    "html",
    suffixes=[".html", ".htm", ".xhtml", ".xht", ".shtml"],
    magic=[b"<!DOCTYPE html", b"<!doctype html", b"<!DOCTYPE HTML", b"<html", b"<HTML"],
)
def read_html(source: Source) -> Iterator[Document]:
    """One document: what a reader of the page would see."""
    text = text_of(source, declared_encoding(source.data))
    root = _tree(text)
    if root is None:
        yield _bare(source, without_markup(text))
        return
    pieces = _pieces(root)
    if not pieces.blocks:
        raise Unreadable("empty", "a page without text")
    meta = _meta(root)
    yield Document(
        pieces.text,
        "page",
        title=_title(root) or meta.get("og:title", ""),
        member=source.member,
        blocks=tuple(pieces.blocks),
        date=_date(meta, root),
        people=(meta["author"],) if meta.get("author") else (),
        language=(root.get("lang") or "").partition("-")[0].strip().lower(),
        lines=tuple(pieces.lines),
        facts={"description": meta["description"]} if meta.get("description") else {},
    )


def _bare(source: Source, text: str) -> Document:
    if not text.strip():
        raise Unreadable("empty", "a page without text")
    return Document(text, "page", member=source.member, blocks=tuple(Block(*span) for span in paragraphs(text)))


def declared_encoding(data: bytes) -> str:
    """The encoding that a page or XML file names in its first bytes; empty when it names none."""
    match = _CHARSET.search(data, 0, 4096)
    return (match.group(1) or match.group(2)).decode("ascii", "replace") if match else ""


def _tree(text: str) -> _Element | None:
    """The tree of a page; None when it nests deeper than libxml2 goes, where text would be lost."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.LxmlError:
        return None
    return None if root is None or any("depth" in error.message for error in parser.error_log) else root


def _pieces(root: _Element) -> Pieces:
    """The readable text; navigation too when there would be little else, as on pages that never close their `nav`."""
    walk = Walk()
    walk.page(root)
    if walk.skipped > 3 * walk.pieces.length:
        walk = Walk(navigation=True)
        walk.page(root)
    return walk.pieces


def without_markup(text: str) -> str:
    """A page that no parser takes: its text with the tags blanked, so that lines stay true."""
    return _MARKUP.sub(lambda match: "\n" * match.group().count("\n") or " ", text)


def _title(root: _Element) -> str:
    title = next(root.iter("title"), None)
    return _SPACES.sub(" ", "".join(map(str, title.itertext()))).strip() if title is not None else ""


def _meta(root: _Element) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").strip().lower()
        if content := _SPACES.sub(" ", meta.get("content") or "").strip():
            found.setdefault(name, content)
    return found


def _date(meta: Mapping[str, str], root: _Element) -> datetime | None:
    for name in _DATES:
        if name in meta and (date := moment(meta[name])):
            return date
    stated = (time.get("datetime") for time in root.iter("time") if time.get("pubdate") is not None)
    return moment(next(stated, None))
