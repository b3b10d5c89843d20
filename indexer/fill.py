"""Give every chunk its exact vector, the most useful files first, a batch and a transaction at a time.

Can be stopped at any moment and goes on where it was: what is pending is a column of the chunks, not a list.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ask.indexer import spaces, vectors
from ask.indexer.chunk import context
from ask.indexer.database import Connection, decompress
from ask.indexer.documents import Document
from ask.indexer.embed import Embedder
from ask.indexer.errors import AskError
from ask.indexer.names import name_text
from ask.indexer.progress import Progress
from ask.indexer.store import Store

if TYPE_CHECKING:
    from ask.indexer.embed import Vectors

BATCH = 128
"""Chunks embedded between two commits: about two seconds of work that an interruption can cost."""

_HOUR, _PAGE = 3600, 4000
"""Seconds and bytes below which a file is as good as new, and as small as can be."""

QUEUE = 16384
"""Chunks put in order at a time: sorting all of a million for every batch would cost more than embedding."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A chunk without an exact vector."""

    id: int
    hash: bytes
    text: str
    """What is to be embedded: context and body."""


def pending_count(db: Connection) -> int:
    """Chunks that still have no exact vector."""
    return int(db.execute("SELECT count(*) FROM chunks WHERE tier < 2").fetchone()[0])


def unnamed(db: Connection) -> bool:
    """True when some file's name still has no vector."""
    return db.execute("SELECT 1 FROM documents WHERE named = 0 LIMIT 1").fetchone() is not None


def fill(store: Store, embedder: Embedder, progress: Progress, *, enough: Callable[[], bool] = lambda: False) -> int:
    """Embed pending chunks until none is left or `enough()` says so. Returns how many texts were embedded."""
    model = embedder.model
    space = spaces.activate(store, model.fingerprint, model.folder.name, model.dimensions)
    fill_names(store, space, embedder)
    before = pending_count(store.db)
    done = 0
    if before:
        progress.stage("meaning", before, "chunks")
    while (waiting := next_ids(store.db)) and not enough():
        for start in range(0, len(waiting), BATCH):
            if enough():
                return done
            batch = load_pending(store.db, waiting[start : start + BATCH])
            embed_batch(store, space, embedder, batch)
            done += len(batch)
            left = pending_count(store.db)  # one text may have served many chunks
            progress.advance(before - left)
            before = left
    return done


def embed_batch(store: Store, space: int, embedder: Embedder, batch: Sequence[Pending]) -> None:
    """Embed exactly and keep."""
    prompt = embedder.model.passage_prompt
    vectors.put(store, space, [p.hash for p in batch], embedder.embed([prompt + p.text for p in batch]), exact=True)


def fill_names(store: Store, space: int, embedder: Embedder) -> None:
    """Embed what the names of files say: a few words each, many at a time."""
    while rows := store.db.execute(
        "SELECT d.name_hash, min(f.path), r.path, d.member FROM documents d JOIN files f ON f.id = d.file_id"
        " JOIN roots r ON r.id = f.root_id WHERE d.named = 0 GROUP BY d.name_hash LIMIT ?",
        (8 * BATCH,),
    ).fetchall():
        prompt = embedder.model.passage_prompt
        names = [prompt + name_text(bytes(path), bytes(root), member) for _, path, root, member in rows]
        vectors.put(store, space, [row[0] for row in rows], embedder.embed(names), exact=True)


def next_ids(db: Connection) -> list[int]:
    """The chunks to embed next: first what has no vector at all, then what is most likely to be asked for, the recent
    and the small: those with the least of age times size. What is often found has been embedded by searches."""
    rows = db.execute(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
        f" WHERE c.tier < 2 ORDER BY c.tier, max(? - f.mtime_ns / 1000000000, {_HOUR}) * max(d.bytes, {_PAGE}), c.id"
        " LIMIT ?",
        (int(time.time()), QUEUE),
    )
    return [row[0] for row in rows]


def keep(home: Path, fingerprint: str, learned: Mapping[bytes, Vectors]) -> bool:
    """Keep exact vectors that a search has made, by the hash of their text; each is float32 (dimensions,) of length 1.

    False when the index cannot be written now, because another process does: they are then made again when needed.
    """
    try:
        with Store(home) as store:
            space = spaces.known(store.db, fingerprint)
            if space is not None:
                vectors.put(store, space, list(learned), np.stack(list(learned.values())), exact=True)
        return True
    except (AskError, OSError):
        return False


def load_pending(db: Connection, ids: Sequence[int]) -> list[Pending]:
    """The texts to embed for these chunks, one per text, in the order of `ids`."""
    found: dict[bytes, Pending] = {}
    rows = db.execute(
        'SELECT c.id, c.hash, c.start, c."end", c.heading, c.context, d.title, d.header, d.id FROM json_each(?) wanted'
        " JOIN chunks c ON c.id = wanted.value JOIN documents d ON d.id = c.document_id ORDER BY wanted.key",
        (json.dumps(list(ids)),),
    ).fetchall()
    texts = _Texts(db)
    for chunk_id, key, start, end, heading, length, title, header, document_id in rows:
        if key in found:
            continue
        body = texts.get(document_id)[start:end]
        found[key] = Pending(chunk_id, key, embedded_text(title, header, heading, length, body))
    return list(found.values())


def embedded_text(title: str, header: str, heading: str, length: int, body: str) -> str:
    """What is embedded for a chunk, from its row: `heading` is JSON or empty, `length` that of the context."""
    above = context(Document("", title=title, header=header), json.loads(heading) if heading else ())[:length]
    return f"{above}\n{body}" if above else body


class _Texts:
    """Decompressed texts of the last few documents."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._kept: dict[int, str] = {}

    def get(self, document_id: int) -> str:
        if document_id not in self._kept:
            if len(self._kept) > 8:
                self._kept.clear()
            blob = self._db.execute("SELECT text FROM documents WHERE id = ?", (document_id,)).fetchone()[0]
            self._kept[document_id] = decompress(blob)
        return self._kept[document_id]
