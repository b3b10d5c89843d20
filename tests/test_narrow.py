from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ask.cli import narrow
from ask.indexer.errors import UsageError
from ask.retriever.filters import Filters

NOW = datetime(2025, 6, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2020", "2020-01-01"), ("2020-03", "2020-03-01"), ("2020-3-4", "2020-03-04"), ("2020/03/14", "2020-03-14"),
        ("14.3.2020", "2020-03-14"), ("14. 3. 2020", "2020-03-14"), ("3.2020", "2020-03-01"), ("2w", "2025-05-18"),
        ("1y", "2024-06-01"), ("today", "2025-06-01"), ("včera", "2025-05-31"), ("3 years ago", "2022-06-01"),
        ("před 3 lety", "2022-06-01"), ("March 2019", "2019-03-01"), ("březen 2019", "2019-03-01"),
    ],
)  # fmt: skip
def test_times_as_people_type_them(text: str, date: str) -> None:
    found = narrow.moment(text, NOW)
    assert found.date().isoformat() == date
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["2020-13", "30.2.2020", "nonsense", "99999", "0000"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        narrow.moment(text, NOW)


def test_words_of_one_filter_are_alternatives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    words = [
        "kind:Notes",
        "kind:mail",
        "after:2020",
        "before:2021",
        "path:~/a/../b",
        "from:Petr",
        "lang:CS",
        "ext:*.MD",
    ]
    assert narrow.filters(words, NOW) == Filters(
        after=datetime(2020, 1, 1, tzinfo=UTC), before=datetime(2021, 1, 1, tzinfo=UTC), kinds=("note", "mail"),
        paths=(str(tmp_path / "b"),), people=("Petr",), languages=("cs",), suffixes=("md",),
    )  # fmt: skip
    assert narrow.filters([]) == Filters()
