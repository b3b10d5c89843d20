"""The first code that runs: decides what was meant, and prints every error in one place.

Kept free of imports that cost time, because it is part of every search.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

from ask.cli.client import served

COMMANDS = frozenset(
    "index search answer status get forget check doctor watch serve model similar bench why audit prompts script"
    " settings".split()
)
_TAKING_PATHS = frozenset("index forget similar why".split())
_GLOBAL = frozenset(["--help", "-h", "--version", "--install-completion", "--show-completion"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # NumPy multiplies small matrices only; its threads cost 0.05 s at the start and far more on a busy machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.umask(0o077)
    _no_core_dumps()
    words = meant(list(sys.argv[1:] if arguments is None else arguments))
    try:
        status = served(words)
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(run(words) if status is None else status)


def _no_core_dumps() -> None:
    """The memory of this process holds texts; a crash must not leave them on the disk."""
    try:
        import resource
    except ImportError:  # Windows writes none
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(arguments: list[str]) -> int:
    """The exit status: 0 found or done, 1 nothing found, 2 an error, 3 some files unread, 130 interrupted."""
    from ask.cli import gate
    from ask.indexer.errors import AskError

    try:
        status = _dispatch(meant(arguments))
        sys.stdout.flush()
        return status
    except AskError as error:
        _say(gate.clean(f"ask: {error.message}", lines=True))
        if error.hint:
            _say(gate.clean(f"     {error.hint}", lines=True))
        return error.exit_code
    except KeyboardInterrupt:
        kept = "; what is done is kept, the same command goes on from here" if arguments[:1] == ["index"] else ""
        _say(f"ask: interrupted{kept}")
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain again while closing stdout.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return 0
    except OSError as error:
        _say(gate.clean(f"ask: {error.strerror or error}: {error.filename or ''}".rstrip(": "), lines=True))
        return 2


def meant(arguments: list[str]) -> list[str]:
    """A first word that is no command is a question: `ask where is …` means `ask answer where is …`."""
    if not arguments or arguments[0] in _GLOBAL:
        return arguments
    if arguments[0] in COMMANDS and not _is_question(*arguments):
        return arguments
    return arguments if _is_mistyped(*arguments) else ["answer", *arguments]


def _is_mistyped(word: str, *rest: str) -> bool:
    """A command with a wrong letter, in front of a path, is no question."""
    return bool(rest) and bool(near(word)) and os.path.lexists(os.path.expanduser(rest[-1]))  # noqa: PTH111


def near(word: str) -> str:
    """The command that becomes `word` by swapping letters, leaving one out or doubling one; empty when there is none."""

    def without_one(longer: str, shorter: str) -> bool:
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))

    same = (c for c in sorted(COMMANDS - {word}) if sorted(c) == sorted(word))
    close = (c for c in sorted(COMMANDS - {word}) if without_one(c, word) or without_one(word, c))
    return next(same, "") or next(close, "")


_WORDS = {
    "why": 2,
    "get": 1,
    "similar": 1,
    "status": 0,
    "check": 0,
    "doctor": 0,
    "watch": 0,
    "serve": 0,
    "audit": 0,
    "settings": 0,
}
"""Commands that are also words questions begin with, and how many words can follow them. Those that change or remove
something are not among them."""


def _is_question(command: str, *rest: str) -> bool:
    """`ask why did we move the server` is a question although `ask why QUESTION PATH` is a command."""
    if command not in _WORDS:
        return False
    followers = list(takewhile(lambda word: not word.startswith("-"), rest))
    if command == "why" and len(followers) == 2:
        return not any(sign in followers[1] for sign in "/.") and not os.path.lexists(followers[1])
    return len(followers) > _WORDS[command] or (command == "why" and len(followers) == 1)


def _dispatch(arguments: list[str]) -> int:
    import typer
    from ask.indexer.errors import UsageError

    if arguments[:1] and arguments[0] in _TAKING_PATHS and "" in arguments:
        # An unset variable of a script: typer would take it for the current folder, which may then be forgotten whole.
        raise UsageError("an argument is empty", "The current folder is written as a dot.")
    completing = "_ASK_COMPLETE" in os.environ  # the user's shell asks what could be typed here
    command = _command("" if completing else "".join(arguments[:1]))
    if completing:
        command.main(arguments, prog_name="ask")
    # Not `command.main`: it takes closed pipes and interruptions for itself.
    wrong_use: Any = typer.BadParameter.__mro__[2]  # ClickException, whose module moves between releases of typer
    try:
        with command.make_context("ask", arguments) as context:
            result = command.invoke(context)
    except typer.Exit as ending:
        return int(ending.exit_code)
    except typer.Abort:
        return 1  # the answer was no
    except wrong_use as error:
        error.show()
        option = str(getattr(error, "option_name", ""))
        asked = arguments[0] in ("search", "answer") and not arguments[1].startswith("-")
        if asked and option[:1] == "-" != option[1:2]:
            _say("A word to leave out goes into the quotes of the question: ask search 'backup -draft'")
        return 2
    return result if isinstance(result, int) else 0


@lru_cache(maxsize=64)
def _command(name: str) -> Any:
    """The parser of a command, or of all. A service asks for the same one with every question: 5 ms each time."""
    import typer
    from ask.cli.app import application

    return typer.main.get_command(application(name))


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if hasattr(signal, "SIGTERM"):
    # A polite request to end is handled as Ctrl-C is: roll back, say so, leave.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

if __name__ == "__main__":
    main()
