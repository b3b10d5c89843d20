"""Approximate meaning for everything at once, and a better map when enough of it is known exactly.

Chunks without a vector get one from the static table (`static.py`), in the space of the exact ones; searches embed the
best candidates exactly, and `fill.py` does the rest. The map is fitted again on the user's own chunks as their exact
vectors come in, if a held-out tenth of them says that it helps. It lies beside the index, is derived, and may be
deleted at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ask.indexer import fill, packed, static, vectors
from ask.indexer.embed import Embedder
from ask.indexer.progress import Progress
from ask.indexer.static import Static
from ask.indexer.store import Store

BATCH = 1024
"""Chunks given a vector between two commits."""
FEW = 300
"""Chunks that are embedded exactly sooner than the table is read."""
LEAST, MOST = 500, 6000
"""Exact vectors from which a map is fitted, and how many it takes."""
WORTH = 0.01
"""Mean cosine that a new map must gain on the held-out tenth to be taken."""


def uncovered(store: Store) -> int:
    """Chunks without any vector."""
    return int(store.db.execute(f"SELECT count(*) FROM chunks WHERE {_TIER} 0").fetchone()[0])


_TIER = "tier < 2 AND tier ="
"""The first half names the index of chunks without an exact vector; SQLite would not see that it may be used."""


def cover(store: Store, embedder: Embedder, progress: Progress, *, enough: Callable[[], bool] = lambda: False) -> None:
    """Give chunks without a vector an approximate one, until there are none left or it is `enough`."""
    waiting = uncovered(store)
    if not waiting:
        return
    table = Static(embedder)
    carry = _map(store, table)
    progress.stage("approximate meaning", waiting, "chunks")
    while waiting and not enough():
        _put(store, embedder, table, carry, _ids(store, f"WHERE {_TIER} 0 LIMIT ?", BATCH))
        left = uncovered(store)  # one text may have served many chunks
        progress.advance(waiting - left)
        waiting = left


def improve(store: Store, embedder: Embedder, progress: Progress) -> bool:
    """Fit the map again if there are twice as many exact vectors as it was fitted on, and renew the approximate vectors
    if the new one is better. Interrupted, it leaves some of the old ones, which are as good as they were."""
    approximate = _ids(store, f"WHERE {_TIER} 1 ORDER BY id")
    key = f"map {store.space}"
    (exact,) = store.db.execute("SELECT count(*) FROM chunks WHERE tier = 2").fetchone()
    if len(approximate) <= FEW or exact < max(LEAST, 2 * int(store.meta(key) or 0)):
        return False
    table = Static(embedder)
    better = _better(store, embedder, table)
    store.set_meta(key, str(exact))
    if better is None:
        return False
    static.save_map(map_path(store.home, store.space), better)
    progress.stage("better approximate meaning", len(approximate), "chunks")
    for start in range(0, len(approximate), BATCH):
        batch = approximate[start : start + BATCH]
        _put(store, embedder, table, better, batch)
        progress.advance(len(batch))
    return True


def _better(store: Store, embedder: Embedder, table: Static) -> static.Map | None:
    """A map fitted on exact vectors; None unless it carries a held-out tenth nearer to theirs."""
    chosen = _ids(store, "WHERE tier = 2 ORDER BY random() LIMIT ?", MOST)
    loaded = {each.hash: each for each in fill.load_pending(store.db, chosen)}
    blobs = vectors.exact_of(store.db, store.space, list(loaded))
    features = table.features([embedder.model.passage_prompt + loaded[key].text for key in blobs])
    exact = packed.decode(list(blobs.values()), embedder.model.dimensions)
    held = len(blobs) // 10
    now = _map(store, table)
    new = static.fit(features[held:], exact[held:], now.matrix)

    def agreement(carry: static.Map) -> float:
        return float((carry(features[:held]) * exact[:held]).sum(axis=1).mean())

    return new if agreement(new) >= agreement(now) + WORTH else None


def _put(store: Store, embedder: Embedder, table: Static, carry: static.Map, ids: Sequence[int]) -> None:
    batch = fill.load_pending(store.db, ids)
    features = table.features([embedder.model.passage_prompt + each.text for each in batch])
    vectors.put(store, store.space, [each.hash for each in batch], carry(features), exact=False)


def _ids(store: Store, which: str, *values: object) -> list[int]:
    return [row[0] for row in store.db.execute(f"SELECT id FROM chunks {which}", values)]


def _map(store: Store, table: Static) -> static.Map:
    """The map fitted on the user's own chunks, else the one that needs none."""
    return static.load_map(map_path(store.home, store.space)) or table.first


def map_path(home: Path, space: int) -> Path:
    """Where the map fitted on the user's own chunks lies."""
    return home / f"map-{space}.npz"
