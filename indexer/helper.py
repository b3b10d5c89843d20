"""Programs of the system that read for us (git, djvutxt, readpst …), each confined to the file or folder it is given.

A helper is started by this module run as a program, which first gives up what `sandbox` can take away (the network,
other programs, other files, memory, processor time) and then becomes the helper. No shell, fixed arguments, an empty
environment; what it writes to standard output comes back, up to a limit, and after its time it is ended.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PLAIN = {"LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "OMP_THREAD_LIMIT": "1"}
"""The environment of every helper; its PATH leads nowhere."""
_PART = 1 << 16


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one start of a helper may cost."""

    seconds: int = 60
    """Processor time."""
    patience: int = 90
    """Wall time, seconds."""
    memory_mb: int = 1500
    """Address space, MiB."""
    output: int = 200_000_000
    """Bytes of standard output; what comes after them is not read."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a helper wrote."""

    output: bytes
    whole: bool
    """It ended by itself, without an error, within its allowance."""


def find(name: str) -> Path | None:
    """Where a program of the system lies; None when it is not installed."""
    found = shutil.which(name)
    return Path(found).resolve() if found else None


def run(
    program: Path,
    arguments: Sequence[str | bytes],
    *,
    readable: Sequence[bytes] = (),
    descriptor: int | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    allowance: Allowance | None = None,
) -> Said:
    """Start `program`, confined to `readable`, with `descriptor` as its standard input. Its failures are not raised.

    In `folder` it may make files, each as long as the allowance lets its output be.
    """
    allowance = allowance or Allowance()
    setup = json.dumps({
        "command": [os.fsdecode(part) for part in (str(program), *arguments)],
        "readable": [os.fsdecode(path) for path in readable],
        "seconds": allowance.seconds, "memory_mb": allowance.memory_mb,
        "folder": str(folder) if folder else None, "largest": allowance.output if folder else 0,
    })  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "ask.indexer.helper", setup],
        stdin=subprocess.DEVNULL if descriptor is None else descriptor,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**_ours(), **_PLAIN, **(environment or {})},
    )  # fmt: skip
    timer = threading.Timer(allowance.patience, child.kill)
    timer.start()
    try:
        output = _read(child, allowance.output)
    finally:
        timer.cancel()
        child.kill()
        child.wait()
    return Said(output[: allowance.output], child.returncode == 0 and len(output) <= allowance.output)


def _ours() -> dict[str, str]:
    """What Python itself may need to find its modules."""
    wanted = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")
    return {name: os.environ[name] for name in wanted if name in os.environ}


def _read(child: subprocess.Popen[bytes], most: int) -> bytes:
    """Standard output until its end or a little beyond `most` bytes; waits for the end of the program after its end."""
    assert child.stdout is not None  # noqa: S101 (it was asked for)
    parts, size = [], 0
    with child.stdout as stream:
        while size <= most and (part := stream.read(_PART)):
            parts.append(part)
            size += len(part)
    if size <= most:
        with suppress(OSError):
            child.wait()
    return b"".join(parts)


def main(setup: Mapping[str, object]) -> None:
    """Give up everything but what the helper needs, and become it."""
    from ask.indexer.sandbox import confine

    command, readable = setup["command"], setup["readable"]
    if not isinstance(command, list) or not isinstance(readable, list):
        raise SystemExit(2)
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (int(str(setup["seconds"])),) * 2)
    confine(
        [Path(path) for path in readable],
        memory=int(str(setup["memory_mb"])) << 20,
        program=Path(command[0]),
        folder=Path(str(setup["folder"])) if setup["folder"] else None,
        largest=int(str(setup["largest"])),
    )
    os.execve(command[0], command, {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")})  # noqa: S606


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
