"""Rankings of fixed questions, kept in a file: whoever changes how hits are scored sees in the diff what moved.

`pytest tests/test_golden.py --rewrite-golden` writes the files anew. Vectors differ in their last digits between
processors, and the standard library between versions of Python, so single ranks may differ from the file; more than
`MOVED` of them, or a mean reciprocal rank that is off by `SLACK`, is a change of ranking.
"""

from __future__ import annotations

import json
import re
import runpy
import sysconfig
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from ask.retriever.people import Me
from ask.retriever.query import parse
from ask.retriever.search import Searcher

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ME = Me(("Vendelín Netřesk",), (), ("venda",))
DEPTH = 10
MOVED = 0.15
SLACK = 0.04
Ranks = Mapping[tuple[str, str], int | None]
"""(question, path below the root) → rank of the file, None when it is not among the first ten."""


def asked(ask: Any, root: Path, questions: Path) -> Ranks:
    """The ranks that files have for the questions about them."""
    ranks: dict[tuple[str, str], int | None] = {}
    with closing(Searcher(ask.home)) as searcher:
        for line in questions.read_text("utf-8").splitlines():
            each = json.loads(line)
            found = searcher.search(parse(each["question"], now=NOW, me=ME), n=DEPTH)
            wanted = str(root / each["path"])
            hits = (hit.rank for hit in (*found.hits, *found.near) if wanted in (hit.path, *hit.family))
            ranks[each["question"], each["path"]] = next(hits, None)
    return ranks


def mean_reciprocal(ranks: Ranks) -> float:
    return sum(1 / rank for rank in ranks.values() if rank) / len(ranks)


def written(ranks: Ranks) -> str:
    """The golden file: the figures of all, then a rank and its question a line."""
    first = sum(rank == 1 for rank in ranks.values()) / len(ranks)
    found = sum(rank is not None for rank in ranks.values()) / len(ranks)
    head = f"# {len(ranks)} questions: recall@1 {first:.2f}, recall@10 {found:.2f}, MRR {mean_reciprocal(ranks):.3f}\n"
    return head + "".join(f"{rank or '-':>2}  {question} → {path}\n" for (question, path), rank in ranks.items())


def read(text: str) -> Ranks:
    found = re.findall(r"^ *(\d+|-)  (.+) → (.+)$", text, re.MULTILINE)
    return {(question, path): None if rank == "-" else int(rank) for rank, question, path in found}


@pytest.fixture(scope="module")
def sample(new_ask: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    base = tmp_path_factory.mktemp("sample")
    runpy.run_path(str(DATA.parent / "scripts" / "sample.py"))["copy"](base / "vendelin")
    return new_ask(base / "state"), base / "vendelin"


@pytest.fixture(scope="module")
def modules(new_ask: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A few small modules of the standard library that hardly change."""
    base = tmp_path_factory.mktemp("modules")
    (base / "lib").mkdir()
    lines = (HERE / "golden" / "modules.jsonl").read_text("utf-8").splitlines()
    for name in {json.loads(line)["path"] for line in lines}:
        copy(Path(sysconfig.get_path("stdlib")) / name, base / "lib" / name)
    return new_ask(base / "state"), base / "lib"


@pytest.mark.parametrize(
    ("collection", "questions"),
    [("sample", DATA / "sample-questions.jsonl"), ("modules", HERE / "golden" / "modules.jsonl")],
)
def test_ranks_are_those_of_the_golden_file(collection: str, questions: Path, request: pytest.FixtureRequest) -> None:
    ask, root = request.getfixturevalue(collection)
    assert ask("index", root, "-q").code in (0, 3)
    ranks = asked(ask, root, questions)
    golden = HERE / "golden" / f"{collection}.txt"
    if request.config.getoption("--rewrite-golden"):
        golden.write_text(written(ranks), "utf-8")
    kept = read(golden.read_text("utf-8"))
    assert kept.keys() == ranks.keys(), "the questions have changed: pytest tests/test_golden.py --rewrite-golden"
    moved = {" → ".join(key): (kept[key], ranks[key]) for key in ranks if kept[key] != ranks[key]}
    assert len(moved) <= MOVED * len(ranks), f"(rank kept, rank now): {moved}"
    assert mean_reciprocal(ranks) == pytest.approx(mean_reciprocal(kept), abs=SLACK), moved
