"""Which documents are one and the same to a person (near-duplicates): copies, backups, `final_v2`.

The same text is the same document. Nearly the same text is, too, where the names say so: invoices of two months
are made from one form and stay two, `invoice_final.txt` and `invoice_final_v2_REALLY.txt` are one with its history.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import PurePath

from ask.indexer.words import fold, words

ALIKE = 0.5
"""Share of neighbouring words that two texts of one name have in common when they are versions of each other."""
READ = 8_000
"""Code points of a text that are compared."""
_VERSION = re.compile(
    r"(?:final|finalni|really|opravdu|last|posledni|new|novy|nova|nove|old|stary|stara|stare|copy|kopie|of|backup|zaloha"
    r"|bak|orig|original|draft|koncept|version|verze|rev|edited|upraveno|fixed|opraveno)\d{0,2}|v\d{1,3}"
)
_NUMBERED = re.compile(r"\s*\(\d{1,3}\)$|~\d*~?$|\.(?:bak|old|orig|backup|save)$", re.IGNORECASE)


class Families:
    """Documents in the order of their rank, those put together that are one."""

    def __init__(self) -> None:
        self._by_hash: dict[bytes, int] = {}
        self._by_name: dict[tuple[str, str | None], list[tuple[int, Callable[[], str]]]] = {}
        self._first: list[bytes] = []

    @property
    def count(self) -> int:
        """Families so far."""
        return len(self._first)

    def leads(self, family: int, text_hash: bytes) -> bool:
        """Whether this is the text that stands for its family."""
        return self._first[family] == text_hash

    def known(self, text_hash: bytes) -> int | None:
        """The family of this very text, None when it is new."""
        return self._by_hash.get(text_hash)

    def join(self, text_hash: bytes, path: str, member: str | None, read: Callable[[], str]) -> int:
        """The family of a document with a new text: that of another version of it, or one of its own. `read` gives the
        text, which is only asked for where another has the same name."""
        same_name = self._by_name.setdefault((root(PurePath(path).name), member), [])
        beginning = cache(lambda: read()[: 2 * READ])
        family = next((at for at, other in same_name if _alike(beginning(), other())), None)
        if family is None:
            family = len(self._first)
            self._first.append(text_hash)
            same_name.append((family, beginning))
        self._by_hash[text_hash] = family
        return family


def _alike(text: str, other: str) -> bool:
    short, long = sorted((len(text), len(other)))
    if long > 2 * short:
        return False
    pairs, others = _pairs(text[:READ]), _pairs(other[:READ])
    return len(pairs & others) >= ALIKE * max(len(pairs | others), 1)


@lru_cache(maxsize=4096)
def root(name: str) -> str:
    """A file's name without what tells versions apart: `invoice_final_v2 (1).txt` → `invoice.txt`."""
    bare = _NUMBERED.sub("", name)
    path = PurePath(_NUMBERED.sub("", PurePath(bare).stem) + PurePath(bare).suffix)
    said = words(fold(path.stem).replace("_", " "))
    kept = [word for word in said if not _VERSION.fullmatch(word)]
    return " ".join(kept or said) + path.suffix.lower()


def _pairs(text: str) -> set[tuple[str, str]]:
    found = words(text)
    return set(pairwise(found))
