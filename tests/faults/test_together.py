"""Many at once: writers wait for each other, readers for nobody; and any sequence of changes ends in the same index."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import maintain
from ask.indexer.compile import Compiled
from ask.indexer.progress import Silent
from ask.indexer.store import Store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Check = Callable[[Path], list[str]]
SECONDS = 10.0
"""Of work together, times `ASK_FAULTS`, at most five minutes."""


@pytest.mark.slow
def test_indexers_and_searchers_at_once(
    ask: Any, notes: Path, problems: Check, chance: random.Random, scale: int
) -> None:
    assert ask.run("index", notes, "--wait", "words").code == 0
    end = time.monotonic() + min(SECONDS * scale, 300)
    said: list[tuple[int, str]] = []

    def work(words: Callable[[], tuple[Any, ...]]) -> None:
        while time.monotonic() < end:
            done = ask.run(*words())
            said.append((done.code, done.err))

    def change() -> tuple[Any, ...]:
        victim = notes / f"folder{chance.randrange(5)}" / f"new{chance.randrange(9)}.txt"
        victim.write_text(f"note {chance.random()} about plums\n")
        return "index", notes, "--wait-lock", "300"

    many = scale > 1
    jobs = [change] * (8 if many else 2)
    jobs += [lambda: ("search", "apples in notes", "--json")] * (4 if many else 1)
    jobs += [lambda: ("status", "--json")]
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    with ask.start("watch") as watcher:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        watcher.send_signal(signal.SIGTERM)
        _, complaints = watcher.communicate()
    assert (watcher.returncode, complaints) == (0, b"")
    assert {code for code, _ in said} == {0}, [err for code, err in said if code]
    assert not [err for _, err in said if "locked" in err or "Traceback" in err]
    assert problems(ask.home) == []
    print(f"{len(said)} commands by {len(jobs)} at once, and a watcher")  # noqa: T201


def test_a_second_writer_that_will_not_wait_is_told(ask: Any, notes: Path) -> None:
    with Store(ask.home):
        done = ask.run("index", notes, "--wait-lock", "0")
    assert (done.code, "another ask is writing" in done.err) == (2, True)


NAME = st.sampled_from(["a.txt", "b.md", "sub/c.txt", "sub/deep/d.py", "other/e.txt"])
STEP = st.one_of(
    st.tuples(st.just("write"), NAME, st.sampled_from(["pears", "walnuts", "", "def f():\n    return 1\n"])),
    st.tuples(st.just("delete"), NAME, st.just("")),
    st.tuples(st.just("move"), NAME, NAME),
    st.tuples(st.just("folder"), st.sampled_from(["sub", "other"]), st.sampled_from(["sub", "other", "third"])),
    st.tuples(st.just("index"), st.just(""), st.just("")),
    st.tuples(st.just("kill"), st.just(""), st.just("")),
)


def apply(root: Path, step: tuple[str, str, str]) -> None:
    """Change the tree; what cannot be done is not."""
    what, first, second = step
    source = root / first
    if what == "write":
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(second)
    elif what == "delete" and source.exists():
        source.unlink()
    elif what == "move" and source.exists():
        (root / second).parent.mkdir(parents=True, exist_ok=True)
        source.replace(root / second)
    elif what == "folder" and source.exists() and not (root / second).exists():
        source.rename(root / second)


@pytest.mark.slow
def test_any_sequence_ends_in_the_index_a_fresh_run_makes(
    compiled: Compiled, killable: Any, contents: Any, problems: Check, scale: int
) -> None:
    chance = random.Random(7)
    done = itertools.count(1)

    @settings(
        max_examples=5 * scale, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(st.lists(STEP, min_size=3, max_size=12))
    def holds(steps: list[tuple[str, str, str]]) -> None:
        base = Path(tempfile.mkdtemp())
        try:
            root = base / "files"
            root.mkdir()
            (root / "always.txt").write_text("always here\n")
            homes = [base / "one", base / "two"]
            for home in homes:
                home.mkdir(mode=0o700)
                (home / "models").symlink_to(compiled.folder.parent)
            for step in steps:
                apply(root, step)
                if step[0] == "index":
                    assert index(homes[0], root, compiled) == 0
                elif step[0] == "kill":
                    killable.run(homes[0], root, chance.uniform(0.0, 1.5), "words")
            for home in homes:
                assert index(home, root, compiled) == 0
            assert contents(homes[0]) == contents(homes[1])
            assert problems(homes[0]) == []
            if (number := next(done)) % 50 == 0:
                print(f"{number} sequences", flush=True)  # noqa: T201
        finally:
            shutil.rmtree(base)

    holds()


def index(home: Path, root: Path, model: Compiled) -> int:
    """Words only; meaning has nothing to do with what changed."""
    with Store(home, wait=60) as store:
        plan = maintain.Plan(home, workers=1)
        return len(maintain.index(store, [os.fsencode(root)], plan, model, Silent()).unreadable)
