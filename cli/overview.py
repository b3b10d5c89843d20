"""How the state of the index looks: the report of `ask status` in a few aligned lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ask.cli import gate
from ask.cli.render import Piece, View, packed
from ask.cli.terminal import Style

if TYPE_CHECKING:
    from ask.indexer.forecast import Amount, Forecast

_KINDS = 12
"""Kinds of files and secrets that are shown."""
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
    yield from _reasons(report.get("skipped", {}), view)
    yield from _row("Watching", _watch(report.get("watch", {})), view)
    for label, part in (("Models", "models"), ("Versions", "versions")):
        yield from _row(label, _facts(report.get(part, {})), view)


def _reasons(counts: Mapping[str, int], view: View) -> Iterator[str]:
    """What was left out on purpose, and what could not be read: `Files` counts them apart."""
    from ask.indexer.documents import UNREADABLE

    yield from _row("Left out", _counts({why: n for why, n in counts.items() if why not in UNREADABLE}), view)
    yield from _row("Unreadable", _counts({why: n for why, n in counts.items() if why in UNREADABLE}), view)


def forecast(found: Forecast, view: View) -> Iterator[str]:
    """What indexing would do and take."""
    kinds = [(kind or "no suffix", amount) for kind, amount in found.to_read.items()]
    to_read = sum((amount for _, amount in kinds), type(found.unchanged)())
    yield from _row("To read", [Piece(_amount(to_read)), *_amounts(kinds[:_KINDS])], view)
    yield from _row("Unchanged", [Piece(_amount(found.unchanged))] if found.unchanged.files else [], view)
    yield from _row("Copies", [Piece(_amount(found.copies), "dim")] if found.copies.files else [], view)
    yield from _row("Left out", _amounts(found.left_out.items()), view)
    yield from _row("Unreadable", _counts(found.unreadable), view)
    yield from _row("Secrets", [Piece(view.path(path), "path") for path in found.secrets[:_KINDS]], view)
    yield from _row("Chunks", [Piece(f"about {found.chunks:,}")], view)
    yield from _row("Time", [Piece(f"{name} {_duration(spent)}") for name, spent in found.seconds.items()], view)
    yield from _row("Disk", [Piece(f"about {human_bytes(found.disk)}")], view)
    yield from _row("Measured", [Piece(f"{_amount(found.sampled)}; nothing has been changed", "dim")], view)


def _amount(amount: Amount) -> str:
    return f"{amount.files:,} {'file' if amount.files == 1 else 'files'}, {human_bytes(amount.bytes)}"


def _amounts(amounts: Iterable[tuple[str, Amount]]) -> list[Piece]:
    return [Piece(f"{gate.clean(name)} {amount.files:,}", "dim") for name, amount in amounts]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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
    total, approximate, exact = (chunks.get(name, 0) for name in ("total", "approximate", "exact"))
    pieces = [Piece(f"{total:,}")]
    if exact < total:
        covered = 100 * (approximate + exact) // total
        pieces.append(Piece(f"words 100 %, meaning {covered} %, exact {100 * exact // total} %", "dim"))
    return pieces


def _sizes(sizes: Report) -> list[Piece]:
    return [Piece(f"{name} {human_bytes(size)}") for name, size in sizes.items()]


def _counts(counts: Mapping[str, int]) -> list[Piece]:
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Piece(f"{gate.clean(reason)} {count:,}", "dim") for reason, count in largest]


def _watch(watch: Report) -> list[Piece]:
    if not watch.get("running"):
        return [Piece("no; ask watch keeps the index up to date", "dim")] if watch else []
    pieces = [
        Piece(f"yes{_since(watch)}"),
        *(Piece(gate.clean(said), "dim") for said in [watch.get("service", "")] if said),
    ]
    for key, words in (("folders", "folders"), ("pending", "changes waiting"), ("lost", "times too many at once")):
        if count := watch.get(key, 0):
            pieces.append(Piece(f"{count:,} {words}", "dim"))
    if count := watch.get("unwatched", 0):
        pieces.append(Piece(f"{count:,} folders beyond the system's limit are looked at every minute", "bad"))
    pieces += [Piece(f"not there now: {gate.clean_path(path)}", "dim") for path in watch.get("away", [])]
    if waits := watch.get("waits", ""):
        pieces.append(Piece(f"exact meaning waits: {gate.clean(waits)}", "dim"))
    return pieces + [Piece(gate.clean(problem), "bad") for problem in [watch.get("problem", "")] if problem]


def _since(watch: Report) -> str:
    if not (began := watch.get("since")):
        return ""
    return f", since {datetime.fromtimestamp(began, UTC).astimezone():%Y-%m-%d %H:%M} (process {watch.get('pid')})"


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
