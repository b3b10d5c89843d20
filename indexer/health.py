"""Anything about this machine that limits ask: for `ask doctor`."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ask.indexer import database, helpers, watch
from ask.indexer.compile import MODELS, is_compiled
from ask.indexer.errors import AskError
from ask.indexer.sandbox import TRIALS, reached
from ask.indexer.weights import locate

Level = Literal["ok", "note", "problem"]
_ROOM = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    level: Level
    what: str
    advice: str = ""


def examine(home: Path, model: str) -> list[Finding]:
    """Look at everything; problems are findings, not errors."""
    return [*_sqlite(), *_home(home), *_model(home, model), *_sandbox(), *_index(home)]


def _sqlite() -> Iterator[Finding]:
    version = ".".join(map(str, database.version()))
    if database.version() >= database.SAFE_WAL:
        yield Finding("ok", f"SQLite {version}")
    else:
        yield Finding("note", f"SQLite {version}: searching waits while something is written", "pip install pysqlite3")


def _home(home: Path) -> Iterator[Finding]:
    if not home.exists():
        yield Finding("note", f"the state directory {home} does not exist yet", "Run: ask index ~/some/folder")
        return
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        yield Finding("problem", f"others may look into {home}", f"chmod 700 {home}")
    free = shutil.disk_usage(home).free
    level: Level = "ok" if free > _ROOM else "problem"
    yield Finding(level, f"state directory {home}, {free >> 20:,} MB free", "" if free > _ROOM else "Make room.")


def _model(home: Path, name: str) -> Iterator[Finding]:
    try:
        weights = locate(name)
    except AskError as error:
        yield Finding("problem", error.message, error.hint)
        return
    compiled = is_compiled(home / MODELS, name)
    yield Finding("ok", f"model {weights.name}, {'ready' if compiled else 'compiled with the first index'}")


def _sandbox() -> Iterator[Finding]:
    """A confined process says what it could not do; tried, not looked up."""
    level = reached()
    if not level.measures:
        yield Finding(
            "problem", "the processes that read files cannot be confined", "pip install --force-reinstall ask-files"
        )
    elif open_to := [name for name in TRIALS if name not in level.refused]:
        yield Finding("note", f"processes that read files are not shut off from: {', '.join(open_to)}")
    else:
        yield Finding("ok", f"processes that read files are shut off from: {', '.join(level.refused)}")


def _helpers(waiting: Mapping[str, int]) -> Iterator[Finding]:
    """What of the system's programs and libraries is there, and how many files wait for each that is not."""
    there = [name for name in helpers.HELPERS if helpers.is_there(name)]
    if there:
        yield Finding("ok", f"helpers: {', '.join(there)}")
    for name, each in helpers.HELPERS.items():
        if name not in there:
            count = waiting.get(name, 0)
            files = f"; {count:,} {'file waits' if count == 1 else 'files wait'} for it" if count else ""
            yield Finding("note", f"{name} is not installed ({each.reads}){files}", f"apt install {each.package}")


def _index(home: Path) -> Iterator[Finding]:
    if not (home / database.FILE).exists():
        yield from _helpers({})
        return
    try:
        with database.reading(home) as db:
            yield from _contents(home, db)
    except AskError as error:
        yield Finding("problem", error.message, error.hint)


def _contents(home: Path, db: database.Connection) -> Iterator[Finding]:
    total, exact = db.execute("SELECT count(*), coalesce(sum(tier = 2), 0) FROM chunks").fetchone()
    yield Finding("ok", f"{total:,} chunks, {exact:,} with an exact vector")
    if said := str(watch.report(home).get("service", "")):
        yield Finding("ok" if said == "answers searches" else "note", f"ask watch runs and {said}")
    yield from _helpers(helpers.waiting(db))
    unread = db.execute("SELECT reason, count(*) FROM files WHERE status = 'unreadable' GROUP BY reason").fetchall()
    for reason, count in unread:
        yield Finding("note", f"{count:,} files could not be read: {reason}", "ask status --skipped")
    for (raw,) in db.execute("SELECT path FROM roots"):
        if not os.path.lexists(raw):
            yield Finding("note", f"{os.fsdecode(bytes(raw))} is not there now; what is known of it is kept")
