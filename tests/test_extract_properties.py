"""What holds for every document of every extractor, whatever the file."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from ask.indexer.documents import KINDS, REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, extractors, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = ["a.txt", "a.log", "a.md", "a.py", "a.js", "a.c", "a.sql", "a.html", "a.xml", "a.csv", "a.json", "a.jsonl"]
NAMES += ["a.ini", "a.ipynb", "a.pdf", "README", "tool"]
VERBATIM = ["a.txt", "a.log", "a.md", "a.py", "a.js", "a.c", "a.h", "a.rb", "a.sql", "a.csv", "a.ini", "README", "tool"]
"""Names whose documents have the text of the file, all of it in blocks."""

FRAGMENTS = [
    *("", "", "  ", "\t", "\f", "\x0b", "\u2028", "🐎 kůň", "text žluťoučký", "key = value", "[section]", "title: x"),
    *("# Head", "## Další", "- item", "```", "---", "===", "|a|b|", "|-|-|", "<!--", "-->"),
    *("def f(x):", "    return x", "class A:", "function g() {", "int m(){", "}", "// note", "/* c", "*/", '"""', "'"),
    *("<p>odstavec", "<h1>Nadpis</h1>", "<table><tr><td>a<td>b", "</div>", "&amp;", "<pre>\n  x\n</pre>", "#!/bin/sh"),
    *("a,b,c", '"x, y",1', '{"a": [1, "b"]}', "[", "]"),
]
"""Lines that make extractors do something; strung together at random they make odd files."""

odd_texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=12), max_size=25).map("\n".join)


def documents_of(data: bytes, name: str) -> Iterator[Document]:
    """What an extractor makes of a file; nothing when it says why it cannot be read."""
    try:
        yield from read(Source(data, name))
    except Unreadable as problem:
        if problem.reason not in REASONS:
            raise


def check(document: Document) -> None:
    text = document.text
    text.encode("utf-8")
    assert "\0" not in text
    assert "\r" not in text
    assert text.strip()
    assert document.kind in KINDS
    position = 0
    for block in document.blocks:
        assert position <= block.start < block.end <= len(text)
        assert text[block.start : block.end].strip()
        assert not text[block.end - 1].isspace()
        position = block.end
    for pairs in (document.lines or (), document.pages):
        assert [offset for offset, _ in pairs] == sorted({offset for offset, _ in pairs})
        assert all(0 <= offset <= len(text) and number >= 1 for offset, number in pairs)
    assert document.date is None or document.date.tzinfo is not None


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(odd_texts, st.sampled_from(NAMES))
def test_documents_are_sound(text: str, name: str) -> None:
    for document in documents_of(text.encode("utf-8", "replace"), name):
        check(document)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300), st.sampled_from(NAMES))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    for document in documents_of(data, name):
        check(document)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(odd_texts, st.sampled_from(VERBATIM))
def test_blocks_cover_the_text(text: str, name: str) -> None:
    for document in documents_of(text.encode("utf-8", "replace"), name):
        if document.lines is not None:
            continue
        position = 0
        for block in document.blocks:
            assert not document.text[position : block.start].strip()
            position = block.end
        assert not document.text[position:].strip()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    # libxml2 drops white space after a stray end tag, and with it the line
    st.lists(st.sampled_from([f for f in FRAGMENTS if not f.startswith("</")]), max_size=25).map("\n".join),
    st.sampled_from(["a.html", *VERBATIM]),
)
def test_blocks_begin_on_the_line_they_say(text: str, name: str) -> None:
    for document in documents_of(text.encode(), name):
        source = text.split("\n")
        for block in document.blocks:
            word = re.search(r"\w+", document.text[block.start : block.end])
            line = document.line_at(block.start + word.start()) if word else None
            assert line is None or word is None or word.group() in source[line - 1]


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for _ in range(60):
        data = bytearray("\n".join(dice.choices(FRAGMENTS, k=30)).encode())
        for _ in range(dice.randrange(1, 12)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        for document in documents_of(bytes(data[: dice.randrange(1, len(data))]), name):
            check(document)


def test_every_suffix_is_claimed_once() -> None:
    seen: dict[str, str] = {}
    for claim in extractors():
        if claim.sniff is not None:
            continue
        for name in claim.suffixes | claim.names:
            assert name not in seen, f"{name}: {seen[name]} and {claim.name}"
            assert name == name.lower()
            seen[name] = claim.name
