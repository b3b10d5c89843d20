"""Writing one setting into `config.toml`, which is its owner's: comments and order stay as they are."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ask.cli import gate, settings
from ask.indexer.errors import UsageError


def set_value(file: Path, name: str, value: object) -> None:
    """Write `name = value` into a `config.toml`, leaving everything else in it as it is.

    Raises `UsageError` when that cannot be done without touching anything else.
    """
    import tomllib

    target = Path(os.path.realpath(file))  # a link into a folder of dotfiles stays one
    try:
        before = target.read_text("utf-8")
    except FileNotFoundError:
        before = ""
    line = f"{name} = {settings.toml(value)}"
    after = _with_line(before, name, line)
    try:
        sound = tomllib.loads(after) == tomllib.loads(before) | {name: value}
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"{gate.clean_path(str(file))} cannot be changed safely", f"Write this line into it: {line}")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = target.with_name(f"{target.name}.{os.getpid()}.new")
    written.write_text(after, "utf-8")
    written.replace(target)


def _with_line(text: str, name: str, line: str) -> str:
    """Instead of the line that sets `name`, else of the one that explains it, else before the first table."""
    lines = text.splitlines(keepends=True)
    tables = [at for at, each in enumerate(lines) if each.lstrip().startswith("[")]
    head = lines[: tables[0]] if tables else lines
    for pattern in (rf"\s*{name}\s*=", rf"#\s*{name}\s*="):
        for at, each in enumerate(head):
            if re.match(pattern, each):
                lines[at] = line + "\n"
                return "".join(lines)
    if head and not head[-1].endswith("\n"):
        head[-1] += "\n"
    return "".join([*head, line + "\n", *lines[len(head) :]])
