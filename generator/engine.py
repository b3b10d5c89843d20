"""A language model in a process of its own: start it, ask it, stop it.

The process (`engine_process`) has no network and may die without harm: that is a `ModelProblem`, the next question
starts a new one. One request runs at a time and others wait; any of them can be cancelled at once. What the model has
read stays in its memory, so a prompt that begins like the one before is read from where they part.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ask.generator.child import Child, Unheard
from ask.generator.sampling import Sampling
from ask.indexer.errors import ModelProblem

GRACE = 3.0
"""Seconds a cancelled process has to say so, before it is ended."""
LIBRARIES = 400_000_000
"""Address space that Python, NumPy and llama.cpp map before a model is opened, in bytes."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the model is run."""

    context: int = 4096
    """Tokens of context made at the start; it grows when a prompt needs more."""
    most_context: int = 16384
    """Largest context in tokens, 0: all the model was made for. Each token takes memory."""
    threads: int = 0
    """0: one for each core."""
    gpu_layers: int = 0
    """Layers computed by a graphics card, -1: all; needs a llama-cpp-python built for it."""
    memory: int = 0
    """Most bytes for the model and its context, 0: no limit. The process gets `LIBRARIES` more."""
    idle: float = 300.0
    """Seconds after the last request until the model is unloaded, 0: never."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the process says about its model."""

    context: int
    most: int
    """Largest context it may grow to."""
    isolation: tuple[str, ...]
    """See `indexer.sandbox.confine`."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of what the model writes."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a generation."""

    reason: str
    """`stop` (a stop word or the model's own end), `length` or `cancelled`."""
    prompt_tokens: int
    reused: int
    """Tokens of the prompt that had been read before."""
    tokens: int
    prompt_ms: float
    """Until the first token."""
    ms: float


class Engine:
    """A model file and the process that runs it, started at the first request. Safe to use from several threads."""

    def __init__(self, path: Path, settings: EngineSettings | None = None) -> None:
        self.path = path
        self.settings = settings or EngineSettings()
        self._turn = threading.Lock()
        self._process: Child | None = None
        self._loaded: Loaded | None = None
        self._numbers = 0
        self._unloading: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def load(self) -> Loaded:
        """Start the process and load the model, unless that is done. Raises `ModelProblem`."""
        with self._turn:
            return self._ready()[1]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, by the model's own tokenizer."""
        with self._turn:
            counts: list[int] = next(self._answers(op="count", texts=list(texts)))["counts"]
            self._rest()
            return counts

    def generate(self, prompt: str, sampling: Sampling, grammar: str = "") -> Generator[Piece | Finished]:
        """What the model writes after `prompt`, piece by piece; the last item is `Finished`.

        `grammar` is GBNF. Closing the iterator, or an exception while it waits (Ctrl-C), cancels. Raises
        `PromptTooLong` before the model reads anything, `ModelProblem` when the process dies.
        """
        with self._turn:
            over = False
            try:
                for message in self._answers(op="generate", prompt=prompt, grammar=grammar, **asdict(sampling)):
                    over = message["kind"] == "done"
                    if message["kind"] == "text":
                        yield Piece(message["text"])
                    elif over:
                        yield _finished(message)
                        return
            except ModelProblem:
                over = True
                raise
            finally:
                if not over and self._process and not self._process.cancel(self._numbers, GRACE):
                    self._end()
                self._rest()

    def cancel(self) -> None:
        """End the running generation; its iterator then yields `Finished("cancelled")`. For other threads."""
        process = self._process
        if process is not None:
            process.send({"op": "cancel", "id": self._numbers})

    def close(self) -> None:
        """End the process at once."""
        self._end()

    @property
    def process_id(self) -> int | None:
        """Of the running process, for whoever wants to watch it; None when there is none."""
        return self._process.pid if self._process else None

    def _ready(self) -> tuple[Child, Loaded]:
        if self._unloading:
            self._unloading.cancel()
        if self._process and self._loaded and self._process.alive():
            return self._process, self._loaded
        self._end()
        if importlib.util.find_spec("llama_cpp") is None:
            raise ModelProblem("llama-cpp-python is not installed", "Install it with: pip install 'ask-files[llm]'")
        folder = os.fspath(self.path.resolve().parent)
        memory = self.settings.memory and self.settings.memory + LIBRARIES
        setup = {"folder": folder, "memory": memory, "gpu": self.settings.gpu_layers != 0}
        self._process = process = Child(setup)
        number = self._ask(
            process,
            op="load",
            path=os.fspath(self.path.resolve()),
            context=self.settings.context,
            most=self.settings.most_context,
            threads=self.settings.threads,
            gpu_layers=self.settings.gpu_layers,
        )
        try:
            said = process.reply(number, "loaded")
        except BaseException:
            self._end()
            raise
        self._loaded = Loaded(said["context"], said["most"], tuple(said["isolation"]))
        return process, self._loaded

    def _answers(self, **request: object) -> Iterator[dict[str, Any]]:
        """The messages that answer a request. A process that has just died looks alive for a moment: what it did not
        take up is asked of a new one, once."""
        process, _ = self._ready()
        try:
            yield from process.messages(self._ask(process, **request))
        except Unheard:
            process, _ = self._ready()
            yield from process.messages(self._ask(process, **request))

    def _ask(self, process: Child, **request: object) -> int:
        self._numbers += 1
        process.send({"id": self._numbers, **request})
        return self._numbers

    def _rest(self) -> None:
        """Unload after a while without requests."""
        if self.settings.idle > 0 and self._process:
            self._unloading = threading.Timer(self.settings.idle, self._unload)
            self._unloading.daemon = True
            self._unloading.start()

    def _unload(self) -> None:
        if self._turn.acquire(blocking=False):
            self._end()
            self._turn.release()

    def _end(self) -> None:
        if self._unloading:
            self._unloading.cancel()
        process, self._process, self._loaded = self._process, None, None
        if process:
            process.end()


def _finished(message: dict[str, Any]) -> Finished:
    return Finished(
        message["reason"],
        message["prompt_tokens"],
        message["reused"],
        message["tokens"],
        message["prompt_ms"],
        message["ms"],
    )
