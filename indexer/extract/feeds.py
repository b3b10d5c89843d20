"""Lists of links: feeds (RSS, Atom), subscriptions (OPML), and bookmarks that a browser exported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.chat_export import local
from ask.indexer.extract.html import read_html
from ask.indexer.extract.letter_page import page_pieces
from ask.indexer.extract.moments import moment
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.records import number
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.safe_xml import child_text, find, line_of, local_name, tree_of
from ask.indexer.extract.xml import read_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

_FEED = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]")
_OPML = re.compile(rb"<opml[\s>]")
_MARK = re.compile(
    r"<h3\b[^>]*>(?P<folder>.*?)</h3>|(?P<close></dl>)|<a\b(?P<attributes>[^>]*)>(?P<name>.*?)</a>(?:\s*<dd>(?P<words>[^<]*))?",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*\"([^\"]*)\"")


@extractor("feed", suffixes=[".rss", ".atom", ".xml"], sniff=lambda source: bool(_FEED.search(source.data[:2_000])))
def read_feed(source: Source) -> Iterator[Document]:
    """A document for each entry of a feed."""
    root = tree_of(source)
    entries = [element for element in root.iter() if local_name(element) in ("item", "entry")]
    found = False
    for position, entry in enumerate(entries, 1):
        if document := _entry(entry, source, str(position)):
            found = True
            yield document
    if not found:
        yield from read_xml(source)


def _entry(entry: _Element, source: Source, position: str) -> Document | None:
    title = child_text(entry, "title")
    pieces = Pieces()
    pieces.add(title, marks=[(0, line)] if (line := line_of(entry)) else ())
    link = _link(entry)
    pieces.add(link, joined=True)
    words = find(entry, "encoded", "content", "description", "summary")
    if words is not None:
        for block in _page(words).split("\n\n"):
            pieces.add(block, marks=[(0, line)] if (line := line_of(words)) else ())
    if not pieces.blocks:
        return None
    author = find(entry, "author", "creator")
    name = (child_text(author, "name") or " ".join((author.text or "").split())) if author is not None else ""
    return Document(
        pieces.text,
        "page",
        title=title,
        member=source.inside(position),
        blocks=tuple(pieces.blocks),
        date=moment(child_text(entry, "pubdate", "published", "date", "updated")),
        people=(name,) if name else (),
        lines=tuple(pieces.lines),
        facts={"url": link} if link else {},
    )


def _link(entry: _Element) -> str:
    links = [element for element in entry if local_name(element) == "link"]
    chosen = next((link for link in links if link.get("rel", "alternate") == "alternate"), links[0] if links else None)
    return (chosen.get("href") or " ".join((chosen.text or "").split())) if chosen is not None else ""


def _page(words: _Element) -> str:
    """The text of HTML inside an element, escaped or not."""
    html = "".join(map(str, words.itertext()))
    return page_pieces(html, (), forwarded=True)[0].text if "<" in html else " ".join(html.split())


@extractor("opml", suffixes=[".opml", ".xml"], sniff=lambda source: bool(_OPML.search(source.data[:2_000])))
def read_opml(source: Source) -> Iterator[Document]:
    """One document: an outline or subscriptions, a line for each entry, its parents as headings."""
    root = tree_of(source)
    body = next((element for element in root.iter() if local_name(element) == "body"), root)
    pieces = Pieces()
    waiting: list[tuple[_Element, tuple[str, ...]]] = [(child, ()) for child in reversed(body)]
    while waiting:
        outline, above = waiting.pop()
        if local_name(outline) != "outline":
            continue
        name = " ".join((outline.get("text") or outline.get("title") or "").split())
        parts = [name, outline.get("htmlUrl") or outline.get("xmlUrl") or outline.get("url"), outline.get("_note")]
        line = line_of(outline)
        joined = bool(pieces.blocks) and pieces.blocks[-1].heading == above
        pieces.add(
            " ".join(part for part in parts if part), heading=above, marks=[(0, line)] if line else (), joined=joined
        )
        waiting.extend((child, (*above, name) if name else above) for child in reversed(outline))
    if not pieces.blocks:
        raise Unreadable("empty", "an outline without entries")
    head = next((element for element in root.iter() if local_name(element) == "head"), root)
    blocks, lines = tuple(pieces.blocks), tuple(pieces.lines)
    yield Document(pieces.text, "note", child_text(head, "title"), source.member, blocks, lines=lines)


@extractor(
    "bookmarks",
    suffixes=[".html", ".htm"],
    sniff=lambda source: b"NETSCAPE-Bookmark-file-1" in source.data[:500],
)
def read_bookmarks(source: Source) -> Iterator[Document]:
    """A document of kind "link" for each bookmark, with its folders as headings and the day it was made."""
    from html import unescape

    text = text_of(source)
    folders: list[str] = []
    reached, line, position = 0, 1, 0
    for mark in _MARK.finditer(text):
        line += text.count("\n", reached, mark.start())
        reached = mark.start()
        if mark["folder"] is not None:
            folders.append(" ".join(unescape(mark["folder"]).split()))
        elif mark["close"]:
            folders = folders[:-1]
        else:
            attributes = {key.lower(): unescape(value) for key, value in _ATTRIBUTE.findall(mark["attributes"])}
            url = attributes.get("href", "")
            if not url.startswith(("http:", "https:", "ftp:", "file:")):
                continue
            position += 1
            name = " ".join(unescape(re.sub(r"<[^>]*>", "", mark["name"])).split())
            words = " ".join(unescape(mark["words"] or "").split())
            yield _bookmark(source, position, line, (name, url, words), tuple(folders), attributes)
    if not position:
        yield from read_html(source)


def _bookmark(
    source: Source,
    position: int,
    line: int,
    rows: tuple[str, str, str],
    folders: tuple[str, ...],
    attributes: dict[str, str],
) -> Document:
    pieces = Pieces()
    for row in rows:
        pieces.add(row, heading=folders, marks=[(0, line)], joined=True)
    tags = attributes.get("tags", "").replace(",", ", ")
    facts = {"url": rows[1], "folder": " / ".join(folders), "tags": tags}
    return Document(
        pieces.text,
        "link",
        title=rows[0],
        member=source.inside(str(position)),
        blocks=tuple(pieces.blocks),
        date=local(number(attributes.get("add_date"))),
        lines=tuple(pieces.lines),
        facts={name: value for name, value in facts.items() if value},
    )
