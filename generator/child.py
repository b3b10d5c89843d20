"""The child process of an engine and its pipes: JSON lines there and back."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from ask.indexer.errors import ModelProblem


class PromptTooLong(ModelProblem):
    """The prompt and the room for the answer do not fit into the model's context; no model was asked."""


class Unheard(ModelProblem):
    """The process had ended before it took up the request: another process may be asked the same."""


class Child:
    """The child and its pipes."""

    def __init__(self, setup: Mapping[str, object]) -> None:
        """`setup`: see `engine_process.main`."""
        # -P: the folder one happens to stand in is not searched for modules. A session of its own: Ctrl-C on the
        # terminal reaches the asker only.
        command = [sys.executable, "-B", "-P", "-m", "ask.generator.engine_process", json.dumps(setup)]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self.pid = self._child.pid
        self._writing = threading.Lock()
        self._buffer = b""
        self._last_words: deque[str] = deque(maxlen=20)
        self._in = cast(IO[bytes], self._child.stdin)
        self._out = cast(IO[bytes], self._child.stdout)
        self._listener = threading.Thread(target=self._listen, args=(cast(IO[bytes], self._child.stderr),), daemon=True)
        self._listener.start()

    def _listen(self, stderr: IO[bytes]) -> None:
        with stderr:
            for line in stderr:
                self._last_words.append(line.decode("utf-8", "replace").strip())

    def alive(self) -> bool:
        return self._child.poll() is None

    def send(self, message: dict[str, object]) -> None:
        """Write a request. A process that died is noticed when its answer is read."""
        line = json.dumps(message).encode() + b"\n"
        with self._writing:
            try:
                self._in.write(line)
                self._in.flush()
            except (BrokenPipeError, ValueError):
                return

    def reply(self, number: int, kind: str) -> dict[str, Any]:
        """The one answer of that kind."""
        return next(message for message in self.messages(number) if message["kind"] == kind)

    def messages(self, number: int) -> Iterator[dict[str, Any]]:
        """Answers to a request, as they come. Raises `ModelProblem` for a refusal or a dead process, `Unheard` for one
        that had died before."""
        problem: type[ModelProblem] = Unheard
        while True:
            message = self._next(None)
            if message is None:
                raise self._died(problem)
            if message["id"] != number:
                continue
            if message["kind"] == "failed":
                raise _refusal(message)
            if message["kind"] == "taken":
                problem = ModelProblem
            else:
                yield message

    def cancel(self, number: int, grace: float) -> bool:
        """Cancel a request and wait for its end. False when the process does not react within `grace` seconds."""
        self.send({"op": "cancel", "id": number})
        deadline = time.monotonic() + grace
        while (left := deadline - time.monotonic()) > 0:
            message = self._next(left)
            if message is None:
                return False
            if message["id"] == number and message["kind"] in ("done", "failed"):
                return True
        return False

    def _next(self, timeout: float | None) -> dict[str, Any] | None:
        """The next line, or None at the end of the process or of the time (seconds)."""
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._out], [], [], timeout)
            part = os.read(self._out.fileno(), 65536) if ready else b""
            if not part:
                return None
            self._buffer += part
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def _died(self, problem: type[ModelProblem]) -> ModelProblem:
        code = self._child.wait()
        self._listener.join(1)
        # Killed from outside, it had no time to say why.
        said = "" if code == -9 else next((line for line in reversed(self._last_words) if line), "")
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        return problem(
            f"the process of the language model ended {how}" + (f": {said}" if said else ""),
            "The file may be damaged or too large for the memory: see `ask model list`.",
        )

    def end(self) -> None:
        self._child.kill()
        self._child.wait()
        self._listener.join(1)
        with self._writing, contextlib.suppress(BrokenPipeError):
            self._in.close()
        self._out.close()


def _refusal(message: dict[str, Any]) -> ModelProblem:
    if message["error"] == "overflow":
        return PromptTooLong(
            f"the question and its context are too long: {message['message']} tokens",
            "Ask a shorter question, take fewer passages, or allow more context.",
        )
    return ModelProblem(f"the language model failed: {message['message']}", "Check the file with `ask model list`.")
