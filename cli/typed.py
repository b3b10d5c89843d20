"""Lines typed at a terminal: editing, completion, and a history that nobody else can read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ask.cli.completion import choices
from ask.retriever.hits import Hit
from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output


class Typed:
    """A person at a terminal. Implements `Reader`.

    Ctrl-R searches the history, Ctrl-X Ctrl-E opens the line in an editor, Tab completes, Ctrl-D ends.
    """

    interactive = True

    def __init__(self, history: Path | None, *, source: Input | None = None, screen: Output | None = None) -> None:
        self._completer = _Completer()
        self._session: PromptSession[str] = PromptSession(
            history=_history(history),
            completer=self._completer,
            complete_while_typing=False,
            auto_suggest=AutoSuggestFromHistory(),
            enable_open_in_editor=True,
            input=source,
            output=screen,
        )

    def read(self, prompt: str, hits: tuple[Hit, ...]) -> str | None:
        """The next line; None at Ctrl-D. Raises KeyboardInterrupt at Ctrl-C."""
        self._completer.hits = hits
        try:
            return self._session.prompt(prompt)
        except EOFError:
            return None


class _Completer(Completer):
    """Hands the offers of `completion.py` to prompt_toolkit."""

    hits: tuple[Hit, ...] = ()

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for choice in choices(document.text_before_cursor, self.hits):
            yield Completion(choice.text, -choice.replaces, display_meta=choice.about)


def _history(path: Path | None) -> History:
    """The history at `path`; where it cannot be written, one that is forgotten."""
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return PrivateHistory(path)


class PrivateHistory(FileHistory):
    """A history that forgets what begins with a space, as Unix shells do, and what repeats the line before."""

    def append_string(self, string: str) -> None:
        """Keeps a line."""
        last = self._loaded_strings[0] if self._loaded_strings else None
        if not string[:1].isspace() and string != last:
            super().append_string(string)

    def store_string(self, string: str) -> None:
        """Writes a line. A full disk is no reason to end a conversation."""
        with suppress(OSError):
            super().store_string(string)
