"""How good the ranking is before meaning is exact: nDCG@10 against the same index when it is full.

    python benchmarks/approximate.py SETDIR… [--queries N] [--embedded 60]

Sets are those of `evaluate.py`. Each is indexed with `--wait instant`; its questions are asked with approximate vectors
alone, and with the best candidates of each question embedded exactly (a fixed number, so that the figure does not
depend on the speed of the machine; nothing is kept from one question to the next). Then the index is completed and the
same questions are asked again.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import evaluate
from ask.retriever import sharpen
from ask.retriever.filters import Filters
from ask.retriever.query import parse
from ask.retriever.search import Searcher


def ranked(index: evaluate.Index, queries: Sequence[evaluate.Query], seconds: float) -> dict[str, list[str]]:
    """Documents by query, each asked by a searcher of its own, which knows nothing of the questions before."""
    found: dict[str, list[str]] = {}
    for query in queries:
        limits = Filters(paths=(str(index.files / query.conversation),)) if query.conversation else Filters()
        with closing(Searcher(index.home, budget=seconds)) as searcher:
            results = searcher.search(parse(query.text, limits), n=20)
        paths = [path for hit in (*results.hits, *results.near) for path in (hit.path, *hit.family)]
        found[query.id] = list(dict.fromkeys(index.ids[path] for path in paths if path in index.ids))
    return found


def measure(folder: Path, most: int, workplace: Path) -> list[str]:
    """A row of the table."""
    collection = evaluate.read(folder)
    queries = random.Random(0).sample(collection.queries, min(most, len(collection.queries)))
    home, files = workplace / collection.name / "home", workplace / collection.name / "files"
    home.mkdir(parents=True, mode=0o700)
    evaluate._share_models(home, workplace / "models")
    index = evaluate.Index(home, files, evaluate.write(collection, files, by_id=False), 0.0)
    begun = time.perf_counter()
    index.ask("index", str(files), "--wait", "instant", "--quiet")
    instant = time.perf_counter() - begun
    rankings = [ranked(index, queries, seconds) for seconds in (0.0, 600.0)]
    begun = time.perf_counter()
    index.ask("index", str(files), "--wait", "full", "--quiet")
    full = time.perf_counter() - begun
    rankings.append(ranked(index, queries, 0.0))
    judged = evaluate.Set(collection.name, collection.documents, queries, collection.relevant, collection.code)
    alone, sharpened, exact = (evaluate.score(ranking, judged)["ndcg@10"] for ranking in rankings)
    figures = (f"{alone:.3f}", f"{sharpened:.3f}", f"{exact:.3f}", f"{sharpened / exact:.3f}")
    return [collection.name, str(len(queries)), *figures, f"{instant:.1f}", f"{full:.1f}"]


def main() -> None:
    """Measure the sets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SETDIR")
    parser.add_argument("--queries", type=int, default=200, metavar="N", help="questions of each set, by chance")
    parser.add_argument("--embedded", type=int, default=60, metavar="N", help="candidates embedded for each question")
    given = parser.parse_args()
    sharpen.MOST = given.embedded
    heads = ("set", "queries", "approximate alone", "best embedded", "exact", "ratio", "instant s", "the rest s")
    sys.stdout.write("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads) + "\n")
    with tempfile.TemporaryDirectory(prefix="ask-approximate-") as workplace:
        for folder in given.sets:
            sys.stdout.write("| " + " | ".join(measure(folder, given.queries, Path(workplace))) + " |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(str(error)) from error
