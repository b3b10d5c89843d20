"""Bibliographies (BibTeX, RIS): a document for each work, with its authors as people and its year as its date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.leaves import Lines
from ask.indexer.extract.moments import moment
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.tex_letters import readable

LONGEST = 50_000
"""Code points of one field; a brace that is never closed must not swallow the file."""

_ENTRY = re.compile(r"^[ \t]*@(\w+)\s*[{(]\s*([^\s,{}]*)\s*,", re.MULTILINE)
_FIELD = re.compile(r"[\s,]*([A-Za-z][\w:-]*)\s*=\s*")
_RIS = re.compile(r"^([A-Z][A-Z0-9])  - ?(.*)$", re.MULTILINE)
_RIS_NAMES = {
    "TI": "title", "T1": "title", "CT": "title", "AU": "author", "A1": "author", "A2": "editor", "AB": "abstract",
    "N2": "abstract", "N1": "note", "PY": "year", "Y1": "year", "DA": "date", "JO": "journal", "JF": "journal",
    "T2": "journal", "JA": "journal", "PB": "publisher", "KW": "keywords", "UR": "url", "DO": "doi", "TY": "type",
}  # fmt: skip
_SHOWN = (
    "title subtitle author editor journal booktitle publisher school year abstract keywords note annote howpublished"
    " doi url"
).split()
"""Fields in the order in which they are shown."""
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a work."""

    value: str
    line: int


Work = Mapping[str, Sequence[Field]]


@extractor("bibtex", suffixes=[".bib", ".bibtex"])
def read_bibtex(source: Source) -> Iterator[Document]:
    """The works; the member is the key by which texts cite them."""
    yield from _documents(_bibtex(text_of(source)), source)


@extractor("ris", suffixes=[".ris"])
def read_ris(source: Source) -> Iterator[Document]:
    """The works; members "1", "2", …"""
    yield from _documents(_ris(text_of(source)), source)


def _documents(works: Iterator[tuple[str, Work]], source: Source) -> Iterator[Document]:
    taken: set[str] = set()
    for number, (key, work) in enumerate(works, 1):
        name = key if key and key not in taken else str(number)
        taken.add(name)
        if document := _document(work, source, source.inside(name)):
            yield document
    if not taken:
        raise Unreadable("damaged", "no work in it")


def _bibtex(text: str) -> Iterator[tuple[str, Work]]:
    lines = Lines(text)
    reached = 0
    for entry in _ENTRY.finditer(text):
        if entry.start() < reached or entry[1].lower() in ("comment", "string", "preamble"):
            continue
        work: dict[str, list[Field]] = {}
        at = entry.end()
        while field := _FIELD.match(text, at):
            value, end = _value(text, field.end())
            if end <= field.end():
                break
            work.setdefault(field[1].lower(), []).append(Field(readable(value), lines.at(field.start(1))))
            at = end
        reached = at
        yield entry[2], work


def _value(text: str, at: int) -> tuple[str, int]:
    """A value in braces, quotes or bare, perhaps several joined by `#`, and where it ends."""
    parts: list[str] = []
    while True:
        start = at
        if text[at : at + 1] == "{":
            at = _closing(text, at)
            parts.append(text[start + 1 : at - 1])
        elif text[at : at + 1] == '"':
            at = _quote(text, at)
            parts.append(text[start + 1 : at - 1])
        else:
            bare = re.compile(r"[\w.:+/-]*").match(text, at)
            at = bare.end() if bare else at
            parts.append(text[start:at])
        joint = re.compile(r"\s*#\s*").match(text, at)
        if joint is None or at == start:
            return "".join(parts), at
        at = joint.end()


def _closing(text: str, at: int) -> int:
    """Behind the brace that closes the one at `at`, or the end of what is read of a field."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, at, at + LONGEST):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end()
    return min(at + LONGEST, len(text))


def _quote(text: str, at: int) -> int:
    """Behind the quote that closes the one at `at`; quotes in braces do not."""
    depth = 0
    for match in re.compile(r'\\.|[{}"]', re.DOTALL).finditer(text, at + 1, at + LONGEST):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if match.group() == '"' and depth <= 0:
            return match.end()
    return min(at + LONGEST, len(text))


def _ris(text: str) -> Iterator[tuple[str, Work]]:
    work: dict[str, list[Field]] = {}
    for number, row in enumerate(text.split("\n"), 1):
        match = _RIS.match(row)
        if match is None:
            continue
        tag, value = match[1], " ".join(match[2].split())
        if tag in ("ER", "TY") and work.keys() - {"type"}:
            yield "", work
            work = {}
        if value and (name := _RIS_NAMES.get(tag)):
            work.setdefault(name, []).append(Field(value, number))
    if work.keys() - {"type"}:
        yield "", work


def _document(work: Work, source: Source, member: str | None) -> Document | None:
    pieces = Pieces()
    for name in _SHOWN:
        for field in work.get(name, ()):
            label = "" if name in ("title", "abstract", "author") else f"{name}: "
            pieces.add(label + field.value, marks=[(0, field.line)])
    if not pieces.blocks:
        return None
    return Document(
        pieces.text,
        "note",
        title=_first(work, "title"),
        member=member,
        blocks=tuple(pieces.blocks),
        date=_date(work),
        people=tuple(_listed(work, "author") or _listed(work, "editor"))[:60],
        lines=tuple(pieces.lines),
        facts={"tags": tags} if (tags := ", ".join(_listed(work, "keywords"))) else {},
    )


def _first(work: Work, name: str) -> str:
    return next((field.value for field in work.get(name, ())), "")


def _listed(work: Work, name: str) -> list[str]:
    separator = r"\s+and\s+" if name != "keywords" else r"\s*[,;]\s*"
    return [part for field in work.get(name, ()) for part in re.split(separator, field.value) if part]


def _date(work: Work) -> datetime | None:
    """The stated day, else the first day of the month or year."""
    stated = (_first(work, "date") or _first(work, "year")).replace("/", "-").strip("-")
    match = re.match(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", stated)
    if match is None:
        return None
    month = int(match[2] or 0) or _month(_first(work, "month"))
    return moment(f"{match[1]}-{month:02}-{int(match[3] or 1):02}")


def _month(name: str) -> int:
    short = name.strip().lower()[:3]
    return _MONTHS.index(short) + 1 if short in _MONTHS else int(short) if short.isdigit() else 1
