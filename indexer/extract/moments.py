"""Dates as documents state them: front matter, meta tags, headers."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime

_DAY_FIRST = re.compile(r"(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})(?:\s+(\d{1,2})[:.](\d\d))?$")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:\s+(\d{1,2}):(\d\d))?")


def moment(value: object) -> datetime | None:
    """A stated date with its time zone, the local one when it names none; None when it is not understood.

    Takes dates and datetimes (YAML makes them), ISO 8601, RFC 2822, `4. 5. 2021 10:30` and `2021/05/04`.
    """
    try:
        if isinstance(value, str):
            value = _parsed(value.strip())
        if isinstance(value, datetime):
            found = value.astimezone() if value.tzinfo is None else value
        elif isinstance(value, date):
            found = datetime(value.year, value.month, value.day).astimezone()
        else:
            return None
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return found if 1000 <= found.year <= 2200 else None


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if match := _DAY_FIRST.match(text):
        day, month, year, hour, minute = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute)
    if match := _YEAR_FIRST.match(text):
        year, month, day, hour, minute = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute)
    return parsedate_to_datetime(text)
