"""Commands that change the index: index, forget, check."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ask.cli import gate, options
from ask.cli.session import Session
from ask.indexer.errors import Busy
from ask.indexer.progress import Progress

if TYPE_CHECKING:
    from ask.indexer.compile import Compiled
    from ask.indexer.maintain import Plan
    from ask.indexer.reconcile import Outcome
    from ask.indexer.sources import Compared
    from ask.indexer.store import Store


class Tier(StrEnum):
    """What is complete when `ask index` returns."""

    words = "words"
    instant = "instant"
    full = "full"


A_LITTLE = 5.0
"""Seconds that a run on a terminal spends on exact meaning when all the rest is complete."""


def index(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files or folders.")],
    wait: Annotated[
        Tier | None, typer.Option(help="Return when words, instant (approximate meaning) or full is complete.")
    ] = None,
    wait_lock: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long to wait for another ask that writes.")
    ] = 60.0,
    consent: Annotated[
        bool, typer.Option("--consent", help="These very paths may be read although they look secret.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Tell what it would do and take, from a measured sample; change nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    json: options.Json = False,
) -> int:
    """Make files findable. Run it again at any time: only what changed is read.

    Words come first, then an approximate meaning of everything, then the exact meaning, which takes longest. On a
    terminal this returns when the first two are complete; searches, the next runs and `ask watch` do the rest.

    \b
    ask index ~/notes ~/src
    ask index ~/ --plan            (how long it would take, and what would be left out)
    ask index ~/ --wait full       (return when everything is exact, as in a script)
    """
    from ask.cli import progress
    from ask.indexer import maintain, report, switch

    session = Session(json)
    named = [os.fsencode(options.absolute(path)) for path in paths]
    if plan:
        return _forecast(session, named, named if consent else (), quiet=quiet)
    maintain.require(session.home, named)
    with progress.shown(session.look_err, quiet=quiet) as shown, _writer(session.home, wait_lock, shown) as store:
        model = maintain.prepare_model(session.home, session.settings.model, shown)
        switch.choose(store, model)
        how = session.plan(named if consent else ())
        outcome = maintain.index(store, named, how, model, shown)
        refused = report.refused(store.db, named)
        found = _give_meaning(session, store, how, model, wait, shown)
        outcome.unreadable = {path: why for path, why in outcome.unreadable.items() if path not in found}
    if json:
        session.put_json(_outcome_json(outcome))
    else:
        _summary(session, outcome)
        session.put(_refused(session, refused))
    return 3 if outcome.unreadable else 0


def _give_meaning(
    session: Session, store: Store, how: Plan, model: Compiled, wait: Tier | None, shown: Progress
) -> Collection[bytes]:
    """Meaning as far as it is waited for; None: what takes seconds on a terminal, all of it elsewhere.

    Returns the files in whose pictures text was found.
    """
    from ask.indexer import maintain

    tier = wait or (Tier.full if session.look_err.width is None else Tier.instant)
    threads = session.settings.threads or None
    if tier is Tier.instant:
        maintain.cover(store, model, threads, shown)
        if wait is None:
            maintain.fill(store, model, threads, shown, enough=_after(A_LITTLE))
    if tier is not Tier.full:
        return ()
    maintain.fill(store, model, threads, shown)
    if found := maintain.look_at_pictures(store, how, model, shown):
        maintain.fill(store, model, threads, shown)
    return found


def _after(seconds: float) -> Callable[[], bool]:
    """Says whether that time has passed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _forecast(session: Session, named: Sequence[bytes], consented: Sequence[bytes], *, quiet: bool) -> int:
    """Tell what indexing would do and take."""
    from dataclasses import asdict

    from ask.cli import overview, progress
    from ask.indexer import forecast

    with progress.shown(session.look_err, quiet=quiet) as shown:
        found = forecast.forecast(session.home, named, session.plan(consented), session.settings.model, shown)
    if session.json:
        session.put_json(asdict(found))
    else:
        session.put(overview.forecast(found, session.view()))
    return 0


def _writer(home: Path, wait: float, shown: Progress) -> Store:
    """The index, open for writing; says so when it has to wait for it."""
    from ask.indexer.store import Store

    try:
        return Store(home)
    except Busy:
        if wait <= 0:
            raise
    shown.note("Another ask is writing to the index; waiting for it …")
    return Store(home, wait)


def _outcome_json(outcome: Outcome) -> dict[str, object]:
    return {
        "new": outcome.new,
        "changed": outcome.changed,
        "moved": outcome.moved,
        "unchanged": outcome.unchanged,
        "removed": outcome.removed,
        "skipped": outcome.skipped,
        "unreadable": [{"path": os.fsdecode(p), "reason": r} for p, r in sorted(outcome.unreadable.items())],
        "missing_roots": [os.fsdecode(p) for p in outcome.missing_roots],
    }


def _summary(session: Session, outcome: Outcome) -> None:
    from ask.indexer.documents import REASONS

    counts = [
        (outcome.new, "new"),
        (outcome.changed, "changed"),
        (outcome.moved, "moved"),
        (outcome.unchanged, "unchanged"),
        (outcome.removed, "gone"),
        (outcome.skipped, "left out"),
        (len(outcome.unreadable), "could not be read"),
    ]
    said = ", ".join(f"{count:,} {name}" for count, name in counts if count) or "nothing to do"
    lines = [f"Files: {said}."]
    view = session.view()
    lines += [f"Not there now, kept as it was: {view.path(os.fsdecode(p))}" for p in outcome.missing_roots]
    for path, reason in sorted(outcome.unreadable.items())[:10]:
        lines.append(f"Could not be read: {view.path(os.fsdecode(path))} ({REASONS.get(reason, reason)})")
    if len(outcome.unreadable) > 10:
        lines.append(f"… and {len(outcome.unreadable) - 10} more: ask status --skipped")
    session.put(lines)


def _refused(session: Session, refused: Sequence[tuple[str, str, str]]) -> list[str]:
    """Whoever names a file and does not get it is told why, and how to get it all the same."""
    from ask.indexer.documents import REASONS

    lines = []
    for path, reason, detail in refused:
        hint = "; to read it all the same: ask index --consent" if reason == "secret" else ""
        why = gate.clean(detail or REASONS.get(reason, reason))
        lines.append(f"Left out: {session.view().path(path)} ({why}){hint}")
    return lines


def forget(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or folder; it need not exist any more.")],
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
    json: options.Json = False,
) -> int:
    """Remove a file or folder from the index, beyond recovery. The file itself stays where it is.

    \b
    ask forget ~/notes/diary.md
    """
    from ask.indexer import database, maintain
    from ask.indexer.store import Store

    session = Session(json)
    target = os.fsencode(options.absolute(path))
    if not yes and not json and sys.stdin.isatty():
        typer.confirm(f"Forget {gate.clean_path(os.fsdecode(target))} and everything below it?", abort=True, err=True)
    database.connect(session.home).close()  # raises where there is no index, before `Store` would make one
    with Store(session.home, wait=60.0) as store:
        count = maintain.forget(store, target)
    left = database.log_size(session.home)
    if json:
        session.put_json({"path": os.fsdecode(target), "files": count, "log_bytes": left})
        return 0
    session.put([f"Forgotten: {count:,} {'file' if count == 1 else 'files'}."])
    if left:
        sys.stderr.write(
            "ask: another ask is reading what was there before; the database's log holds it until the next ask index\n"
        )
    return 0


def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is wrong, from the source files.")] = False,
    every: Annotated[
        bool, typer.Option("--sources", help="Compare all files with what is stored, not only 200 taken by chance.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Verify the index; --repair mends it. Looks at the database, what is derived, and the texts against their files.

    \b
    ask check
    ask check --repair
    ask check --sources
    """
    from ask.cli import progress
    from ask.indexer import check as checking
    from ask.indexer import maintain, sources

    session = Session(json)
    with progress.shown(session.look_err, quiet=json) as shown:
        found = checking.check(session.home, shown)
        plan, name = session.plan(), session.settings.model
        compared = None
        if checking.can_compare(found):
            model = maintain.prepare_model(session.home, name, shown)
            compared = checking.compare(session.home, plan, model, shown, None if every else sources.SAMPLE)
        different = compared.different if compared else ()
        left = wrong = found + [f"sources: {os.fsdecode(p)} says something else than what is stored" for p in different]
        if repair and wrong:
            model = maintain.prepare_model(session.home, name, shown)
            left = checking.repair(session.home, found, plan, model, shown, different)
    if json:
        session.put_json(_checked_json(wrong, left, compared))
    else:
        session.put(_checked_text(wrong, left, compared, every))
    return 2 if left else 0


def _checked_json(wrong: Sequence[str], left: Sequence[str], compared: Compared | None) -> dict[str, object]:
    return {
        "problems": wrong,
        "repaired": bool(wrong and not left),
        "compared": compared.compared if compared else 0,
        "indexed": compared.indexed if compared else None,
    }


def _checked_text(wrong: Sequence[str], left: Sequence[str], compared: Compared | None, every: bool) -> list[str]:
    lines = [gate.clean_path(problem) for problem in wrong] or ["The index is in order."]
    if compared:
        said = f"Compared with what is stored: {compared.compared:,} of {compared.indexed:,} files."
        lines.append(said if every or compared.compared == compared.indexed else f"{said} All: ask check --sources")
    if wrong:
        lines.append("Mended." if not left else "To mend it: ask check --repair")
    return lines


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(index)
    app.command()(forget)
    app.command()(check)
