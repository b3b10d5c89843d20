"""How the state of the index looks: the report of `ask status` in a few aligned lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ask.cli import gate
from ask.cli.render import Piece, View, packed
from ask.cli.terminal import Style

_UNITS = ("B", "kB", "MB", "GB", "TB")
_LABEL = 11
"""Cells of the column of labels."""

Report = Mapping[str, Any]
"""What `ask status --json` writes, see the contract in docs/design.md. Missing parts are not shown."""


def status(report: Report, view: View) -> Iterator[str]:
    """The report for people, most important things first."""
    yield from _row("Files", _files(report.get("files", {})), view)
    yield from _row("Chunks", _chunks(report.get("chunks", {})), view)
    yield from _row("Size", _sizes(report.get("bytes", {})), view)
    yield from _row("Folders", [Piece(view.path(_root(root)), "path") for root in report.get("roots", [])], view)
    yield from _row("Left out", _counts(report.get("skipped", {})), view)
    yield from _row("Watching", _watch(report.get("watch", {})), view)
    for label, part in (("Models", "models"), ("Versions", "versions")):
        yield from _row(label, _facts(report.get(part, {})), view)


def _row(label: str, pieces: list[Piece], view: View) -> Iterator[str]:
    if pieces:
        lead = view.terminal.paint(f"{label:<{_LABEL}}", "title")
        yield from packed(pieces, view, lead=lead, indent=_LABEL)


def _files(files: Report) -> list[Piece]:
    unread = files.get("unreadable", 0)
    style: Style = "bad" if unread else "dim"
    return [
        Piece(f"{files.get('indexed', 0):,} indexed"),
        Piece(f"{files.get('skipped', 0):,} left out", "dim"),
        Piece(f"{unread:,} could not be read", style),
    ]


def _chunks(chunks: Report) -> list[Piece]:
    pieces = [Piece(f"{chunks.get('total', 0):,}")]
    if waiting := chunks.get("approximate", 0):
        pieces.append(Piece(f"{waiting:,} of them with an approximate meaning so far", "dim"))
    return pieces


def _sizes(sizes: Report) -> list[Piece]:
    return [Piece(f"{name} {human_bytes(size)}") for name, size in sizes.items()]


def _counts(counts: Mapping[str, int]) -> list[Piece]:
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Piece(f"{gate.clean(reason)} {count:,}", "dim") for reason, count in largest]


def _watch(watch: Report) -> list[Piece]:
    if not watch.get("running"):
        return [Piece("no; ask watch keeps the index up to date", "dim")] if watch else []
    pieces = [Piece("yes"), *(Piece(gate.clean(said), "dim") for said in [watch.get("service", "")] if said)]
    for key, words in (("folders", "folders"), ("pending", "changes waiting"), ("lost", "times too many at once")):
        if count := watch.get(key, 0):
            pieces.append(Piece(f"{count:,} {words}", "dim"))
    if count := watch.get("unwatched", 0):
        pieces.append(Piece(f"{count:,} folders beyond the system's limit are looked at every minute", "bad"))
    pieces += [Piece(f"not there now: {gate.clean(path)}", "dim") for path in watch.get("away", [])]
    return pieces + [Piece(gate.clean(problem), "bad") for problem in [watch.get("problem", "")] if problem]


def _facts(facts: Report) -> list[Piece]:
    return [Piece(f"{gate.clean(name)} {_value(value)}") for name, value in facts.items()]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return gate.clean(str(value))


def _root(root: object) -> str:
    """A root is a path, or an object with a path."""
    return str(root["path"] if isinstance(root, Mapping) else root)


def human_bytes(size: int) -> str:
    """A size for people: `512 B`, `1.4 MB`; thousands, as file managers count."""
    if size < 1000:
        return f"{size} B"
    power = min(int(math.log10(size)) // 3, 4)
    value = size / 1000**power
    return f"{value:.1f} {_UNITS[power]}" if value < 9.95 else f"{value:.0f} {_UNITS[power]}"
