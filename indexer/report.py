"""What is in the index and what is not, in numbers."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ask.indexer import database, spaces, switch, watch
from ask.indexer.database import Connection

PACKAGES = ("ask-files", "faiss-cpu", "onnxruntime", "sentence-transformers", "llama-cpp-python")


def status(db: Connection, home: Path) -> dict[str, object]:
    """The report of `ask status --json` (contract in docs/design.md)."""
    files = dict(db.execute("SELECT status, count(*) FROM files GROUP BY status"))
    tiers = dict(db.execute("SELECT tier, count(*) FROM chunks GROUP BY tier"))
    (documents, text) = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM documents").fetchone()
    (source,) = db.execute("SELECT coalesce(sum(size), 0) FROM files WHERE status = 'indexed'").fetchone()
    reasons = db.execute(
        "SELECT reason, count(*) FROM files WHERE status != 'indexed' GROUP BY reason ORDER BY 2 DESC, 1"
    )
    return {
        "files": {name: files.get(name, 0) for name in ("indexed", "skipped", "unreadable")},
        "documents": documents,
        "chunks": {"total": sum(tiers.values()), "approximate": tiers.get(1, 0), "exact": tiers.get(2, 0)},
        "bytes": {"source": source, "text": text, "index": size_on_disk(home)},
        "skipped": dict(reasons.fetchall()),
        "roots": [_root(bytes(path), scanned) for path, scanned in db.execute("SELECT path, scanned FROM roots")],
        "watch": watch.report(home),
        "models": _models(db),
        "versions": versions(),
    }


def _root(path: bytes, scanned: int | None) -> dict[str, object]:
    return {"path": os.fsdecode(path), "scanned": scanned, "there": os.path.lexists(path)}


def size_on_disk(home: Path) -> int:
    """Bytes of everything in the state directory but the compiled models."""
    total = 0
    for path in home.iterdir():
        with suppress(FileNotFoundError):  # logs of the database come and go
            total += path.stat().st_size if path.is_file() else 0
    return total


def _models(db: Connection) -> dict[str, object]:
    space = spaces.active(db)
    found: dict[str, object] = {} if space is None else {"meaning": space.model, "fingerprint": space.fingerprint}
    if (moving := switch.progress_of(db)) is not None:
        name, done, total = moving
        found["next"] = f"{name}, {done:,} of {total:,} texts ready (ask index goes on)"
    return found


def versions() -> dict[str, str]:
    """Versions of what matters, for bug reports."""
    found = {"python": platform.python_version(), "sqlite": ".".join(map(str, database.version()))}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def left_out(db: Connection) -> list[tuple[str, str, str, str]]:
    """(path, status, reason, detail) of every file that is not indexed, by reason and path."""
    rows = db.execute(
        "SELECT path, status, reason, detail FROM files WHERE status != 'indexed' ORDER BY status DESC, reason, path"
    )
    return [(os.fsdecode(bytes(path)), status, reason, detail) for path, status, reason, detail in rows]


def refused(db: Connection, named: Sequence[bytes]) -> list[tuple[str, str, str]]:
    """(path, reason, detail) of those of the `named` paths that were themselves left out on purpose."""
    query = "SELECT reason, detail FROM files WHERE path = ? AND status != 'indexed' AND status = 'skipped'"
    found = ((path, db.execute(query, (path,)).fetchone()) for path in named)
    return [(os.fsdecode(path), *row) for path, row in found if row is not None]


def masked(db: Connection) -> list[tuple[str, str | None, int | None, str]]:
    """(path, member, line, rule) of every secret that was masked, by path and line."""
    rows = db.execute(
        "SELECT f.path, d.member, r.line, r.rule FROM redactions r JOIN documents d ON d.id = r.document_id"
        " JOIN files f ON f.id = d.file_id ORDER BY f.path, d.member, r.line"
    )
    return [(os.fsdecode(bytes(path)), member, line, rule) for path, member, line, rule in rows]
