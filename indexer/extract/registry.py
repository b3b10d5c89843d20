"""Which extractor reads which file.

An extractor is a function from a `Source` to documents, registered by decorating it:

    @extractor("pdf", suffixes=[".pdf"], magic=[b"%PDF-"])
    def read_pdf(source: Source) -> Iterator[Document]: ...

Built-in extractors register exactly as anybody else's would: by being imported (`BUILT_IN` lists ours). They run in a
worker process with limits and without network, get bytes, and yield documents; what cannot be read raises
`Unreadable(reason)`. Heavy libraries are imported inside the function, so that a worker pays only for what it meets.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable

BUILT_IN = (
    "mail",
    "outlook",
    "notes",
    "feeds",
    "calendar",
    "contacts",
    "subtitles",
    "bibliography",
    "markup",
    "man",
    "whatsapp",
    "chat_export",
    "assistants",
    "irc",
    "office",
    "opendocument",
    "books",
    "archive",
    "other_archive",
    "helped",
    "browser",
    "warc",
    "ole",
    "rtf",
    "picture",
    "sound",
    "markdown",
    "code",
    "html",
    "xml",
    "pdf",
    "notebook",
    "table",
    "data",
    "settings",
    "plain",
)
"""Modules of this folder that register extractors, in the order in which their claims are tried."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may cost to read. All are settings."""

    bytes_in: int = 200_000_000
    """Largest source file."""
    bytes_out: int = 200_000_000
    """Most text one file may yield, in UTF-8 bytes."""
    members: int = 10_000
    """Most documents one file may hold."""
    depth: int = 3
    """How many containers may be nested."""
    expansion: int = 200
    """Most bytes a compressed member may yield for each byte it takes."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """That text in pictures is wanted, and at what price."""

    languages: str
    """As tesseract has them: `ces+eng`."""
    seconds: int = 240
    """Processor time after which no further page or picture of the same file is begun."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read, or a member of one. The bytes are in memory; the path is only a name."""

    data: bytes
    name: str
    """File name without folders, for the suffix and for titles."""
    path: str = ""
    """Where it lies, for telling formats apart (`…/irclogs/2009/…`); never opened by an extractor."""
    modified: datetime | None = None
    """The file's own time, timezone-aware: formats that give only hours take their day from it or from the name."""
    member: str | None = None
    """Where inside an outer file this source lies, None at the top."""
    depth: int = 0
    """How many containers are around it."""
    limits: Limits = field(default_factory=Limits)
    recognition: Recognition | None = None
    """None: pictures of text are not looked at."""

    @property
    def suffix(self) -> str:
        """The last suffix in lower case, with its dot; empty when there is none."""
        dot = self.name.rfind(".")
        return self.name[dot:].lower() if dot > 0 else ""

    def inside(self, *places: str) -> str | None:
        """What lies at `places` in this source, as a member of the file; None when they are empty: the file itself."""
        return "/".join(part for part in (self.member, *places) if part) or None


Read = Callable[[Source], Iterator[Document]]


@dataclass(frozen=True, slots=True)
class Extractor:
    """A reading function with what it claims. Files are claimed by name first, then by their first bytes."""

    name: str
    read: Read
    suffixes: frozenset[str]
    names: frozenset[str]
    magic: tuple[bytes, ...]
    sniff: Callable[[Source], bool] | None
    """Looks at the first bytes of a source that no name settles, or checks a claim by suffix that is ambiguous."""


_registered: list[Extractor] = []


def extractor(
    name: str,
    *,
    suffixes: Sequence[str] = (),
    names: Sequence[str] = (),
    magic: Sequence[bytes] = (),
    sniff: Callable[[Source], bool] | None = None,
) -> Callable[[Read], Read]:
    """Register a reading function. `suffixes` carry their dot; `names` are whole file names; both in lower case.

    With `sniff` alone, the extractor is asked about every source that nothing else claims by name. With `suffixes` and
    `sniff`, the sniffer decides whether a file of that suffix is really meant (several extractors may share `.json`).
    """

    def register(read: Read) -> Read:
        claim = Extractor(name, read, frozenset(suffixes), frozenset(names), tuple(magic), sniff)
        _registered.append(claim)
        return read

    return register


@cache
def extractors() -> tuple[Extractor, ...]:
    """All registered extractors; the first call imports the built-in ones."""
    for module in BUILT_IN:
        importlib.import_module(f"ask.indexer.extract.{module}")
    return tuple(sorted(_registered, key=_turn))


def _turn(claim: Extractor) -> int:
    """When a claim is tried: ours as `BUILT_IN` says, whoever imports whom; others before them."""
    module = claim.read.__module__.rpartition(".")[2]
    return BUILT_IN.index(module) if module in BUILT_IN else -1


def choose(source: Source) -> Extractor:
    """The extractor for `source`. Raises `Unreadable("binary")` when nothing can read it."""
    head = source.data[:4096]
    by_name = [e for e in extractors() if source.suffix in e.suffixes or source.name.lower() in e.names]
    for claim in by_name:
        if claim.sniff is not None and claim.sniff(source):
            return claim
    for claim in by_name:
        if claim.sniff is None and not _looks_other(head, claim):
            return claim
    for claim in extractors():
        if any(head.startswith(magic) for magic in claim.magic):
            return claim
    for claim in extractors():
        if claim.sniff is not None and not claim.suffixes and claim.sniff(source):
            return claim
    raise Unreadable("binary", "binary data that no extractor reads")


def _looks_other(head: bytes, claim: Extractor) -> bool:
    """True when the first bytes belong to another registered format than the name says.

    Tags do not count: PHP, Markdown and notes may well start with `<html`.
    """
    if any(head.startswith(magic) for magic in claim.magic):
        return False
    others = (magic for e in extractors() if e is not claim for magic in e.magic if not magic.startswith(b"<"))
    return any(head.startswith(magic) for magic in others)


def read(source: Source) -> Iterator[Document]:
    """Read a source with the extractor that claims it. Extractors of containers call this for their members."""
    if not source.data:
        raise Unreadable("empty")
    if source.depth > source.limits.depth:
        raise Unreadable("too deep")
    yield from choose(source).read(source)
