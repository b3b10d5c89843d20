"""Limits of a search as people type them: `kind:script after:2020 path:~/notes from:petr lang:cs ext:md`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from ask.cli import gate
from ask.indexer.documents import KINDS
from ask.indexer.errors import UsageError
from ask.retriever.filters import Filters

KEYS: Mapping[str, str] = {
    "kind": "kind of document: note, script, mail, …",
    "after": "not older: 2020-03, 14.3.2020, 2w, last week",
    "before": "older than",
    "path": "a file or folder",
    "from": "who wrote it or got it",
    "lang": "cs, en or a programming language",
    "ext": "how the file's name ends",
}
"""What can be limited, with words for people."""

_FIELDS = {"kind": "kinds", "path": "paths", "from": "people", "lang": "languages", "ext": "suffixes"}
_UNITS = {"d": 1.0, "w": 7.0, "m": 30.44, "y": 365.25}
"""Days."""


def filters(words: Iterable[str], now: datetime | None = None) -> Filters:
    """The limits that `key:value` words name; words of one key are alternatives. Raises `UsageError` that names it.

    `now` is timezone-aware: times are relative to it and lie in its zone.
    """
    now = datetime.now(UTC).astimezone() if now is None else now
    lists: dict[str, tuple[str, ...]] = {}
    moments: dict[str, datetime] = {}
    for word in words:
        key, _, value = word.partition(":")
        if key not in KEYS or not value:
            known = ", ".join(f"{key}:" for key in KEYS)
            raise UsageError(f"{gate.clean(word)!r} is no filter", f"Filters are {known}")
        if key in ("after", "before"):
            moments[key] = moment(value, now)
        else:
            lists[_FIELDS[key]] = (*lists.get(_FIELDS[key], ()), _VALUES[key](value))
    return Filters(**moments, **lists)  # type: ignore[arg-type]


def kind(value: str) -> str:
    """`scripts` is as good as `script`."""
    for known in (value.lower(), value.lower().removesuffix("s")):
        if known in KINDS:
            return known
    raise UsageError(f"there is no kind {gate.clean(value)!r}", "Kinds are " + ", ".join(KINDS) + ".")


def _path(value: str) -> str:
    return os.path.abspath(os.path.expanduser(value))  # noqa: PTH100, PTH111 (links stay, nothing is looked up)


def _suffix(value: str) -> str:
    return value.lstrip("*").lstrip(".").lower()


_VALUES: Mapping[str, Callable[[str], str]] = {
    "kind": kind,
    "path": _path,
    "from": str.strip,
    "lang": str.lower,
    "ext": _suffix,
}


def moment(text: str, now: datetime) -> datetime:
    """The beginning of what `text` names: a year, month or day, an age such as `2w`, or words such as `před 3 lety`.

    Raises `UsageError` when it names no time.
    """
    typed = text.strip().lower()
    if age := re.fullmatch(r"(\d{1,4})([dwmy])", typed):
        return now - timedelta(days=int(age[1]) * _UNITS[age[2]])
    if typed in ("today", "dnes", "yesterday", "včera"):
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=typed in ("yesterday", "včera"))
    found = next((match for form in _WRITTEN if (match := form.fullmatch(typed))), None)
    named = _in_words(text, now) if found is None else _day(found, now)
    if named is None:
        raise UsageError(f"{gate.clean(text)!r} is no time", "For example: 2020, 2020-03, 14.3.2020, 2w, last week")
    return named


_WRITTEN = (
    re.compile(r"(?P<year>\d{4})(?:[-/](?P<month>\d{1,2})(?:[-/](?P<day>\d{1,2}))?)?"),
    re.compile(r"(?:(?P<day>\d{1,2})\. ?)?(?P<month>\d{1,2})\. ?(?P<year>\d{4})"),
)


def _day(found: re.Match[str], now: datetime) -> datetime | None:
    try:
        return datetime(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1), tzinfo=now.tzinfo)
    except ValueError:
        return None


def _in_words(text: str, now: datetime) -> datetime | None:
    import dateparser  # takes half a second to import

    settings = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "past", "PREFER_DAY_OF_MONTH": "first"}
    found = dateparser.parse(text, languages=["en", "cs"], settings=settings)
    return None if found is None else found.replace(tzinfo=now.tzinfo)
