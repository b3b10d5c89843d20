"""Score the real command on real files: nDCG@10, R@10 and MRR@10 of a retrieval set.

    python benchmarks/evaluate.py SETDIR… [--queries N] [--keep DIR] [--names ids]

A set is a folder with `corpus.jsonl` {id, title, text[, date, conversation]}, `queries.jsonl` {id, text[,
conversation]} and `qrels.tsv` (a header, then query, document, grade), as BEIR and its likes have them. Every document
becomes a file (a folder for each conversation, whose questions are asked inside it), `ask index` indexes the folder,
and `ask search` is asked all questions: by words alone, by meaning alone, and as it is meant. Reciprocal rank fusion of
the two lists, which most others use, is computed here for comparison.

Files are called by number, because ids often tell the answer (`Super_Bowl_50#0`); code keeps its own path where the set
gives one. `--names ids` calls them by their ids.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dateparser
import machine
from ask.retriever.measures import ndcg, recall, reciprocal_rank

SIDES = ("words", "meaning", "both")
RRF = 60
"""The constant of reciprocal rank fusion as its authors have it."""

Ranking = Mapping[str, Sequence[str]]
"""Document ids by query id, best first."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question of a set."""

    id: str
    text: str
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Set:
    """A retrieval set as it lies on disk."""

    name: str
    documents: Sequence[Mapping[str, str]]
    queries: Sequence[Query]
    relevant: Mapping[str, Mapping[str, float]]
    """Grades by document id by query id."""
    code: bool
    """The documents are source code."""


def read(folder: Path, most: int | None = None) -> Set:
    """Read a set; only its first `most` queries, in the order of the file, when given."""
    documents = list(_lines(folder / "corpus.jsonl"))
    relevant: dict[str, dict[str, float]] = defaultdict(dict)
    for row in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = row.split("\t")
        relevant[query][document] = float(grade)
    queries = [Query(q["id"], q["text"], q.get("conversation", "")) for q in _lines(folder / "queries.jsonl")]
    judged = [query for query in queries if relevant.get(query.id)]
    return Set(folder.name, documents, judged[:most], relevant, _is_code(folder, documents))


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _is_code(folder: Path, documents: Sequence[Mapping[str, str]]) -> bool:
    """META.json says so ({"lang": "code"}), or all ids name Python files."""
    meta = folder / "META.json"
    if meta.exists() and json.loads(meta.read_text("utf-8")).get("lang") in {"code", "python"}:
        return True
    return all(".py" in document["id"] for document in documents[:20])


def write(collection: Set, folder: Path, *, by_id: bool) -> dict[str, str]:
    """Write every document to a file of its own. Returns ids by absolute path."""
    ids: dict[str, str] = {}
    for number, document in enumerate(collection.documents):
        path = folder / document.get("conversation", "") / _name(document, number, collection.code, by_id=by_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        title = document.get("title", "")
        above = f"{title}\n\n" if title and not collection.code else ""
        _put(path, (above + document["text"]).encode())
        if (seconds := _seconds(document.get("date", ""))) is not None:
            os.utime(path, (seconds, seconds))
        ids[str(path)] = document["id"]
    if len(ids) != len(collection.documents):
        raise SystemExit(f"{collection.name}: two documents would have the same file name")
    return ids


def _put(path: Path, content: bytes) -> None:
    """Write unless it stands there already: a kept index is then up to date."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def _name(document: Mapping[str, str], number: int, code: bool, *, by_id: bool) -> str:
    suffix = ".py" if code else ".txt"
    if by_id:
        return re.sub(r"[^\w.-]", "_", document["id"])[:150] + suffix
    own = document.get("title", "")
    if code and re.fullmatch(r"[\w-]+(/[\w-]+)*\.\w{1,4}", own):
        return own
    return f"{number:06}{suffix}"


@cache
def _seconds(date: str) -> float | None:
    found = dateparser.parse(date, settings={"TIMEZONE": "UTC", "RETURN_AS_TIMEZONE_AWARE": True}) if date else None
    return None if found is None else found.timestamp()


@dataclass(frozen=True, slots=True)
class Index:
    """A set as files, with the index that the command made of them."""

    home: Path
    files: Path
    ids: Mapping[str, str]
    """Document ids by path."""
    seconds: float
    """What `ask index` took, without the preparation of the model."""

    def ask(self, *arguments: str, feed: str = "") -> str:
        """The output of one run of the command."""
        done = subprocess.run(
            [*machine.ASK, *arguments],
            env={**os.environ, "ASK_HOME": str(self.home)}, input=feed, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            raise SystemExit(f"ask {' '.join(arguments)} ended with status {done.returncode}")
        return done.stdout


def build(collection: Set, folder: Path, *, by_id: bool) -> Index:
    """Write the files and index them with the real command; what is there already is brought up to date."""
    home, files = folder / "home", folder / "files"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _share_models(home, folder.parent / "models")
    index = Index(home, files, write(collection, files, by_id=by_id), 0.0)
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        index.ask("index", empty, "--quiet")  # the model is compiled here
    begun = time.perf_counter()
    index.ask("index", str(files), "--wait", "full", "--quiet")
    return Index(home, files, index.ids, time.perf_counter() - begun)


def _share_models(home: Path, models: Path) -> None:
    """All indexes of a run use one compiled model."""
    models.mkdir(mode=0o700, exist_ok=True)
    if not (home / "models").exists():
        (home / "models").symlink_to(models)


@dataclass(frozen=True, slots=True)
class Found:
    """What one side of the search gave."""

    ranking: Ranking
    ms: Sequence[float]
    """Time of each search as the command itself reports it, without the first, which loads the model."""


def search(index: Index, collection: Set, side: str, depth: int) -> Found:
    """Ask all questions, those of a conversation inside its folder; one process for each folder."""
    ranking: dict[str, list[str]] = {}
    spent: list[float] = []
    only = [] if side == "both" else ["--only", side]
    for conversation, queries in _by_conversation(collection.queries).items():
        within = ["--path", str(index.files / conversation)] if conversation else []
        feed = "".join(" ".join(query.text.split()) + "\n" for query in queries)
        answers = index.ask("search", "-", "--jsonl", "-n", str(depth), *only, *within, feed=feed).splitlines()
        if len(answers) != len(queries):
            raise SystemExit(f"{len(queries)} questions, {len(answers)} answers")
        found = [json.loads(answer) for answer in answers]
        ranking.update({q.id: _ids(index, each) for q, each in zip(queries, found, strict=True)})
        spent += [each["timing_ms"]["total"] for each in found[1:] if "total" in each["timing_ms"]]
    return Found(ranking, spent)


def _by_conversation(queries: Sequence[Query]) -> dict[str, list[Query]]:
    grouped: dict[str, list[Query]] = defaultdict(list)
    for query in queries:
        grouped[query.conversation].append(query)
    return grouped


def _ids(index: Index, answer: Mapping[str, list[dict[str, object]]]) -> list[str]:
    """Documents in the order shown. Misses shown as such ("near") follow the hits; copies stand behind their hit."""
    shown = [*answer["hits"], *answer.get("near", [])]
    paths = [path for hit in shown for path in (hit["path"], *hit.get("family", []))]  # type: ignore[misc]
    return list(dict.fromkeys(index.ids[str(path)] for path in paths if str(path) in index.ids))


def rrf(lists: Sequence[Ranking]) -> Ranking:
    """Reciprocal rank fusion."""
    fused: dict[str, list[str]] = {}
    for query in lists[0]:
        scores: dict[str, float] = defaultdict(float)
        for ranking in lists:
            for rank, document in enumerate(ranking.get(query, ()), 1):
                scores[document] += 1 / (RRF + rank)
        fused[query] = sorted(scores, key=lambda document: (-scores[document], document))
    return fused


def score(ranking: Ranking, collection: Set) -> dict[str, float]:
    """The mean of each measure over all questions."""
    measures = {"ndcg@10": ndcg, "recall@10": recall, "mrr@10": reciprocal_rank}
    judged = [(ranking.get(query.id, ()), collection.relevant[query.id]) for query in collection.queries]
    return {
        name: round(sum(measure(ranked, wanted) for ranked, wanted in judged) / len(judged), 4)
        for name, measure in measures.items()
    }


def evaluate(collection: Set, folder: Path, *, depth: int, by_id: bool) -> dict[str, object]:
    """Everything about one set."""
    index = build(collection, folder, by_id=by_id)
    found = {side: search(index, collection, side, depth) for side in SIDES}
    scores = {side: score(each.ranking, collection) for side, each in found.items()}
    scores["rrf"] = score(rrf([found["words"].ranking, found["meaning"].ranking]), collection)
    return {
        "documents": len(collection.documents),
        "queries": len(collection.queries),
        "scores": scores,
        "median_ms": {side: round(sorted(each.ms)[len(each.ms) // 2], 1) for side, each in found.items() if each.ms},
        "index_seconds": round(index.seconds, 1),
        "measured": machine.today(),
    }


def table(results: Mapping[str, Mapping[str, object]]) -> str:
    """All sets in Markdown."""
    lines = [
        "| set | documents | queries | measure | words | meaning | RRF of the two | ask |",
        "|---|--:|--:|---|--:|--:|--:|--:|",
    ]
    for name, result in results.items():
        scores: Mapping[str, Mapping[str, float]] = result["scores"]  # type: ignore[assignment]
        for measure in ("ndcg@10", "recall@10", "mrr@10"):
            first = measure == "ndcg@10"
            left = (name, f"{result['documents']:,}", f"{result['queries']:,}") if first else ("", "", "")
            values = (f"{scores[side][measure]:.3f}" for side in ("words", "meaning", "rrf", "both"))
            lines.append("| " + " | ".join([*left, measure, *values]) + " |")
    return "\n".join(lines) + "\n"


def save(results: Mapping[str, Mapping[str, object]], target: Path) -> None:
    """Add the results to those of other sets, as JSON and as a table."""
    path = target / "evaluate.json"
    known: dict[str, Mapping[str, object]] = json.loads(path.read_text("utf-8"))["sets"] if path.exists() else {}
    known.update(results)
    target.mkdir(parents=True, exist_ok=True)
    ordered = dict(sorted(known.items()))
    path.write_text(json.dumps({"machine": machine.facts(), "sets": ordered}, indent=1) + "\n", "utf-8")
    (target / "evaluate.md").write_text(table(ordered), "utf-8")


@contextmanager
def _workplace(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="ask-evaluate-") as folder:
        yield Path(folder)


def main() -> None:
    """Evaluate the sets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SETDIR")
    parser.add_argument("--queries", type=int, metavar="N", help="only the first N queries of each set, in file order")
    parser.add_argument("--depth", type=int, default=20, metavar="N", help="hits per question (default 20)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep files and indexes there and use them again")
    parser.add_argument("--names", choices=("numbers", "ids"), default="numbers", help="what files are called")
    parser.add_argument("--results", type=Path, default=machine.RESULTS, metavar="DIR", help="where results go")
    given = parser.parse_args()
    with _workplace(given.keep) as workplace:
        for folder in given.sets:
            collection = read(folder, given.queries)
            by_id = given.names == "ids"
            place = workplace / (collection.name + ("-ids" if by_id else ""))
            result = evaluate(collection, place, depth=given.depth, by_id=by_id)
            name = collection.name + (f" (first {given.queries})" if given.queries else "") + (", ids" * by_id)
            save({name: result}, given.results)
            sys.stdout.write(table({name: result}) + f"\nindexed in {result['index_seconds']} s\n\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
