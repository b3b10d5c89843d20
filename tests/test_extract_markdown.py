"""Markdown: sections with their headings, whole fences, front matter."""

from __future__ import annotations

from datetime import datetime

import pytest
from ask.indexer.documents import Document
from ask.indexer.extract import Source, read

NOTE = """\
---
title: Zápis z porady
date: 2021-03-04 10:30:00
tags: [práce, porada]
author: Jana Nováková
---
Úvod bez nadpisu.

# Hlavní *nadpis*

Odstavec
na dvou řádcích.

## Pod `kód` a [odkaz](https://example.org)

- mléko
- chléb

```python
# not a heading

x = 1
```

Podtržený
---------

| a | b |
|---|---|
| 1 | 2 |

# Druhý
konec
"""


def read_one(text: str, name: str = "note.md") -> Document:
    (document,) = read(Source(text.encode(), name))
    return document


def parts(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(block.heading, document.text[block.start : block.end]) for block in document.blocks]


def test_blocks_carry_the_headings_above_them() -> None:
    document = read_one(NOTE)
    main, below = "Hlavní nadpis", "Pod kód a odkaz"
    assert parts(document)[1:] == [
        ((), "Úvod bez nadpisu."),
        ((main,), "# Hlavní *nadpis*"),
        ((main,), "Odstavec\nna dvou řádcích."),
        ((main, below), "## Pod `kód` a [odkaz](https://example.org)"),
        ((main, below), "- mléko\n- chléb"),
        ((main, below), "```python\n# not a heading\n\nx = 1\n```"),
        ((main, "Podtržený"), "Podtržený\n---------"),
        ((main, "Podtržený"), "| a | b |\n|---|---|\n| 1 | 2 |"),
        (("Druhý",), "# Druhý"),
        (("Druhý",), "konec"),
    ]
    assert [block.whole for block in document.blocks].index(True) == 6


def test_the_text_is_that_of_the_file() -> None:
    document = read_one(NOTE)
    assert document.text == NOTE
    assert document.lines is None
    assert document.line_at(document.text.index("konec")) == NOTE.splitlines().index("konec") + 1


def test_front_matter_gives_title_date_people_and_tags() -> None:
    document = read_one(NOTE)
    assert document.title == "Zápis z porady"
    assert document.date == datetime(2021, 3, 4, 10, 30).astimezone()
    assert document.people == ("Jana Nováková",)
    assert document.facts == {"tags": "práce, porada"}


def test_front_matter_in_toml() -> None:
    document = read_one('+++\ntitle = "Kettles"\ndate = 2020-01-02\n+++\ntext\n')
    assert document.title == "Kettles"
    assert document.date == datetime(2020, 1, 2).astimezone()


@pytest.mark.parametrize(
    "front",
    [
        "title: [unclosed",
        "{a: b}: {c",
        "date: 2021-99-99\n? [a]\n: b",
        "!!python/object:os.system x",
        "- a list",
        "title: 2021-02-31",
        "&a [*a]",
    ],
)
def test_broken_front_matter_is_text(front: str) -> None:
    text = f"---\n{front}\n---\n\n# Title\n"
    document = read_one(text)
    assert document.text == text
    assert document.title in ("Title", "2021-02-31")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# First\n\n# Second\n", "First"),
        ("## Small\n\ntext\n", ""),
        ("intro\n\nBig\n===\n", "Big"),
        ('<h1 align="center">\n<b>Kettle</b> kit</h1>\n\ntext\n', "Kettle kit"),
        ("text\n\n    # indented code\n", ""),
        ("```\n# fenced\n```\n", ""),
        ("# Using `snake_case_names` *well*\n", "Using snake_case_names well"),
    ],
)
def test_title(text: str, title: str) -> None:
    assert read_one(text).title == title


def test_link_definitions_are_not_lost() -> None:
    assert parts(read_one("See [it].\n\n[it]: https://example.org/kettle\n"))[1] == (
        (),
        "[it]: https://example.org/kettle",
    )


def test_items_of_long_lists_are_blocks() -> None:
    items = [f"- item {n} " + "with many words " * 5 for n in range(20)]
    document = read_one("\n".join(items))
    assert [text for _, text in parts(document)] == [item.strip() for item in items]


@pytest.mark.parametrize("text", [">" * 5_000 + " deep", "- " * 5_000 + "deep", "[a]: b\n" * 5_000, "[" * 50_000])
def test_odd_nesting_does_no_harm(text: str) -> None:
    assert read_one(text).blocks
