"""Chunks: in order, disjoint, covering every word, with true lines, never longer than the model reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from ask.indexer.chunk import TokenCounter, chunk, context, embedding_text
from ask.indexer.compile import Compiled
from ask.indexer.documents import Block, Chunk, Document
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

WORDS = st.one_of(
    st.text("abcdefghij", min_size=1, max_size=12),
    st.text("áčďěňřšťůž", min_size=1, max_size=8),
    st.text("0123456789abcdef", min_size=50, max_size=600),  # hashes, base64
    st.text("漢字仮名交文", min_size=1, max_size=60),
    st.text("\x00\x01\x0b\x0c\x1c\x7f\x85\xa0\xad\u200b\u2028\u3000\ufeff", min_size=1, max_size=5),
    st.text(min_size=1, max_size=8),
    st.sampled_from(
        ["camelCaseIdentifierThatGoesOnAndOn" * 3, "https://example.org/a/b?c=d&e=f#" + "x-" * 60, "🦊👩‍👩‍👧"]
    ),
)
SPACES = st.sampled_from([" ", "\n", "\n\n", "\t", " \n \n", "\r\n", ". ", "\n    "])
TEXTS = st.lists(st.tuples(WORDS, SPACES), max_size=120).map(lambda pairs: "".join(a + b for a, b in pairs))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
def count(compiled: Compiled) -> TokenCounter:
    return TokenCounter(compiled.folder / "tokenizer.json")


@pytest.fixture(scope="module")
def tokenizer(compiled: Compiled) -> Tokenizer:
    found = Tokenizer.from_file(str(compiled.folder / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def cut(document: Document, count: TokenCounter, window: int = 256) -> list[Chunk]:
    """The chunks of a document, which have what all chunks have."""
    chunks = chunk(document, count, window)
    reached = 0
    for each in chunks:
        assert reached <= each.start < each.end <= len(document.text)
        assert not re.search(r"\S", skipped(document.text[reached : each.start], count))
        assert each.line == document.line_at(each.start)
        assert each.end_line == document.line_at(each.end - 1)
        assert each.page == document.page_at(each.start)
        reached = each.end
    assert not re.search(r"\S", skipped(document.text[reached:], count))
    return chunks


def skipped(text: str, count: TokenCounter) -> str:
    """Text that no chunk holds, without what means nothing to the model (control characters)."""
    return "".join(word for word in re.findall(r"\S+", text) if sum(count([word])))


def longest(document: Document, chunks: Sequence[Chunk], count: TokenCounter, tokenizer: Tokenizer) -> int:
    texts = [embedding_text(document, each, count) for each in chunks]
    return max((len(encoded.ids) for encoded in tokenizer.encode_batch(texts)), default=0)


@given(st.lists(st.one_of(st.from_regex(r"[!-~]{1,40}", fullmatch=True), WORDS)))
def test_tokens_of_words(count: TokenCounter, tokenizer: Tokenizer, words: list[str]) -> None:
    """What lies between the marks of a word is looked up by itself; the sum is what the tokenizer makes of all of it."""
    parts = [part for word in words for part in re.findall(r"\S{1,40}", word)]
    assert count(parts) == [len(each) for each in tokenizer.encode_batch(parts, add_special_tokens=False)]


@given(TEXTS)
@example("word " * 3000)
@example("a\n" * 900)
@example(" ".join(f"{n:064x}" for n in range(3**80, 3**80 + 60)))
@settings(deadline=None, max_examples=150, suppress_health_check=SLOW)
def test_chunks_of_any_text(count: TokenCounter, tokenizer: Tokenizer, text: str) -> None:
    document = Document(text, title="A title that is itself quite long, as those of mails and pages often are")
    assert longest(document, cut(document, count), count, tokenizer) <= 256


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document whose extractor found blocks, with separators between them."""
    headings = st.lists(st.text("abc xyz", min_size=1, max_size=30), max_size=4).map(tuple)
    parts: list[str] = []
    blocks: list[Block] = []
    at = 0
    for body in draw(st.lists(TEXTS, max_size=8)):
        gap = draw(st.sampled_from(["", "\n", "\n\n", "stray words\n"]))
        at += len(gap)
        blocks.append(
            Block(at, at + len(body), draw(headings), draw(st.sampled_from(["", "name"])), draw(st.booleans()))
        )
        parts += [gap, body]
        at += len(body)
    title, header = draw(st.text("abc xyz", max_size=200)), draw(st.text("abc xyz|", max_size=200))
    return Document("".join(parts), title=title, blocks=tuple(b for b in blocks if b.end > b.start), header=header)


@given(documents(), st.sampled_from([128, 256, 512]))
@settings(deadline=None, max_examples=150, suppress_health_check=SLOW)
def test_chunks_of_any_structure(count: TokenCounter, tokenizer: Tokenizer, document: Document, window: int) -> None:
    assert longest(document, cut(document, count, window), count, tokenizer) <= window


def test_a_function_is_a_chunk(count: TokenCounter) -> None:
    body = "def f():\n" + "    x = compute_the_answer(1, 2, 3)\n" * 6
    text = body + "\n" + body.replace("f()", "g()")
    middle = len(body) + 1
    blocks = (Block(0, len(body), symbol="f", whole=True), Block(middle, len(text), symbol="g", whole=True))
    chunks = cut(Document(text, kind="code", blocks=blocks), count)
    assert [each.symbols for each in chunks] == [("f",), ("g",)]
    assert [(each.line, each.end_line) for each in chunks] == [(1, 7), (9, 15)]


def test_tiny_sections_join_their_neighbours(count: TokenCounter) -> None:
    text = "One.\n\nTwo.\n\nThree."
    starts = [text.index(word) for word in ("One", "Two", "Three")]
    blocks = tuple(Block(a, a + 4, heading=(f"H{a}",), whole=True) if a < 12 else Block(a, len(text)) for a in starts)
    assert len(cut(Document(text, blocks=blocks), count)) == 1


def test_headings_stand_in_front_but_never_twice() -> None:
    document = Document("text", title="Garden", header="name | price")
    assert context(document, ("Garden", "Tomatoes")) == "Garden > Tomatoes\nname | price"
    assert context(document, ("Tomatoes",)) == "Garden > Tomatoes\nname | price"
    assert context(Document("text"), ()) == ""


def test_lines_and_pages_come_from_the_source(count: TokenCounter) -> None:
    text = "first page\n" + "words and more words " * 120 + "\nsecond page"
    at = text.index("second")
    document = Document(
        text, kind="paper", lines=(), pages=((0, 1), (at, 2)), blocks=(Block(0, at), Block(at, len(text), ("B",)))
    )
    chunks = cut(document, count)
    assert {each.line for each in chunks} == {None}
    assert [each.page for each in chunks][:: len(chunks) - 1] == [1, 1] or chunks[-1].page == 2
    moved = Document(text, lines=((0, 10), (11, 40), (at, 99)))
    assert next(iter(cut(moved, count))).line == 10


def test_text_without_words_has_no_chunks(count: TokenCounter) -> None:
    assert cut(Document(" \n\t\n "), count) == []
    assert cut(Document(""), count) == []


def test_equal_text_has_equal_chunks_wherever_it_lies(count: TokenCounter) -> None:
    text = "\n\n".join(f"Paragraph {n} about something. " * 12 for n in range(20))
    assert cut(Document(text), count) == cut(Document(text), count)


def test_a_changed_line_changes_few_chunks(count: TokenCounter) -> None:
    """Otherwise every edit would embed the whole file anew."""
    sections = [f"## Part {n}\n\n" + f"Sentence number {n} of the text. " * 25 for n in range(30)]

    def texts(parts: Sequence[str]) -> set[str]:
        document = Document("\n\n".join(parts))
        return {document.text[c.start : c.end] for c in cut(document, count)}

    changed = [*sections[:15], sections[15].replace("number 15 of", "fifteen in"), *sections[16:]]
    assert len(texts(changed) - texts(sections)) <= 3
