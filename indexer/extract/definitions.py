"""Definitions in source code, found in the syntax tree that tree-sitter makes."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ask.indexer.extract.languages import ASSIGNMENTS, ATTACHED, FUNCTION_VALUES, WRAPPERS, Grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

LONG = 1_500
"""UTF-8 bytes; a longer definition is cut at its blank lines, each part carrying its name as heading."""

DEEPEST = 8
"""Names in a heading; deeper nesting is a puzzle or an attack."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, class or the like with the comments above it; offsets in code points."""

    start: int
    end: int
    heading: tuple[str, ...]
    """Names of the classes and namespaces around it, outermost first."""
    symbol: str
    entered: bool
    """Its inside is cut further: classes and long functions."""


@cache
def _parser(grammar: Grammar) -> Parser:
    from tree_sitter import Language, Parser

    compiled = getattr(importlib.import_module(grammar.module), grammar.entry)()
    with warnings.catch_warnings():
        # Packages of some grammars still give a plain number, which works but is announced to end.
        warnings.simplefilter("ignore", DeprecationWarning)
        return Parser(Language(compiled))


def parse(text: str, grammar: Grammar) -> Tree | None:
    """The syntax tree of `text`, with error nodes where it does not parse; None when the text is too long.

    A parser can be stopped only when it reads through a callback, and then py-tree-sitter 0.26 leaks what the callback
    returns: 1.8 GB for a Perl module of 200 kB. The worker's own limit stops it instead.
    """
    return _parser(grammar).parse(text.encode()) if len(text) <= grammar.longest else None


def definitions(tree: Tree, text: str, grammar: Grammar) -> Iterator[Definition]:
    """Definitions in the order of the text, one that is entered before those in it.

    Walks with a stack of its own: trees may be deeper than Python recurses.
    """
    points = _CodePoints(text)
    root = tree.root_node
    stack: list[tuple[Node, tuple[str, ...], tuple[int, int]]] = [(root, (), (root.start_byte, root.end_byte))]
    while stack:
        node, heading, (start, end) = stack.pop()
        if _defines(node, grammar) and (name := _name(node)):
            entered = node.type in grammar.containers or end - start > LONG
            yield Definition(points.at(start), points.at(end), heading, name, entered)
            if not entered:
                continue
            heading = (*heading, name)[:DEEPEST]
        wrapping = (start, end) if node.type in WRAPPERS else None
        stack += reversed([(child, heading, wrapping or span) for child, span in _children(node, grammar)])


def _children(node: Node, grammar: Grammar) -> Iterator[tuple[Node, tuple[int, int]]]:
    """Children that may hold definitions, each with its bytes and those of the comments directly above it."""
    inside = node.type in grammar.definitions
    lead: int | None = None
    last_row = -1
    for child in node.children:
        first_row = child.start_point.row
        joined = first_row <= last_row + 1
        end_row, end_column = child.end_point
        if "comment" in child.type or child.type in ATTACHED:
            if lead is None or not joined:
                lead = None if first_row == last_row else child.start_byte
        else:
            if inside or end_row > first_row or child.type in grammar.definitions or child.type in WRAPPERS:
                yield child, (lead if lead is not None and joined else child.start_byte, child.end_byte)
            lead = None
        last_row = end_row - (end_column == 0)


def _defines(node: Node, grammar: Grammar) -> bool:
    kind = node.type
    if kind not in grammar.definitions or not node.is_named:
        return False
    if kind in ASSIGNMENTS:
        return _value(node) in FUNCTION_VALUES
    return not kind.endswith("_specifier") or node.child_by_field_name("body") is not None


def _value(node: Node) -> str:
    """Type of the node that is assigned."""
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    value = value or (node.named_children[-1] if node.named_child_count else None)
    if value is not None and value.type == "expression_list" and value.named_child_count:
        value = value.named_children[0]
    return value.type if value is not None else ""


def _name(node: Node) -> str:
    """What a definition calls itself; empty when it has no name."""
    found: Node | None = None
    for key in ("name", "declarator", "left", "key", "type"):
        if found := node.child_by_field_name(key):
            break
    if found is None:
        named = node.named_children
        found = next((c for c in named if "identifier" in c.type or c.type in _NAMED_BY), None)
        if found is not None and found.type.endswith("_spec"):
            return _name(found)
    while found is not None and (deeper := found.child_by_field_name("declarator")):
        found = deeper
    text = (found.text or b"").decode(errors="replace") if found is not None else ""
    return text if len(text) <= 120 and "\n" not in text else ""


_NAMED_BY = frozenset(["type_spec", "variable_list"])
"""Children that hold the name of a definition without a field for it."""


class _CodePoints:
    """Turns byte offsets of the UTF-8 form into code points; quick when asked in nearly rising order."""

    def __init__(self, text: str) -> None:
        self._data = b"" if text.isascii() else text.encode()
        self._byte = 0
        self._point = 0

    def at(self, byte: int) -> int:
        if not self._data:
            return byte
        if byte < self._byte:
            self._point -= self._length(byte, self._byte)
        else:
            self._point += self._length(self._byte, byte)
        self._byte = byte
        return self._point

    def _length(self, start: int, end: int) -> int:
        return len(self._data[start:end].decode(errors="replace"))
