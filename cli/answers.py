"""How an answer looks: its sentences with markers, the sources below, and what could not be backed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ask.cli import gate
from ask.cli.render import INDENT, Piece, View, notes, packed, place
from ask.cli.snippet import painted, wrap
from ask.cli.terminal import Style
from ask.generator.results import Answer, Citation

UNSUPPORTED = "[not in your files]"
_MARKER = re.compile(r"\[\d+\]")
_QUOTE = 300
"""Most code points of a quote shown in the list of sources."""


def answer(found: Answer, view: View) -> Iterator[str]:
    """The whole answer: text, sources, notes. An answer withheld says so instead; hits are shown by others."""
    if found.abstained:
        yield from _abstained(found, view)
        yield from _author("asked:", found, view)
    else:
        yield from text(found, view)
        yield from sources(found, view)
    yield from notes(found.notes, view)


def text(found: Answer, view: View) -> Iterator[str]:
    """The sentences, wrapped, each unsupported one followed by `UNSUPPORTED`."""
    written = found.text
    for claim in sorted(found.claims, key=lambda claim: claim.end, reverse=True):
        if not claim.supported:
            written = f"{written[: claim.end]} {UNSUPPORTED}{written[claim.end :]}"
    for line in gate.clean(written, lines=True).expandtabs(4).split("\n"):
        yield from _flowing(line.rstrip(), view)


def _flowing(line: str, view: View) -> Iterator[str]:
    for start, end in wrap(line, view.terminal.width):
        yield painted(line[start:end], list(_styles(line[start:end])), view.terminal)


def _styles(line: str) -> Iterator[tuple[int, int, Style]]:
    for found in _MARKER.finditer(line):
        yield found.start(), found.end(), "marker"
    at = line.find(UNSUPPORTED)
    if at >= 0:
        yield at, at + len(UNSUPPORTED), "bad"


def sources(found: Answer, view: View) -> Iterator[str]:
    """Where each marker leads: the place and, unless the answer is made of the quotes themselves, the quote."""
    if found.citations:
        yield ""
    for citation in found.citations:
        marker = gate.clean(citation.marker)
        pieces = [place(citation.path, citation.document, citation.line, citation.page, view)]
        if not citation.verified:
            pieces.append(Piece("changed since it was read", "bad"))
        yield from packed(pieces, view, lead=view.terminal.paint(f"{marker:<{INDENT}}", "marker"))
        if found.model and citation.quote not in found.text:
            yield from _quote(citation, view)
    yield from _author("written by", found, view)


def _author(what: str, found: Answer, view: View) -> Iterator[str]:
    """Which model, and the machine when it is another one: files' texts went there."""
    if found.model:
        where = f" at {gate.clean(found.host)}" if found.host else ""
        yield view.terminal.paint(f"{what} {gate.clean(found.model)}{where}", "dim")


def _quote(citation: Citation, view: View) -> Iterator[str]:
    """The quote in quotation marks, on lines of its own; a very long one is cut."""
    quote = " ".join(gate.clean(citation.quote).split())
    if len(quote) > _QUOTE:
        quote = quote[:_QUOTE].rstrip() + view.terminal.sign("…")
    width = view.terminal.width
    shown = f'"{quote}"'
    for start, end in wrap(shown, None if width is None else width - INDENT):
        yield " " * INDENT + view.terminal.paint(shown[start:end], "dim")


def _abstained(found: Answer, view: View) -> Iterator[str]:
    if found.withheld:
        yield "No answer: what the model wrote is not backed by your files."
    else:
        yield "No answer found in your files."
