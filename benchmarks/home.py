"""An index of a wanted size in a minute: real files, real words, vectors derived from real ones.

Embedding a hundred thousand chunks takes a quarter of an hour; what is measured with such an index (start, search,
memory, disk) does not depend on which vectors are in it, only that they are as many and as spread out as real ones. So
a few hundred texts are embedded, and every other text gets the vector of one of them with noise added, normalised.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

import machine
import numpy as np
from ask.indexer import fill, maintain
from ask.indexer.compile import Compiled
from ask.indexer.embed import Embedder
from ask.indexer.progress import Silent
from ask.indexer.store import Store
from ask.indexer.weights import DEFAULT

SEEN = 256
"""Texts that are really embedded."""
NOISE = 0.9
"""Length of the noise beside a vector of length 1: neighbours then have cosines of about .55, as real ones do."""
CHUNK = 650
"""Characters of the standard library in a chunk, about."""


class Derived:
    """Stands where an `Embedder` stands: real vectors for the first texts, then real ones with noise."""

    def __init__(self, model: Compiled) -> None:
        self.model = model
        self._real = np.zeros((0, model.dimensions), np.float32)
        self._embedder = Embedder(model)
        self._random = np.random.default_rng(0)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors for texts, of length 1."""
        if len(self._real) < SEEN:
            fresh = self._embedder.embed(texts)
            self._real = np.concatenate([self._real, fresh])
            return fresh
        near = self._real[self._random.integers(len(self._real), size=len(texts))]
        noise = self._random.standard_normal(near.shape).astype(np.float32) * (NOISE / np.sqrt(near.shape[1]))
        return (near + noise) / np.linalg.norm(near + noise, axis=1, keepdims=True)


def sources() -> Iterator[Path]:
    """Files of the standard library, tests included, without what is installed besides."""
    root = Path(sysconfig.get_paths()["stdlib"])
    yield from (path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts)


def write(folder: Path, characters: int) -> int:
    """Copy sources until there is so much text; when they do not suffice, again with changed lines. Returns files."""
    written = files = 0
    for turn in range(1000):
        for path in sources():
            if written >= characters:
                return files
            text = path.read_text("utf-8", "replace")
            if turn:
                text = "".join(f"{line}  # {turn}\n" for line in text.splitlines())
            at = folder / f"{turn:03}" / f"{path.parent.name}-{path.name}"
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text(text, "utf-8")
            written += len(text)
            files += 1
    return files


def build(place: Path, chunks: int) -> Path:
    """The state directory of an index of about so many chunks, below `place`; made unless it is there."""
    home, folder = place / "home", place / "files"
    if (home / "index.db").exists():
        return home
    write(folder, chunks * CHUNK)
    done = machine.timed([*machine.ASK, "index", str(folder), "--wait", "words", "-q"], {"ASK_HOME": str(home)})
    if done.returncode not in (0, 3):
        raise SystemExit(f"ask index ended with status {done.returncode}:\n{done.errors}")
    model = maintain.prepare_model(home, DEFAULT, Silent())
    with Store(home, wait=60.0) as store:
        fill.fill(store, Derived(model), Silent())  # type: ignore[arg-type]
        maintain.refresh(store, model)
    return home
