"""How it grows: indexes of a thousand to a million chunks, what they take, and how long they are searched.

    python benchmarks/growth.py PLACE [--sizes 1000 10000 100000 1000000]

Indexes are made by `many.py` below PLACE and used again when they are there. Writes `growth.json`, `growth.md` and
`growth.png` to `benchmarks/results`.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import machine
import many
import numpy as np
from ask.cli import client
from ask.indexer import database, packed, vectors
from ask.retriever.search import Searcher

COLD = 7
WARM = 150
ROW = 200_000
"""Rows compared at a time when the truth is found."""


def cold(home: Path, *flags: str) -> dict[str, float]:
    """A search as a process; the files are in the system's cache, as after the first search of a day."""
    runs = []
    for question in many.questions(COLD + 1, seed=7):
        done = machine.timed([*machine.ASK, "search", question, "--json", *flags], {"ASK_HOME": str(home)})
        if done.returncode not in (0, 1):
            raise SystemExit(done.errors)
        runs.append(done)
    runs = runs[1:]
    return {
        "wall_s": round(statistics.median(run.seconds for run in runs), 3),
        "processor_s": round(statistics.median(run.processor for run in runs), 3),
        "peak_mb": round(max(run.peak_mb for run in runs)),
    }


def warm(home: Path) -> dict[str, float]:
    """Searches through the service, timed at the socket; and its memory, idle and after them."""
    environment = {**os.environ, "ASK_HOME": str(home)}
    with subprocess.Popen([*machine.ASK, "serve"], env=environment, stdout=subprocess.DEVNULL) as service:
        try:
            while _asked(home, "warm up") is None:
                time.sleep(0.2)
            idle = _memory(service.pid)
            questions = many.questions(WARM, seed=8)
            for question in questions[:20]:
                _asked(home, question)
            spent = sorted(found for question in questions if (found := _asked(home, question)) is not None)
            return {
                "median_ms": round(statistics.median(spent), 1),
                "p95_ms": round(spent[int(len(spent) * 0.95)], 1),
                "idle_mb": idle,
                "after_mb": _memory(service.pid),
            }
        finally:
            service.terminate()


def _asked(home: Path, question: str) -> float | None:
    """Milliseconds of one search; None when nobody answers."""
    begun = time.perf_counter()
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(home / client.SOCKET))
            line.recv(len(client.HELLO))
            line.sendall(json.dumps({"arguments": ["search", question, "--json"]}).encode() + b"\n")
            return None if not line.makefile().readline() else 1000 * (time.perf_counter() - begun)
        except OSError:
            return None


def _memory(service: int) -> float:
    """Resident memory of the service and its process that answers, less the pages of files, MB."""
    children = Path(f"/proc/{service}/task/{service}/children").read_text().split()
    threads = Path(f"/proc/{service}/task").iterdir()
    children = sorted({child for thread in threads for child in (thread / "children").read_text().split()})
    total = 0
    for process in (str(service), *children):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
    return round(total / 1024, 1)


def recall(home: Path) -> float:
    """Share of the true ten nearest that FAISS and re-scoring find, for a hundred questions."""
    with closing(Searcher(home)) as searcher:
        space = searcher.space()
        assert space is not None
        queries = np.stack([searcher.embedder().embed_query(text) for text in many.questions(100, seed=9)])
        nearest = vectors.Nearest(home, searcher.db, space.id, space.fingerprint, space.dimensions)
        nearest.search(queries[0], 10)  # the first is answered from the rows where there are few
        found = [{i for i, _ in nearest.search(query, 200)[:10]} for query in queries]
        truth = _nearest(searcher.db, space.id, space.dimensions, queries)
        return round(float(np.mean([len(a & b) / 10 for a, b in zip(found, truth, strict=True)])), 4)


def _nearest(db: database.Connection, space: int, dimensions: int, queries: many.Vectors) -> list[set[int]]:
    best: list[list[tuple[float, int]]] = [[] for _ in queries]
    rows = db.execute("SELECT id, data FROM vectors WHERE space = ?", (space,))
    while block := rows.fetchmany(ROW):
        cosines = packed.decode([data for _, data in block], dimensions) @ queries.T
        for number in range(len(queries)):
            top = np.argpartition(-cosines[:, number], min(10, len(block) - 1))[:10]
            best[number] = sorted([*best[number], *((float(cosines[i, number]), block[i][0]) for i in top)])[-10:]
    return [{i for _, i in found} for found in best]


def measure(place: Path, chunks: int, models: Path | None) -> dict[str, object]:
    """Everything about one size."""
    home = place / str(chunks)
    made = {} if (home / database.FILE).exists() else many.build(home, chunks, models)
    with closing(database.connect(home)) as db:
        (text,) = db.execute("SELECT sum(bytes) FROM documents").fetchone()
        (count,) = db.execute("SELECT count(*) FROM chunks").fetchone()
    return {
        "chunks": count,
        "made_s": made,
        "text_mb": round(text / 1e6, 1),
        "database_mb": round((home / database.FILE).stat().st_size / 1e6, 1),
        "faiss_mb": round(vectors.faiss_path(home, 1).stat().st_size / 1e6, 1),
        "cold": cold(home),
        "cold words": cold(home, "--only", "words"),
        "warm": warm(home),
        "recall@10": recall(home),
    }


def table(rows: list[dict[str, object]]) -> str:
    """One line a size."""
    lines = [
        "| chunks | cold search, s | processor, s | peak, MB | words only, s | warm median, ms | p95, ms | service idle, MB"
        " | recall@10 | disk, MB | / text |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        all_, few, warm_ = row["cold"], row["cold words"], row["warm"]
        disk = row["database_mb"] + row["faiss_mb"]  # type: ignore[operator]
        lines.append(
            f"| {row['chunks']:,} | {all_['wall_s']} | {all_['processor_s']} | {all_['peak_mb']} | {few['wall_s']} |"  # type: ignore[index]
            f" {warm_['median_ms']} | {warm_['p95_ms']} | {warm_['idle_mb']} | {row['recall@10']} | {disk:.0f} |"  # type: ignore[index]
            f" {disk / row['text_mb']:.2f} |"
        )
    return "\n".join([*lines, "", machine.line()]) + "\n"


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Times, memory and disk over size."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    sizes = [row["chunks"] for row in rows]
    curves = {
        "cold search, s": [row["cold"]["wall_s"] for row in rows],  # type: ignore[index]
        "warm search, ms": [row["warm"]["median_ms"] for row in rows],  # type: ignore[index]
        "memory of a cold search, MB": [row["cold"]["peak_mb"] for row in rows],  # type: ignore[index]
        "disk, MB": [row["database_mb"] + row["faiss_mb"] for row in rows],  # type: ignore[operator]
    }
    figure, plots = pyplot.subplots(1, 4, figsize=(13, 3))
    for axes, (name, values) in zip(plots, curves.items(), strict=True):
        axes.plot(sizes, values, marker="o")
        axes.set(xscale="log", title=name, xlabel="chunks")
        axes.set_ylim(bottom=0)
    plots[-1].set_yscale("log")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000], metavar="N")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of compiled models to use")
    parser.add_argument("--results", type=Path, default=machine.RESULTS, metavar="DIR")
    given = parser.parse_args()
    rows = []
    given.results.mkdir(parents=True, exist_ok=True)
    for chunks in given.sizes:
        rows.append(measure(given.place.resolve(), chunks, given.models))
        result = {"machine": machine.facts(), "measured": machine.today(), "sizes": rows}
        (given.results / "growth.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        (given.results / "growth.md").write_text(table(rows), "utf-8")
        draw(rows, given.results / "growth.png")
        print(rows[-1], flush=True)
    sys.stdout.write(table(rows))


if __name__ == "__main__":
    main()
