"""Cutting text into sentences without losing where they stand.

A *unit* is what a reader takes as one block: a paragraph, a list item, a heading, a line of code or of a log. Units are
found by the layout, sentences inside a unit by punctuation. Every sentence is a slice of the text it came from, so that
a quote can be checked against the file. English and Czech are known by name; other languages get the plain rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LINE_KINDS = frozenset({"code", "script", "config", "log", "table", "data", "link", "event", "contact", "photo"})
"""Kinds of document in which every line stands for itself (see `documents.KINDS`)."""
_COMMENTED = frozenset({"code", "script", "config"})
"""Those of them that hold prose as well, in comments and docstrings."""

LONGEST = 500
"""Code points; a longer sentence is cut at the last separator before it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A slice of a text: `text == source[start:end]`."""

    text: str
    start: int
    """Offset in the text given, in code points."""
    end: int


# Lower case, without the dot. Titles and the like are followed by a capital and still do not end a sentence.
_BEFORE_A_NAME = frozenset(
    "mr mrs ms dr prof rev gen col capt lt sgt sen rep gov st mt ft vs no nos fig figs vol pp p ch sec eq art op cf ca"
    " approx dept univ inc ltd co corp jan feb mar apr jun jul aug sep sept oct nov dec"
    " ing mgr bc judr mudr mddr mvdr pharmdr phdr rndr paeddr doc csc arch plk gen kpt por sv ul nám tř čp č str obr"
    " tab odst par písm"
    " tel tzv např resp popř příp mj tj zvl zejm srov viz pozn red hl max min cca al e.g i.e u.s u.k".split()
)
# These may end a sentence; they do not when the next word goes on in lower case (which never ends one anyway).
_ROMAN = re.compile(r"[IVX]{1,5}$")
_STARTERS = frozenset(
    "The This That These Those It He She They We I You A An In On At As By For From When While After Before If But And"
    " However Its His Her Their There To Many Some Most One Two Tento Tato Toto Ten Ta To V Ve Na Po Do Od Za Při Pro"
    " Když Pak Ale A Jeho Její Jejich Je Byl Byla Bylo Byli".split()
)

_END = re.compile(r"[.!?…]+[\"'”’“‘»)\]]*(?=\s)")
_DATE = re.compile(r"(?<![\d.])(?:0?[1-9]|[12]\d|3[01])\.\s(?:0?[1-9]|1[0-2])\.(?:\s\d{4}\b)?")
"""`1. 9. 2024`, as Czech writes dates: no dot but the last ends a sentence."""
_OPENING = re.compile(r"\s+([\"'“‘„«(\[]*)(\w*)", re.UNICODE)
_LIST_ITEM = re.compile(r"\s*(?:[-*+•–—▪◦]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[[ xX]\])\s+")
_HEADING = re.compile(r"\s*(?:#{1,6}\s|={2,}|-{3,}|\*{3,}|_{3,})")
# A turn of a conversation, a quoted line, a row of a table, a time stamp: none goes on from the line before it.
_OWN_LINE = re.compile(
    r"\s*(?:>|\||<[^>\s]{1,40}>\s|\[?\d{1,2}:\d{2}|\[?\d{4}-\d{2}-\d{2}|[\w .'-]{1,40}:\s\S|```|~~~|\$\s|@|//|\S+=\S)"
)
_CODE_LINE = re.compile(r"(?: {4}|\t)\s*\S|.*[;{}]\s*$")
_COLUMNS = re.compile(r"\S(?: {3,}|\t)\s*\S")
"""A gap between columns: such a line is a row of a table drawn with spaces, and neither goes on nor is gone on with."""
_AMOUNT = re.compile(r"\d[\d .,]*\s*(?:Kč|CZK|EUR|€|\$|USD|GBP|£|%|ks|kg|,-|,–)?\s*$")
"""Two lines in a row that end so are rows of a table whose columns were lost, as in the text of a PDF."""
_COMMENT = re.compile(r"[ \t]*(?:(?:#+|//+|\*|--|;+|%+)[ \t]+)?")
_BREAK = re.compile(r"[;:]\s|,\s|\s")


def sentences(text: str, kind: str = "note") -> list[Sentence]:
    """All sentences of `text` in order. `kind` is a key of `documents.KINDS`; separators belong to no sentence."""
    found: list[Sentence] = []
    goes_on = _comment_goes_on if kind in _COMMENTED else _nothing_goes_on if kind in LINE_KINDS else _goes_on
    for start, end in _units(text, goes_on):
        for a, b in _split(text, start, end):
            found.extend(_bounded(text, a, b))
    return found


def _units(text: str, goes_on: Callable[[str, str], bool]) -> Iterator[tuple[int, int]]:
    """(start, end) of each unit, trimmed. Wrapped lines of a paragraph are one unit."""
    start = end = -1
    for a, b in _lines(text):
        line = text[a:b]
        if not line.strip():
            if start >= 0:
                yield start, end
            start = -1
        elif start >= 0 and goes_on(text[start:end], line):
            end = b
        else:
            if start >= 0:
                yield start, end
            start, end = a, b
    if start >= 0:
        yield start, end


def _lines(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text):
        newline = text.find("\n", at)
        stop = len(text) if newline < 0 else newline
        yield at, stop
        at = stop + 1


def _goes_on(before: str, line: str) -> bool:
    """True when `line` continues the unit `before`: a paragraph that was wrapped at the margin."""
    if _LIST_ITEM.match(line) or _HEADING.match(line) or _OWN_LINE.match(line) or _HEADING.match(before):
        return False
    last = before.rsplit("\n", 1)[-1]
    if _COLUMNS.search(line) or _COLUMNS.search(last) or (_AMOUNT.search(line) and _AMOUNT.search(last)):
        return False
    if _CODE_LINE.match(line) or _CODE_LINE.match(last):
        return bool(_LIST_ITEM.match(before)) and line.startswith("  ") and not line.rstrip().endswith((";", "{", "}"))
    ended = last.rstrip().endswith((".", "!", "?", "…", ":", ";"))
    first = line.lstrip()[:1]
    return first.islower() or len(last) >= 50 or (len(last) >= 30 and not ended)


def _nothing_goes_on(before: str, line: str) -> bool:
    return False


def _comment_goes_on(before: str, line: str) -> bool:
    """True when `line` continues a wrapped comment or docstring: both are prose behind the same mark."""
    last = before.rsplit("\n", 1)[-1]
    (mark, said), (next_mark, goes) = _commented(last), _commented(line)
    wrapped = mark == next_mark and len(said) >= 45 and goes[:1].islower()
    return wrapped and _is_prose(said) and _is_prose(goes)


def _commented(line: str) -> tuple[str, str]:
    """(mark of a comment, what stands behind it)"""
    mark = _COMMENT.match(line)
    end = mark.end() if mark else 0
    return line[:end].strip(), line[end:].rstrip()


def _is_prose(line: str) -> bool:
    """Words with spaces between them, and next to nothing that programs are made of."""
    plain = sum(letter.isalpha() or letter in " ,.'’-" for letter in line)
    return line.count(" ") >= 1 and plain >= 0.9 * len(line)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a unit at the ends of its sentences."""
    marker = _LIST_ITEM.match(text, start, end)
    at = start
    for stop in _END.finditer(text, marker.end() if marker else start, end):
        if _ends_here(text, start, stop, end):
            yield at, stop.end()
            at = stop.end()
    yield at, end


def _ends_here(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    """True when the punctuation at `stop` ends a sentence rather than an abbreviation, a number or an initial."""
    following = _OPENING.match(text, stop.end(), end)
    if following is None or stop.end() >= end:
        return False
    opening, word = following.group(1), following.group(2)
    if not opening and not word[:1].isupper() and not word[:1].isdigit():
        return bool(word) is False
    if word[:1].islower():
        return False
    if not stop.group().startswith(".") or stop.group().startswith(".."):
        return True
    return not _within_date(text, start, stop, end) and not _abbreviates(
        text[max(start, stop.start() - 24) : stop.start()], word
    )


def _within_date(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    """True when the dot at `stop` is one of a date that goes on behind it."""
    begin = max(start, stop.start() - 8)
    around = text[begin : min(end, stop.end() + 10)]
    return any(date.start() < stop.start() - begin < date.end() - 1 for date in _DATE.finditer(around))


def _abbreviates(before: str, word: str) -> bool:
    """True when the dot after `before` belongs to its last word and the sentence goes on with `word`."""
    last = before.split()[-1] if before.split() else ""
    last = last.lstrip("\"'“‘„«([")
    if last.lower() in _BEFORE_A_NAME or any(last.lower().endswith(part) for part in ("/s", "tzv", "např")):
        return not (last.lower() in {"inc", "ltd", "co", "corp", "al", "u.s", "u.k"} and word in _STARTERS)
    if len(last) == 1 and last.isalpha() and last.isupper():
        return word not in _STARTERS
    if re.fullmatch(r"(?:\w\.)+\w", last):
        return word not in _STARTERS
    if _ROMAN.fullmatch(last):
        return word not in _STARTERS
    # Czech ordinals: "21. srpna" never comes here, "1. Brněnská" does. A year ends a sentence, a bare 1 rarely does.
    return last.isdigit() and len(last) <= 2 and word not in _STARTERS and len(before.split()) <= 2


def _bounded(text: str, start: int, end: int) -> Iterator[Sentence]:
    """Trim to what is not white space, and cut what is too long at a separator."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST:
        cut = _last_break(text, start, start + LONGEST)
        yield Sentence(text[start:cut].rstrip(), start, start + len(text[start:cut].rstrip()))
        start = cut + len(text[cut:end]) - len(text[cut:end].lstrip())
    if start < end:
        yield Sentence(text[start:end], start, end)


def _last_break(text: str, start: int, limit: int) -> int:
    """Where to cut between `start` and `limit`: after the last semicolon, else comma, else space in the second half."""
    half = start + (limit - start) // 2
    for separators in ((";", ":"), (",",), (" ", "\n", "\t")):
        at = max(text.rfind(separator, half, limit) for separator in separators)
        if at >= 0:
            return at + 1
    return limit
