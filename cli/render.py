"""How hits look to people.

     1  ~/scripts/outline.py:12  Outline › walk  script · 2019-03-14, 6 years ago
        12 │ def walk(self, node):
        13 │     \"""Print the headings of an HTML page.\"""

Lines are yielded ready for `print`, each text through the gate. Drawn by hand: importing rich takes longer
than the search itself. The answer is drawn by `cli/answers.py`, the state of the index by
`cli/overview.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath

from ask.cli import gate
from ask.cli.snippet import Marker, Row, lines, painted, rows, wrap
from ask.cli.terminal import Style, Terminal, cells, cut, cut_front
from ask.retriever.hits import Hit, Results

INDENT = 4
_BAR = 24
"""Cells of the longest bar of an explanation."""


def _nothing_marked(text: str) -> Iterable[tuple[int, int]]:
    return ()


@dataclass(frozen=True, slots=True)
class View:
    """How to show things this time."""

    terminal: Terminal = field(default_factory=Terminal)
    mark: Marker = _nothing_marked
    """Finds the words to highlight."""
    rows: int = 3
    """Most lines of text shown below a hit."""
    explain: bool = False
    """Show the parts of each score."""
    home: str = field(default_factory=lambda: os.path.expanduser("~"))  # noqa: PTH111
    """Shown as `~` on a terminal; a pipe gets whole paths. Unlike `Path.home` this never raises."""
    folder: str = field(default_factory=lambda: _working_folder())
    """The working directory; what lies below it is shown relative to it on a terminal. Empty: there is none."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC).astimezone())
    """Timezone-aware; dates are shown in its zone and relative to it."""

    def path(self, path: str) -> str:
        """Clean text for an absolute path."""
        home, folder = self.home.rstrip(os.sep), self.folder.rstrip(os.sep)
        if self.terminal.width is None:
            return gate.clean_path(path)
        if folder and path.startswith(folder + os.sep):
            path = path[len(folder) + 1 :]
        elif home and (path + os.sep).startswith(home + os.sep):
            path = "~" + path[len(home) :]
        return gate.clean_path(path)


def _working_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:  # it was deleted
        return ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line: clean text with a style, and the file it leads to."""

    text: str
    style: Style | None = None
    target: tuple[str, int | None] | None = None
    """Absolute path and line."""
    path: bool = False
    """Where it is too long, its end matters most."""

    def drawn(self, width: int | None, terminal: Terminal) -> str:
        """Ready to print, in at most `width` cells."""
        text = self.text
        if width is not None:
            text = (cut_front if self.path else cut)(text, width, sign=terminal.sign("…"))
        text = terminal.paint(text, self.style) if self.style else text
        return terminal.link(text, *self.target) if self.target else text


def packed(pieces: Iterable[Piece], view: View, *, lead: str = "", indent: int = INDENT) -> Iterator[str]:
    """Pieces side by side, two spaces apart; what does not fit goes on on the next line, indented."""
    width = view.terminal.width
    line, used = lead, indent
    for piece in pieces:
        size = cells(piece.text)
        if used > indent and width is not None and used + 2 + size > width:
            yield line
            line, used = " " * indent, indent
        gap = "  " if used > indent else ""
        used += len(gap) + size
        line += gap + piece.drawn(None if width is None else width - indent, view.terminal)
    yield line


def results(found: Results, view: View) -> Iterator[str]:
    """Everything about a search: what was understood, hits, or the nearest misses, then the notes."""
    yield from cues(found, view)
    if view.explain and found.limits:
        yield view.terminal.paint(gate.clean(f"within: {found.limits}"), "dim")
    yield from hits(found.hits, view)
    yield from near(found, view)
    yield from notes(found.notes, view)


def cues(found: Results, view: View) -> Iterator[str]:
    """What the question was taken to say besides its words, faint."""
    if found.cues:
        yield from _faint(found.cues, view)


def hits(some: Iterable[Hit], view: View) -> Iterator[str]:
    """Hits with their snippets, an empty line after each."""
    for hit in some:
        shown = rows(hit, view.mark, width=_snippet_width(hit, view), limit=view.rows)
        yield from head(hit, _line_of(hit, shown), view)
        yield from _snippet(shown, view)
        if view.explain:
            yield from parts(hit, view)
        yield ""


def near(found: Results, view: View) -> Iterator[str]:
    """When nothing was found: a line that says so, and the nearest misses, a line or two each."""
    if found.hits:
        return
    yield "Nothing found." if not found.near else "Nothing found that is close enough. The nearest:"
    for hit in found.near:
        yield from head(hit, hit.line, view, faint=True)


def notes(some: Iterable[str], view: View) -> Iterator[str]:
    """What limits a result, faint."""
    for note in some:
        yield from _faint(note, view)


def _faint(text: str, view: View) -> Iterator[str]:
    """A sentence of ours in lines of the terminal's width, broken between words."""
    said = gate.clean(text)
    for start, end in wrap(said, view.terminal.width):
        yield view.terminal.paint(said[start:end].rstrip(), "dim")


def paths(some: Iterable[Hit]) -> Iterator[str]:
    """`--files`: each file once, best first."""
    for path in dict.fromkeys(hit.path for hit in some):
        yield gate.clean_path(path)


def places(some: Iterable[Hit], view: View) -> Iterator[str]:
    """`path:line: text` as grep and compilers print it, for editors that jump to such lines."""
    for hit in some:
        row = next(iter(rows(hit, view.mark, width=None, limit=1)), Row(""))
        line = _line_of(hit, [row])
        yield f"{gate.clean_path(hit.path)}:{'' if line is None else f'{line}:'} {row.text.strip()}"


def head(hit: Hit, line: int | None, view: View, *, faint: bool = False) -> Iterator[str]:
    """Rank, place, title, kind and date of a hit."""
    number = f"{hit.rank:>2}  "
    pieces = [place(hit.path, hit.document, line, hit.page, view)]
    if title := _title(hit, view):
        pieces.append(Piece(title, "dim" if faint else "title"))
    pieces.append(Piece(_about(hit, view), "dim"))
    lead = view.terminal.paint(number, "dim" if faint else "rank")
    yield from packed(pieces, view, lead=lead)
    if hit.copies and not faint:
        yield from packed(_copies(hit, view), view, lead=" " * INDENT)


def place(path: str, document: str | None, line: int | None, page: int | None, view: View) -> Piece:
    """Where something stands, clickable: `~/notes/tea.md:12`, `~/box.mbox › inbox/3`, `~/a.pdf, page 3`."""
    text = view.path(path)
    if document:
        text += view.terminal.sign(" › ") + gate.clean_path(document)
    if page is not None:
        text += f", page {page}"
    elif line is not None:
        text += f":{line}"
    return Piece(text, "path", (path, line), path=True)


def _title(hit: Hit, view: View) -> str:
    """Title and headings, without what the file's name says already."""
    name = PurePath(hit.path).stem.lower()
    words = [gate.clean(part).strip() for part in (hit.title, *hit.heading)]
    return view.terminal.sign(" › ").join(part for part in dict.fromkeys(words) if part and part.lower() != name)


def _about(hit: Hit, view: View) -> str:
    """Kind and date, the score where it is explained."""
    about = [gate.clean(hit.kind)]
    if hit.date is not None:
        about.append(day(hit.date, view.now))
    if view.explain:
        about.append(f"score {hit.score:.3f}")
    return view.terminal.sign(" · ").join(about)


def _copies(hit: Hit, view: View) -> Iterator[Piece]:
    """`same text: …` and `other versions: …`, each with its date."""
    for label, same in (("same text:", True), ("other versions:", False)):
        some = [copy for copy in hit.copies if copy.same is same]
        if not some:
            continue
        yield Piece(label, "dim")
        for copy in some[:3]:
            date = "" if copy.date is None else f" ({day(copy.date, view.now).split(',')[0]})"
            yield Piece(view.path(copy.path) + date, "dim", (copy.path, None), path=True)
        if len(some) > 3:
            yield Piece(f"and {len(some) - 3} more", "dim")


def day(date: datetime, now: datetime) -> str:
    """A date for people: `2019-03-14, 6 years ago`. Both are timezone-aware; the zone of `now` counts."""
    with suppress(OverflowError):  # the first and the last day of the calendar
        date = date.astimezone(now.tzinfo)
    return f"{date.date().isoformat()}, {ago((now.date() - date.date()).days)}"


def ago(days: int) -> str:
    """`today`, `yesterday`, `5 weeks ago`, `in 3 days`. Whole units, rounded down, as people say it."""
    if abs(days) < 2:
        return ("today", "yesterday", "tomorrow")[days]
    size = abs(days)
    for length, unit, least in ((365.25, "year", 2), (30.44, "month", 2), (7, "week", 2), (1, "day", 2)):
        count = int(size / length)
        if count >= least:
            return f"{count} {unit}s ago" if days > 0 else f"in {count} {unit}s"
    return f"{size} days ago"


def _line_of(hit: Hit, shown: list[Row]) -> int | None:
    """Where the link leads: the line in focus, the first shown with a match, the first shown, or else the chunk's."""
    numbered = [row for row in shown if row.number is not None]
    likely = [*(row for row in numbered if row.focus), *(row for row in numbered if row.spans), *numbered]
    best = next(iter(likely), None)
    return best.number if best else hit.line


def _snippet_width(hit: Hit, view: View) -> int | None:
    width = view.terminal.width
    return None if width is None else max(width - INDENT - _gutter(hit) - 3, 10)


def _gutter(hit: Hit) -> int:
    """Cells of the largest line number in the snippet."""
    return max((len(str(number)) for number in lines(hit) if number is not None), default=0)


def _snippet(shown: list[Row], view: View) -> Iterator[str]:
    terminal = view.terminal
    width = max((len(str(row.number)) for row in shown if row.number), default=0)
    for row in shown:
        number = f"{row.number or '':>{width}}"
        rule = terminal.paint(terminal.sign("│"), "dim")
        text = painted(row.text, [(start, end, "match") for start, end in row.spans], terminal)
        yield f"{' ' * INDENT}{terminal.paint(number, 'line')}{' ' if width else ''}{rule} {text}".rstrip()


def parts(hit: Hit, view: View) -> Iterator[str]:
    """`--explain`: the parts of a score, with bars; they add up to the score."""
    yield from table({**hit.why, "score": hit.score}, view)
    if not hit.exact:
        yield view.terminal.paint(f"{' ' * INDENT}its meaning is still an approximation", "dim")


def table(values: Mapping[str, float], view: View) -> Iterator[str]:
    """Names, values and bars in columns."""
    names = {name: gate.clean(name) for name in values}
    left = max(map(cells, names.values()), default=0)
    largest = max(map(abs, values.values()), default=0) or 1
    for name, value in values.items():
        bar = view.terminal.sign("█") * round(_BAR * abs(value) / largest)
        padded = names[name] + " " * (left - cells(names[name]))
        style: Style = "bar" if value >= 0 else "bad"
        yield f"{' ' * INDENT}{padded}  {value:+.3f}  {view.terminal.paint(bar, style)}".rstrip()
