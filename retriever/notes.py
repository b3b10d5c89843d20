"""What a person has to know beside the hits: what limits them, and why there may be none."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ask.indexer import words
from ask.indexer.database import Connection
from ask.indexer.documents import REASONS
from ask.retriever.frequencies import Frequencies
from ask.retriever.query import Query

NAMED = 3
"""Files or words that are named; of more, the number is told."""


def limits(db: Connection, *, by_meaning: bool, nothing: bool) -> Iterator[str]:
    """What limits the answer, in words. `nothing` says that there are no hits, for which `reasons` tells more."""
    # "tier < 2" lets SQLite use the index of what is pending; counting all tiers would read a million rows.
    pending = dict(db.execute("SELECT tier, count(*) FROM chunks WHERE tier < 2 GROUP BY tier").fetchall())
    if pending and by_meaning:
        (total,) = db.execute("SELECT count(*) FROM chunks").fetchone()
        yield _coverage(total, pending.get(0, 0), pending.get(1, 0))
    (unread,) = db.execute("SELECT count(*) FROM files WHERE status != 'indexed' AND status = 'unreadable'").fetchone()
    if unread and not nothing:  # else they are named
        yield f"{unread} {'file' if unread == 1 else 'files'} could not be read (ask status --skipped)"


def words_nowhere(db: Connection, frequencies: Frequencies, query: Query) -> Iterator[str]:
    """Hits of a question none of whose words stands anywhere: a guess by meaning, which for nonsense is nonsense, too. Not
    where cues are all it says: hits fit those."""
    if query.cues is not None and query.cues.say_all():
        return
    telling = [word for word in query.words if words.fold(word) not in words.STOPWORDS]
    if telling and not any(_stands_somewhere(db, frequencies, word) for word in telling):
        yield f"in no file: {_few(telling)}; these are only near in meaning"


def reasons(db: Connection, frequencies: Frequencies, query: Query) -> Iterator[str]:
    """Words that stand nowhere, limits in force, files that could not be read or were left out."""
    if db.execute("SELECT 1 FROM files LIMIT 1").fetchone() is None:
        yield "nothing is indexed yet; run: ask index ~/some/folder"
        return
    nowhere = [word for word in query.words if not _stands_somewhere(db, frequencies, word)]
    if nowhere:
        yield f"in no file: {_few(nowhere)}"
    if query.filters:
        yield f"only looked for within: {query.filters.shown()}"
    unread = db.execute(
        "SELECT path, reason FROM files WHERE status != 'indexed' AND status = 'unreadable' ORDER BY path"
    ).fetchall()
    if unread:
        names = [f"{os.path.basename(os.fsdecode(path))} ({REASONS.get(reason, reason)})" for path, reason in unread]  # noqa: PTH119
        yield f"could not be read: {_few(names)}"
    (left,) = db.execute("SELECT count(*) FROM files WHERE status != 'indexed' AND status = 'skipped'").fetchone()
    if left:
        yield f"{left:,} {'file is' if left == 1 else 'files are'} left out on purpose (ask status --skipped)"


def _coverage(total: int, without: int, approximate: int) -> str:
    """How far meaning has come: `meaning covers 100 % of the index, 31 % of it exactly; words cover all of it`."""
    covered, exact = (100 * (total - without) // total, 100 * (total - without - approximate) // total)
    return f"meaning covers {covered} % of the index, {exact} % of it exactly; words cover all of it"


def _stands_somewhere(db: Connection, frequencies: Frequencies, word: str) -> bool:
    """Whether any file holds the word, or one that begins like it: an unknown form of it may be there."""
    if any(frequencies.of(term) for term in words.query_terms(word)):
        return True
    begin = words.fold(word)[: words.PREFIX]
    alike = db.execute("SELECT 1 FROM vocabulary WHERE term >= ? AND term < ? LIMIT 1", (begin, begin + "\U0010ffff"))
    return len(begin) == words.PREFIX and alike.fetchone() is not None


def _few(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
