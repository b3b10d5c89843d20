"""The short way: a command that only asks is handed over to the service, when one runs.

This process then does nothing but start Python, pass on what was typed together with its own input and output, and end
with the status it is told. Nothing else may be imported here. Whatever stands in the way - no service, a busy one,
another version - is no error: the command runs as if there were none.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

SOCKET = "serve.sock"
SERVED = frozenset(["search", "answer", "get", "similar"])
"""Commands that only read the index and soon end."""
PASSED = ("COLORTERM", "COLUMNS", "EDITOR", "FORCE_COLOR", "FORCE_HYPERLINK", "HOME", "LANG", "LC_ALL", "LINES",
          "NO_COLOR", "TERM", "TERM_PROGRAM", "TZ", "USER", "VISUAL", "CLICOLOR", "CLICOLOR_FORCE", "VTE_VERSION",
          "WT_SESSION", "KONSOLE_VERSION")  # fmt: skip
"""What commands look up in the environment, besides all that begins with ASK_."""
HELLO = b"ask\n"
"""The service says so when it turns to us; until then we may go away."""
PATIENCE = 0.2
"""Seconds to wait for that: a search without the service takes little longer."""


def served(arguments: list[str]) -> int | None:
    """The exit status of a command that the service has run; None when it is to be run here."""
    if not hasattr(os, "getuid") or not arguments or arguments[0] not in SERVED or "-" in arguments:
        return None
    path = home() / SOCKET
    if not path.exists():
        return None
    reply = _exchange(str(path), _request(arguments))
    return reply if isinstance(reply, int) else None


def _exchange(path: str, request: bytes) -> object:
    import socket

    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE)
            line.connect(path)
            if peer(line) != os.getuid() or line.recv(len(HELLO)) != HELLO:
                return None
            line.settimeout(None)
            socket.send_fds(line, [b"\n"], [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)])
            line.sendall(request)
            return json.loads(line.makefile("rb").readline() or "{}").get("status")
    except (OSError, ValueError, AttributeError):  # a stream may be closed, or no file
        return None


def _request(arguments: list[str]) -> bytes:
    request = {
        "program": program(),
        "arguments": arguments,
        "folder": _folder(),
        "environment": {name: value for name, value in os.environ.items() if passed(name)},
        "encoding": sys.stdout.encoding,
    }
    return json.dumps(request).encode() + b"\n"


def passed(name: str) -> bool:
    """True for a variable of the environment that commands look at."""
    return name.startswith("ASK_") or name in PASSED


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it has been removed
        return ""


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The state directory, absolute: ASK_HOME, else where the platform keeps the data of programs. Not created."""
    if named := environ.get("ASK_HOME"):
        return Path(os.path.abspath(os.path.expanduser(named)))  # noqa: PTH100, PTH111 (never raise, keep links)
    import platformdirs

    return Path(platformdirs.user_data_dir("ask", appauthor=False))


def program() -> list[object]:
    """Names this very installation: a service of another one would answer as that does."""
    status = os.stat(__file__)  # noqa: PTH116 (pathlib costs time)
    return [__file__, status.st_mtime_ns, status.st_size]


def peer(line: object) -> int | None:
    """The user at the other end of a socket; None where the system does not tell."""
    import socket
    import struct

    assert isinstance(line, socket.socket)  # noqa: S101 (for the type checker: the module is imported late)
    if hasattr(socket, "SO_PEERCRED"):
        _, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
        return int(uid)
    if sys.platform == "darwin":
        _, uid = struct.unpack_from("2I", line.getsockopt(0, 1, 76))  # LOCAL_PEERCRED gives a struct xucred
        return int(uid)
    return None
