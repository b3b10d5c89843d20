"""Learn how questions about code are turned towards it, from docstrings and the functions they describe.

    python scripts/learn_code_questions.py STATE PACKAGES...

STATE is where compiled models are kept (`ask doctor` shows it), PACKAGES are folders of Python packages. Writes
`data/code_questions/FINGERPRINT.npz`, which `retriever/code_questions.py` reads.

Pairs are the first sentence of a docstring and its function without docstrings and comments. What the standard library
says in the same words is left out, so that it stays a fair test. One package in eight is held out first, to say what is
gained; the map that is written is learnt from all.
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
SKIP = {"test", "tests", "testing", "_vendor", "backports"}
LONGEST = 800
"""Characters of a function, about those of a chunk."""
OF_PACKAGE = 6_000
"""Pairs of one package at most."""
TEMPERATURE, EPOCHS, BATCH, RATE, DECAY = 20, 8, 1024, 1e-3, 0.01


class Pair(NamedTuple):
    package: str
    question: str
    body: str


def pairs(folder: Path) -> Iterator[Pair]:
    """All functions below a folder that say in a sentence what they do."""
    for file in sorted(folder.rglob("*.py")):
        if SKIP & set(file.parts) or file.name.startswith("test_"):
            continue
        try:
            source = file.read_text("utf-8")
            tree = ast.parse(source)
        except (OSError, ValueError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (doc := ast.get_docstring(node)):
                question = first_sentence(doc)
                body = without_prose(source, node)
                if 4 <= len(question.split()) <= 30 and question.isascii() and body.count("\n") >= 3:
                    yield Pair(folder.name, question, body[:LONGEST])


def first_sentence(doc: str) -> str:
    return re.split(r"(?<=[.!?])\s", " ".join(doc.split("\n\n")[0].split()))[0]


def without_prose(source: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """A function without docstrings and comments; empty where Python's tokenizer gives up."""
    drop: set[int] = set()
    for node in ast.walk(function):
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                drop.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
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
    """Every sentence and every function once, none that the standard library says."""
    library = Path(sysconfig.get_paths()["stdlib"])
    seen = {pair.question.lower() for part in library.iterdir() if part.is_dir() and part.name != "site-packages"
            for pair in pairs(part)}  # fmt: skip
    counts: dict[str, int] = defaultdict(int)
    found = []
    for pair in (pair for folder in sorted(folders) for pair in pairs(folder)):
        if pair.question.lower() not in seen and pair.body not in seen and counts[pair.package] < OF_PACKAGE:
            seen |= {pair.question.lower(), pair.body}
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("packages", type=Path, nargs="+")
    parser.add_argument("--model", default="all-MiniLM-L6-v2")
    given = parser.parse_args()
    model = compiled_model(given.state / "models", given.model)
    embedder = Embedder(model)

    def embedded(texts: list[str]) -> torch.Tensor:
        parts = [embedder.embed(texts[at : at + 2000]) for at in range(0, len(texts), 2000)]
        return torch.from_numpy(np.concatenate(parts))

    all_pairs = chosen(given.packages)
    questions = embedded([model.query_prompt + pair.question for pair in all_pairs])
    bodies = embedded([model.passage_prompt + pair.body for pair in all_pairs])
    names = sorted({pair.package for pair in all_pairs})
    held = torch.tensor([names.index(pair.package) % 8 == 0 for pair in all_pairs])
    before = found_at(questions[held], bodies[held])
    after = found_at(turned(questions[held], *fitted(questions[~held], bodies[~held])), bodies[held])
    print(f"held out: {int(held.sum())} pairs, mean reciprocal rank {before:.4f} → {after:.4f}")
    TARGET.mkdir(exist_ok=True)
    turn, shift = fitted(questions, bodies)
    rows = torch.cat([turn, shift[None]]).numpy().astype(np.float16)
    np.savez_compressed(TARGET / f"{model.fingerprint}.npz", rows=rows)


if __name__ == "__main__":
    main()
