"""The command `script`: a script written by the language model from what the files say. It is printed, never run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from ask.cli import gate, options
from ask.cli.session import Session, hit_json
from ask.indexer.errors import UsageError
from ask.retriever.hits import Results


def script(
    task: Annotated[list[str], typer.Argument(metavar="TASK", help="What the script is to do.")],
    language: Annotated[
        str | None, typer.Option("--in", metavar="LANGUAGE", help="Write it in bash, python, …")
    ] = None,
    model: options.Model = None,
    allow_host: options.AllowHost = None,
    file: options.File = None,
    clipboard: options.Clipboard = False,
    json: options.Json = False,
) -> int:
    """Write a script after what your files say, and print it. Nothing is run.

    The script alone is on stdout; where it comes from is on stderr.

    \b
    ask script "back up the photos to the old disk, as I used to" > backup.sh
    """
    from ask.cli import answers, brought, writing
    from ask.cli.installed import PROMPTS
    from ask.cli.render import View, notes
    from ask.generator import prompts
    from ask.generator import script as writer
    from ask.generator.results import as_json
    from ask.retriever.filters import Filters

    session = Session(json, {"llm": model, "llm_hosts": allow_host})
    if not session.settings.llm:
        raise UsageError("only a language model writes scripts, and none is chosen", "See: ask model list")
    text, texts = " ".join(task), brought.texts(file, clipboard=clipboard)
    how = prompts.load("script", session.home / PROMPTS)
    with session.searcher() as searcher, writing.desk(session, searcher, texts) as desk:
        found: Results = searcher.search(session.question(text, Filters()), n=session.settings.results)
        source = writing.with_material(text, texts, found, searcher)
        reply = writing.last(writer.answered(text, source, desk, how, language or writer.DEFAULT))
    if json:
        session.put_json(as_json(reply, [hit_json(hit) for hit in reply.hits]))
        return 1 if reply.abstained else 0
    if not reply.abstained:
        session.put(gate.clean(reply.text, lines=True).split("\n"))
    view = View(session.look_err)
    below = [*answers.sources(reply, view), *notes(reply.notes, view)]
    sys.stderr.write("".join(f"{line}\n" for line in below))
    return 1 if reply.abstained else 0


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(script)
