"""What Tab offers in the shell: commands, filters and their values, numbers of hits, paths."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ask.cli import gate, narrow
from ask.cli.shell import COMMANDS
from ask.indexer.documents import KINDS
from ask.retriever.hits import Hit

MOST = 200
"""Names of a folder that are offered."""
_KNOWN = {
    "kind": tuple(KINDS),
    "after": ("today", "yesterday", "1w", "1m", "1y"),
    "before": ("1w", "1m", "1y", "5y"),
    "lang": ("cs", "en", "python", "bash", "javascript"),
    "ext": ("md", "txt", "pdf", "html", "py", "sh"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One offer."""

    text: str
    """What stands in the line when it is taken."""
    replaces: int
    """How many code points before the cursor it takes the place of."""
    about: str = ""
    """Clean."""


def choices(before: str, hits: Sequence[Hit] = ()) -> Iterator[Choice]:
    """What may go on from `before`, the text up to the cursor. Looks into folders, nothing else."""
    words = before.split(" ")
    last = words[-1]
    if before.startswith("/") and len(words) == 1 and "/" not in before[1:]:
        yield from _commands(before)
    elif words[0] == "/open" and len(words) == 2:
        yield from _numbers(last, hits)
    elif words[0] == "/filter":
        yield from _filters(before[len("/filter ") :])
    elif last.startswith(("/", "~/", "./", "../")):
        yield from _paths(last, escape=False)


def _commands(typed: str) -> Iterator[Choice]:
    for command in COMMANDS.values():
        if command.name.startswith(typed[1:]):
            space = " " if command.arguments else ""
            yield Choice(f"/{command.name}{space}", len(typed), command.about)


def _numbers(typed: str, hits: Sequence[Hit]) -> Iterator[Choice]:
    for hit in hits:
        if str(hit.rank).startswith(typed):
            yield Choice(str(hit.rank), len(typed), gate.clean_path(os.path.basename(hit.path)))  # noqa: PTH119


def _filters(typed: str) -> Iterator[Choice]:
    word = typed.replace("\\ ", "\0").split(" ")[-1].replace("\0", "\\ ")
    key, colon, value = word.partition(":")
    if not colon:
        yield from (Choice(f"{name}:", len(word), about) for name, about in narrow.KEYS.items() if name.startswith(key))
    elif key == "path":
        yield from _paths(value, escape=True)
    else:
        yield from (Choice(known, len(value)) for known in _KNOWN.get(key, ()) if known.startswith(value.lower()))


def _paths(typed: str, *, escape: bool) -> Iterator[Choice]:
    """Names in the folder that `typed` names. A name that the gate would alter cannot be typed: it is not offered."""
    plain = typed.replace("\\ ", " ") if escape else typed
    folder, slash, beginning = plain.rpartition("/")
    for name, is_folder in _names(os.path.expanduser(folder + slash) or ".", beginning):  # noqa: PTH111
        whole = folder + slash + name + ("/" if is_folder else "")
        yield Choice(whole.replace(" ", "\\ ") if escape else whole, len(typed))


def _names(folder: str, beginning: str) -> list[tuple[str, bool]]:
    """Names in a folder and whether they are folders, in order; none where it cannot be read."""

    def offered(name: str) -> bool:
        hidden = name.startswith(".") and not beginning.startswith(".")
        return name.startswith(beginning) and not hidden and gate.clean_path(name) == name

    try:
        with os.scandir(folder) as entries:
            return sorted((entry.name, entry.is_dir()) for entry in entries if offered(entry.name))[:MOST]
    except OSError:
        return []
