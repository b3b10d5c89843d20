"""Commands that look at the index and the machine: status, doctor."""

from __future__ import annotations

from typing import Annotated

import typer
from ask.cli import gate, options
from ask.cli.session import Session


def status(
    skipped: Annotated[
        bool, typer.Option("--skipped", help="List every file that is not indexed, with the reason.")
    ] = False,
    json: options.Json = False,
) -> int:
    """What is indexed, what is not, and why.

    \b
    ask status
    ask status --skipped | less
    """
    from ask.indexer import report

    session = Session(json)
    with session.searcher() as searcher:
        if skipped:
            left = report.left_out(searcher.db)
            if json:
                session.put_json([{"path": p, "status": s, "reason": r, "detail": d} for p, s, r, d in left])
            else:
                session.put(
                    f"{gate.clean_path(path)}: {gate.clean(reason)}{gate.clean(f' ({detail})') if detail else ''}"
                    for path, _, reason, detail in left
                )
            return 0
        found = report.status(searcher.db, session.home)
    if json:
        session.put_json(found)
    else:
        from ask.cli import overview

        session.put(overview.status(found, session.view()))
    return 0


def doctor(json: options.Json = False) -> int:
    """Look for anything that limits ask on this machine, and say what to do about it.

    \b
    ask doctor
    """
    from ask.indexer import health

    session = Session(json)
    findings = health.examine(session.home, session.settings.model)
    if json:
        session.put_json([{"level": f.level, "what": f.what, "advice": f.advice} for f in findings])
    else:
        signs = {"ok": ("ok", "good"), "note": ("note", "dim"), "problem": ("PROBLEM", "bad")}
        for finding in findings:
            word, style = signs[finding.level]
            session.put([f"{session.look.paint(f'{word:<8}', style)} {gate.clean(finding.what)}"])  # type: ignore[arg-type]
            if finding.advice:
                session.put([f"         {gate.clean(finding.advice)}"])
    return 2 if any(f.level == "problem" for f in findings) else 0


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(status)
    app.command()(doctor)
