"""Files that are not what was written: a damaged derived file is never used, damaged rows are found and mended."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.indexer import database, vectors
from ask.indexer.errors import AskError

Check = Callable[[Path], list[str]]
FLIPS = 40
"""Damaged FAISS files, times `ASK_FAULTS`."""
PAGES = 8
"""Damaged databases, times `ASK_FAULTS`."""


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One byte changed, the end missing, bytes put in, or a block of zeros."""
    at = chance.randrange(len(data))
    match chance.randrange(4):
        case 0:
            return data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]
        case 1:
            return data[:at]
        case 2:
            return data[:at] + chance.randbytes(chance.randrange(1, 64)) + data[at:]
        case _:
            return data[:at] + bytes(len(data[at : at + 4096])) + data[at + 4096 :]


def test_a_damaged_faiss_file_is_never_used(
    ask: Any, notes: Path, killable: Any, problems: Check, repaired: Any, chance: random.Random, scale: int
) -> None:
    assert killable.run(ask.home, notes) == 0
    with closing(database.connect(ask.home)) as db:
        space, fingerprint, dimensions = db.execute("SELECT id, fingerprint, dimensions FROM spaces").fetchone()
        rows = db.execute("SELECT id, data FROM vectors WHERE space = ? ORDER BY id", (space,)).fetchall()
        ids = np.array([row[0] for row in rows])
        matrix = vectors.decode([row[1] for row in rows], dimensions)
        file = vectors.faiss_path(ask.home, space)
        whole = file.read_bytes()
        refused = 0
        for _ in range(FLIPS * scale):
            changed = damaged(whole, chance)
            file.write_bytes(changed)
            query = matrix[chance.randrange(len(ids))]
            nearest = vectors.Nearest(ask.home, db, space, fingerprint, dimensions)
            nearest.search(query, 5)  # the first question to a small collection is answered from the rows
            found = nearest.search(query, 5)
            wanted = sorted(matrix @ query, reverse=True)[:5]
            assert np.allclose([score for _, score in found], wanted, atol=1e-6)
            assert all(np.isclose(matrix[list(ids).index(i)] @ query, score, atol=1e-6) for i, score in found)
            refused += changed != whole
        assert refused >= FLIPS * scale * 0.9
    found_problems = problems(ask.home)
    assert found_problems
    assert repaired(ask.home, found_problems) == []
    assert problems(ask.home) == []


@pytest.mark.slow
def test_damaged_pages_are_found_and_mended(
    fresh: Any, notes: Path, killable: Any, contents: Any, problems: Check, repaired: Any,
    chance: random.Random, scale: int,
) -> None:  # fmt: skip
    home = fresh("whole").home
    assert killable.run(home, notes) == 0
    wanted = contents(home)
    whole = (home / database.FILE).read_bytes()
    found = mended = 0
    for number in range(PAGES * scale):
        broken = fresh(f"broken{number}").home
        for derived in home.glob("vectors-*"):
            shutil.copy(derived, broken)
        (broken / database.FILE).write_bytes(damaged(whole, chance))
        said = told(problems, broken)
        if not said:
            assert contents(broken) == wanted, "damage that changes the contents was not found"
        else:
            found += 1
            assert repaired(broken, said) == [], said
            assert problems(broken) == []
            kept = contents(broken)
            if kept["files"]:  # which folders were indexed may be lost with its page; then nothing is made up
                assert kept == wanted
                mended += 1
        shutil.rmtree(broken)
    assert found >= PAGES * scale // 4
    print(f"found {found} of {PAGES * scale}, complete again {mended}")  # noqa: T201


def told(problems: Check, home: Path) -> list[str]:
    """What is wrong; an index that cannot even be opened says so in words of ours."""
    try:
        return problems(home)
    except AskError as error:
        return [f"database: {error.message}"]
