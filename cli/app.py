"""The command line: every command with its flags and examples. What they do is in the modules named for it."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

MODULES = {
    "asking": ("search", "answer", "get", "similar"),
    "building": ("index", "forget", "check"),
    "explaining": ("why", "audit"),
    "looking": ("status", "doctor", "settings"),
    "bench": ("bench",),
    "modelling": ("model",),
    "prompting": ("prompts",),
    "scripting": ("script",),
    "watching": ("watch", "serve"),
}
"""The commands of each module, in the order of the help."""


def application(command: str = "") -> typer.Typer:
    """The command line with all commands; for a `command` with those of its module only, which starts sooner."""
    app = typer.Typer(
        name="ask",
        help=_HELP,
        no_args_is_help=False,
        invoke_without_command=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_start)
    needed = [module for module, commands in MODULES.items() if command in commands] or list(MODULES)
    for module in needed:
        import_module(f"ask.cli.{module}").register(app)
    return app


_HELP = """Find anything in your own files by meaning, and get answers with quotes. Nothing leaves this machine.

    ask index ~/notes ~/src

    ask "that script I wrote years ago that prints the structure of HTML"

    ask                       (an interactive shell)
    """


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ask {version('ask-files')}")
        raise typer.Exit


def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        from ask.cli import asking

        raise typer.Exit(asking.shell())
