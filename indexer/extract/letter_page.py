"""The text of a mail that is a web page, without what it quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ask.indexer.extract.html import without_markup
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.walk import Walk

if TYPE_CHECKING:
    from lxml.etree import _Element

_QUOTED = (
    "blockquote[@type='cite']",
    "*[contains(concat(' ', @class, ' '), ' gmail_quote ')]",
    "*[contains(@class, 'moz-cite-prefix') or contains(@class, 'gmail_attr')]",
    "*[contains(@class, 'yahoo_quoted') or contains(@class, 'protonmail_quote')]",
    "*[contains(@class, 'moz-signature') or contains(@class, 'gmail_signature')]",
    "*[@id='divRplyFwdMsg' or @id='appendonsend' or @id='mail-editor-reference-message-container']",
    "*[@id='divRplyFwdMsg']/following-sibling::*",
)
"""How mail programs mark quoted text and signatures."""
_FORWARDED = ("forwarded message", "přeposlaná zpráva", "weitergeleitete nachricht", "message transféré")


def page_pieces(html: str, lines: Sequence[int], forwarded: bool) -> tuple[Pieces, int]:
    """The readable text of a page that is new, and how many lines of text were left out.

    `lines` are the source lines of the page's own lines; where they are unknown, so are those of the text.
    """
    root = _tree(html)
    if root is None:
        return _bare(html, lines), 0
    whole = _walked(root)
    quoted = [] if forwarded else _quoted(root)
    for element in quoted:
        _remove(element)
    new = _walked(root) if quoted else whole
    chosen = new if new.blocks else whole
    left_out = whole.text.count("\n") - chosen.text.count("\n")
    chosen.lines = _moved(chosen.lines, lines)
    return chosen, max(left_out, 0)


def _tree(html: str) -> _Element | None:
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_pis=True)
    try:
        return etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None


def _walked(root: _Element) -> Pieces:
    walk = Walk()
    walk.page(root)
    return walk.pieces


def _quoted(root: _Element) -> list[_Element]:
    from lxml import etree

    found = root.xpath("|".join(f".//{path}" for path in _QUOTED))
    elements = [element for element in found if isinstance(element, etree._Element)] if isinstance(found, list) else []
    return [element for element in elements if not _passes_on(element)]


def _passes_on(element: _Element) -> bool:
    start = "".join(map(str, element.itertext()))[:200].casefold()
    return any(words in start for words in _FORWARDED)


def _remove(element: _Element) -> None:
    """Take an element out; the text behind it stays."""
    above = element.getparent()
    if above is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            above.text = (above.text or "") + element.tail
    above.remove(element)


def _moved(marks: Sequence[tuple[int, int]], lines: Sequence[int]) -> list[tuple[int, int]]:
    """Marks with lines of the page turned into marks with lines of the file."""
    return [(offset, lines[min(line, len(lines)) - 1]) for offset, line in marks] if lines else []


def _bare(html: str, lines: Sequence[int]) -> Pieces:
    pieces = Pieces()
    text = without_markup(html)
    for start, end in paragraphs(text):
        pieces.add(text[start:end], line=text.count("\n", 0, start) + 1)
    pieces.lines = _moved(pieces.lines, lines)
    return pieces
