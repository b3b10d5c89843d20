"""A tree of XML without declarations, entities, network or depth without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ask.indexer.errors import Unreadable
from ask.indexer.extract.html import declared_encoding
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source
from ask.indexer.extract.xml import without_declarations

if TYPE_CHECKING:
    from lxml.etree import _Element

LINES_ARE_KNOWN = 65_535
"""libxml2 keeps no higher line number."""


def tree_of(source: Source) -> _Element:
    """The root of a source; damage in it is passed over as far as libxml2 can. Lines are those of the file.

    Raises `Unreadable("damaged")` when nothing is left.
    """
    root = parsed(text_of(source, declared_encoding(source.data)))
    if root is None:
        raise Unreadable("damaged", "XML that cannot be parsed")
    return root


def parsed(text: str) -> _Element | None:
    """The root of a text in XML; None when there is none."""
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=False, recover=True, remove_pis=True
    )
    try:
        return etree.fromstring(without_declarations(text).encode(), parser)
    except (etree.LxmlError, ValueError):
        return None


def local_name(element: _Element) -> str:
    """The name of an element without its namespace; empty for comments."""
    tag: object = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def child_text(element: _Element, *names: str) -> str:
    """The text of the first child that has one of the names, blanks collapsed; empty when there is none."""
    return " ".join("".join(map(str, child.itertext())).split()) if (child := find(element, *names)) is not None else ""


def find(element: _Element, *names: str) -> _Element | None:
    """The first child with one of the names, in the order of the names."""
    for name in names:
        for child in element:
            if local_name(child) == name:
                return child
    return None


def line_of(element: _Element) -> int | None:
    """The source line of an element; None where libxml2 has stopped counting."""
    line: object = element.sourceline
    return line if isinstance(line, int) and 0 < line < LINES_ARE_KNOWN else None
