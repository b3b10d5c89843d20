"""Fixtures that several test files share."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ask.cli import start
from ask.generator.model import Prompt
from ask.generator.neutral import neutral
from ask.generator.sampling import Sampling
from ask.indexer import database
from ask.indexer.compile import Compiled, compiled_model
from ask.indexer.weights import DEFAULT

MAKER = Path(__file__).parent / "tiny_model" / "gguf_maker.py"


# A shell that starts us in the background ignores SIGINT, and every child inherits that: no Ctrl-C could be tested.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Flags of our own."""
    parser.addoption("--rewrite-golden", action="store_true", help="Write the rankings in tests/golden anew.")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file of the LLaMA architecture with random weights: it can be run, it cannot answer."""
    path = tmp_path_factory.mktemp("models") / "tiny-random.gguf"
    subprocess.run([sys.executable, str(MAKER), str(path)], check=True)
    return path


class ScriptedModel:
    """Stands where a language model stands and writes what the test says, so that what is around it can be tested."""

    name = "scripted"
    host = ""

    def __init__(self, *replies: str | Callable[[str], str], room: int = 4000) -> None:
        self.replies = list(replies)
        self.room = room
        self.prompts: list[str] = []

    def neutral(self, text: str) -> str:
        return neutral(text)

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def size(self, prompt: Prompt) -> int:
        return self.count([_flat(prompt)])[0]

    def thinks(self, prompt: Prompt) -> bool:
        return False

    def write(self, prompt: Prompt, sampling: Sampling, grammar: str = "") -> Generator[str]:
        self.prompts.append(_flat(prompt))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        text = reply if isinstance(reply, str) else reply(self.prompts[-1])
        for stop in sampling.stop:
            text = text.split(stop)[0]
        for at in range(0, len(text), 7):
            yield text[at : at + 7]


def _flat(prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\n".join(f"<{message.role}>{message.text}" for message in prompt)


@pytest.fixture
def scripted() -> type[ScriptedModel]:
    """The class; a test makes its own."""
    return ScriptedModel


@pytest.fixture(scope="session")
def compiled(request: pytest.FixtureRequest) -> Compiled:
    """The default model, compiled once a machine: it stays in pytest's cache, which parallel runs share."""
    return compiled_model(request.config.cache.mkdir("models"), DEFAULT)


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its standard output, which must be one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Ask:
    """The command line with a state directory of its own, whose model is compiled already."""

    home: Path
    environ: Mapping[str, str]

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Said:
        """Run in this process, as the console script would: quick, for what needs no process of its own."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in self.environ.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            code = start.run([str(argument) for argument in arguments])
        return Said(code, *(stream.buffer.getvalue().decode() for stream in (_flushed(out), _flushed(err))))

    def command(self, *arguments: str | bytes | Path) -> list[str | bytes | Path]:
        """The words that start the real command."""
        return [Path(sys.executable).with_name("ask"), *arguments]

    def start(self, *arguments: str | bytes | Path, **options: Any) -> subprocess.Popen[bytes]:
        """Start the real command in a process of its own."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(self.command(*arguments), env={**os.environ, **self.environ}, **pipes)

    def run(self, *arguments: str | bytes | Path, **options: Any) -> Said:
        """Run the real command in a process of its own."""
        with self.start(*arguments, **options) as child:
            out, err = child.communicate()
        return Said(child.returncode, (out or b"").decode(), (err or b"").decode())

    def db(self) -> sqlite3.Connection:
        """The database, to look at."""
        return database.connect(self.home)

    def count(self, query: str) -> int:
        """The number that a query gives."""
        db = self.db()
        try:
            return int(db.execute(query).fetchone()[0])
        finally:
            db.close()


def _flushed(stream: io.TextIOWrapper) -> Any:
    stream.flush()
    return stream


@pytest.fixture(scope="session")
def new_ask(compiled: Compiled) -> Callable[[Path], Ask]:
    """Makes command lines with fresh state directories."""

    def make(home: Path) -> Ask:
        home.mkdir(mode=0o700)
        (home / "models").symlink_to(compiled.folder.parent)
        quiet = {"ASK_HOME": str(home), "ASK_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "100"}
        return Ask(home, quiet)

    return make


@pytest.fixture
def ask(new_ask: Callable[[Path], Ask], tmp_path: Path) -> Ask:
    """A command line with a fresh state directory."""
    return new_ask(tmp_path / "state")


@pytest.fixture(scope="session")
def plant() -> Callable[[Path, Mapping[str, str | bytes]], Path]:
    """Writes files below a folder and gives it back: `plant(folder, {"a.txt": "text"})`."""

    def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
        for name, text in files.items():
            at = root / name
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(text.encode() if isinstance(text, str) else text)
        return root

    return write


@pytest.fixture
def tree(plant: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Writes files of one test: `tree({"a.txt": "text"})` gives the folder they are in."""
    (tmp_path / "files").mkdir()
    return partial(plant, tmp_path / "files")
