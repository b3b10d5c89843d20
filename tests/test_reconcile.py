"""After any sequence of changes the index equals one that is made afresh."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

NAMES = st.sampled_from(["a.txt", "b.md", "c.py", "d/a.txt", "d/e/b.md", ".hidden", "id_rsa", "x.bin"])
FOLDERS = st.sampled_from(["d", "d/e", "moved"])
TEXTS = st.sampled_from([
    b"The key is under the mat.\n", b"# Garden\n\nTomatoes.\n\n# Shed\n\nOld tools.\n",
    b"def f(x):\n    return x + 1\n", "Zahrada a kůlna.\n".encode(), b"", bytes(range(256)), b"a\n\n" * 400,
    "\N{TOMATO}".encode() * 9,
])  # fmt: skip


def content(ask: Any) -> dict[str, list[tuple[object, ...]]]:
    """Everything the index says, without numbers that depend on the order in which it was made."""
    queries = {
        "files": "SELECT path, status, reason, size, content FROM files",
        "documents": "SELECT path, member, kind, title, d.language, date, people, facts, d.hash FROM documents d"
        " JOIN files f ON f.id = file_id",
        "chunks": 'SELECT path, c.start, c."end", c.line, c.end_line, c.page, c.heading, c.symbols, c.hash, c.tier'
        " FROM chunks c JOIN documents d ON d.id = document_id JOIN files f ON f.id = file_id",
        "vectors": "SELECT hash, exact FROM vectors",
        "words": "SELECT term, doc, cnt FROM vocabulary",
    }
    db = ask.db()
    found = {name: sorted(db.execute(query), key=repr) for name, query in queries.items()}
    db.close()
    return found


def has_room(at: Path) -> bool:
    """No file has taken the place of a folder above it."""
    return not any(above.is_file() for above in at.parents)


class Changes(RuleBasedStateMachine):
    """A folder that somebody works in, and an index that follows."""

    new_ask: ClassVar[Callable[[Path], Any]]

    @initialize()
    def begin(self) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="ask-changes-"))
        self.root = self.scratch / "files"
        self.root.mkdir()
        self.ask = type(self).new_ask(self.scratch / "state")
        self.stale = True

    @rule(name=NAMES, text=TEXTS)
    def write(self, name: str, text: bytes) -> None:
        at = self.root / name
        if has_room(at) and not at.is_dir():
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(text)
            self.stale = True

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if (self.root / name).is_file():
            (self.root / name).unlink()
            self.stale = True

    @rule(source=st.one_of(NAMES, FOLDERS), goal=st.one_of(NAMES, FOLDERS))
    def move(self, source: str, goal: str) -> None:
        here, there = self.root / source, self.root / goal
        if here.exists() and has_room(there) and not there.exists() and not there.is_relative_to(here):
            there.parent.mkdir(parents=True, exist_ok=True)
            here.rename(there)
            self.stale = True

    @rule(folder=FOLDERS)
    def delete_folder(self, folder: str) -> None:
        shutil.rmtree(self.root / folder, ignore_errors=True)
        self.stale = True

    @rule(line=st.sampled_from(["d/\n", "*.md\n", "!.hidden\n", ""]))
    def ignore(self, line: str) -> None:
        (self.root / ".askignore").write_text(line)
        self.stale = True

    @rule(name=NAMES)
    def touch(self, name: str) -> None:
        if (self.root / name).is_file():
            os.utime(self.root / name, ns=(1, 1_500_000_000_000_000_000))

    @precondition(lambda self: self.stale)
    @rule(part=st.sampled_from(["", "", "d"]))
    def index(self, part: str) -> None:
        if (self.root / part).exists():
            assert self.ask("index", self.root / part, "--quiet").code in (0, 3)

    @rule()
    def compare(self) -> None:
        assert self.ask("index", self.root, "--quiet").code in (0, 3)
        fresh = type(self).new_ask(Path(tempfile.mkdtemp(dir=self.scratch)) / "fresh")
        assert fresh("index", self.root, "--quiet").code in (0, 3)
        assert content(self.ask) == content(fresh)
        assert self.ask("check").code == 0
        self.stale = False

    def teardown(self) -> None:
        if hasattr(self, "scratch"):
            shutil.rmtree(self.scratch)


def machine(new_ask: Callable[[Path], Any], examples: int, steps: int) -> None:
    class Bound(Changes):
        pass

    Bound.new_ask = staticmethod(new_ask)
    options = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each step indexes: shrinking would take an hour
    )
    run_state_machine_as_test(Bound, settings=options)


def test_any_changes(new_ask: Callable[[Path], Any]) -> None:
    machine(new_ask, examples=3, steps=8)


@pytest.mark.slow
def test_many_changes(new_ask: Callable[[Path], Any]) -> None:
    machine(new_ask, examples=30 * int(os.environ.get("ASK_FAULTS", "1")), steps=20)
