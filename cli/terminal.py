"""What the reader at the other end of an output stream can show: width, colours, links, letters.

Decided once, from the stream, the environment and the settings; everything that draws gets the result.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

from ask.cli import gate

When = Literal["auto", "always", "never"]
Style = Literal["path", "line", "title", "match", "dim", "good", "bad", "marker", "rank", "bar"]

CODES: Mapping[Style, str] = {
    "path": "35",
    "line": "32",
    "title": "1",
    "match": "1;31",
    "dim": "2",
    "good": "32",
    "bad": "31",
    "marker": "36",
    "rank": "1;36",
    "bar": "34",
}
"""The colours of grep and ripgrep where they have one, so that nobody has to learn new ones."""

_PLAIN = str.maketrans({"›": ">", "·": "-", "│": "|", "…": "~", "█": "#", "–": "-", "≈": "~", "×": "x"})
"""Our own signs where the stream cannot carry them."""

_LINKING_PROGRAMS = frozenset(
    [
        "iTerm.app",
        "WezTerm",
        "vscode",
        "ghostty",
        "Hyper",
        "Tabby",
        "rio",
        "mintty",
        "WarpTerminal",
        "contour",
    ]
)
_LINKING_TERMS = ("xterm-kitty", "xterm-ghostty", "foot", "alacritty", "wezterm", "contour", "rio", "tmux")
"""tmux is among them because it passes links on or drops them, but never shows their address as text."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """How to draw. `Terminal()` is a pipe: no colour, no links, lines as long as they are."""

    width: int | None = None
    """Cells in a line; None: not a terminal, nothing is cut or wrapped."""
    colour: bool = False
    links: bool = False
    letters: bool = True
    """The stream can carry any letter (UTF-8)."""
    address: str = gate.LINK_ADDRESS
    """Form of a link's address, see `gate.link`."""

    def paint(self, text: str, style: Style) -> str:
        """Clean `text` in a style, where there are colours."""
        return gate.paint(text, CODES[style]) if self.colour else text

    def link(self, text: str, path: str, line: int | None = None) -> str:
        """Clean `text` that leads to `path` when clicked, where that is possible."""
        return gate.link(text, path, line, address=self.address) if self.links else text

    def sign(self, text: str) -> str:
        """One of our own signs (`›`, `│`, `█`), or its nearest in ASCII."""
        return text if self.letters else text.translate(_PLAIN)


def terminal(
    stream: TextIO,
    environ: Mapping[str, str] = os.environ,
    *,
    colour: When = "auto",
    links: When = "auto",
    address: str = gate.LINK_ADDRESS,
) -> Terminal:
    """What `stream` can show. `colour` and `links` are settings; "auto" asks stream and environment."""
    tty = stream.isatty()
    return Terminal(
        width=_columns(stream, environ) if tty else None,
        colour=_decided(colour, tty and _can_colour(environ), _wish_for_colour(environ)),
        links=_decided(links, tty and _can_link(environ), _switch(environ.get("FORCE_HYPERLINK"))),
        letters=(stream.encoding or "ascii").lower().replace("-", "") in ("utf8", "utf16", "utf8sig"),
        address=address,
    )


def prepare(stream: TextIO) -> None:
    """Make `stream` write letters that its encoding lacks as escapes; it would raise otherwise."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _columns(stream: TextIO, environ: Mapping[str, str]) -> int:
    """Cells in a line; COLUMNS wins, as everywhere. (`shutil` has this too, but takes 20 ms to import.)"""
    columns = _number(environ.get("COLUMNS"))
    if not columns:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except OSError:
            columns = 80
    return max(columns, 20) if columns else 80


def _decided(setting: When, able: bool, wish: bool | None) -> bool:
    """The setting first, then what the environment asks for, then what is possible."""
    if setting != "auto":
        return setting == "always"
    return able if wish is None else wish


def _wish_for_colour(environ: Mapping[str, str]) -> bool | None:
    """NO_COLOR (no-color.org) wins over CLICOLOR_FORCE and FORCE_COLOR, these over CLICOLOR=0."""
    if environ.get("NO_COLOR"):
        return False
    if _switch(environ.get("CLICOLOR_FORCE")):
        return True
    forced = _switch(environ.get("FORCE_COLOR"))
    if forced is None and environ.get("CLICOLOR") == "0":
        return False
    return forced


def _switch(value: str | None) -> bool | None:
    """A variable as on, off, or (unset or empty) no opinion."""
    return value.lower() not in ("0", "false", "no", "off") if value else None


def _can_colour(environ: Mapping[str, str]) -> bool:
    if sys.platform == "win32":  # the old console shows escape sequences as text
        return any(environ.get(name) for name in ("WT_SESSION", "TERM_PROGRAM", "ANSICON", "ConEmuANSI", "TERM"))
    return environ.get("TERM", "dumb") != "dumb"


def _can_link(environ: Mapping[str, str]) -> bool:
    """Only terminals known for it: others may show the address as text. NO_COLOR says nothing about links."""
    term = environ.get("TERM", "")
    if term == "dumb":
        return False
    return (
        environ.get("TERM_PROGRAM") in _LINKING_PROGRAMS
        or term.startswith(_LINKING_TERMS)
        or bool(environ.get("WT_SESSION") or environ.get("DOMTERM"))
        or _number(environ.get("VTE_VERSION")) >= 5000  # GNOME Terminal and its kin since 0.50
        or _number(environ.get("KONSOLE_VERSION")) >= 201200
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def cells(text: str) -> int:
    """How many cells of a terminal clean `text` takes."""
    return len(text) if text.isascii() else sum(map(cell, text))


def cell(character: str) -> int:
    """2 for wide letters (CJK, emoji), 0 for marks and joiners, else 1.

    The `wcwidth` package knows more but takes 80 ms to import, a tenth of what a whole search may take.
    """
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1


def cut(text: str, width: int, *, sign: str = "…") -> str:
    """Clean `text` in at most `width` cells, its end replaced by `sign` where it is longer."""
    if cells(text) <= width:
        return text
    room = width - cells(sign)
    for at, character in enumerate(text):
        room -= cell(character)
        if room < 0:
            return text[:at].rstrip() + sign
    return text


def cut_front(text: str, width: int, *, sign: str = "…") -> str:
    """Like `cut`, but the end is kept: of a long path the file's name matters most."""
    if cells(text) <= width:
        return text
    return cut(text[::-1], width, sign=sign)[::-1]
