"""JSON, JSON Lines and settings."""

from __future__ import annotations

import json

import pytest
from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from ask.indexer.extract.leaves import leaves
from hypothesis import given
from hypothesis import strategies as st

PEOPLE = {
    "title": "Sousedé",
    "people": [
        {"name": "Žofie", "tags": ["čaj", "kočky"], "address": {"city": "Brno"}, "phone": None},
        {"name": "Petr", "note": "fixes\nkettles", "tags": []},
    ],
    "place": {"lat": 49.2, "open": True},
}


def read_one(text: str, name: str = "people.json") -> Document:
    (document,) = read(Source(text.encode(), name))
    return document


def parts(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(block.heading, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_records_become_blocks_of_lines(indent: int | None, ensure_ascii: bool) -> None:
    document = read_one(json.dumps(PEOPLE, indent=indent, ensure_ascii=ensure_ascii))
    assert parts(document) == [
        ((), "title: Sousedé"),
        (("people",), "name: Žofie\ntags: čaj, kočky\naddress.city: Brno"),
        (("people",), "name: Petr\nnote: fixes\nkettles"),
        ((), "place.lat: 49.2\nplace.open: true"),
    ]
    assert document.title == "Sousedé"
    assert document.kind == "data"


def test_lines_are_those_of_the_file() -> None:
    text = json.dumps(PEOPLE, indent=2, ensure_ascii=False)
    document = read_one(text)
    for word in ("Žofie", "čaj", "Brno", "Petr", "fixes", "49.2"):
        line = document.line_at(document.text.index(word))
        assert line is not None
        assert word in text.split("\n")[line - 1]


def test_a_file_on_one_line_is_on_line_one() -> None:
    document = read_one(json.dumps(PEOPLE))
    assert {document.line_at(block.start) for block in document.blocks} == {1}


def test_json_lines() -> None:
    document = read_one('{"who": "Jana", "text": "ahoj"}\nno json\n\n{"who": "Petr"}\n', "chat.jsonl")
    assert parts(document) == [((), "who: Jana\ntext: ahoj"), ((), "no json"), ((), "who: Petr")]
    assert [document.line_at(block.start) for block in document.blocks] == [1, 2, 4]


@pytest.mark.parametrize(
    "text", ['{"a": 1, // why\n "b": 2}', '{"a": [1, 2', "{'a': 1}", '{"a": 1}}', "a: 1", '{"a" 1]']
)
def test_what_is_no_json_is_read_as_it_stands(text: str) -> None:
    document = read_one(text)
    assert document.text == text
    assert document.kind == "config"


def test_blobs_and_masses_of_numbers_are_left_out() -> None:
    shape = {"image": "QUJD" * 1_000, "points": [[n, n] for n in range(5_000)]}
    document = read_one(json.dumps({"name": "map", "shape": [shape], "end": "here"}))
    assert len(document.text) < 5_000
    assert document.text.endswith("end: here")


def test_lists_of_rows_are_lines_of_a_block() -> None:
    assert parts(read_one('{"prices": [["kettle", 300], ["teapot", 250]]}')) == [
        (("prices",), "kettle, 300\nteapot, 250")
    ]


def test_long_lists_of_words_are_kept() -> None:
    words = [f"slovo{n}" for n in range(2_000)]
    document = read_one(json.dumps(words))
    assert document.text.replace("\n", ", ").split(", ") == words


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"a": ""}', '[[[["  "]]]]'])
def test_json_without_a_value(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_one(text)
    assert caught.value.reason == "empty"


def test_depth_does_no_harm() -> None:
    assert read_one("[" * 50_000 + '"deep"' + "]" * 50_000).text == "deep"


def test_lone_surrogates_can_be_stored() -> None:
    read_one('{"a": "x\\ud800y", "b": "\\u0000z"}').text.encode()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abč."\\', max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, st.sampled_from([None, 1, 3]), st.booleans())
def test_leaves_are_what_the_decoder_finds(value: object, indent: int | None, ensure_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)
    found = [(leaf.path, leaf.value) for leaf in leaves(text)]
    assert found == list(_walked(value, ()))
    for leaf in leaves(text):
        assert text.startswith('"' if leaf.quoted else leaf.value, leaf.offset)


def _walked(value: object, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _walked(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for number, inner in enumerate(value) for leaf in _walked(inner, (*path, number))]
    return [(path, value.replace("\0", "") if isinstance(value, str) else json.dumps(value))]


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "text", "headings"),
    [
        ("a.ini", "top=1\n\n[kettle]\nsize=2\n\nlid=yes\n\n[pot]\n", [(), ("kettle",), ("kettle",), ("pot",)]),
        ("a.toml", '[[tool]]\nname = "kettle"\n', [("tool",)]),
        ("a.yaml", "kettle:\n  size: 2\n\npot: [1]\n", [(), ()]),
        (".editorconfig", "[*.py]\nindent = 4\n", [("*.py",)]),
    ],
)
def test_settings_keep_their_text(name: str, text: str, headings: list[tuple[str, ...]]) -> None:
    document = read_one(text, name)
    assert document.text == text
    assert document.kind == "config"
    assert document.lines is None
    assert [block.heading for block in document.blocks] == headings
