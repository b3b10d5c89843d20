"""What commands and the watcher do to an index, in one call each."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ask.indexer import approximate, database, recognition, reconcile, spaces, switch, vectors
from ask.indexer import fill as filling
from ask.indexer.compile import MODELS, Compiled, compiled_model, is_compiled
from ask.indexer.embed import Embedder, cores
from ask.indexer.errors import NotFound, UsageError
from ask.indexer.extract import Limits, extractors
from ask.indexer.place import prepare_home
from ask.indexer.pool import ReaderSettings
from ask.indexer.progress import Progress
from ask.indexer.rules import Rules, default_rules
from ask.indexer.store import Store

CONSENTED = "consented"
"""What is remembered under this key: the paths that may be read although they look secret."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to index: what to leave out, how much a file may cost."""

    home: Path
    limits: Limits = field(default_factory=Limits)
    workers: int | None = None
    """Processes that read files; None: one per processor core."""
    exclude: tuple[str, ...] = ()
    """Patterns as in a .gitignore."""
    gitignore: bool = True
    consented: tuple[bytes, ...] = ()
    """Paths that may be read although they look secret."""
    browsers: tuple[bytes, ...] = ()
    """Databases of browsers that may be read: consent that holds only as long as the setting says so."""
    languages: tuple[str, ...] = ("en", "cs")
    """Languages that text in pictures may be in."""
    pictures: int = 0
    """Seconds that one run spends at its end on text in pictures; 0: none is looked for."""

    def rules(self) -> Rules:
        """The rules for scanning."""
        return default_rules(
            readable=[suffix for extractor in extractors() for suffix in extractor.suffixes],
            exclude=self.exclude,
            consented=(*self.consented, *self.browsers),
            own=[os.fsencode(self.home), os.fsencode(self.home.resolve())],
            respect_ignores=self.gitignore,
        )

    def reading(self, model: Compiled) -> ReaderSettings:
        """How workers read, for chunks that fit `model`."""
        return ReaderSettings(
            tokenizer=model.folder / "tokenizer.json",
            window=model.max_tokens,
            workers=self.workers or cores(),
            limits=self.limits,
        )


def prepare_model(home: Path, name: str, progress: Progress) -> Compiled:
    """The compiled model `name`, compiled now if this is the first time."""
    prepare_home(home)
    if not is_compiled(home / MODELS, name):
        progress.note(f"Preparing the model {name} (once, about 20 seconds) …")
    return compiled_model(home / MODELS, name)


def require(home: Path, paths: Sequence[bytes]) -> None:
    """Raises `UsageError` for a path that is neither on the disk nor in the index, before anything is made or done."""
    for path in paths:
        if not os.path.lexists(path) and not _is_known(home, path):
            raise UsageError(f"there is no {os.fsdecode(path)}", "Check the spelling.")


def _is_known(home: Path, path: bytes) -> bool:
    """True when the index holds something at or below the path."""
    with suppress(NotFound), database.reading(home) as db:
        known = db.execute(
            "SELECT 1 FROM files WHERE path = ? OR (path > ? AND path < ?) UNION SELECT 1 FROM roots WHERE path = ?",
            (path, *database.below(path), path),
        )
        return known.fetchone() is not None
    return False


def index(store: Store, paths: Sequence[bytes], plan: Plan, model: Compiled, progress: Progress) -> reconcile.Outcome:
    """Make words findable at and below `paths`; meaning follows with `fill`."""
    reading = plan.reading(switch.cutter(store, model))
    return reconcile.index(store, paths, consenting(store, plan).rules(), reading, progress)


def consenting(store: Store, plan: Plan) -> Plan:
    """The plan with every consent that was ever given and not forgotten; its own are remembered from now on. Without
    this, the next run over a folder around it would take the file out again."""
    known = set(consents(store.db))
    if not known.issuperset(plan.consented):
        known.update(plan.consented)
        remember(store, known)
    return replace(plan, consented=tuple(sorted(known)))


def consents(db: database.Connection) -> list[bytes]:
    """The paths that may be read although they look secret."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (CONSENTED,)).fetchone()
    return [] if row is None else [bytes.fromhex(path) for path in json.loads(row[0])]


def remember(store: Store, consented: Iterable[bytes]) -> None:
    """These paths, and no others, have consent."""
    store.set_meta(CONSENTED, json.dumps([path.hex() for path in sorted(consented)]))


def fill(
    store: Store,
    model: Compiled,
    threads: int | None,
    progress: Progress,
    *,
    enough: Callable[[], bool] = lambda: False,
) -> int:
    """Give all chunks their exact vectors, and before that approximate ones where many have none. Brings the FAISS file
    up to date. Returns how many texts were embedded.

    Where another model answers so far, its vectors stay in use until those of this one are complete.
    """
    done = 0
    model = switch.chosen(store, model)
    if switch.is_due(store, model):
        done, complete = switch.fill_beside(store, model, threads, progress, enough)
        if not complete:
            return done
    spaces.activate(store, model.fingerprint, model.folder.name, model.dimensions)
    if filling.pending_count(store.db) or filling.unnamed(store.db):
        embedder = Embedder(model, threads)
        if approximate.uncovered(store) > approximate.FEW:
            approximate.cover(store, embedder, progress, enough=enough)
        approximate.improve(store, embedder, progress)
        done += filling.fill(store, embedder, progress, enough=enough)
    refresh(store, model)
    switch.drop_others(store)
    return done


def cover(store: Store, model: Compiled, threads: int | None, progress: Progress) -> None:
    """Give everything a meaning now: all its exact one where that takes seconds, else an approximate one for a start."""
    model = switch.answering(store, model)
    spaces.activate(store, model.fingerprint, model.folder.name, model.dimensions)
    if filling.pending_count(store.db) <= approximate.FEW:
        fill(store, model, threads, progress)
    elif approximate.uncovered(store) or filling.unnamed(store.db):
        embedder = Embedder(model, threads)
        filling.fill_names(store, store.space, embedder)
        approximate.cover(store, embedder, progress)
    refresh(store, model)


def unfilled(store: Store, model: Compiled) -> bool:
    """True when `fill` would find something to do."""
    model = switch.chosen(store, model)
    if (
        spaces.known(store.db, model.fingerprint) != store.space
        or filling.pending_count(store.db)
        or filling.unnamed(store.db)
    ):
        return True
    return vectors.is_stale(store, store.space, model.fingerprint)


def look_at_pictures(
    store: Store, plan: Plan, model: Compiled, progress: Progress, *, enough: Callable[[], bool] = lambda: False
) -> list[bytes]:
    """Look for text in pictures and scanned pages, for as long as the plan allows. Returns the files that have some."""
    if not plan.pictures:
        return []
    end = time.monotonic() + plan.pictures
    return recognition.look(
        store,
        plan.reading(switch.cutter(store, model)),
        plan.languages,
        progress,
        lambda: enough() or time.monotonic() >= end,
    )


def refresh(store: Store, model: Compiled) -> None:
    """Rewrite the FAISS file if it is too far behind the rows; those of other models only go."""
    if store.space and vectors.is_stale(store, store.space, model.fingerprint):
        vectors.build(store, store.space, model.fingerprint, model.dimensions, anew=False)
    for space in spaces.every(store.db):
        if space.id != store.space and vectors.is_stale(store, space.id, space.fingerprint):
            vectors.faiss_path(store.home, space.id).unlink(missing_ok=True)


def forget(store: Store, path: bytes) -> int:
    """Remove a path beyond recovery, derived files included. Returns the number of files."""
    count = store.forget(path)
    kept = [p for p in consenting(store, Plan(store.home)).consented if not database.lies_in(p, path)]
    remember(store, kept)
    for made in (*store.home.glob("vectors-*"), *store.home.glob("map-*"), *store.home.glob(f"{database.ASIDE}*")):
        made.unlink()
    for space in spaces.every(store.db):
        vectors.build(store, space.id, space.fingerprint, space.dimensions)
    return count
