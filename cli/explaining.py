"""Commands that explain: why a file was not found, and what was masked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from ask.cli import gate, options
from ask.cli.session import Session


def why(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What you asked.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file you expected.")],
    after: options.After = None,
    before: options.Before = None,
    kind: options.Kind = None,
    within: options.In = None,
    people: options.From = None,
    lang: options.Lang = None,
    ext: options.Ext = None,
    cues: options.Cues = True,
    strict: options.Strict = False,
    json: options.Json = False,
) -> int:
    """Tell why a file was not found. Names the stage: not scanned, not read, limited away, not matched, ranked low.

    \b
    ask why "regex for dates" ~/bin/dates.pl
    ask why "regex for dates" ~/bin/dates.pl --kind note
    """
    from ask.retriever import trace

    session = Session(json)
    target = options.absolute(path)
    with session.searcher() as searcher:
        limits = options.filters(after, before, kind, within, people, lang, ext)
        query = session.question(question, limits, cues=cues, strict=strict)
        steps = trace.follow(searcher, query, target)
    if json:
        session.put_json([{"stage": s.stage, "passed": s.passed, "what": s.what} for s in steps])
    else:
        for step in steps:
            mark = session.look.paint("yes" if step.passed else "NO ", "good" if step.passed else "bad")
            session.put([f"{mark}  {gate.clean(step.stage):<9} {gate.clean(step.what)}"])
    return 0 if steps[-1].passed else 1  # one side alone is enough to be found


def audit(json: options.Json = False) -> int:
    """List where secrets in your files were masked. By file, line and rule; never the secret itself.

    \b
    ask audit
    """
    from ask.indexer import report

    session = Session(json)
    with session.searcher() as searcher:
        masked = report.masked(searcher.db)
    if json:
        session.put_json([{"path": p, "document": m, "line": line, "rule": rule} for p, m, line, rule in masked])
    else:
        session.put(
            gate.clean_path(p) + (f":{line}" if line else "") + gate.clean(f"{' ' + m if m else ''}: {rule}")
            for p, m, line, rule in masked
        )
        count = "1 secret is" if len(masked) == 1 else f"{len(masked):,} secrets are"
        session.put([f"{count} masked in the index; the files themselves are as they were."])
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(why)
    app.command()(audit)
