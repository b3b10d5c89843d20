"""Source code: functions and classes as blocks, with their comments, through tree-sitter.

What lies between definitions is cut at blank lines, and so is everything where there is no grammar or the parser found
nothing: a file that does not parse loses structure, never text.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.languages import (
    ASSIGNMENTS,
    BY_INTERPRETER,
    BY_NAME,
    BY_SUFFIX,
    FUNCTION_VALUES,
    IMPERATIVE,
    WRAPPERS,
    Grammar,
    Language,
)
from ask.indexer.extract.pieces import paragraphs, trimmed
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

LONG = 1_500
"""Code points; a longer definition is cut at its blank lines, each part carrying its name as heading."""
SCRIPT = 30_000
"""Code points; a larger file is not taken for a single-file program unless it says so with `#!`."""

_SYMBOL = re.compile(
    r"^[^\S\n]*(?:(?:public|private|protected|static|async|export|create|or|replace|pub|local|export)\s+)*"
    r"(?:def|defun|defmacro|defn|define|function|func|fun|fn|sub|subroutine|procedure|proc|class|module|interface|type|"
    r"struct|trait|table|view|trigger|package|program|unit|message|service|rule|resource|target|task)[!*]?"
    r"\s+(?:if\s+not\s+exists\s+)?[(\"'`\[]?([^\W\d][\w.:$-]*)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Item:
    """A definition found in the tree; offsets in code points."""

    start: int
    end: int
    heading: tuple[str, ...]
    symbol: str
    entered: bool
    """Its inside is cut further: classes and long functions."""


@extractor("code", suffixes=sorted(BY_SUFFIX), names=sorted(BY_NAME))
def read_code(source: Source) -> Iterator[Document]:
    """One document, its text that of the file."""
    text = text_of(source)
    language = BY_NAME.get(source.name.lower()) or BY_SUFFIX[source.suffix]
    yield _document(source, text, language)


@extractor("script", sniff=lambda source: source.data.startswith(b"#!"))
def read_script(source: Source) -> Iterator[Document]:
    """A program whose first line names its interpreter."""
    yield from script_documents(source, text_of(source))


def script_documents(source: Source, text: str) -> Iterator[Document]:
    """The document of a text that starts with `#!`."""
    yield _document(source, text, interpreter(text) or Language("script"))


def interpreter(text: str) -> Language | None:
    """The language of the program that a `#!` line names, whatever its folder, version and flags."""
    for word in text.partition("\n")[0].removeprefix("#!").split():
        name = re.sub(r"[\d.]+$", "", PurePosixPath(word).name.lower())
        if found := BY_INTERPRETER.get(name):
            return found
    return None


def _document(source: Source, text: str, language: Language) -> Document:
    if _minified(text):
        raise Unreadable("machine-written", "minified or generated code")
    tree = _parse(text, language.grammar) if language.grammar else None
    if tree and language.grammar:
        blocks = tuple(_swept(text, _definitions(tree, text, language.grammar)))
    else:
        blocks = tuple(_at_blank_lines(text, 0, len(text), ()))
    kind = "script" if _is_script(text, language, tree) else "code"
    return Document(text, kind, member=source.member, blocks=blocks, language=language.name)


def _minified(text: str) -> bool:
    """Most of the text stands in lines far longer than anybody writes."""
    if len(text) < 5_000 or text.count("\n") * 500 > len(text):
        return False
    return sum(len(line) for line in text.split("\n") if len(line) > 1_000) * 2 > len(text)


def _is_script(text: str, language: Language, tree: Tree | None) -> bool:
    if text.startswith("#!") or language.always_script:
        return True
    if not language.scripting or len(text) > SCRIPT:
        return False
    return tree is None or any(_acts(child) for child in tree.root_node.children)


def _acts(node: Node) -> bool:
    if node.type == "expression_statement" and node.named_child_count:
        inner = node.named_children[0].type
        return "call" in inner or inner in ("echo_statement", "print_intrinsic")
    return node.type in IMPERATIVE or node.type == "echo_statement"


# ── definitions ─────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _parser(grammar: Grammar) -> Parser:
    from tree_sitter import Language as Compiled
    from tree_sitter import Parser

    return Parser(Compiled(getattr(importlib.import_module(grammar.module), grammar.entry)()))


def _parse(text: str, grammar: Grammar) -> Tree:
    return _parser(grammar).parse(text.encode())


def _definitions(tree: Tree, text: str, grammar: Grammar) -> Iterator[_Item]:
    """Definitions in the order of the text, a container before what it holds. Never recurses: trees may be deep."""
    points = _CodePoints(text)
    stack: list[tuple[Node, tuple[str, ...], int, int]] = [(tree.root_node, (), -1, -1)]
    while stack:
        node, heading, start, end = stack.pop()
        if start < 0:
            start, end = node.start_byte, node.end_byte
        inner = heading
        if _defines(node, grammar) and (name := _name(node)):
            entered = node.type in grammar.containers or end - start > LONG
            yield _Item(points.at(start), points.at(end), heading, name, entered)
            if not entered:
                continue
            inner = (*heading, name)
        wrapped = (start, end) if node.type in WRAPPERS else None
        stack += reversed([(child, inner, *(wrapped or span)) for child, span in _children(node)])


def _children(node: Node) -> Iterator[tuple[Node, tuple[int, int]]]:
    """Children that may hold definitions, each with its bytes and those of the comments directly above it."""
    lead: int | None = None
    row = -1  # last row of what came before
    for child in node.children:
        first = child.start_point.row
        if "comment" in child.type or child.type in ("attribute_item", "decorator", "attribute_list"):
            if lead is None or first > row + 1:
                lead = None if first == row else child.start_byte
            row = child.end_point.row - (child.end_point.column == 0)
            continue
        start = child.start_byte if lead is None or first > row + 1 else lead
        lead, row = None, child.end_point.row
        if child.is_named and (row > first or child.child_count):
            yield child, (start, child.end_byte)


def _defines(node: Node, grammar: Grammar) -> bool:
    if node.type not in grammar.definitions or not node.is_named:
        return False
    if node.type not in ASSIGNMENTS:
        return node.start_point.row < node.end_point.row or node.child_by_field_name("body") is not None
    value = node.child_by_field_name("value") or node.child_by_field_name("right") or node.named_children[-1]
    if value.type == "expression_list" and value.named_child_count:
        value = value.named_children[0]
    return value.type in FUNCTION_VALUES


def _name(node: Node) -> str:
    """What a definition calls itself; empty when it has no name."""
    for key in ("name", "declarator", "left", "key", "type"):
        if found := node.child_by_field_name(key):
            break
    else:
        found = next(
            (c for c in node.named_children if "identifier" in c.type or c.type.endswith("_spec")), None
        )
        if found is not None and found.type.endswith("_spec"):
            return _name(found)
        if found is None and node.type in ("variable_list", "assignment_statement"):
            found = node.named_children[0]
    while found is not None and (deeper := found.child_by_field_name("declarator")):
        found = deeper
    text = (found.text or b"").decode(errors="replace") if found is not None else ""
    return text if len(text) <= 120 and "\n" not in text else ""


class _CodePoints:
    """Turns byte offsets of the UTF-8 form into code points; quick when asked in rising order."""

    def __init__(self, text: str) -> None:
        self._data = b"" if text.isascii() else text.encode()
        self._byte = 0
        self._point = 0

    def at(self, byte: int) -> int:
        if not self._data:
            return byte
        if byte < self._byte:
            return self._point - len(self._data[byte : self._byte].decode(errors="replace"))
        self._point += len(self._data[self._byte : byte].decode(errors="replace"))
        self._byte = byte
        return self._point


# ── blocks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _swept(text: str, items: Iterator[_Item]) -> Iterator[Block]:
    """Blocks for definitions and, cut at blank lines, for all the text before, between, inside and after them."""
    position = 0
    inside: list[_Item] = []
    for item in items:
        start, end = max(_line_start(text, item.start, position), position), item.end
        if start >= end:
            continue
        while inside and inside[-1].end <= start:
            yield from _rest(text, position, inside[-1])
            position = max(position, inside.pop().end)
        yield from _gap(text, position, start, inside)
        if item.entered:
            position = start
            inside.append(item)
            continue
        if span := trimmed(text, start, end):
            yield Block(*span, item.heading, item.symbol, whole=True)
        position = end
    while inside:
        yield from _rest(text, position, inside[-1])
        position = max(position, inside.pop().end)
    yield from _at_blank_lines(text, position, len(text), ())


def _gap(text: str, start: int, end: int, inside: Sequence[_Item]) -> Iterator[Block]:
    if not inside:
        yield from _at_blank_lines(text, start, end, ())
    elif start < end:
        yield from _part(text, start, end, inside[-1])


def _rest(text: str, start: int, item: _Item) -> Iterator[Block]:
    if start < item.end:
        yield from _part(text, start, item.end, item)


def _part(text: str, start: int, end: int, item: _Item) -> Iterator[Block]:
    """A part of a container's or a long function's own text; the part with its first line carries its name."""
    heading = (*item.heading, item.symbol)
    for span in paragraphs(text, start, end):
        symbol = item.symbol if span[0] <= item.start < span[1] or span[0] == item.start else ""
        yield Block(*span, heading, symbol)


def _at_blank_lines(text: str, start: int, end: int, heading: tuple[str, ...]) -> Iterator[Block]:
    for span in paragraphs(text, start, end):
        found = _SYMBOL.search(text, *span)
        yield Block(*span, heading, found.group(1) if found else "")


def _line_start(text: str, start: int, floor: int) -> int:
    """`start` moved back over the indent of its line."""
    at = start
    while at > floor and text[at - 1] in " \t":
        at -= 1
    return at if at == 0 or text[at - 1] == "\n" else start
