"""How often terms occur in the index. Kept from one question to the next: FTS5 counts by reading a term's whole list."""

from __future__ import annotations

from ask.indexer.database import Connection

_MOST = 50_000
"""Terms kept."""


class Frequencies:
    """Counts of one index, forgotten as soon as anybody has written to it."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._version: int | None = None
        self._passages: int | None = None
        self._of: dict[str, int] = {}

    def refresh(self) -> None:
        """Forget what is no longer true. To be called at the beginning of a transaction."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version != self._version or len(self._of) > _MOST:
            self._version, self._passages = version, None
            self._of.clear()

    def passages(self) -> int:
        """All passages there are."""
        if self._passages is None:
            (self._passages,) = self._db.execute("SELECT count(*) FROM chunks").fetchone()
        return int(self._passages)

    def of(self, term: str) -> int:
        """Passages that hold a term of the word index."""
        if term not in self._of:
            row = self._db.execute("SELECT doc FROM vocabulary WHERE term = ?", (term,)).fetchone()
            self._of[term] = 0 if row is None else int(row[0])
        return self._of[term]
