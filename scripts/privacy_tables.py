"""Write the tables of docs/privacy.md from the rules themselves. A test fails when they are not up to date.

python scripts/privacy_tables.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ask.indexer.redact import secret_rules
from ask.indexer.rules import load_table

PAGE = Path(__file__).parent.parent / "docs" / "privacy.md"


def by_path() -> Iterator[str]:
    """The rows of `secret_paths`."""
    yield "| rule | what lies there | folders and files |"
    yield "|---|---|---|"
    for rule in load_table("secret_paths"):
        names = _names([f"{name}/" for name in rule.folders]) + _names(rule.files)
        but = f"; not {', '.join(_names(rule.but))}" if rule.but else ""
        beside = f"; only beside {' or '.join(_names(rule.beside))}" if rule.beside else ""
        yield f"| {rule.id} | {rule.why} | {', '.join(names)}{but}{beside} |"


def by_contents() -> Iterator[str]:
    """The rows of `secrets`."""
    yield "| rule | what is masked | described in |"
    yield "|---|---|---|"
    for rule in secret_rules():
        yield f"| {rule.id} | {rule.why} | {rule.source} |"


TABLES = {"by path": by_path, "by contents": by_contents}


def rewritten(page: str) -> str:
    """The page with its tables made anew."""
    for name, rows in TABLES.items():
        block = f"<!-- table: {name} -->\n" + "\n".join(rows()) + "\n<!-- end -->"
        page = re.sub(f"<!-- table: {name} -->.*?<!-- end -->", block.replace("\\", r"\\"), page, flags=re.DOTALL)
    return page


def _names(names: Iterable[str]) -> list[str]:
    return [f"`{name}`" for name in names]


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
