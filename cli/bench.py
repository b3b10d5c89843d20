"""The command that asks your index questions whose answers are known: bench."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from ask.cli import gate, options
from ask.cli.session import Session

if TYPE_CHECKING:
    from ask.retriever.bench import Bench, Score

_SORTS = {"title": "titles", "memory": "half-remembered sentences"}
_MEANING = """\
Each question was made from one of your files and counts as answered when that very file comes first or among ten.
That is easier than real questions, which use other words, and another file that answers as well counts as wrong.
So compare with it: words with meaning, one setting or model with another, on the same files. It is no grade."""


def bench(
    questions: Annotated[
        int, typer.Option("--questions", metavar="N", min=1, max=10_000, help="How many of each sort.")
    ] = 50,
    seed: Annotated[int, typer.Option(help="Another seed makes other questions.")] = 1,
    json: options.Json = False,
) -> int:
    """Measure how well your own files are found. The questions are made from them.

    \b
    ask bench
    ask bench --questions 500 --json
    """
    from ask.cli import progress
    from ask.retriever import bench as asking

    session = Session(json)
    with session.searcher() as searcher, progress.shown(session.look_err, quiet=json) as shown:
        made = asking.make_questions(searcher.db, questions, seed)
        done = asking.run(searcher, made, shown)
    if json:
        session.put_json(_json(done, seed))
    else:
        session.put(_shown(done, session))
    return 0 if done.scores else 1


def _json(done: Bench, seed: int) -> dict[str, object]:
    return {
        "seed": seed,
        "scores": [
            {
                "questions": score.sort, "side": score.side, "count": score.questions, "recall@1": score.first,
                "recall@10": score.found, "mrr@10": score.mrr, "median_ms": score.ms,
            }
            for score in done.scores
        ],
        "missed": [{"questions": each.sort, "question": each.text, "path": each.path} for each in done.missed],
    }  # fmt: skip


def _shown(done: Bench, session: Session) -> Iterator[str]:
    if not done.scores:
        yield "No questions can be made: nothing in the index has a title or a sentence of its own."
        return
    head = f"{'':<12}{'first':>8}{'in ten':>8}{'MRR':>7}{'ms':>7}"
    sort = ""
    for score in done.scores:
        if score.sort != sort:
            sort = score.sort
            yield session.look.paint(f"{score.questions} {_SORTS[sort]}", "title")
            yield session.look.paint(head, "dim")
        yield _row(score)
    yield ""
    yield from _MEANING.splitlines()
    yield from _missed(done, session)


def _row(score: Score) -> str:
    return f"  {score.side:<10}{score.first:>8.0%}{score.found:>8.0%}{score.mrr:>7.2f}{score.ms:>7.0f}"


def _missed(done: Bench, session: Session) -> Iterator[str]:
    if not done.missed:
        return
    yield ""
    yield f"Not among ten: {len(done.missed)}, for example (ask why QUESTION PATH tells the reason)"
    for each in done.missed[:3]:
        yield gate.clean(f"  {each.text}")
        yield session.look.paint(f"    {gate.clean_path(each.path)}", "dim")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(bench)
