"""What a command needs before it can begin: where the index is, how to draw, what is set."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ask.cli import gate, settings
from ask.cli.terminal import Terminal, prepare, terminal
from ask.indexer.place import require_own
from ask.retriever.hits import Hit

if TYPE_CHECKING:
    from ask.cli.answering import Kept
    from ask.cli.render import View
    from ask.indexer.maintain import Plan
    from ask.retriever.filters import Filters
    from ask.retriever.people import Me
    from ask.retriever.query import Query
    from ask.retriever.search import Searcher


@dataclass
class Session:
    """One run of the command line."""

    json: bool = False
    flags: Mapping[str, object] | None = None
    kept: ClassVar[Kept | None] = None
    """The index that stays open from one command to the next; None but in the service."""

    @cached_property
    def settings(self) -> settings.Settings:
        """Flags before environment before file before defaults."""
        return settings.load(self.flags).values

    @cached_property
    def home(self) -> Path:
        """The state directory."""
        found = settings.home()
        require_own(found)
        return found

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

    def view(self, words: Sequence[str] = (), *, explain: bool = False) -> View:
        """How to show hits for a question with these words."""
        from ask.cli.render import View
        from ask.retriever.snippet import marker

        return View(self.look, marker(words), rows=self.settings.lines, explain=explain)

    @cached_property
    def me(self) -> Me:
        """Whose files these are: as set, else as git and mail programs have been told."""
        from ask.retriever.people import Me, guess_me

        if named := self.settings.me:
            return Me(tuple(n for n in named if "@" not in n), tuple(n for n in named if "@" in n))
        return guess_me(user_home(), os.environ.get("USER", ""))

    def question(
        self,
        text: str,
        limits: Filters,
        *,
        cues: bool = True,
        strict: bool = False,
        without: Collection[str] = (),
        like: Path | None = None,
    ) -> Query:
        """A typed question with its cues but for those in `without`; `strict` makes them hard limits. `like` is the
        absolute path of a file that hits are to resemble. Raises `EmptyQuery`."""
        from datetime import UTC, datetime

        from ask.retriever.query import parse

        now = datetime.now(UTC).astimezone()
        query = parse(text, limits, now=now if cues else None, me=self.me if cues else None, without=without, like=like)
        return query.with_filters(query.cues.filters(now, limits)) if strict and query.cues else query

    @contextmanager
    def searcher(self) -> Iterator[Searcher]:
        """The index, open for reading."""
        from ask.indexer.database import DatabaseError, explained
        from ask.retriever.search import Searcher

        opened = Searcher(self.home) if self.kept is None else self.kept.searcher(self.home)
        opened.budget = self.settings.embed_budget_ms / 1000
        try:
            yield opened
            opened.keep()
        except DatabaseError as error:
            problem = explained(error, self.home)
            if problem is None:
                raise
            raise problem from error
        finally:
            if self.kept is None:
                opened.close()

    def plan(self, consented: Sequence[bytes] = ()) -> Plan:
        """How to index, as set; `consented` are paths that may be read although they look secret."""
        from ask.indexer.browsers import databases
        from ask.indexer.maintain import Plan

        values = self.settings
        return Plan(
            home=self.home,
            limits=values.limits(),
            workers=values.threads or None,
            exclude=values.exclude,
            gitignore=values.gitignore,
            consented=tuple(consented),
            browsers=databases(user_home()) if values.browsers else (),
            languages=values.languages,
            pictures=values.pictures,
        )

    def put(self, lines: Iterator[str] | Sequence[str]) -> None:
        """Lines that have been through the gate, on stdout."""
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def put_json(self, value: object) -> None:
        """One JSON document on stdout."""
        gate.write_json(value, sys.stdout, indent=1 if self.look.width is not None else None)


def user_home() -> Path:
    """The home of the user; for one who has none, a folder that is not there. (`Path.home` raises.)"""
    found = Path(os.path.expanduser("~"))  # noqa: PTH111
    return found if found.is_absolute() else Path("/nonexistent")


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
        "copies": [
            {"path": c.path, "date": None if c.date is None else c.date.isoformat(), "same": c.same} for c in hit.copies
        ],
        "exact": hit.exact,
        "why": dict(hit.why),
    }
