"""Another model of meaning for an index that has one: new vectors are made beside the old ones, which go on answering.

    choose → fill_beside (as often as it takes) → the new space answers, the old one is deleted

Until the last vector is there, searches see the old space only: vectors of two models never meet. What is pending is
asked of the vectors themselves, so an interruption costs a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ask.indexer import fill, spaces, vectors
from ask.indexer.approximate import map_path
from ask.indexer.compile import MODELS, Compiled, read_card
from ask.indexer.database import Connection, same
from ask.indexer.embed import Embedder
from ask.indexer.errors import ModelProblem
from ask.indexer.names import name_text
from ask.indexer.progress import Progress
from ask.indexer.store import Store

WANTED = "wanted_model"
"""What is remembered under this key: the model that was chosen last, which a watcher of older days has to follow."""
CUTTER = "cutter_model"
"""The model whose tokenizer and window files are cut for, where it is not the one that answers."""
SAMPLE = 500
"""Passages looked at to see whether the new model can read passages whole."""
TOO_MANY = 0.02
"""Share of passages longer than the new model's window above which files are to be cut anew."""


def choose(store: Store, model: Compiled) -> None:
    """This model is to answer, as soon as all its vectors are there."""
    store.set_meta(WANTED, model.folder.name)


def chosen(store: Store, model: Compiled) -> Compiled:
    """The model that was chosen last; `model` when none was, or when it is gone."""
    return _card(store, store.meta(WANTED)) or model


def answering(store: Store, model: Compiled) -> Compiled:
    """The model whose vectors are in use; `model` where there are none yet."""
    active = spaces.active(store.db)
    return _card(store, active.model if active else None) or model


def cutter(store: Store, model: Compiled) -> Compiled:
    """The model that files are cut for: that of the vectors in use, so that a switch leaves them as they are."""
    return _card(store, store.meta(CUTTER)) or answering(store, model)


def is_due(store: Store, model: Compiled) -> bool:
    """True when another model's vectors answer now."""
    active = spaces.active(store.db)
    return active is not None and active.fingerprint != model.fingerprint and _has_vectors(store.db, active.id)


def fill_beside(
    store: Store, model: Compiled, threads: int | None, progress: Progress, enough: Callable[[], bool]
) -> tuple[int, bool]:
    """Make vectors of `model` beside those in use, and let it answer once all are there.

    Returns how many texts were embedded, and whether it answers now.
    """
    space = spaces.of(store, model.fingerprint, model.folder.name, model.dimensions)
    embedder = Embedder(model, threads)
    done = 0
    progress.stage(f"meaning by {model.folder.name}", _missing(store.db, space), "chunks")
    while waiting := _next(store.db, space):
        for start in range(0, len(waiting), fill.BATCH):
            if enough():
                return done, False
            batch = fill.load_pending(store.db, waiting[start : start + fill.BATCH])
            fill.embed_batch(store, space, embedder, batch)
            done += len(batch)
            progress.advance(len(batch))
    while rows := _unnamed(store.db, space):
        if enough():
            return done, False
        names = [model.passage_prompt + name_text(bytes(path), bytes(root), member) for _, path, root, member in rows]
        vectors.put(store, space, [row[0] for row in rows], embedder.embed(names), exact=True)
    _activate(store, space, embedder)
    return done, True


def drop_others(store: Store) -> None:
    """Forget the vectors of all spaces but the active one: of a model that answered before, of a broken-off switch."""
    for space in (space.id for space in spaces.every(store.db) if space.id != store.space):
        with store.transaction():
            store.db.execute("DELETE FROM vectors WHERE space = ?", (space,))
            store.db.execute("DELETE FROM spaces WHERE id = ?", (space,))
        vectors.faiss_path(store.home, space).unlink(missing_ok=True)
        map_path(store.home, space).unlink(missing_ok=True)


def progress_of(db: Connection) -> tuple[str, int, int] | None:
    """Where a switch is: (folder name of the new model, texts embedded, texts in all); None when there is none."""
    active = spaces.active(db)
    wanted = db.execute("SELECT value FROM meta WHERE key = ?", (WANTED,)).fetchone()
    if active is None or wanted is None or wanted[0] == active.model:
        return None
    space = next((space.id for space in spaces.every(db) if space.model == wanted[0]), 0)
    (total,) = db.execute("SELECT count(DISTINCT hash) FROM chunks").fetchone()
    return str(wanted[0]), total - _missing(db, space), total


def _activate(store: Store, space: int, embedder: Embedder) -> None:
    model = embedder.model
    cut_for = cutter(store, model).folder.name  # of the old space, until now
    vectors.build(store, space, model.fingerprint, model.dimensions)
    spaces.activate(store, model.fingerprint, model.folder.name, model.dimensions)
    store.set_meta(CUTTER, model.folder.name if _cannot_read(store.db, embedder) else cut_for)
    drop_others(store)


def _cannot_read(db: Connection, embedder: Embedder) -> bool:
    """Whether too many passages, cut for another model, are longer than what this one reads."""
    ids = [i for (i,) in db.execute("SELECT id FROM chunks ORDER BY hash LIMIT ?", (SAMPLE,))]
    texts = [embedder.model.passage_prompt + pending.text for pending in fill.load_pending(db, ids)]
    return embedder.too_long(texts) > TOO_MANY * len(texts)


def _card(store: Store, name: str | None) -> Compiled | None:
    if name:
        with suppress(ModelProblem):
            return read_card(store.home / MODELS / name)
    return None


def _has_vectors(db: Connection, space: int) -> bool:
    return db.execute("SELECT 1 FROM vectors WHERE space = ? LIMIT 1", (space,)).fetchone() is not None


_WITHOUT = f"NOT EXISTS (SELECT 1 FROM vectors v WHERE {same('v.hash', '{0}')} AND v.space = ? AND v.exact = 1)"


def _missing(db: Connection, space: int) -> int:
    """Texts of chunks that have no exact vector in a space."""
    query = f"SELECT count(DISTINCT c.hash) FROM chunks c WHERE {_WITHOUT.format('c.hash')}"
    return int(db.execute(query, (space,)).fetchone()[0])


def _next(db: Connection, space: int) -> list[int]:
    """A chunk of each text to embed next, those of the newest files first."""
    rows = db.execute(
        "SELECT min(c.id) FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
        f" WHERE {_WITHOUT.format('c.hash')} GROUP BY c.hash ORDER BY max(f.mtime_ns) DESC, 1 LIMIT ?",
        (space, fill.QUEUE),
    )
    return [row[0] for row in rows]


def _unnamed(db: Connection, space: int) -> list[tuple[bytes, bytes, bytes, str | None]]:
    """(hash, path, root, member) of names without a vector in a space."""
    return db.execute(
        "SELECT d.name_hash, min(f.path), r.path, d.member FROM documents d JOIN files f ON f.id = d.file_id"
        f" JOIN roots r ON r.id = f.root_id WHERE {_WITHOUT.format('d.name_hash')} GROUP BY d.name_hash LIMIT ?",
        (space, 8 * fill.BATCH),
    ).fetchall()
