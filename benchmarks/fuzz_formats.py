"""Damaged files without end: python benchmarks/fuzz_formats.py [COUNT] [SEED] [--workers TOKENIZER]

Takes the samples that the tests make (documents, books, archives, pictures, recordings), flips bytes, cuts and splices
them, and reads what comes of it. Anything but documents or `Unreadable` is a failure, and so is a file that takes more
than ten seconds. Parts of packages are damaged before they are packed, too: outside a zip's checksums nothing else
would reach the parsers. With `--workers` the files are read as `ask index` reads them, by confined processes, and one
that dies or takes too long is a failure; TOKENIZER is the `tokenizer.json` of a compiled model.
"""

from __future__ import annotations

import io
import os
import random
import resource
import runpy
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from ask.indexer.pool import ReaderSettings, read_files
from ask.indexer.rows import FileState

TESTS = Path(__file__).parents[1] / "tests"
SLOW = 10.0
"""Seconds."""


def samples() -> dict[str, bytes]:
    """Files by name, from every test of an extractor that makes some."""
    found: dict[str, bytes] = {}
    for test in sorted(TESTS.glob("test_extract_*.py")):
        if "\nSAMPLES" in test.read_text(encoding="utf-8"):
            made = runpy.run_path(str(test))["SAMPLES"]
            found |= {name: data for name, data in made.items() if isinstance(data, bytes)}
    found["kettle.rtf"] = runpy.run_path(str(TESTS / "test_extract_rtf.py"))["RTF"]
    return found


def damaged(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Bytes flipped, a run cut out, doubled or zeroed, the end cut off, or a run of another file put in."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5))):
        at = dice.randrange(len(out) + 1)
        length = dice.randrange(1, 1 + min(len(data), dice.choice((8, 64, 4096))))
        match dice.randrange(6):
            case 0:
                for place in dice.choices(range(len(out)), k=dice.randrange(1, 20)) if out else ():
                    out[place] = dice.randrange(256)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length] * dice.randrange(1, 4)
            case 3:
                out[at : at + length] = bytes([dice.choice((0, 255))]) * length
            case 4 if dice.random() < 0.3:
                del out[at:]
            case _:
                begin = dice.randrange(len(other))
                out[at : at + length] = other[begin : begin + length]
    return bytes(out)


def mutated(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """A damaged file, or, of a package, a sound zip with a damaged part."""
    if not data.startswith(b"PK") or dice.random() < 0.4:
        return damaged(data, other, dice)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = dice.choice(names)
        for name in names:
            part = old.read(name)
            new.writestr(name, damaged(part, other, dice) if name == chosen and part else part)
    return out.getvalue()


def by_workers(count: int, seed: int, tokenizer: Path) -> None:
    """Read COUNT damaged files of each format through workers, and print what became of them."""
    whole = samples()
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        states = []
        for name, data in sorted(whole.items()):
            dice = random.Random(f"{name} {seed}")
            for turn in range(count):
                path = Path(folder, f"{turn}-{name}")
                path.write_bytes(mutated(data, whole[dice.choice(sorted(whole))], dice))
                found = path.stat()
                states.append(FileState(os.fsencode(path), found.st_size, found.st_mtime_ns, 0, 0))
        began = time.perf_counter()
        for result in read_files(states, ReaderSettings(tokenizer, 256, workers=1)):
            outcomes["crashed" if result.crashed else result.reason or "read"] += 1
    print(", ".join(f"{number} {reason}" for reason, number in outcomes.most_common()))
    print(f"{len(states)} files of {len(whole)} formats, {time.perf_counter() - began:.0f} s")
    sys.exit(outcomes["crashed"] > 0)


def main() -> None:
    """Read COUNT damaged files of each format and print what became of them."""
    if "--workers" in sys.argv:
        count, seed = (int(word) for word in sys.argv[1:3])
        by_workers(count, seed, Path(sys.argv[4]))
    count, seed = (int(word) for word in (sys.argv[1:] + ["300", "1"][len(sys.argv) - 1 :])[:2])
    whole = samples()
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    slowest = (0.0, "")
    failures = 0
    for name, data in sorted(whole.items()):
        dice = random.Random(f"{name} {seed}")
        for turn in range(count):
            broken = mutated(data, whole[dice.choice(sorted(whole))], dice)
            start = time.perf_counter()
            try:
                for _ in read(Source(broken, name)):
                    pass
                outcomes[name]["read"] += 1
            except Unreadable as problem:
                outcomes[name][problem.reason] += 1
            except Exception:  # noqa: BLE001 (what must not happen is what is looked for)
                failures += 1
                print(f"{name}, turn {turn}:\n{traceback.format_exc(limit=-3)}")
            seconds = time.perf_counter() - start
            slowest = max(slowest, (seconds, f"{name}, turn {turn}"))
            failures += seconds > SLOW
    for name, counts in outcomes.items():
        print(f"{name:<16} {', '.join(f'{number} {reason}' for reason, number in counts.most_common())}")
    total = sum(counts.total() for counts in outcomes.values())
    print(f"{total} files of {len(whole)} formats, {failures} failures, slowest {slowest[0]:.2f} s ({slowest[1]})")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
