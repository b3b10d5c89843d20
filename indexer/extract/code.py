"""Source code: functions and classes as blocks, with their comments, through tree-sitter.

What lies between definitions is cut at blank lines, and so is everything where there is no grammar or the parser
found nothing: a file that does not parse loses structure, never text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.definitions import Definition, definitions, parse
from ask.indexer.extract.languages import ACTIONS, BY_INTERPRETER, BY_NAME, BY_SUFFIX, Language
from ask.indexer.extract.pieces import paragraphs, trimmed
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

SCRIPT = 30_000
"""Code points; a larger file is not taken for a single-file program unless it says so with `#!`."""

_SYMBOL = re.compile(
    r"^[^\S\n]*(?:(?:public|private|protected|static|async|export|create|or|replace|pub|local|export)\s+)*"
    r"(?:def|defun|defmacro|defn|define|function|func|fun|fn|sub|subroutine|procedure|proc|class|module|interface|type|"
    r"struct|trait|table|view|trigger|package|program|unit|message|service|rule|resource|target|task)[!*]?"
    r"\s+(?:if\s+not\s+exists\s+)?[(\"'`\[]?([^\W\d](?:[\w.:$-]*\w)?)",
    re.IGNORECASE | re.MULTILINE,
)
_CPP = re.compile(r"^\s*(?:class\s+\w+[^;]*$|template\s*<|namespace\s+\w*|using\s+\w)|\bstd::", re.MULTILINE)
_OBJECTIVE_C = re.compile(r"^\s*(?:@(?:interface|implementation|protocol|import)\b|#import\b)", re.MULTILINE)
_WORD = re.compile(r"\w")
_LIBRARY = re.compile(r"^(?:export\b|module\.exports\b|exports\.)", re.MULTILINE)


@extractor("code", suffixes=sorted(BY_SUFFIX), names=sorted(BY_NAME))
def read_code(source: Source) -> Iterator[Document]:
    """One document, its text that of the file."""
    text = text_of(source)
    if text.startswith("<?xml"):
        from ask.indexer.extract.xml import read_xml

        yield from read_xml(source)
        return
    yield _document(source, text, language_of(source, text))


@extractor("script", sniff=lambda source: source.data.startswith(b"#!"))
def read_script(source: Source) -> Iterator[Document]:
    """A program whose first line names its interpreter."""
    yield from script_documents(source, text_of(source))


def script_documents(source: Source, text: str) -> Iterator[Document]:
    """The document of a text that starts with `#!`."""
    yield _document(source, text, interpreter(text) or Language(""))


def interpreter(text: str) -> Language | None:
    """The language of the program that a `#!` line names, whatever its folder, version and flags."""
    for word in text.partition("\n")[0].removeprefix("#!").split():
        name = re.sub(r"[\d.]+$", "", PurePosixPath(word).name.lower())
        if found := BY_INTERPRETER.get(name):
            return found
    return None


def language_of(source: Source, text: str) -> Language:
    """The language by name and suffix; suffixes that languages share are settled by a look at the text."""
    language = BY_NAME.get(source.name.lower()) or BY_SUFFIX[source.suffix]
    if source.suffix == ".h" and _CPP.search(text):
        return BY_SUFFIX[".hpp"]
    if source.suffix == ".m" and _OBJECTIVE_C.search(text):
        return BY_SUFFIX[".mm"]
    return language


def _document(source: Source, text: str, language: Language) -> Document:
    if _minified(text):
        raise Unreadable("machine-written", "minified or generated code")
    grammar = None if text.startswith("<") and language.name != "php" else language.grammar
    tree = parse(text, grammar) if grammar else None
    found = list(definitions(tree, text, grammar)) if tree and grammar else []
    blocks = _swept(text, found) if found else _at_blank_lines(text, symbols=True)
    return Document(
        text,
        "script" if _is_script(text, language, tree) else "code",
        member=source.member,
        blocks=tuple(_without_crumbs(text, blocks)),
        language=language.name,
    )


def _minified(text: str) -> bool:
    """Most of the text stands in lines far longer than anybody writes."""
    if len(text) < 5_000 or text.count("\n") * 500 > len(text):
        return False
    return sum(len(line) for line in text.split("\n") if len(line) > 1_000) * 2 > len(text)


def _is_script(text: str, language: Language, tree: Tree | None) -> bool:
    if text.startswith("#!") or language.always_script:
        return True
    if not language.scripting or len(text) > SCRIPT or _LIBRARY.search(text):
        return False
    return tree is None or any(_acts(child, language.name) for child in tree.root_node.children)


def _acts(node: Node, language: str) -> bool:
    if node.type == "expression_statement" and node.named_child_count:
        inner = node.named_children[0].type
        return "call" in inner
    if language == "python" and node.type == "if_statement":  # others guard imports
        return b"__name__" in (node.text or b"")[:40]
    return node.type in ACTIONS


def _swept(text: str, found: Sequence[Definition]) -> Iterator[Block]:
    """Blocks for definitions and, cut at blank lines, for all text before, between, inside and after them."""
    position = 0
    inside: list[Definition] = []
    for item in found:
        start = _line_start(text, item.start, position)
        while inside and inside[-1].end <= start:
            yield from _own(text, position, inside[-1].end, inside[-1])
            position = max(position, inside.pop().end)
        if start < position or start >= item.end:
            continue
        yield from _own(text, position, start, inside[-1] if inside else None)
        position = start
        if item.entered:
            inside.append(item)
        else:
            if span := trimmed(text, start, item.end):
                yield Block(*span, item.heading, item.symbol, whole=True)
            position = item.end
    while inside:
        yield from _own(text, position, inside[-1].end, inside[-1])
        position = max(position, inside.pop().end)
    yield from _at_blank_lines(text, position)


def _own(text: str, start: int, end: int, item: Definition | None) -> Iterator[Block]:
    """Text of a class or long function outside the definitions in it; its first lines carry its name."""
    if item is None:
        yield from _at_blank_lines(text, start, end)
        return
    for span in paragraphs(text, start, end):
        symbol = item.symbol if start <= item.start < span[1] else ""
        yield Block(*span, (*item.heading, item.symbol), symbol)
        start = span[1]


def _at_blank_lines(text: str, start: int = 0, end: int | None = None, symbols: bool = False) -> Iterator[Block]:
    for span in paragraphs(text, start, end):
        found = _SYMBOL.search(text, *span) if symbols else None
        yield Block(*span, symbol=found.group(1) if found else "")


def _without_crumbs(text: str, blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks that are only brackets and the like join the one before them."""
    last: Block | None = None
    for block in blocks:
        if last and _WORD.search(text, block.start, block.end) is None:
            last = replace(last, end=block.end)
            continue
        if last:
            yield last
        last = block
    if last:
        yield last


def _line_start(text: str, start: int, floor: int) -> int:
    """`start` moved back over the indent of its line, but not below `floor`."""
    at = start
    while at > floor and text[at - 1] in " \t":
        at -= 1
    return at if at == 0 or text[at - 1] == "\n" else start
