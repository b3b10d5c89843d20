"""How counts and lists out of the index look, with the query that made them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from ask.cli import gate
from ask.cli.overview import human_bytes
from ask.cli.render import View, place
from ask.indexer.database import Connection
from ask.retriever import counting, tables
from ask.retriever.filters import Filters
from ask.retriever.tables import Cell, Table


def table(db: Connection, question: str, limits: Filters) -> Table | None:
    """What a question wants counted or listed, under limits that come before its own; None when it is a search."""
    asked = counting.plan(question, datetime.now(UTC).astimezone())
    return None if asked is None else tables.run(db, replace(asked, filters=asked.filters.under(limits)))


def shown(table: Table, view: View) -> Iterator[str]:
    """The total, the rows, and the query, faint."""
    listed = table.columns[0] == "path"
    cut = f", of which these are the first {len(table.rows):,}" if listed and len(table.rows) < table.total else ""
    yield view.terminal.paint(f"{table.total:,}{cut}", "title")
    for row in table.rows:
        yield _file(row, view) if listed else _group(row)
    yield from ("", *(view.terminal.paint(gate.clean(line), "dim") for line in table.sql_shown.split("\n")))


def _group(row: tuple[Cell, ...]) -> str:
    name, number = row
    return f"{number:>8,}  {gate.clean(str(name))}"


def _file(row: tuple[Cell, ...], view: View) -> str:
    path, member, _, title, date, size = row
    day = f"{date:%Y-%m-%d}" if isinstance(date, datetime) else " " * 10
    where = place(str(path), None if member is None else str(member), None, None, view).drawn(None, view.terminal)
    weight = human_bytes(int(size)) if isinstance(size, int) else ""
    return f"{day}  {weight:>9}  {where}{gate.clean(f'  {title}') if title else ''}"


def as_json(question: str, table: Table) -> dict[str, object]:
    """As `ask answer --json`, with the table beside the answer."""
    return {
        "question": question,
        "answer": str(table.total),
        "grounded": True,
        "abstained": table.total == 0,
        "citations": [],
        "hits": [],
        "model": None,
        "timing_ms": {},
        "table": {
            "columns": list(table.columns),
            "rows": [[cell.isoformat() if isinstance(cell, datetime) else cell for cell in row] for row in table.rows],
            "total": table.total,
            "sql": table.sql_shown,
        },
    }
