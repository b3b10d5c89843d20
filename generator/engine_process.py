"""The process that holds a language model: `python -m ask.generator.engine_process SETUP` (JSON, see `main`).

It speaks JSON lines. Requests come on standard input, one at a time:

    {"op": "load", "path": …, "context": n, "most": n, "threads": n, "gpu_layers": n}
    {"op": "count", "id": n, "texts": […]}
    {"op": "generate", "id": n, "prompt": …, "grammar": …, "max_tokens": n, "temperature": …, …, "stop": […]}
    {"op": "cancel", "id": n}          at any time; interrupts even the reading of a long prompt

and answers leave on what was standard output, each with the `id` of its request and a `kind`: `taken`, always first,
then `loaded`, `counted`, `started`, `text`, `done` or `failed`. End of input ends the process. Before a model is opened
it gives up the network, other programs and all files but the model's (`indexer.sandbox`); libraries are loaded just
before that, because llama-cpp-python opens /dev/null for writing, and with one thread, because the measures hold for
the threads to come.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ask.generator.stopping import Stopper
from ask.indexer import sandbox

STEP = 1024
"""Contexts grow by multiples of this, so that a slightly longer question does not load the model anew."""


class Refused(Exception):
    """A request that cannot be done; the process lives on. `error` is a word for the caller's program."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass
class _Run:
    """How a generation goes."""

    began: float
    first: float = 0.0
    """When the first token was there; 0 before."""
    tokens: int = 0
    reason: str = "length"


class Host:
    """One model, and what is said about it."""

    def __init__(self, protocol: int, levels: tuple[str, ...]) -> None:
        self._protocol = protocol
        self._levels = levels
        self._cancelled: set[int] = set()
        self._running = 0
        self._llama: Any = None
        self._settings: dict[str, Any] = {}
        # Asked by llama.cpp between the steps of a computation; a pointer must be kept or it is collected.
        self._abort: Any = None

    def cancel(self, number: int) -> None:
        """Called by the thread that reads requests."""
        self._cancelled.add(number)

    def handle(self, request: dict[str, Any]) -> None:
        """Do one request and answer it."""
        number = int(request.get("id", 0))
        self._running = number
        self._say(number, "taken")
        try:
            getattr(self, f"_{request['op']}")(number, request)
        except Refused as refused:
            self._say(number, "failed", error=refused.error, message=str(refused))
        except (RuntimeError, ValueError, MemoryError, OSError) as problem:
            # What llama.cpp's binding raises when it cannot load or compute.
            self._say(number, "failed", error="model", message=str(problem) or type(problem).__name__)
        finally:
            self._running = 0

    def _load(self, number: int, request: dict[str, Any]) -> None:
        self._settings = request
        self._open(int(request["context"]))
        self._say(
            number,
            "loaded",
            context=self._llama.n_ctx(),
            most=self._most(),
            isolation=list(self._levels),
        )

    def _open(self, context: int) -> None:
        import llama_cpp

        self._llama = None  # first, or two models are in memory
        settings = self._settings
        self._llama = llama_cpp.Llama(
            settings["path"],
            n_ctx=context,
            n_threads=settings["threads"] or None,
            n_threads_batch=settings["threads"] or None,
            n_gpu_layers=settings["gpu_layers"],
            verbose=False,
        )
        kind = llama_cpp.ggml_abort_callback
        self._abort = kind(lambda _: self._running in self._cancelled)
        llama_cpp.llama_set_abort_callback(self._llama.ctx, self._abort, ctypes.c_void_p())

    def _most(self) -> int:
        """The largest context allowed: what the model was made for, and what the settings say."""
        trained = int(self._trained())
        limit = int(self._settings["most"])
        return min(trained, limit) if limit else trained

    def _trained(self) -> int:
        import llama_cpp

        return int(llama_cpp.llama_model_n_ctx_train(self._llama.model))

    def _tokens(self, text: str) -> list[int]:
        """Tokens of a prompt; control tokens written out in it become control tokens."""
        tokens: list[int] = self._llama.tokenize(text.encode("utf-8", "replace"), add_bos=False, special=True)
        return tokens

    def _count(self, number: int, request: dict[str, Any]) -> None:
        self._ready()
        self._say(number, "counted", counts=[len(self._tokens(text)) if text else 0 for text in request["texts"]])

    def _ready(self) -> None:
        if self._llama is None:
            raise Refused("unloaded", "no model is loaded")

    def _generate(self, number: int, request: dict[str, Any]) -> None:
        self._ready()
        tokens = self._with_start(self._tokens(request["prompt"]))
        self._make_room(len(tokens), int(request["max_tokens"]))
        sampled = self._sampled(tokens, request)
        reused = self._reused(tokens)
        self._say(number, "started", prompt_tokens=len(tokens), reused=reused)
        run = _Run(time.perf_counter())
        try:
            for text in self._texts(number, sampled, request, run):
                self._text(number, text)
        except RuntimeError:
            if number not in self._cancelled:
                raise
            run.reason = "cancelled"
            self._llama.reset()  # half a batch may be in memory: read everything again the next time
        now = time.perf_counter()
        self._say(
            number,
            "done",
            reason=run.reason,
            prompt_tokens=len(tokens),
            reused=reused,
            tokens=run.tokens,
            prompt_ms=((run.first or now) - run.began) * 1000,
            ms=(now - run.began) * 1000,
        )

    def _texts(self, number: int, sampled: Iterator[int], request: dict[str, Any], run: _Run) -> Iterator[str]:
        """The text of each token that belongs to the answer; notes in `run` how it went."""
        stopper = Stopper(request["stop"])
        for token in sampled:
            run.first = run.first or time.perf_counter()
            if number in self._cancelled:
                run.reason = "cancelled"
                return
            if self._ends(token):
                run.reason = "stop"
                break
            run.tokens += 1
            yield stopper.feed(self._piece(token))
            if stopper.stopped:
                run.reason = "stop"
                return
            if run.tokens >= request["max_tokens"]:
                break
        yield stopper.rest()

    def _with_start(self, tokens: list[int]) -> list[int]:
        """Put the token for the beginning in front where the model wants one and the template gave none."""
        import llama_cpp

        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        start = self._llama.token_bos()
        wanted = llama_cpp.llama_vocab_get_add_bos(vocabulary)
        return [start, *tokens] if wanted and start >= 0 and tokens[:1] != [start] else tokens

    def _make_room(self, prompt: int, budget: int) -> None:
        """Grow the context when it is too small. Raises `Refused` when the model has no such context."""
        needed = prompt + budget + 1
        if prompt == 0:
            raise Refused("empty", "the prompt is empty")
        if needed > self._most():
            raise Refused("overflow", f"{prompt} tokens of prompt and {budget} of answer exceed {self._most()}")
        if needed > self._llama.n_ctx():
            self._open(min(-(-needed // STEP) * STEP, self._most()))

    def _reused(self, tokens: list[int]) -> int:
        """How many tokens at the beginning the model has read already."""
        known = self._llama.input_ids[: self._llama.n_tokens]
        same = 0
        for ours, theirs in zip(tokens, known, strict=False):
            if ours != theirs:
                break
            same += 1
        return same

    def _sampled(self, tokens: list[int], request: dict[str, Any]) -> Iterator[int]:
        from llama_cpp.llama_grammar import LlamaGrammar

        grammar = request["grammar"]
        if grammar:
            self._check(grammar)
        self._llama.set_seed(int(request["seed"]))
        sampled: Iterator[int] = self._llama.generate(
            tokens,
            top_k=request["top_k"],
            top_p=request["top_p"],
            min_p=request["min_p"],
            temp=request["temperature"],
            repeat_penalty=request["repeat_penalty"],
            grammar=LlamaGrammar.from_string(grammar, verbose=False) if grammar else None,
        )
        return sampled

    def _check(self, grammar: str) -> None:
        """Parse a grammar before it is used: with one that cannot be parsed, sampling would end the process."""
        import llama_cpp

        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        sampler = llama_cpp.llama_sampler_init_grammar(vocabulary, grammar.encode(), b"root")
        if not sampler:
            raise Refused("grammar", "the grammar cannot be parsed")
        llama_cpp.llama_sampler_free(sampler)

    def _ends(self, token: int) -> bool:
        import llama_cpp

        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        return bool(llama_cpp.llama_vocab_is_eog(vocabulary, token))

    def _piece(self, token: int) -> bytes:
        """The bytes of one token; control tokens have none. (`Llama.detokenize` reads the whole prompt each time.)"""
        import llama_cpp

        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        room = ctypes.create_string_buffer(256)
        length = llama_cpp.llama_token_to_piece(vocabulary, token, room, len(room), 0, False)
        return room.raw[: max(length, 0)]

    def _text(self, number: int, text: str) -> None:
        if text:
            self._say(number, "text", text=text)

    def _say(self, number: int, kind: str, **content: object) -> None:
        line = json.dumps({"id": number, "kind": kind, **content}).encode() + b"\n"
        while line:
            line = line[os.write(self._protocol, line) :]


def serve(host: Host) -> None:
    """Handle requests in order until the input ends."""
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            request = json.loads(line)
            if request["op"] == "cancel":
                host.cancel(int(request["id"]))
            else:
                waiting.put(request)
        os._exit(0)  # whoever asked is gone: stop at once, also in the middle of a computation

    threading.Thread(target=listen, daemon=True).start()
    while True:
        host.handle(waiting.get())


def _confined(setup: Mapping[str, Any]) -> tuple[str, ...]:
    """Take the measures of the sandbox. A graphics card is driven through files, so with one these stay open."""
    if not setup["gpu"]:
        return sandbox.confine([Path(setup["folder"]), *_PROCESSOR], memory=setup["memory"])
    taken = ["limits"] if sandbox.limit(setup["memory"]) else []
    if sys.platform == "linux" and sandbox.refuse_calls(ctypes.CDLL(None, use_errno=True)):
        taken.append("calls")
    return tuple(taken)


_PROCESSOR = (Path("/sys/devices/system"), Path("/proc/cpuinfo"), Path("/proc/meminfo"))
"""What tells how many cores there are."""


def _kept_apart() -> int:
    """Give back the file number of what was standard output, and send everything else written there to stderr.

    Libraries in C print to standard output at times; that must not end up among the messages.
    """
    private = os.dup(1)
    os.dup2(2, 1)
    return private


def main(setup: Mapping[str, Any]) -> None:
    """Give up what is not needed, then serve.

    `setup`: `folder` of the model, `memory` in bytes (0: no limit), and `gpu`, whether a graphics card is used.
    """
    protocol = _kept_apart()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asker, who then cancels
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import llama_cpp  # noqa: F401

    serve(Host(protocol, _confined(setup)))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
