"""Flags that several commands share, and what becomes of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from ask.cli import narrow
from ask.indexer.documents import KINDS
from ask.indexer.errors import UsageError
from ask.retriever.filters import Filters

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Number = Annotated[int | None, typer.Option("-n", "--number", min=1, max=100_000, help="How many hits.")]
After = Annotated[
    str | None, typer.Option(metavar="DATE", help='Not older: 2019, 2019-03, 2019-03-01, 2w, "last week".')
]
Before = Annotated[str | None, typer.Option(metavar="DATE", help="Older than that.")]
Kind = Annotated[list[str] | None, typer.Option(metavar="KIND", help=f"One of: {', '.join(KINDS)}. Repeatable.")]
In = Annotated[list[str] | None, typer.Option("--path", metavar="PATH", help="Only below this. Repeatable.")]
From = Annotated[list[str] | None, typer.Option("--from", metavar="NAME", help="Who wrote it. Repeatable.")]
Lang = Annotated[list[str] | None, typer.Option(metavar="LANG", help="cs, en, python, … Repeatable.")]
Ext = Annotated[list[str] | None, typer.Option(metavar="EXT", help="File name ending. Repeatable.")]
Like = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Near in meaning to this indexed file, too; without a question, to this file alone."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every hit there is, instead of the best few.")]
Files = Annotated[bool, typer.Option("--files", help="Only the paths of files.")]
Lines = Annotated[bool, typer.Option("-l", "--lines", help="path:line: text, as grep prints it.")]
Context = Annotated[int | None, typer.Option("-C", "--context", min=0, max=100, help="Lines of text per hit.")]
Cues = Annotated[
    bool, typer.Option("--cues/--no-cues", help='Heed "years ago", "script", "from Petr" in the question.')
]
Model = Annotated[
    str | None, typer.Option(metavar="NAME", help="The language model that writes it, as in `ask model list`.")
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST", help="Another machine whose server may get question and passages. Repeatable."),
]
File = Annotated[
    Path | None, typer.Option(metavar="PATH", help='A text to ask about too; "-" waits for standard input.')
]
Clipboard = Annotated[bool, typer.Option("--clipboard", help="Ask about what is on the clipboard too.")]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        "--drop", metavar="CUE", help="Take this for a word, not for a cue: when, kind, people, link. Repeatable."
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Such cues exclude what does not fit, instead of only lifting what does.")
]


EVERYTHING = 100_000
"""Hits that `--all` shows at most."""


def filters(
    after: str | None,
    before: str | None,
    kind: list[str] | None,
    path: list[str] | None,
    people: list[str] | None,
    lang: list[str] | None,
    ext: list[str] | None,
) -> Filters:
    """The conditions that flags stand for. Raises `UsageError` for a kind or date that does not exist."""
    return Filters(
        after=None if after is None else moment(after),
        before=None if before is None else moment(before),
        kinds=tuple(map(narrow.kind, kind or ())),
        paths=tuple(map(absolute, path or ())),
        people=tuple(people or ()),
        languages=tuple(lang or ()),
        suffixes=tuple(ext or ()),
    )


def absolute(path: str | os.PathLike[str]) -> str:
    """A path as typed → absolute, without `..` and with links as named; `~nobody` is taken as it stands.

    Raises `UsageError` for an empty one, as an unset variable of a script gives: it would be the current folder.
    """
    if not os.fspath(path):
        raise UsageError("the path is empty", "The current folder is written as a dot.")
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 (pathlib raises and keeps `..`)


def file(path: Path | None) -> Path | None:
    """A file as typed → its absolute path."""
    return None if path is None else Path(absolute(path))


def moment(text: str) -> datetime:
    """The beginning of what `text` names, in the local zone: an ISO time, 2019-03, 2w, "last week". Raises `UsageError`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return narrow.moment(text, datetime.now(UTC).astimezone())
    try:
        return found if found.tzinfo else found.astimezone()
    except (OverflowError, OSError, ValueError):
        return found.replace(tzinfo=UTC)
