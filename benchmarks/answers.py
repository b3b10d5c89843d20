"""How good answers without a model are: `python benchmarks/answers.py SETDIR… [--questions N] [--keep DIR]`.

A set is as for `evaluate.py`, with `qa.jsonl` {id, question, answers[, answerable][, adversarial_answer][,
conversation]}. Every document becomes a file, `ask index` indexes the folder, and `ask answer --json` is asked each
question, those of a conversation inside its folder. Reported are, over answerable questions, how often an accepted
answer stands word for word in the first sentence shown, and in the first three (what is withheld as not found counts
as a miss); and how well the confidence tells answerable questions from the others (AUROC: 0.5 is chance, 1 is perfect).

The commands run inside this process, as the console script would run them, because starting one for each question would
only measure how fast Python starts.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import evaluate
import machine
from ask.cli import start
from ask.generator.words import WORD, fold


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what came of it."""

    answerable: bool
    first: bool
    """The answer stands in the first sentence shown."""
    three: bool
    confidence: float
    shown: bool
    """An answer was given at all."""


def questions(folder: Path, most: int | None) -> list[Mapping[str, object]]:
    """The rows of `qa.jsonl`, evenly spread over the file when only some are asked."""
    rows = [json.loads(line) for line in (folder / "qa.jsonl").read_text("utf-8").splitlines()]
    return rows if most is None or most >= len(rows) else rows[:: -(-len(rows) // most)]


def ask(index: evaluate.Index, row: Mapping[str, object]) -> Asked:
    """Ask one question by the command."""
    within = _conversation(row)
    arguments = ["answer", "--json", *(["--path", str(index.files / within)] if within else []), str(row["question"])]
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        start.run(arguments)
    out.seek(0)
    found = json.loads(out.read())
    accepted = [_words(answer) for answer in row["answers"] or ()]  # type: ignore[attr-defined]
    holds = [any(f" {answer} " in f" {_words(c['quote'])} " for answer in accepted) for c in found["citations"]]
    return Asked(_answerable(row), any(holds[:1]), any(holds[:3]), found["confidence"], not found["abstained"])


def _conversation(row: Mapping[str, object]) -> str:
    """The folder a question is asked in: what its id begins with, where ids of documents have that form."""
    return str(row["id"]).rsplit("-q", 1)[0] if "-q" in str(row["id"]) else ""


def _answerable(row: Mapping[str, object]) -> bool:
    return bool(row.get("answerable", row.get("adversarial_answer") is None))


def _words(text: object) -> str:
    return " ".join(WORD.findall(fold(str(text))))


def auroc(good: Sequence[float], bad: Sequence[float]) -> float:
    """How often a value of `good` exceeds one of `bad`; ties count half."""
    below = sorted(bad)
    wins = sum(bisect_left(below, value) + bisect_right(below, value) for value in good) / 2
    return wins / (len(good) * len(bad)) if good and bad else float("nan")


def summary(asked: Sequence[Asked]) -> dict[str, float]:
    """The figures of one set."""
    yes = [each for each in asked if each.answerable]
    no = [each for each in asked if not each.answerable]
    return {
        "answerable": len(yes),
        "unanswerable": len(no),
        "first": round(sum(each.first for each in yes) / len(yes), 4),
        "first three": round(sum(each.three for each in yes) / len(yes), 4),
        "auroc": round(auroc([each.confidence for each in yes], [each.confidence for each in no]), 4),
        "answered, answerable": round(sum(each.shown for each in yes) / len(yes), 4),
        "answered, unanswerable": round(sum(each.shown for each in no) / max(len(no), 1), 4),
    }


def main() -> None:
    """Measure the sets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SETDIR")
    parser.add_argument("--questions", type=int, metavar="N", help="about so many, spread over the file")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep files and indexes there and use them again")
    parser.add_argument("--results", type=Path, default=machine.RESULTS, metavar="DIR")
    given = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    with evaluate._workplace(given.keep) as workplace:
        for folder in given.sets:
            index = evaluate.build(evaluate.read(folder), workplace / folder.name, by_id=False)
            os.environ["ASK_HOME"] = str(index.home)
            results[folder.name] = summary([ask(index, row) for row in questions(folder, given.questions)])
            sys.stdout.write(f"{folder.name}: {json.dumps(results[folder.name])}\n")
            sys.stdout.flush()
    given.results.mkdir(parents=True, exist_ok=True)
    kept = {"machine": machine.facts(), "measured": machine.today(), "sets": results}
    (given.results / "answers.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
