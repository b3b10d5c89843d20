"""An index of any size, up to millions of chunks, in minutes: written through `Store` itself, without reading files.

    python benchmarks/many.py HOME --chunks 1000000

What is measured with it (search, memory, disk, FAISS) depends on how many texts and vectors there are and how they are
spread, not on where they come from.

*Texts* are pieces of the Python standard library, each a run of lines of one file, in which about every thirtieth word
is replaced by a made-up one. How often those occur follows Zipf's law, so that, as in real collections, most of the
vocabulary is rare and goes on growing.

*Vectors*: a few thousand pieces are embedded. Every other vector is one of these, plus a part of the way to one of the
eight pieces nearest to it, plus noise with the covariance of all (along their principal axes, as long as they are),
normalised. `spread` prints how near nearest neighbours are, in the real ones and in as many derived ones.
Questions are sentences of docstrings, embedded as any question is.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import home as real
import numpy as np
import numpy.typing as npt
from ask.indexer import maintain, spaces, vectors, words
from ask.indexer.compile import Compiled
from ask.indexer.documents import Chunk, Document
from ask.indexer.embed import Embedder
from ask.indexer.progress import Silent
from ask.indexer.rows import ChunkRow, DocumentRow, FileState, hash_of
from ask.indexer.store import Store
from ask.indexer.weights import DEFAULT

CHUNK = 650
"""Characters of a chunk, about; its lines are kept whole."""
EMBEDDED = 3000
"""Pieces that are really embedded."""
NOISE = 0.45
"""Length of the noise, relative to the length of the covariance of all vectors."""
Vectors = npt.NDArray[np.float32]
ROOT = b"/home/somebody"
_SYLLABLES = "ba ko ri mu te lan dor vi sen pa gu ne tol ka mi ro be zu hal ti".split()
_WORD = re.compile(r"[A-Za-z]{3,}")
_BLOCK = 8192


def pieces() -> list[list[str]]:
    """Lines of the files of the standard library."""
    return [lines for path in real.sources() if len(lines := path.read_text("utf-8", "replace").split("\n")) > 20]


def made_up(number: int) -> str:
    """A word for a number; small numbers give short words."""
    word = ""
    while number or not word:
        number, rest = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[rest]
    return word


class Writer:
    """Makes documents; the same seed makes the same."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._sources = pieces()

    def document(self) -> DocumentRow:
        """A text of lognormal length, with its chunks."""
        lines = self._sources[int(self._random.integers(len(self._sources)))]
        length = int(min(self._random.lognormal(5.0, 0.9), len(lines)))
        first = int(self._random.integers(len(lines) - length + 1))
        text = self._varied("\n".join(lines[first : first + length]).strip()) or "nothing"
        return DocumentRow(Document(text, kind="code", language="python"), tuple(_chunks(text)))

    def _varied(self, text: str) -> str:
        spots = list(_WORD.finditer(text))
        chosen = np.flatnonzero(self._random.random(len(spots)) < 1 / 30)
        numbers = self._random.zipf(1.25, len(chosen))
        parts, reached = [], 0
        for spot, number in zip(chosen, numbers, strict=True):
            parts += [text[reached : spots[spot].start()], made_up(int(min(number, 10**9)))]
            reached = spots[spot].end()
        return "".join([*parts, text[reached:]])


def _chunks(text: str) -> Iterator[ChunkRow]:
    lang = words.language(text)
    start = line = 0
    for end, number in _cuts(text):
        body = text[start:end]
        yield ChunkRow(Chunk(start, end, line + 1, number, None), 0, lang, hash_of(body.encode()))
        start, line = end, number


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Ends of chunks with the lines before them."""
    start = end = number = 0
    for line in text.splitlines(keepends=True):
        end, number = end + len(line), number + 1
        if end - start >= CHUNK:
            yield end, number
            start = end
    if end > start:
        yield end, number


class Derived:
    """Vectors spread as those of real pieces are."""

    def __init__(self, found: Vectors, seed: int = 0) -> None:
        self.real = found
        self._random = np.random.default_rng(seed)
        centred = found - found.mean(axis=0)
        _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
        self._axes = (lengths[:, None] * axes / np.sqrt(len(found))).astype(np.float32)
        cosines = found @ found.T
        np.fill_diagonal(cosines, -1)
        self._near = np.argsort(-cosines, axis=1)[:, :8]

    def more(self, count: int) -> Vectors:
        """So many new ones."""
        base = self._random.integers(len(self.real), size=count)
        near = self._near[base, self._random.integers(8, size=count)]
        way = self._random.random((count, 1)).astype(np.float32) * 0.7
        noise = self._random.standard_normal((count, len(self._axes))).astype(np.float32) @ self._axes
        made = self.real[base] * (1 - way) + self.real[near] * way + NOISE * noise
        return made / np.linalg.norm(made, axis=1, keepdims=True)


def spread(derived: Derived) -> str:
    """How near the nearest neighbours are."""

    def near(found: Vectors) -> str:
        cosines = found @ found.T
        np.fill_diagonal(cosines, -1)
        at = np.sort(cosines, axis=1)[:, ::-1][:, [0, 9, 99]].mean(axis=0)
        return "/".join(f"{value:.2f}" for value in at)

    real_ones = derived.real
    made = derived.more(len(real_ones))
    return f"mean cosine to the 1st/10th/100th neighbour: real {near(real_ones)}, derived {near(made)}"


def embedded(model: Compiled, cache: Path) -> Vectors:
    """The vectors of real pieces, kept in a file because they take half a minute."""
    if cache.exists():
        return np.load(cache)  # type: ignore[no-any-return]
    writer = Writer(seed=1)
    texts = [row.document.text[: CHUNK + 100] for row in (writer.document() for _ in range(EMBEDDED))]
    found = Embedder(model).embed(texts)
    np.save(cache, found)
    return found


def questions(count: int, seed: int = 0) -> list[str]:
    """First sentences of docstrings: what a person would ask for."""
    found: list[str] = []
    for path in real.sources():
        if "test" in path.parts:
            continue
        with suppress(SyntaxError, UnicodeDecodeError, ValueError):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
                found += [" ".join(text.split("\n\n")[0].split())[:120]] if text else []
    chosen = [text for text in dict.fromkeys(found) if 4 <= len(text.split()) <= 16]
    return [chosen[i] for i in np.random.default_rng(seed).choice(len(chosen), count, replace=False)]


def write(store: Store, chunks: int) -> None:
    """Documents until there are so many chunks."""
    writer = Writer()
    root = store.add_root(ROOT)
    (done,) = store.db.execute("SELECT count(*) FROM chunks").fetchone()
    (number,) = store.db.execute("SELECT count(*) FROM files").fetchone()
    while done < chunks:
        row = writer.document()
        name = f"{made_up(number % 400)}/{made_up(number % 37)}-{number}.py"
        state = FileState(
            ROOT + b"/" + os.fsencode(name), len(row.document.text), 1_600_000_000_000_000_000 + number, 0, number
        )
        store.put_file(root, state, [row], content=row.chunks[0].hash, reader=0, seen=1)
        done, number = done + len(row.chunks), number + 1


def give_vectors(store: Store, derived: Derived) -> None:
    """Every chunk and every name its vector."""
    last = 0
    while rows := store.db.execute(
        "SELECT id, hash FROM chunks WHERE id > ? AND tier = 0 ORDER BY id LIMIT ?", (last, _BLOCK)
    ).fetchall():
        last = rows[-1][0]
        vectors.put(store, store.space, [key for _, key in rows], derived.more(len(rows)), exact=True)
    names = "SELECT DISTINCT name_hash FROM documents WHERE named = 0 LIMIT ?"
    while rows := store.db.execute(names, (_BLOCK,)).fetchall():
        vectors.put(store, store.space, [key for (key,) in rows], derived.more(len(rows)), exact=True)


def plant(folder: Path, files: int, seed: int = 0) -> int:
    """A home of text files: sizes lognormal, nested folders, dates of the last ten years, every twentieth a copy of an
    older one. Returns the bytes of text."""
    writer, chance = Writer(seed), np.random.default_rng(seed)
    now, size, made = time.time(), 0, []
    for number in range(files):
        text = made[int(chance.integers(len(made)))] if number % 20 == 19 else writer.document().document.text
        made = [*made[-500:], text]
        parts = [made_up(int(n)) for n in chance.zipf(1.6, int(chance.integers(1, 5))) % 100_000]
        at = folder.joinpath(*parts) / f"{made_up(number)}{chance.choice(['.txt', '.md', '.py', '.log', '.py'])}"
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text, "utf-8")
        age = chance.exponential(2 * 365 * 86400) % (10 * 365 * 86400)
        os.utime(at, (now - age, now - age))
        size += len(text.encode())
    return size


def build(home: Path, chunks: int, models: Path | None = None) -> dict[str, float]:
    """Make the index unless it is there; returns the seconds each step took."""
    if models is not None and not (home / "models").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "models").symlink_to(models.resolve())
    model = maintain.prepare_model(home, DEFAULT, Silent())
    derived = Derived(embedded(model, home / "models" / "pieces.npy"))
    spent: dict[str, float] = {}
    with Store(home, wait=60.0) as store:
        spaces.activate(store, model.fingerprint, model.folder.name, model.dimensions)
        for name, step in (
            ("words", lambda: write(store, chunks)),
            ("vectors", lambda: give_vectors(store, derived)),
            ("faiss", lambda: maintain.refresh(store, model)),
        ):
            begun = time.perf_counter()
            step()
            spent[name] = round(time.perf_counter() - begun, 1)
            print(f"{name}: {spent[name]} s", flush=True)
    print(spread(derived))
    return spent


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--chunks", type=int, default=100_000, metavar="N")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of compiled models to use")
    given = parser.parse_args()
    build(given.home, given.chunks, given.models)


if __name__ == "__main__":
    main()
