"""Kinds of values a setting may have: what to say about them, and how to read them.

Each function gives the words for people and a parser. A parser gets a string (environment, command line) or what TOML
gives, and raises ValueError with the words when it is something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ask.cli import gate

Parse = Callable[[object], object]
Kind = tuple[str, Parse]


def number(low: int, high: int) -> Kind:
    """A whole number, both ends included."""

    def parse(given: object) -> int:
        if isinstance(given, str) and re.fullmatch(r"\s*-?\d{1,18}\s*", given):
            given = int(given)
        if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return given

    return f"a whole number from {low} to {high}", parse


_BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}


def size() -> Kind:
    """Bytes, with or without a unit."""
    words = "a size such as `200 MB`, or a number of bytes"

    def parse(given: object) -> int:
        found = re.fullmatch(r"\s*(\d{1,15})\s*([a-z]*)\s*", str(given).lower())
        if isinstance(given, bool) or found is None or found[2] not in _BYTES:
            raise ValueError(words)
        return int(found[1]) * _BYTES[found[2]]

    return words, parse


def choice(*choices: str) -> Kind:
    """One of some words."""
    words = "one of " + ", ".join(choices)

    def parse(given: object) -> str:
        if not isinstance(given, str) or given.strip().lower() not in choices:
            raise ValueError(words)
        return given.strip().lower()

    return words, parse


def switch() -> Kind:
    """Yes or no."""
    known = dict.fromkeys(["true", "yes", "on", "1"], True) | dict.fromkeys(["false", "no", "off", "0"], False)

    def parse(given: object) -> bool:
        try:
            return known[str(given).strip().lower()]
        except KeyError:
            raise ValueError("true or false") from None

    return "true or false", parse


def text() -> Kind:
    """A line of text."""

    def parse(given: object) -> str:
        if not isinstance(given, str) or gate.clean(given) != given:
            raise ValueError("a text without control characters")
        return given.strip()

    return "a text", parse


def texts() -> Kind:
    """Several texts: a TOML array, or in a string with commas between them."""
    words = "a list of texts; in the environment with commas between them, or as in TOML"

    def parse(given: object) -> tuple[str, ...]:
        if isinstance(given, str):
            given = _list_in(given)
        if not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
            raise ValueError(words)
        return tuple(given)

    return words, parse


def _list_in(typed: str) -> object:
    """A list from one string: `a, b` or `["a", "b"]`."""
    if not typed.lstrip().startswith("["):
        return [part.strip() for part in typed.split(",") if part.strip()]
    import tomllib

    try:
        return tomllib.loads(f"list = {typed}")["list"]
    except tomllib.TOMLDecodeError:
        return None
