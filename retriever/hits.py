"""What a search gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Copy:
    """Another file with the text of a hit, or another version of it."""

    path: str
    date: datetime | None
    same: bool
    """Whether every letter is the same."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document that answers a query, through its best chunk."""

    rank: int
    """1-based; higher scores come first."""
    score: float
    """The sum of the parts in `why`; higher is better, comparable within one query only."""
    id: int
    """The chunk, for `ask get`; never given to another chunk."""
    path: str
    """Absolute path of the source file, as `os.fsdecode` gives it (may hold surrogates: show it through the gate)."""
    document: str | None
    """Member inside the file, None when the file is the document."""
    kind: str
    title: str
    line: int | None
    """1-based first line of the chunk in the source file; None where the file has no lines."""
    end_line: int | None
    page: int | None
    date: datetime | None
    """The document's own date, else the file's; timezone-aware."""
    snippet: str
    """The part of the chunk that matched best, verbatim, a few hundred characters at most."""
    why: Mapping[str, float]
    """Parts of the score by name (`meaning`, `words`, …); they sum to `score`."""
    text: str = ""
    """The whole chunk, verbatim from the extracted text."""
    heading: tuple[str, ...] = ()
    """Headings above the chunk, outermost first."""
    document_id: int = 0
    """Row of the document in the index, to fetch neighbours."""
    start: int = 0
    """Offset of the chunk in the document's text, in code points."""
    exact: bool = True
    """False when the chunk's vector is still the approximate one."""
    copies: tuple[Copy, ...] = ()
    """Other files that are the same document to a person (copies, backups, `final_v2`), best first."""
    lines: tuple[int | None, ...] | None = None
    """1-based source line of each line of the snippet, None where it cannot be told; None when nobody asked."""
    focus: tuple[int, int] | None = None
    """The part of the snippet that matched best where its words do not tell: code points of the snippet, half-open."""

    @property
    def has_plain_lines(self) -> bool:
        """True when the lines of its text are those of the file, so that they can be counted, and beyond it as well.

        A mail that was decoded or a web page has other lines in its text than in its file.
        """
        if self.line is None or self.end_line is None:
            return False
        text = self.text or self.snippet
        return self.end_line - self.line in (text.count("\n"), text.rstrip("\n").count("\n"))

    @property
    def family(self) -> tuple[str, ...]:
        """The paths of the copies."""
        return tuple(copy.path for copy in self.copies)

    def stands_for(self, path: str) -> bool:
        """Whether it is the file at an absolute path, or has it among its copies."""
        return path == self.path or path in self.family


@dataclass(frozen=True, slots=True)
class Results:
    """The ranked hits of one query, with what a person needs to judge them."""

    query: str
    hits: tuple[Hit, ...]
    near: tuple[Hit, ...] = ()
    """When nothing is good enough: the nearest misses."""
    notes: tuple[str, ...] = ()
    """What limits this result: words pruned, files unread, meaning incomplete."""
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    """Time per stage, in milliseconds."""
    cues: str = ""
    """What the question was taken to say besides its words, for people: `when: 2–8 years ago · kind: script`."""
    limits: str = ""
    """Within what was searched, for people: `kind script · after 2019-03-01`."""
