"""Times as file systems, archives and git state them: seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime


def of_unix(seconds: float) -> datetime | None:
    """The moment, in UTC; None for one that no calendar knows: anything may be stated."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
