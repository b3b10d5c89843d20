"""What a command needs before it can begin: where the index is, how to draw, what is set."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ask.cli import gate, settings
from ask.cli.terminal import Terminal, prepare, terminal
from ask.retriever.hits import Hit

if TYPE_CHECKING:
    from ask.cli.render import View
    from ask.retriever.search import Searcher


@dataclass
class Session:
    """One run of the command line."""

    json: bool = False
    flags: Mapping[str, object] | None = None

    @cached_property
    def settings(self) -> settings.Settings:
        """Flags before environment before file before defaults."""
        return settings.load(self.flags).values

    @cached_property
    def home(self) -> Path:
        """The state directory."""
        return settings.home()

    @cached_property
    def look(self) -> Terminal:
        """How stdout can be drawn on."""
        prepare(sys.stdout)
        return terminal(
            sys.stdout,
            colour=self.settings.colour,
            links=self.settings.hyperlinks,
            address=self.settings.link_address,
        )

    @cached_property
    def look_err(self) -> Terminal:
        """How stderr can be drawn on."""
        prepare(sys.stderr)
        return terminal(sys.stderr, colour=self.settings.colour, links="never")

    def view(self, words: Sequence[str] = (), *, explain: bool = False, rows: int | None = None) -> View:
        """How to show hits for a question with these words."""
        from ask.cli.render import View
        from ask.retriever.snippet import marker

        lines = self.settings.lines if rows is None else rows
        return View(self.look, marker(words), rows=lines, explain=explain)

    @contextmanager
    def searcher(self) -> Iterator[Searcher]:
        """The index, open for reading."""
        from ask.indexer.database import DatabaseError, explained
        from ask.retriever.search import Searcher

        opened = Searcher(self.home)
        try:
            yield opened
        except DatabaseError as error:
            problem = explained(error, self.home)
            if problem is None:
                raise
            raise problem from error
        finally:
            opened.close()

    def put(self, lines: Iterator[str] | Sequence[str]) -> None:
        """Lines that have been through the gate, on stdout."""
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def put_json(self, value: object) -> None:
        """One JSON document on stdout."""
        gate.write_json(value, sys.stdout, indent=1 if self.look.width is not None else None)


def hit_json(hit: Hit) -> dict[str, object]:
    """A hit as the interface contract has it (docs/design.md)."""
    return {
        "rank": hit.rank,
        "score": hit.score,
        "id": hit.id,
        "path": hit.path,
        "document": hit.document,
        "kind": hit.kind,
        "title": hit.title,
        "line": hit.line,
        "end_line": hit.end_line,
        "page": hit.page,
        "date": None if hit.date is None else hit.date.isoformat(),
        "snippet": hit.snippet,
        "heading": list(hit.heading),
        "family": list(hit.family),
        "exact": hit.exact,
        "why": dict(hit.why),
    }
