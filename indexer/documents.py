"""What crosses from one stage of indexing to the next.

A *source file* holds one or many *documents*; a document is text with structure (*blocks*) and knows where in its
file each piece of that text stands; the chunker cuts it into *chunks*. All offsets count code points of
`Document.text`, 0-based and half-open; all line and page numbers are 1-based, as people say them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

KINDS: Mapping[str, str] = {
    "note": "text that somebody wrote: plain text, Markdown, org, office documents",
    "code": "source code of a program",
    "script": "a short program that is run by itself",
    "page": "a web page",
    "paper": "a PDF or a book",
    "slides": "a presentation",
    "table": "rows and columns",
    "data": "JSON, XML and other structured data",
    "config": "settings of a program",
    "log": "lines written by a program",
    "mail": "a mail message",
    "chat": "a conversation",
    "link": "a bookmark or a visited page",
    "event": "an entry of a calendar",
    "contact": "a person in an address book",
    "photo": "a picture",
    "sound": "a recording",
    "archive": "a file that holds other files",
}

REASONS: Mapping[str, str] = {
    # left out on purpose
    "ignored": "named in a .gitignore or .askignore file",
    "hidden": "hidden file or folder",
    "build": "made by a program: build output, caches, dependencies",
    "secret": "may hold keys, passwords or private data",
    "own": "belongs to ask itself",
    "binary": "binary data without text",
    "empty": "no text in it",
    "too large": "larger than the limit for its kind",
    "special": "not a regular file: a pipe, socket, device or symbolic link",
    "other disk": "lies on another file system",
    "placeholder": "kept in the cloud, not on this disk",
    "unsupported": "a format that ask cannot read",
    "machine-written": "minified or generated text",
    # could not be read
    "no permission": "not allowed to read it",
    "vanished": "gone before it could be read",
    "changing": "changed while it was read",
    "encrypted": "protected by a password",
    "damaged": "not a valid file of its format",
    "scanned": "pictures of text without text",
    "needs helper": "needs a program that is not installed",
    "quarantined": "its parser crashed or ran too long, twice",
    "timeout": "took too long to read",
    "out of memory": "needed more memory than allowed",
    "too deep": "nested deeper than allowed",
}
"""Every reason a file is not in the index, with the words shown to people."""

UNREADABLE = frozenset(
    ["no permission", "vanished", "changing", "encrypted", "damaged", "scanned", "needs helper", "quarantined",
     "timeout", "out of memory", "too deep"]
)  # fmt: skip
"""Reasons that are a failure rather than a choice: they are counted as `unreadable` and make `ask index` exit 3."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text that belongs together: a paragraph, a function, a table row, a message.

    Blocks are in order and do not overlap; text between blocks is separators only. The chunker fills a chunk with
    neighbouring blocks of the same `heading` and cuts inside a block only when it alone exceeds the model's window.
    """

    start: int
    end: int
    heading: tuple[str, ...] = ()
    """Path of headings above it, outermost first; for code the enclosing classes."""
    symbol: str = ""
    """Name of the function or class the block defines, if any."""
    whole: bool = False
    """Keep it a chunk of its own when it is not tiny: a function, a section, a mail's body."""


@dataclass(frozen=True, slots=True)
class Document:
    """One thing a person would name: a note, a mail, a web page, the log of a day."""

    text: str
    """The readable text. Never contains NUL; line ends are \\n."""
    kind: str = "note"
    """A key of `KINDS`."""
    title: str = ""
    """What it calls itself (not the file's name); empty when it does not say."""
    member: str | None = None
    """Where it lies inside its file (`inbox/3`, `sheet Budget`, `talk.zip/notes.txt`); None: the file is the document."""
    blocks: tuple[Block, ...] = ()
    """Structure of the text; empty: the chunker looks for paragraphs itself."""
    date: datetime | None = None
    """When it says it was written (mail date, front matter, EXIF), timezone-aware. None: the file's time counts."""
    people: tuple[str, ...] = ()
    """Who wrote it and to whom, author first: `Petr Novák <petr@example.org>` or a nick."""
    language: str = ""
    """Programming language (`python`) for code; natural language (`cs`) where the document itself declares it."""
    header: str = ""
    """A line repeated in front of each chunk for embedding and words, such as a table's column names."""
    lines: tuple[tuple[int, int], ...] | None = None
    """Where text and source lines differ: (offset, source line) pairs, rising offsets. Empty: the file has no lines.
    None: the text has the very lines of the file."""
    pages: tuple[tuple[int, int], ...] = ()
    """(offset, page) pairs, rising; empty: no pages."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Other metadata worth showing and finding: `camera`, `subject`, `tags`, `channel`."""

    def line_at(self, offset: int) -> int | None:
        """The 1-based line of the source file at `offset`, or None where the file has no lines."""
        if self.lines is None:
            return self.text.count("\n", 0, offset) + 1
        return _last_at(self.lines, offset)

    def page_at(self, offset: int) -> int | None:
        """The 1-based page at `offset`, or None where there are no pages."""
        return _last_at(self.pages, offset)


@dataclass(frozen=True, slots=True)
class Credit:
    """Who wrote a file and when, as the history of a clone tells."""

    blob: str
    """What git calls the content it tells of, in hexadecimal."""
    first: int
    """When its first change was written, Unix seconds."""
    last: int
    people: tuple[str, ...]
    """Authors, those with the most changes first: `Petr Novák <petr@example.org>`."""


def _last_at(pairs: Sequence[tuple[int, int]], offset: int) -> int | None:
    if not pairs:
        return None
    at = bisect_right(pairs, offset, key=lambda pair: pair[0]) - 1
    return pairs[max(at, 0)][1]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document that is found, shown and embedded as one. Never longer than the model's window."""

    start: int
    end: int
    line: int | None
    end_line: int | None
    page: int | None
    heading: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
