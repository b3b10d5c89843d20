"""Draw the README's picture: the real commands on the sample collection, as a terminal shows them.

    make demo && .venv/bin/python scripts/picture.py docs/tour.svg

Runs `ask` in a terminal of its own (a pty), so that colours and layout are those a person sees.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 96
COMMANDS = (
    'ask "that HTML-structure script I wrote years ago" -n 2',
    'ask search "odkaz, který poslal Petr" -n 2',
    'ask "kolik stála oprava auta" -n 1',
)


def shown(command: str, folder: Path) -> str:
    """What `command` writes to a terminal of `WIDTH` columns."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color", "HOME": str(folder)}
    environment |= {"ASK_HYPERLINKS": "never"}
    child = subprocess.Popen(shlex.split(command), stdout=follower, stderr=follower, env=environment, cwd=folder)
    os.close(follower)
    parts = []
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux says so when the other end has gone
            break
        if not part:
            break
        parts.append(part)
    child.wait()
    return b"".join(parts).decode().replace("\r\n", "\n")


def main(target: Path) -> None:
    """Write the picture."""
    demo = Path(__file__).resolve().parent.parent / ".demo"
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    os.environ["ASK_HOME"] = str(demo / "index")
    folder = demo / "vendelin"
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        for command in COMMANDS:
            console.print(Text(f"$ {command}", style="bold green"))
            console.print(Text.from_ansi(shown(command, folder)))
        # rich would have the font fetched from a server: whoever looks at the picture should ask nobody.
        target.write_text(re.sub(r",\s*url\([^)]*\) format\([^)]*\)", "", console.export_svg(title="ask")), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
