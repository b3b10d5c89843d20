"""Files that are not what was written: a damaged derived file is never used, damaged rows are found and mended."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.indexer import database, packed, vectors
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
        matrix = packed.decode([row[1] for row in rows], dimensions)
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


_HOSTILE = """
import json, random, sys
from pathlib import Path
from zlib import crc32
import numpy as np
from ask.indexer import database, packed, vectors
home, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
db = database.connect(home)
space, fingerprint, dimensions = db.execute("SELECT id, fingerprint, dimensions FROM spaces").fetchone()
rows = dict(db.execute("SELECT id, data FROM vectors WHERE space = ?", (space,)))
file = vectors.faiss_path(home, space)
whole, trailer = file.read_bytes()[:-vectors.TRAILER], json.loads(file.read_bytes()[-vectors.TRAILER:])
chance, refused = random.Random(seed), 0
for _ in range(count):
    body = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        # What FAISS calls sizes and kinds stands at the beginning, before the lists, and where they end.
        at = chance.choice([chance.randrange(200), chance.randrange(len(body)), len(body) - chance.randint(1, 900)])
        body[at] = chance.randrange(256)
    said = {**trailer, "crc32": crc32(body)}
    file.write_bytes(bytes(body) + json.dumps(said).encode().ljust(vectors.TRAILER))
    nearest = vectors.Nearest(home, db, space, fingerprint, dimensions)
    query = packed.decode([chance.choice(list(rows.values()))], dimensions)[0]
    nearest.search(query, 5)
    found = nearest.search(query, 5)
    assert {i for i, _ in found} <= set(rows)
    refused += nearest._index is None
print(refused)
"""


def test_a_faiss_file_made_to_look_whole_is_no_danger(
    ask: Any, notes: Path, killable: Any, chance: random.Random, scale: int
) -> None:
    """Its sum is right and its contents are not: an error inside, or other candidates, but no crash and no wrong id."""
    assert killable.run(ask.home, notes) == 0
    words = [str(ask.home), str(chance.randrange(10**9)), str(FLIPS * scale)]
    done = subprocess.run([sys.executable, "-c", _HOSTILE, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert 0 < int(done.stdout) < FLIPS * scale, "some must be refused and some must reach the search"


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
