"""Chunks that become candidates because of a cue, where neither words nor meaning would find them.

"The link Petr posted yesterday" shares no telling word with what Petr posted, and in a large index two hundred other
chunks are nearer in meaning. Two things can be looked up instead: a web address beside a name, in the word index, and
what is dated within a short stretch of time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ask.indexer.database import Connection
from ask.indexer.words import quoted, stems_of
from ask.retriever.cues import LOOSE, Cues
from ask.retriever.filters import DATE
from ask.retriever.lexical import Scope
from ask.retriever.people import Me, Person
from ask.retriever.query import Query
from ask.retriever.when import When

MOST = 200
"""Candidates from one cue, the newest first."""
SHORT = timedelta(days=35)
"""Stretches up to which everything within is a candidate; longer ones would be half the index."""


def candidates(db: Connection, query: Query, scope: Scope | None) -> list[int]:
    """Chunks that the cues of a question point to; `scope` is a query for the chunks that may be hits."""
    cues = query.cues
    if not cues:
        return []
    within, values = _dated(cues)
    if cues.of("link") and (names := _names(cues)):
        named = " OR ".join(f'"{name}"*' for name in names)
        match = f"({quoted(_ADDRESS)}) AND ({named})"
        return _chunks(db, "c.id IN (SELECT rowid FROM words WHERE words MATCH ?)" + within, [match, *values], scope)
    return _chunks(db, within.removeprefix(" AND "), values, scope) if within else []


_ADDRESS = (*stems_of("http"), "www")


def _chunks(db: Connection, condition: str, values: list[object], scope: Scope | None) -> list[int]:
    inside, more = ("", []) if scope is None else (f" AND c.id IN ({scope[0]})", scope[1])
    rows = db.execute(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
        f" WHERE {condition}{inside} ORDER BY {DATE} DESC, c.id LIMIT ?",
        (*values, *more, MOST),
    )
    return [row[0] for row in rows]


def _dated(cues: Cues) -> tuple[str, list[object]]:
    stretches = [cue.meaning for cue in cues.of("when") if isinstance(cue.meaning, When)]
    if not stretches or any(one.end - one.start > SHORT for one in stretches):
        return "", []
    start, end = min(one.start for one in stretches), max(one.end for one in stretches)
    return f" AND {DATE} >= ? AND {DATE} < ?", [int(start.timestamp()), int(end.timestamp())]


def _names(cues: Cues) -> list[str]:
    """Beginnings of the names, as the word index has them, of who posted it."""
    return [name for cue in cues.of("people") if cue.trust > LOOSE for name in _beginnings(cue.meaning)]


def _beginnings(who: object) -> Iterator[str]:
    if isinstance(who, Person):
        parts = who.beginnings()
    elif isinstance(who, Me):
        parts = tuple(name.split()[0] for name in (*who.names, *who.logins) if name.strip())
    else:
        return
    for part in parts:
        yield from (stem for stem in stems_of(part.split("@")[0])[:1] if stem)
