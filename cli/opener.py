"""Opening a file for a person: in their editor at the line, else with what the desktop uses for it.

Nothing found in an index is ever run: what a desktop would start rather than show is not handed to it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from ask.cli import gate
from ask.indexer.errors import NotFound, UsageError

_COLON = frozenset(["hx", "helix", "subl", "zed"])
"""Editors that take `path:line`."""
_GOTO = frozenset(["code", "codium", "code-insiders", "cursor"])
"""Editors that take `--goto path:line`."""
_PLAIN = frozenset(["notepad", "textedit", "open", "xdg-open", "gedit"])
"""Programs that take no line, or have a way of their own to say it."""
_STARTED = frozenset(
    """.app .appimage .bash .bat .cmd .com .command .cpl .csh .desktop .exe .fish .hta .jar .js .jse .ksh .lnk .msc .msi
    .pif .ps1 .py .pyw .reg .rb .scf .scr .sh .terminal .tool .url .vb .vbe .vbs .webloc .wsf .wsh .zsh""".split()
)
"""Endings for which some desktop starts the file, or what it names, when it is opened."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is run to show a file."""

    command: tuple[str, ...]
    waits: bool
    """It takes over the terminal until it ends."""


def open_file(path: str, line: int | None, *, editor: str = "") -> None:
    """Show the file at `path`. Raises `NotFound` when it has gone, `UsageError` when there is nothing to show it with.

    `editor` is the setting; empty: VISUAL, EDITOR, then the desktop.
    """
    if not os.path.exists(path):  # noqa: PTH110 (a path of the index is a string)
        raise NotFound(f"{gate.clean_path(path)} is not there any more", "`ask index` brings the index up to date.")
    executable = Path(path).is_file() and os.access(path, os.X_OK)
    chosen = opening(path, line, editor=editor, environ=os.environ, system=sys.platform, executable=executable)
    _run(chosen)


def _run(chosen: Opening) -> None:
    try:
        if chosen.waits:
            subprocess.run(chosen.command, check=False)
        else:
            subprocess.Popen(
                chosen.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
    except OSError as wrong:
        raise UsageError(
            f"{gate.clean_path(chosen.command[0])} cannot be run: {wrong.strerror}",
            "Name another editor in the setting `editor` or in EDITOR.",
        ) from None


def opening(
    path: str,
    line: int | None,
    *,
    editor: str = "",
    environ: Mapping[str, str],
    system: str,
    executable: bool = False,
) -> Opening:
    """How to show `path` (absolute) at `line`. `line` is None for files that are no text. Runs nothing.

    `system` is `sys.platform`; `executable` tells that the file may be run. Raises `UsageError` when nothing fits.
    """
    named = editor or environ.get("VISUAL") or environ.get("EDITOR")
    if named and (editor or line is not None):
        return Opening(_edited(named, path, line), waits=True)
    if line is not None and system == "win32":
        return Opening(("notepad", path), waits=False)
    if line is not None and system == "darwin":
        return Opening(("open", "-t", path), waits=False)
    if executable or PurePath(path).suffix.lower() in _STARTED:
        return _paged(path, line, environ)
    if system == "win32":
        return Opening(("explorer", path), waits=False)
    if system == "darwin":
        return Opening(("open", path), waits=False)
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return Opening(("xdg-open", path), waits=False)
    return _paged(path, line, environ)


def _edited(named: str, path: str, line: int | None) -> tuple[str, ...]:
    """The editor's command. `{path}` and `{line}` may stand in it; else each editor's own way of naming a line."""
    try:
        command = shlex.split(named)
    except ValueError:
        command = []
    if not command:
        raise UsageError(f"the editor {gate.clean(named)!r} is not a command", "For example: EDITOR=nano")
    if any("{path}" in part for part in command):
        return tuple(part.replace("{line}", str(line or 1)).replace("{path}", path) for part in command)
    name = PurePath(command[0]).stem.lower()
    if line is None or name in _PLAIN:
        return (*command, path)
    if name in _GOTO:
        return (*command, *(() if "--goto" in command or "-g" in command else ("--goto",)), f"{path}:{line}")
    if name in _COLON:
        return (*command, f"{path}:{line}")
    return (*command, f"+{line}", path)  # vi, vim, nvim, nano, emacs, micro, kak, joe, …


def _paged(path: str, line: int | None, environ: Mapping[str, str]) -> Opening:
    """A pager for text where there is neither editor nor desktop."""
    pager = shutil.which("less", path=environ.get("PATH"))
    if line is None or pager is None:
        raise UsageError(
            f"there is nothing here to show {gate.clean_path(path)} with", "Set EDITOR, or the setting `editor`."
        )
    return Opening((pager, f"+{line}g", path), waits=True)
