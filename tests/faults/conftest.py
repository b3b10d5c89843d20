"""What the fault lab needs: the contents of an index without its ids, and indexing that can be killed at any moment.

Numbers of runs come from `ASK_FAULTS` (1: those of `make test`); `make faults` sets it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import check, database, maintain
from ask.indexer.compile import Compiled
from ask.indexer.progress import Silent

Contents = dict[str, list[tuple[Any, ...]]]
SCALE = int(os.environ.get("ASK_FAULTS", "1"))

_QUERIES = {
    "files": "SELECT path, size, status, reason, content FROM files",
    "documents": "SELECT f.path, d.member, d.kind, d.title, d.language, d.date, d.people, d.facts, d.header, d.length,"
    " d.bytes, d.hash, d.lines, d.text FROM documents d JOIN files f ON f.id = d.file_id",
    "chunks": 'SELECT f.path, d.member, c.start, c."end", c.line, c.end_line, c.page, c.heading, c.symbols, c.context,'
    " c.lang, c.hash, c.tier FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id",
    "words": "SELECT w.term, f.path, d.member, c.start, w.col, w.offset FROM temp.instances w JOIN chunks c ON c.id ="
    " w.doc JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id",
    "vectors": "SELECT hash, exact FROM vectors",
}


def contents(home: Path) -> Contents:
    """Everything in the index but ids, times and the numbers of scans, in a fixed order."""
    with closing(database.connect(home)) as db:
        db.execute("CREATE VIRTUAL TABLE temp.instances USING fts5vocab(main, words, instance)")
        return {name: sorted(db.execute(query), key=repr) for name, query in _QUERIES.items()}


@pytest.fixture(name="contents")
def contents_fixture() -> Callable[[Path], Contents]:
    """The function above."""
    return contents


@pytest.fixture
def fresh(new_ask: Callable[[Path], Any], tmp_path: Path) -> Callable[[str], Any]:
    """Makes command lines with fresh state directories of these names."""
    return lambda name: new_ask(tmp_path / name)


@pytest.fixture
def scale() -> int:
    """How many times the number of runs of `make test`."""
    return SCALE


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance that can be repeated: the seed is printed when a test fails."""
    seed = int(os.environ.get("ASK_FAULTS_SEED", str(time.time_ns() % 10**9)))
    print(f"ASK_FAULTS_SEED={seed}")  # noqa: T201 (pytest shows it with a failure)
    return random.Random(seed)


def write_notes(root: Path, count: int) -> Path:
    """Files of several kinds with texts that differ."""
    for number in range(count):
        folder = root / f"folder{number % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"note{number}.md").write_text(
            f"# Note {number}\n\n"
            + "".join(f"Line {n} of note {number} about {n * number % 97} apples.\n" for n in range(20))
        )
        if number % 3 == 0:
            (folder / f"tool{number}.py").write_text(f"def tool_{number}(field):\n    return len(field) + {number}\n")
    return root


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A tree of 40 files."""
    return write_notes(tmp_path / "files", 30)


@pytest.fixture
def few_notes(tmp_path: Path) -> Path:
    """A tree of 11 files, for what is done a thousand times."""
    return write_notes(tmp_path / "few", 8)


_ZYGOTE = """
import json, os, sys
from pathlib import Path
import faiss, onnxruntime, tokenizers  # so that most of the time goes into the work, where it is to be killed
from ask.indexer import maintain
from ask.indexer.compile import compiled_model
from ask.indexer.progress import Silent
from ask.indexer.store import Store
for line in sys.stdin:
    home, root, tier = json.loads(line)
    home = Path(home)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        model = compiled_model(home / "models", "all-MiniLM-L6-v2")
        with Store(home) as store:
            maintain.index(store, [os.fsencode(root)], maintain.Plan(home, workers=1), model, Silent())
            if tier == "full":
                maintain.fill(store, model, 1, Silent())
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Killable:
    """Indexes in a process that has been started already, so that it can be killed anywhere in its work."""

    def __init__(self) -> None:
        self._zygote = subprocess.Popen(
            [sys.executable, "-c", _ZYGOTE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, home: Path, root: Path, seconds: float | None = None, tier: str = "full") -> int:
        """Index; SIGKILL to it and its workers after so many seconds. The exit status, negative for a signal."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps([str(home), str(root), tier]) + "\n")
        self._zygote.stdin.flush()
        pid = int(self._zygote.stdout.readline())
        if seconds is not None:
            time.sleep(seconds)
            with suppress(ProcessLookupError):  # it was quicker
                os.killpg(pid, 9)
        return int(self._zygote.stdout.readline())

    def close(self) -> None:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait()
        self._zygote.stdout.close()


@pytest.fixture
def killable() -> Iterator[Killable]:
    """Indexing that can be killed."""
    made = Killable()
    yield made
    made.close()


@pytest.fixture
def problems() -> Callable[[Path], list[str]]:
    """What `ask check` finds."""
    return lambda home: check.check(home, Silent())


@pytest.fixture
def repaired(compiled: Compiled) -> Callable[[Path, list[str]], list[str]]:
    """What `ask check --repair` leaves."""
    return lambda home, found: check.repair(home, found, maintain.Plan(home, workers=1), compiled, Silent())
