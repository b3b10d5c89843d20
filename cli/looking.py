"""Commands that look at the index, the machine and the settings: status, doctor, settings."""

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
    """Look for what limits ask on this machine. Says what to do about it.

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


def settings(
    template: Annotated[
        bool, typer.Option("--template", help="A config.toml with every setting explained and commented out.")
    ] = False,
    json: options.Json = False,
) -> int:
    """List every setting with its value and where it comes from.

    \b
    ask settings
    ask settings --template > ~/.local/share/ask/config.toml
    """
    from ask.cli import settings as rows

    session = Session(json)
    if template:
        session.put([rows.template().rstrip("\n")])
        return 0
    loaded = rows.load()
    listed = [
        {"name": name, "value": _shown(name, getattr(loaded.values, name)), "from": loaded.origins[name]}
        for name in rows.ROWS
    ]
    if json:
        session.put_json([{**each, "about": rows.ROWS[str(each["name"])].about} for each in listed])
        return 0
    for each in listed:
        row = rows.ROWS[str(each["name"])]
        where = "" if each["from"] == "default" else gate.clean_path(f"  ({each['from']})")
        session.put([f"{row.name} = {gate.clean(rows.toml(each['value']))}{where}"])
        session.put([session.look.paint(f"    {line}", "dim") for line in _wrapped(row.about, session)])
    session.put([f"Set in {gate.clean_path(str(session.home / rows.FILE))}, or as ASK_NAME in the environment."])
    return 0


def _shown(name: str, value: object) -> object:
    """A key is told to be there, not shown: it would end in somebody's bug report."""
    return "***" if name == "llm_key" and value else value


def _wrapped(text: str, session: Session) -> list[str]:
    from textwrap import wrap

    return wrap(text, max((session.look.width or 100) - 4, 20))


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(status)
    app.command()(doctor)
    app.command()(settings)
