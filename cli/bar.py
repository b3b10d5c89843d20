"""Progress on a terminal: a bar for each stage, and below them the file at hand."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TextIO

from ask.cli import gate
from ask.cli.progress import Clock, duration, rate
from ask.cli.terminal import Terminal, cut_front
from rich.console import Console, RenderableType
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

_EACH = 0.1
"""Seconds between two drawings."""


class _Count(ProgressColumn):
    """`1,200/12,000 files`."""

    def render(self, task: Task) -> Text:
        total = "" if task.total is None else f"/{int(task.total):,}"
        return Text(f"{int(task.completed):,}{total} {task.fields['unit']}")


class _Pace(ProgressColumn):
    """`103 a second, 1:48 left`, or the time it took."""

    def render(self, task: Task) -> Text:
        if task.finished or task.stop_time is not None:
            return Text(f"in {duration(task.elapsed or 0)}", style="dim")
        if not task.speed:
            return Text("")
        left = task.time_remaining
        return Text(rate(task.speed) + (f", {duration(left)} left" if left else ""))


class _Drawing(RichProgress):
    """The bars with a line below them."""

    below = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        if self.below:
            room = max(self.console.width - 1, 1)
            yield Text(cut_front(gate.clean_path(self.below), room), style="dim", no_wrap=True)


class Bar:
    """Draws on a terminal. Implements `Progress`.

    It draws while it is told of progress and has no thread of its own: worker processes may be forked meanwhile.
    """

    def __init__(self, stream: TextIO, look: Terminal, *, clock: Clock = time.monotonic) -> None:
        console = Console(
            file=stream, force_terminal=True, no_color=not look.colour, markup=False, emoji=False, highlight=False
        )
        self._clock = clock
        self._drawing = _Drawing(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30, complete_style="cyan", finished_style="green", pulse_style="cyan"),
            _Count(),
            _Pace(),
            console=console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: TaskID | None = None
        self._drawn = clock()

    def __enter__(self) -> Self:
        self._drawing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._finish()
        self._drawing.below = ""
        self._drawing.stop()

    def stage(self, name: str, total: int | None, unit: str = "files") -> None:
        """A new bar; the one before stands still."""
        self._finish()
        self._task = self._drawing.add_task(gate.clean(name), total=total, unit=gate.clean(unit))
        self._draw()

    def advance(self, n: int = 1, detail: str = "") -> None:
        """Moves the bar; draws it ten times a second at most."""
        if self._task is not None:
            self._drawing.advance(self._task, n)
        self._drawing.below = detail
        if self._clock() - self._drawn >= _EACH:
            self._draw()

    def note(self, text: str) -> None:
        """Stands above the bars and stays there."""
        self._drawing.console.print(Text(gate.clean(text), style="dim"))
        self._draw()

    def _finish(self) -> None:
        """The bar of the stage that ends: full where its length was not known."""
        if self._task is None:
            return
        task = self._drawing.tasks[self._task]
        if task.total is None:
            self._drawing.update(self._task, total=task.completed)
        self._drawing.stop_task(self._task)
        self._task = None

    def _draw(self) -> None:
        self._drawn = self._clock()
        self._drawing.refresh()
