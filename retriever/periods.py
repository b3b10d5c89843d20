"""Times that only the user's own files know: "when I was at Krup", "když jsem dělal v Avastu".

No calendar has them. But what was written then says the name, so the years in which most documents that say it were
written are taken for that time. It is shown like every cue, and counts less where little is known.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ask.indexer import words
from ask.indexer.database import Connection
from ask.retriever.cues import Cue
from ask.retriever.filters import DATE
from ask.retriever.query import Query
from ask.retriever.when import When

LEAST = 3
"""Documents that must say the name."""
MOST = 2_000
"""Documents looked at; a name that more of them say is of no one time."""
EDGES = 0.1
"""Share of the documents at either end that is taken for later memories."""
_NAME = r"(?P<name>[^\W\d_][\w.-]*(?:\s[A-ZÀ-Ž][\w.-]*){0,3})"
_SAID = re.compile(
    r"\b(?:when|while)\s+I\s+(?:was|worked|lived|studied|was\s+working|was\s+living|was\s+studying)\s+(?:at|in|for|with|on)\s+"
    rf"(?:the\s+)?{_NAME}"
    r"|\b(?:když|kdyz)\s+jsem\s+(?:byla?|pracovala?|dělala?|delala?|žila?|zila?|bydlela?|studovala?|bývala?|byvala?|chodila?)"
    rf"\s+(?:v|ve|na|u|pro|do)\s+{_NAME.replace('name', 'jmeno')}"
)


def resolved(db: Connection, query: Query) -> Query:
    """The question with the time that it names by a place or an employer, where the index tells when that was."""
    said = _SAID.search(query.typed) if query.cues is not None else None
    if said is None or query.cues is None or query.cues.of("when"):
        return query
    stretch = when_said(db, said["name"] or said["jmeno"])
    if stretch is None:
        return query
    cue = Cue("when", said.start(), said.end(), stretch.label, stretch, trust=0.8)
    return replace(query, cues=replace(query.cues, found=(*query.cues.found, cue)))


def when_said(db: Connection, name: str) -> When | None:
    """The time in which most documents that say a name were written; None when too few do, or too many."""
    match = " AND ".join(map(_inflected, words.words(name)))
    rows = db.execute(
        f"SELECT DISTINCT d.id, {DATE} AS date FROM words JOIN chunks c ON c.id = words.rowid"
        " JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id WHERE words MATCH ? LIMIT ?",
        (match, MOST + 1),
    ).fetchall()
    if not LEAST <= len(rows) <= MOST:
        return None
    dates = sorted(row[1] for row in rows)
    cut = int(EDGES * len(dates) + 0.5)
    first, last = dates[cut], dates[-1 - cut]
    try:
        start, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (first, last))
    except (OverflowError, OSError, ValueError):  # beyond every calendar
        return None
    years = str(start.year) if start.year == end.year else f"{start.year}–{end.year}"
    half = timedelta(days=180)
    return When(start, end + timedelta(days=1), f"{years}, as {len(rows)} files say of {name}", half, half)


def _inflected(word: str) -> str:
    """An FTS5 expression for a name in any case: `Quarkově` finds `Quarkova`."""
    folded = words.fold(word)
    return f'"{folded[: max(len(folded) - 2, min(len(folded), 4))]}"*'
