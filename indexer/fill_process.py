"""Fill in a process that ends: the model, and the memory it took, go with it.

The watcher runs for weeks and embeds for seconds. Its memory would stay with the allocator: 76 MB had become 100 after
ten minutes of changes, and the FAISS file of a large index is made from all vectors at once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from ask.indexer import errors, maintain
from ask.indexer.compile import Compiled, read_card
from ask.indexer.errors import AskError, ModelProblem
from ask.indexer.progress import Silent
from ask.indexer.store import Store

SLICE = 10.0
"""Seconds of embedding after which others may write."""
_LOOK = 0.1
"""Seconds between two looks at whether it is enough."""


def fill(home: Path, model: Compiled, threads: int | None, enough: Callable[[], bool]) -> bool:
    """Give chunks their vectors until none is left, or until `enough()`: then a batch is finished, about two seconds.

    Returns whether all was done. Raises what the process raised, and `ModelProblem` when it was killed.
    """
    setup = json.dumps({"home": str(home), "model": str(model.folder), "threads": threads})
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "ask.indexer.fill_process", setup],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    stdin, stdout = cast(IO[bytes], child.stdin), cast(IO[bytes], child.stdout)
    with stdout:
        try:
            while child.poll() is None and not enough():
                time.sleep(_LOOK)
            stdin.close()
            return _result(stdout.read(), child.wait())
        finally:
            child.kill()
            child.wait()
            with suppress(BrokenPipeError):
                stdin.close()


def _result(said: bytes, code: int) -> bool:
    if code != 0 or not said:
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        raise ModelProblem(f"the process that embeds ended {how}", "Run: ask doctor")
    answer = json.loads(said)
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"], answer["hint"])
    return bool(answer["filled"])


def _fill(home: Path, model: Path, threads: int | None, stop: threading.Event) -> bool:
    """In the process: a slice after the other until all is done or nobody wants it any more."""
    card = read_card(model)
    end = 0.0

    def enough() -> bool:
        return stop.is_set() or time.monotonic() >= end

    while not stop.is_set():
        end = time.monotonic() + SLICE
        with Store(home, wait=SLICE) as store:
            maintain.fill(store, card, threads, Silent(), enough=enough)
            if not maintain.unfilled(store, card):
                return True
    return False


def main() -> None:
    """Fill; say how it went. The end of standard input means that it is enough, or that the watcher is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)
    setup = json.loads(sys.argv[1])
    stop = threading.Event()

    def listen() -> None:
        while os.read(0, 1):  # nothing of Python's, which at the end could not be let go of
            pass
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    answer: dict[str, bool | str]
    try:
        answer = {"filled": _fill(Path(setup["home"]), Path(setup["model"]), setup["threads"], stop)}
    except AskError as error:
        answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
