"""Archives and compressed files: zip, tar, gz, bz2, xz and zst, read from memory and never unpacked to disk.

Each member is read by the extractor that claims it, under the rules that hold for files: secrets, build output and
hidden files stay out. What goes wrong with one member is told by the list of members, a document of its own.
"""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.members import member
from ask.indexer.extract.package import Package
from ask.indexer.extract.registry import Source, extractor, extractors, read
from ask.indexer.extract.unpack import Budget, unpack
from ask.indexer.rules import Rules, default_rules
from ask.indexer.text import one_line
from ask.indexer.unix_time import of_unix

LISTED = 500
"""Names shown in the list of members."""

_METHODS: Mapping[str, str] = {
    ".gz": "gz",
    ".tgz": "gz",
    ".bz2": "bz2",
    ".tbz": "bz2",
    ".tbz2": "bz2",
    ".xz": "xz",
    ".txz": "xz",
    ".lzma": "xz",
    ".zst": "zst",
    ".tzst": "zst",
}
_MAGIC: Mapping[bytes, str] = {
    b"\x1f\x8b\x08": "gz",
    **{b"BZh%d1AY&SY" % level: "bz2" for level in range(1, 10)},
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive."""

    name: str
    """Its path in there, with slashes."""
    read: Callable[[], bytes]
    """Raises `Unreadable`."""
    modified: datetime | None = None


@extractor("compressed", suffixes=sorted(_METHODS), magic=sorted(_MAGIC))
def read_compressed(source: Source) -> Iterator[Document]:
    """The file that was compressed, or the members of a tar."""
    method = next((name for magic, name in _MAGIC.items() if source.data.startswith(magic)), "")
    if source.suffix == ".lzma":
        method = method or "xz"
    if not method:
        raise Unreadable("damaged", f"it does not begin as {source.suffix or 'compressed'} files do")
    budget = Budget(source)
    inner = unpack(method, source.data, budget)
    name = source.name[: -len(source.suffix)] if source.suffix in _METHODS else source.name
    limits = replace(source.limits, bytes_out=max(budget.left, len(inner)))
    bare = replace(source, data=inner, name=name, depth=source.depth + 1, limits=limits)
    yield from read_tar(bare) if is_tar(bare) else read(bare)


def is_tar(source: Source) -> bool:
    """A tar, by the checksum of its first header."""
    try:
        tarfile.TarInfo.frombuf(source.data[: tarfile.BLOCKSIZE], "utf-8", "replace")
    except tarfile.HeaderError:
        return False
    return True


@extractor("tar", suffixes=[".tar"])
def read_tar(source: Source) -> Iterator[Document]:
    """The members of a tar. Raises `Unreadable("damaged")` when it does not begin as one."""
    if not is_tar(source):
        raise Unreadable("damaged", "the first header is not that of a tar")
    yield from members_of(source, list(_tar_entries(source.data)), Budget(source))


@extractor("unnamed tar", sniff=lambda source: source.data[257:262] == b"ustar" and is_tar(source))
def read_unnamed_tar(source: Source) -> Iterator[Document]:
    """A tar whose name does not say so."""
    yield from read_tar(source)


def zip_documents(package: Package) -> Iterator[Document]:
    """The members of a zip that is nothing but an archive."""
    entries = [
        Entry(part.name.replace("\\", "/"), _part_reader(package, part.name), _zip_moment(part.moment))
        for part in package.parts.values()
        if not part.name.endswith(("/", "\\"))
    ]
    yield from members_of(package.source, entries, package.budget)


def members_of(source: Source, entries: list[Entry], budget: Budget) -> Iterator[Document]:
    """The documents of all members that may be read, and the list of members. Raises `Unreadable` without any."""
    if not entries:
        raise Unreadable("empty", "an archive without files")
    troubles: Counter[str] = Counter()
    found = 0
    for entry, reason in _judged(entries):
        if reason or found >= source.limits.members - 1:
            troubles[reason or "too large"] += 1
            continue
        try:
            for document in read(member(source, entry.name, entry.read(), budget, entry.modified)):
                found += 1
                yield document
        except Unreadable as problem:
            troubles[problem.reason] += 1
    if not found and troubles["encrypted"]:
        raise Unreadable("encrypted", "its files are protected by a password")
    if not found and troubles["damaged"] == len(entries):
        raise Unreadable("damaged", "none of its files can be unpacked")
    yield _list(source, [entry for entry, reason in _judged(entries) if reason != "secret"], troubles)


def _list(source: Source, entries: list[Entry], troubles: Counter[str]) -> Document:
    """The names of the members, which say what an archive is about even where nothing in it is text."""
    names = [one_line(entry.name) for entry in entries]
    more = [f"and {len(names) - LISTED} more"] if len(names) > LISTED else []
    facts = {"members": str(len(names))}
    if troubles:
        facts["not read"] = ", ".join(f"{count} {reason}" for reason, count in sorted(troubles.items()))
    text = "\n".join(filter(None, [*names[:LISTED], *more]))
    return Document(text or source.name, "archive", member=source.member, lines=(), facts=facts)


@cache
def _rules() -> Rules:
    return default_rules(readable=[suffix for each in extractors() for suffix in each.suffixes])


def _judged(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    """Each entry with the reason for leaving it out, empty when it may be read."""
    entries = list(entries)
    siblings: dict[str, set[bytes]] = {}
    for entry in entries:
        folder, _, name = entry.name.rpartition("/")
        siblings.setdefault(folder, set()).add(_encoded(name))
    for entry in entries:
        yield entry, _left_out(entry.name, siblings)


def _left_out(path: str, siblings: Mapping[str, set[bytes]]) -> str:
    rules = _rules()
    names = [name for name in path.split("/") if name not in ("", ".")]
    above = ""
    for at, name in enumerate(names):
        which = rules.files if at == len(names) - 1 else rules.folders
        rule = which.find(_encoded(f"/{above}"), _encoded(name), siblings.get(above.rstrip("/"), ()))
        if rule is not None:
            return rule.reason
        if name.startswith("."):
            return "hidden"
        above += f"{name}/"
    return ""


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape" if not name.isascii() else "strict")


def _part_reader(package: Package, name: str) -> Callable[[], bytes]:
    return lambda: package.read(name)


def _zip_moment(stated: tuple[int, int, int, int, int, int] | None) -> datetime | None:
    try:
        return datetime(*stated).astimezone() if stated and stated[0] > 1980 else None
    except (ValueError, OverflowError, OSError):
        return None


def _tar_entries(data: bytes) -> Iterator[Entry]:
    """The regular files of a tar, as far as it is sound."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", errors="replace") as archive:
            for info in archive:
                if info.isreg() and not info.issparse():
                    yield Entry(
                        info.name,
                        _slice(data, info.offset_data, info.size),
                        of_unix(info.mtime) if info.mtime > 0 else None,
                    )
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, IndexError):
        return


def _slice(data: bytes, start: int, size: int) -> Callable[[], bytes]:
    return lambda: data[start : start + size]
