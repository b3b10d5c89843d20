"""How much of what must be masked is masked, and how much else is.

    python benchmarks/redaction.py                              recall, false redactions, speed
    python benchmarks/redaction.py --beside VENV/bin/python     the same for detect-secrets, installed there

Prints the tables that docs/privacy.md shows. The texts come from `redaction_corpus.py`.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ask.indexer.redact import redact
from redaction_corpus import Sample, innocents, remains, secrets


def ours(samples: list[Sample]) -> list[bool]:
    """For each sample: was its secret masked (or, without a secret, was anything masked)?"""
    results = [redact(sample.text) for sample in samples]
    return [
        not remains(sample, result.text) if sample.secret else bool(result.findings)
        for sample, result in zip(samples, results, strict=True)
    ]


def detect_secrets(samples: list[Sample], python: str) -> list[bool]:
    """What detect-secrets finds, one file a sample, with its default settings; it tells lines, not places."""
    with tempfile.TemporaryDirectory() as folder:
        for at, sample in enumerate(samples):
            (Path(folder) / f"{at}.txt").write_text(sample.text, encoding="utf-8")
        command = [python, "-m", "detect_secrets", "scan", "--all-files", "."]
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    found = json.loads(told.stdout)["results"]
    return [f"{at}.txt" in found for at in range(len(samples))]


def speed(megabytes: int = 8) -> Iterator[tuple[str, float]]:
    """(kind of text, MB a second of processor time) for texts as they come: words, and Python's standard library."""
    r = random.Random(3)
    words = ["slovo", "když", "the", "house", "garden", "was", "červený", "and", "quietly", "míle"]
    prose = (" ".join(r.choices(words, k=170_000)) + "\n") * megabytes
    library = Path(json.__file__).parent.parent
    code = "".join(path.read_text("utf-8", "replace") for path in sorted(library.glob("*.py"))[:120])
    for name, text in (("prose", prose), ("code", code)):
        pieces = [text[at : at + 20_000] for at in range(0, len(text), 20_000)]
        started = time.process_time()
        for piece in pieces:
            redact(piece)
        yield name, len(text.encode()) / 1e6 / (time.process_time() - started)


def _by_kind(samples: list[Sample], flags: list[bool]) -> dict[str, tuple[int, int]]:
    counts: dict[str, list[bool]] = defaultdict(list)
    for sample, flag in zip(samples, flags, strict=True):
        counts[sample.kind].append(flag)
    return {kind: (sum(found), len(found)) for kind, found in counts.items()}


def _table(title: str, samples: list[Sample], columns: dict[str, list[bool]]) -> Iterator[str]:
    """A table of Markdown: a row a kind, left out where nobody found anything that should not be found."""
    tables = [_by_kind(samples, flags) for flags in columns.values()]
    yield f"| {title} | of | {' | '.join(columns)} |"
    yield f"|---|---|{'---|' * len(columns)}"
    for kind, (_, total) in tables[0].items():
        if samples[0].secret or any(table[kind][0] for table in tables):
            yield f"| {kind} | {total} | {' | '.join(str(table[kind][0]) for table in tables)} |"
    shares = (f"**{sum(flags)}** ({sum(flags) / len(samples):.1%})" for flags in columns.values())
    yield f"| **all** | {len(samples)} | {' | '.join(shares)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", metavar="PYTHON", help="a Python that has detect-secrets installed")
    parser.add_argument("--seed", type=int, default=2024, help="the rules were tuned on seed 7")
    options = parser.parse_args()
    for title, samples in (("secrets masked", secrets(options.seed)), ("innocent texts hit", innocents(options.seed))):
        columns = {"ask": ours(samples)}
        if options.beside:
            columns["detect-secrets"] = detect_secrets(samples, options.beside)
        print("\n".join(_table(title, samples, columns)), end="\n\n")
    for name, rate in speed():
        print(f"speed on {name}: {rate:.0f} MB/s", file=sys.stderr)


if __name__ == "__main__":
    main()
