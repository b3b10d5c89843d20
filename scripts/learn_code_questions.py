"""Learn how questions about code are turned towards it, from docstrings and the functions they describe.

    python scripts/learn_code_questions.py STATE PACKAGES...

STATE is where compiled models are kept (`ask doctor` shows it), PACKAGES are folders of Python packages. Writes
`data/code_questions/FINGERPRINT.npy`, which `retriever/code_questions.py` reads.

Pairs are the first sentence of a docstring and its function without docstrings and comments. Sentences and functions
that the standard library has as well are left out, so that it stays a fair test. One package in eight is held out first,
to say what is gained; the map that is written is learnt from all.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sysconfig
import textwrap
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from ask.indexer.compile import compiled_model
from ask.indexer.embed import Embedder

TARGET = Path(__file__).resolve().parent.parent / "data" / "code_questions"
SKIP = {"test", "tests", "testing", "_vendor", "backports", "site-packages"}
LONGEST = 800
"""Characters of a function, about those of a chunk."""
OF_PACKAGE = 6_000
"""Pairs of one package at most."""
TEMPERATURE, EPOCHS, BATCH, RATE, DECAY = 20, 8, 1024, 1e-3, 0.01


class Pair(NamedTuple):
    package: str
    question: str
    """The first sentence of the docstring; empty where there is none."""
    body: str


def functions(folder: Path) -> Iterator[Pair]:
    """All functions below a folder, tests left out."""
    for file in sorted(folder.rglob("*.py")):
        if SKIP & set(file.relative_to(folder).parts) or file.name.startswith("test_"):
            continue
        try:
            source = file.read_text("utf-8")
            tree = ast.parse(source)
        except (OSError, ValueError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                question = first_sentence(ast.get_docstring(node) or "")
                yield Pair(folder.name, question, without_prose(source, node)[:LONGEST])


def is_telling(pair: Pair) -> bool:
    """A sentence in English, and more than a line or two of code."""
    return 4 <= len(pair.question.split()) <= 30 and pair.question.isascii() and pair.body.count("\n") >= 3


def keys(pair: Pair) -> set[str]:
    """What tells that two pairs say or do the same."""
    return {re.sub(r"\W+", " ", pair.question).strip().lower(), re.sub(r"\s+", "", pair.body)}


def first_sentence(doc: str) -> str:
    return re.split(r"(?<=[.!?])\s", " ".join(doc.split("\n\n")[0].split()))[0]


def without_prose(source: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """A function without docstrings and comments; empty where Python's tokenizer gives up."""
    drop: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(
            node, clean=False
        ):
            drop.update(range(node.body[0].lineno, (node.body[0].end_lineno or node.body[0].lineno) + 1))
    begin = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    lines = source.splitlines()[begin - 1 : function.end_lineno]
    kept = textwrap.dedent("\n".join("" if begin + at in drop else line for at, line in enumerate(lines)))
    try:
        comments = [t for t in tokenize.generate_tokens(io.StringIO(kept).readline) if t.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return ""
    lines = kept.splitlines()
    for each in comments:
        lines[each.start[0] - 1] = lines[each.start[0] - 1][: each.start[1]]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def chosen(folders: list[Path]) -> list[Pair]:
    """Every sentence and every function once, none that the standard library has."""
    seen = {key for pair in functions(Path(sysconfig.get_paths()["stdlib"])) for key in keys(pair)}
    counts: dict[str, int] = defaultdict(int)
    found = []
    for pair in filter(is_telling, (pair for folder in sorted(folders) for pair in functions(folder))):
        if not keys(pair) & seen and counts[pair.package] < OF_PACKAGE:
            seen |= keys(pair)
            counts[pair.package] += 1
            found.append(pair)
    print("pairs:", len(found), dict(sorted(counts.items(), key=lambda item: -item[1])))
    return found


def fitted(questions: torch.Tensor, bodies: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A map and what is added after it, so that a question finds its function among those of a batch (InfoNCE)."""
    torch.manual_seed(0)
    size = questions.shape[1]
    turn, shift = torch.zeros(size, size, requires_grad=True), torch.zeros(size, requires_grad=True)
    optimizer = torch.optim.AdamW([turn, shift], lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(questions) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(1 - step / max(steps, 1), 0))
    for _ in range(EPOCHS):
        order = torch.randperm(len(questions))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[at : at + BATCH]
            cosines = turned(questions[batch], turn, shift) @ bodies[batch].T
            loss = torch.nn.functional.cross_entropy(cosines * TEMPERATURE, torch.arange(BATCH))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return turn.detach(), shift.detach()


def turned(questions: torch.Tensor, turn: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(questions + questions @ turn + shift, dim=1)


def found_at(questions: torch.Tensor, bodies: torch.Tensor) -> float:
    """Mean reciprocal rank of each question's own function."""
    cosines = questions @ bodies.T
    return float((1 / (1 + (cosines > cosines.diagonal()[:, None]).sum(1))).mean())


def embedded(embedder: Embedder, pairs: list[Pair]) -> tuple[torch.Tensor, torch.Tensor]:
    """Questions and bodies, each [pairs, dimensions]."""

    def of(texts: list[str]) -> torch.Tensor:
        parts = [embedder.embed(texts[at : at + 2000]) for at in range(0, len(texts), 2000)]
        return torch.from_numpy(np.concatenate(parts))

    model = embedder.model
    questions = of([model.query_prompt + pair.question for pair in pairs])
    return questions, of([model.passage_prompt + pair.body for pair in pairs])


def given(what: str | None) -> tuple[Embedder, list[Pair]]:
    """The model and the pairs that the command line names."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("packages", type=Path, nargs="+")
    parser.add_argument("--model", default="all-MiniLM-L6-v2")
    named = parser.parse_args()
    return Embedder(compiled_model(named.state / "models", named.model)), chosen(named.packages)


def main() -> None:
    embedder, all_pairs = given(__doc__)
    questions, bodies = embedded(embedder, all_pairs)
    names = sorted({pair.package for pair in all_pairs})
    held = torch.tensor([names.index(pair.package) % 8 == 0 for pair in all_pairs])
    before = found_at(questions[held], bodies[held])
    after = found_at(turned(questions[held], *fitted(questions[~held], bodies[~held])), bodies[held])
    print(f"held out: {int(held.sum())} pairs, mean reciprocal rank {before:.4f} → {after:.4f}")
    TARGET.mkdir(exist_ok=True)
    turn, shift = fitted(questions, bodies)
    rows = torch.cat([turn, shift[None]]).numpy().astype(np.float16)
    np.save(TARGET / f"{embedder.model.fingerprint}.npy", rows)


if __name__ == "__main__":
    main()
