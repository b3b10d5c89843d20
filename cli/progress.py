"""Showing long work: a moving bar on a terminal, a plain line now and then in a log, nothing where nobody looks.

Always on stderr: stdout belongs to results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from ask.cli import gate
from ask.cli.terminal import Terminal
from ask.indexer.progress import Progress, Silent

EVERY = 5.0
"""Seconds between two lines in a log."""

Clock = Callable[[], float]
"""Seconds, rising."""


@contextmanager
def shown(look: Terminal, *, quiet: bool = False, stream: TextIO | None = None) -> Iterator[Progress]:
    """What listens to long work, for as long as the block lasts. `look` describes `stream` (stderr).

    The bar leaves the terminal as it was, also when the block ends by an error or Ctrl-C.
    """
    stream = sys.stderr if stream is None else stream
    if quiet:
        yield Silent()
    elif look.width is None:
        lines = Lines(stream)
        try:
            yield lines
        finally:
            lines.end()
    else:
        from ask.cli.bar import Bar  # rich takes a while to import

        with Bar(stream, look) as bar:
            yield bar


class Lines:
    """A plain line when a stage begins, every `every` seconds, and when it ends. Implements `Progress`."""

    def __init__(self, stream: TextIO, *, every: float = EVERY, clock: Clock = time.monotonic) -> None:
        self._stream = stream
        self._every = every
        self._clock = clock
        self._name = self._unit = ""
        self._total: int | None = None
        self._done = 0
        self._began = self._said = clock()

    def stage(self, name: str, total: int | None, unit: str = "files") -> None:
        """Ends the stage before and says what begins."""
        self.end()
        self._name, self._unit, self._total, self._done = gate.clean(name), gate.clean(unit), total, 0
        self._began = self._said = self._clock()
        self._say(self._name if total is None else f"{self._name}: {total:,} {self._unit}")

    def advance(self, n: int = 1, detail: str = "") -> None:
        """Counts; says so when it is time."""
        self._done += n
        now = self._clock()
        if now - self._said >= self._every:
            self._said = now
            at = f", at {gate.clean_path(detail)}" if detail else ""
            self._say(f"{self._name}: {state(self._done, self._total, self._unit, now - self._began)}{at}")

    def note(self, text: str) -> None:
        """Says it at once."""
        self._say(gate.clean(text))

    def end(self) -> None:
        """Says what the stage came to."""
        if self._name:
            took = duration(self._clock() - self._began)
            self._say(f"{self._name}: {self._done:,} {self._unit} in {took}")
        self._name = ""

    def _say(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


def state(done: int, total: int | None, unit: str, seconds: float) -> str:
    """`1,200 of 12,000 files, 100 a second, 1:48 left` after so many seconds."""
    counted = f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
    if not done or seconds <= 0:
        return counted
    speed = f"{counted}, {rate(done / seconds)}"
    if total is None or done >= total:
        return speed
    return f"{speed}, {duration((total - done) * seconds / done)} left"


def rate(each_second: float) -> str:
    """`20 s each`, `0.4 a second`, `103 a second`."""
    if each_second < 0.1:
        return f"{duration(1 / each_second)} each"
    return f"{each_second:.1f} a second" if each_second < 10 else f"{each_second:,.0f} a second"


def duration(seconds: float) -> str:
    """`0.4 s`, `38 s`, `1:48`, `2:05:00`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    clock = f"{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
    return f"{hours}:{clock}" if hours else clock
