"""Archives of other kinds (7z, rar, cab, iso, cpio, lha, rpm …) through libarchive, where the system has it.

They are read from memory; nothing is unpacked to disk. py7zr is LGPL, the rar libraries need a program that is not
free; libarchive (BSD) reads all of them, and libarchive-c (CC0) is the thin layer over it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.archive import Entry, members_of
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.unpack import Budget
from ask.indexer.helpers import library_file
from ask.indexer.unix_time import of_unix

if TYPE_CHECKING:
    from libarchive.entry import ArchiveEntry

_SUFFIXES = [".7z", ".rar", ".cab", ".iso", ".cpio", ".lha", ".lzh", ".rpm", ".deb"]
_MAGIC = [
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"MSCF\0\0\0\0",
    b"070701",
    b"070707",
    b"xar!\0\x1c",
    b"\xed\xab\xee\xdb",
]
_DAMAGE = (OSError, ValueError, TypeError, UnicodeError, OverflowError, MemoryError)
"""What the layer raises beside `ArchiveError`, which is an `Exception` of its own."""


@extractor("other archive", suffixes=_SUFFIXES, magic=_MAGIC)
def read_other_archive(source: Source) -> Iterator[Document]:
    """The members of an archive. Raises `Unreadable("needs helper")` where there is no libarchive."""
    _load()
    with closing(_Reading(source.data)) as names:
        listed = [(entry.pathname or "", entry.mtime) for entry in names if entry.isreg]
    budget = Budget(source)
    with closing(_Members(source.data, budget)) as members:
        entries = [
            Entry(name.replace("\\", "/").lstrip("/"), members.reader(at), of_unix(seconds) if seconds else None)
            for at, (name, seconds) in enumerate(listed)
        ]
        yield from members_of(source, entries, budget)


def _load() -> None:
    if file := library_file("libarchive"):
        os.environ.setdefault("LIBARCHIVE", file)
    try:
        import libarchive  # noqa: F401
    except (OSError, AttributeError, TypeError) as problem:
        raise Unreadable("needs helper", "libarchive") from problem


class _Reading:
    """The entries of an archive, one after the other. Raises `Unreadable`."""

    def __init__(self, data: bytes) -> None:
        import libarchive

        self._context = libarchive.memory_reader(data)
        self._entries: Iterator[ArchiveEntry] | None = None

    def __iter__(self) -> Iterator[ArchiveEntry]:
        return self

    def __next__(self) -> ArchiveEntry:
        from libarchive.exception import ArchiveError

        try:
            if self._entries is None:
                self._entries = iter(self._context.__enter__())
            return next(self._entries)
        except (ArchiveError, *_DAMAGE) as problem:
            raise _explained(problem) from problem

    def close(self) -> None:
        """Let go of the archive."""
        if self._entries is not None:
            self._entries = None
            self._context.__exit__(None, None, None)


class _Members:
    """Contents of members, asked for in the order of the archive."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._reading = _Reading(data)
        self._budget = budget
        self._next = 0

    def reader(self, at: int) -> Callable[[], bytes]:
        """What reads the member with that number among the regular files."""
        return lambda: self._content(at)

    def _content(self, at: int) -> bytes:
        from libarchive.exception import ArchiveError

        for entry in self._reading:
            if not entry.isreg:
                continue
            self._next += 1
            if self._next <= at:
                continue
            if _is_protected(entry):
                raise Unreadable("encrypted", "protected by a password")
            parts = []
            try:
                for part in entry.get_blocks():
                    self._budget.spend(len(part))
                    parts.append(part)
            except (ArchiveError, *_DAMAGE) as problem:
                if not parts:
                    raise _explained(problem) from problem
            return b"".join(parts)
        raise Unreadable("damaged", "the archive ends before this file")

    def close(self) -> None:
        """Let go of the archive."""
        self._reading.close()


def _is_protected(entry: ArchiveEntry) -> bool:
    """Of a RAR, libarchive hands over what is under a password as if it were the file."""
    from ctypes import c_int

    from libarchive import ffi

    return bool(ffi.ffi("entry_is_data_encrypted", [ffi.c_archive_entry_p], c_int)(entry._entry_p))


def _explained(problem: BaseException) -> Unreadable:
    text = str(getattr(problem, "msg", problem) or "libarchive gives up")  # an error as a text has addresses in it
    if any(word in text.lower() for word in ("encrypt", "passphrase", "password")):
        return Unreadable("encrypted", "protected by a password")
    return Unreadable("damaged", text[:200])
