"""From the tree of a web page to its readable text, in one pass without recursion."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from ask.indexer.extract.pieces import Pieces

if TYPE_CHECKING:
    from lxml.etree import _Element

_UNSEEN = frozenset(
    ["script", "style", "noscript", "template", "svg", "head", "object", "embed", "iframe", "audio", "video", "canvas"]
)
"""Elements whose content nobody reads."""
_NAVIGATION = frozenset(["nav", "menu", "dialog", "button", "select", "option", "datalist", "input", "map"])
_BLOCKS = frozenset(
    [
        *("html", "body", "main", "article", "section", "header", "footer", "aside", "address", "hgroup"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "blockquote", "center", "div", "hr", "fieldset", "legend"),
        *("ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "figure", "figcaption", "form", "frameset"),
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "noframes", "search"),
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LAYOUT = ("table", "h1", "h2", "h3", "h4", "ul", "ol", "pre", "form", "article", "section")
_LINES_ARE_KNOWN = 65_535
"""libxml2 keeps no higher line number."""
_APART = "\0"
"""Between two elements without anything between their tags."""
_SPACES = re.compile(r"\s+")


class Walk:
    """Gathers text between block elements and adds it as a piece with its heading path and source lines."""

    def __init__(self, navigation: bool = False) -> None:
        self.pieces = Pieces()
        self.skipped = 0
        """Code points of navigation left out."""
        self._unseen = _UNSEEN if navigation else _UNSEEN | _NAVIGATION
        self._path: list[tuple[int, str]] = []
        self._inline: list[tuple[str, int]] = []
        self._line = 1
        self._as_written = 0
        """How many `pre` are open."""
        self._tables: list[bool] = []
        """For each open table: it holds data, so each of its rows is a line."""
        self._cells = 0
        self._just_closed = False

    def page(self, root: _Element) -> None:
        """Walk the whole tree."""
        from lxml import etree

        events = etree.iterwalk(root, events=("start", "end", "comment"))
        for event, element in events:
            if event == "end":
                self._leave(element)
                self._just_closed = element.tail is None
                self._text(element.tail)
                continue
            self._locate(element)
            if self._just_closed:  # pages set such elements apart by style, not by a space
                self._inline.append((_APART, self._line))
                self._just_closed = False
            if event == "comment":
                self._line += (element.text or "").count("\n")
                self._text(element.tail)
            elif self._is_unseen(element):
                self._skip(element)
                events.skip_subtree()
            else:
                self._enter(element)
                self._text(element.text)
        self._flush()

    def _locate(self, element: _Element) -> None:
        line: object = element.sourceline
        if isinstance(line, int) and 0 < line < _LINES_ARE_KNOWN:
            self._line = line

    def _is_unseen(self, element: _Element) -> bool:
        return element.tag in self._unseen or (element.get("role") == "navigation" and "nav" in self._unseen)

    def _skip(self, element: _Element) -> None:
        content = "".join(str(part) for part in element.itertext())
        self._line += content.count("\n")
        if element.tag not in _UNSEEN:
            self.skipped += len(content.strip())

    def _in_row(self) -> bool:
        return bool(self._tables and self._tables[-1])

    def _enter(self, element: _Element) -> None:
        tag = element.tag
        if tag == "br":
            self._inline.append(("\n", self._line))
        elif self._in_row():
            if tag in ("td", "th"):
                self._inline.append((" | " if self._cells else "", self._line))
                self._cells += 1
            elif tag in _BLOCKS:
                self._inline.append((" ", self._line))
        elif tag in _BLOCKS:
            self._flush()
            self._as_written += tag == "pre"
            if tag == "li":
                self._inline.append(("- ", self._line))
        if tag == "table":
            self._tables.append(_holds_data(element))
            self._cells = 0

    def _leave(self, element: _Element) -> None:
        tag = element.tag
        if tag == "table":
            self._flush()
            self._tables.pop()
        elif tag in ("tr", "caption") or (tag in _BLOCKS and not self._in_row()):
            if level := _HEADINGS.get(str(tag)):
                self._open_section(level)
            self._flush()
            self._cells = 0
            self._as_written -= tag == "pre"
        elif tag in _BLOCKS:
            self._inline.append((" ", self._line))

    def _open_section(self, level: int) -> None:
        name = _SPACES.sub(" ", _joined(self._inline, False)[0])
        if name:
            self._path = [part for part in self._path if part[0] < level] + [(level, name)]

    def _text(self, text: str | None) -> None:
        if not text:
            return
        first, *others = text.split("\n")
        self._inline.append((first, self._line))
        for other in others:
            self._line += 1
            self._inline.append(("\n" if self._as_written else " ", self._line))
            self._inline.append((other, self._line))

    def _flush(self) -> None:
        inline, self._inline = self._inline, []
        text, marks = _joined(inline, bool(self._as_written))
        if text.strip(" -|\n"):
            heading = tuple(name for _, name in self._path)
            self.pieces.add(text, marks=marks, heading=heading, whole=bool(self._as_written))


def _holds_data(table: _Element) -> bool:
    """False for a table that only lays out a page: headings, lists, other tables, or several paragraphs in a cell."""
    if next((element for element in table.iter(*_LAYOUT) if element is not table), None) is not None:
        return False
    return all(len(list(islice(cell.iter("p", "div"), 2))) < 2 for cell in table.iter("td"))


def _joined(inline: list[tuple[str, int]], as_written: bool) -> tuple[str, list[tuple[int, int]]]:
    """One text from inline pieces, blanks collapsed unless `as_written`; (offset, source line) where lines begin."""
    parts: list[str] = []
    marks: list[tuple[int, int]] = []
    length = 0
    apart = False
    for text, line in inline:
        if text == _APART:
            apart = not as_written
            continue
        if apart and parts and parts[-1][-1].isalnum() and text[:1].isalnum():
            text = f" {text}"
        apart = apart and not text
        if not as_written and text != "\n":
            text = _SPACES.sub(" ", text)
            if not parts or parts[-1][-1] in " \n":
                text = text.lstrip()
        if not text:
            continue
        if not text.isspace() and (not marks or marks[-1][1] != line):
            marks.append((length, line))
        parts.append(text)
        length += len(text)
    return "".join(parts).rstrip(), marks
