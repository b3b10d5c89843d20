"""The command line: every command with its flags and examples. What they do is in the modules named for it."""

from __future__ import annotations

from typing import Annotated

import typer
from ask.cli import asking, building, explaining, looking, modelling, watching

app = typer.Typer(
    name="ask",
    help="""Find anything in your own files by meaning, and get answers with quotes. Nothing leaves this machine.

    ask index ~/notes ~/src

    ask "that script I wrote years ago that prints the structure of HTML"

    ask                       (an interactive shell)
    """,
    no_args_is_help=False,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ask {version('ask-files')}")
        raise typer.Exit


@app.callback()
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        raise typer.Exit(asking.shell())


for _module in (asking, building, explaining, looking, modelling, watching):
    _module.register(app)
