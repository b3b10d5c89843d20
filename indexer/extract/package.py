"""Files made of parts in a zip: their parts by name, read from memory, also where the zip is damaged.

The directory at the end is used when it is there; a file that was cut is searched for the headers of its parts.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol, cast

from ask.indexer.errors import Unreadable
from ask.indexer.extract.registry import Source
from ask.indexer.extract.unpack import STEP, Budget, Damaged, inflate

_HEADER = struct.Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1
_SIZE_FOLLOWS = 0x8
_UTF8 = 0x800
_MOST_PARTS = 100_000
_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_METHODS = (0, 8)
"""Stored and deflated; nothing else has been seen in files that people have."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file in a zip."""

    name: str
    offset: int
    """Of its header, in bytes."""
    packed: int | None
    """Bytes it takes; None when only the end of the data tells."""
    method: int
    encrypted: bool
    size: int = 0
    """Bytes it is said to hold; 0 when it does not say."""
    moment: tuple[int, int, int, int, int, int] | None = None
    """Year to second, local time of whoever packed it."""


class Target(Protocol):
    """What a part of XML is told to, as lxml calls it."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


class Package:
    """The parts of a source that is a zip. Raises `Unreadable("damaged")` when no part is found."""

    def __init__(self, source: Source, budget: Budget | None = None) -> None:
        self.source = source
        self.budget = budget or Budget(source)
        self._data = source.data
        self.parts: dict[str, Part] = {part.name: part for part in _directory(source.data)}
        if not self.parts:
            raise Unreadable("damaged", "not a zip file, or none of its parts is left")

    @cached_property
    def _by_lower(self) -> Mapping[str, str]:
        return {name.lower().replace("\\", "/"): name for name in self.parts}

    def find(self, name: str) -> str:
        """The name as it is written in the package, whatever its case; empty when there is no such part."""
        name = name.lstrip("/")
        return name if name in self.parts else self._by_lower.get(name.lower(), "")

    def matching(self, pattern: str) -> list[str]:
        """Names that match an expression as a whole, in any case, those with numbers in the order of the numbers."""
        found = [name for lower, name in self._by_lower.items() if re.fullmatch(pattern, lower)]
        return sorted(found, key=lambda name: (_number(name), name))

    def stream(self, name: str) -> Iterator[bytes]:
        """The content of a part. Raises `Unreadable` or, where damage begins, `Damaged`."""
        part = self.parts[self.find(name)]
        for chunk in self._raw(part):
            self.budget.spend(len(chunk))
            yield chunk

    def read(self, name: str) -> bytes:
        """The whole content of a part, up to where it is damaged; empty when there is no such part."""
        if not self.find(name):
            return b""
        chunks: list[bytes] = []
        with suppress(Damaged):
            chunks.extend(self.stream(name))
        return b"".join(chunks)

    def xml(self, name: str, target: Target) -> bool:
        """Tell a part of XML to `target`; False when there is no such part. Damage ends it, without an error."""
        if not self.find(name):
            return False
        with suppress(Damaged):
            parse_xml(self.stream(name), target)
        return True

    def relations(self, name: str) -> list[Relation]:
        """What a part of an Office Open XML package refers to, in the order of the file."""
        folder, _, base = name.rpartition("/")
        target = _Relations(folder)
        self.xml(f"{folder}/_rels/{base}.rels" if folder else f"_rels/{base}.rels", target)
        return target.found

    def _raw(self, part: Part) -> Iterator[bytes]:
        if part.encrypted:
            raise Unreadable("encrypted")
        if part.size > self.budget.left:  # said beforehand, it costs the other parts nothing
            raise Unreadable("too large", "it unpacks to more than the limits allow")
        head = self._data[part.offset : part.offset + _HEADER.size]
        if len(head) < _HEADER.size or not head.startswith(_SIGNATURE):
            raise Damaged("its header is gone")
        *_, name_length, extra_length = _HEADER.unpack(head)
        start = part.offset + _HEADER.size + name_length + extra_length
        packed = self._data[start : self._end(start, part)]
        if part.method == 0:
            yield from (packed[at : at + STEP] for at in range(0, len(packed), STEP))
        elif part.method == 8:
            yield from inflate(packed)
        else:
            raise Unreadable("unsupported", f"zip compression method {part.method}")

    def _end(self, start: int, part: Part) -> int:
        if part.packed is not None:
            return start + part.packed
        following = self._data.find(_SIGNATURE, start) if part.method == 0 else -1
        return len(self._data) if following < 0 else following


@dataclass(frozen=True, slots=True)
class Relation:
    """A reference from one part to another."""

    id: str
    kind: str
    """Last word of its type: `slide`, `comments`, `hyperlink`."""
    target: str
    """Name of a part, or an address."""
    external: bool


class _Relations:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.found: list[Relation] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if local(tag) != "Relationship":
            return
        target, external = attributes.get("Target", ""), attributes.get("TargetMode") == "External"
        if not external:
            target = posixpath.normpath(posixpath.join("/" + self._folder, target)).lstrip("/")
        kind = attributes.get("Type", "").rpartition("/")[2]
        self.found.append(Relation(attributes.get("Id", ""), kind, target, external))

    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


@lru_cache(maxsize=4096)
def local(tag: str) -> str:
    """A tag or attribute without its namespace: formats with old and new namespaces differ in nothing else."""
    return tag.rpartition("}")[2]


def attribute(attributes: Mapping[str, str], name: str) -> str:
    """The value of an attribute in whatever namespace; empty when there is none."""
    return next((value for key, value in attributes.items() if local(key) == name), "")


def parse_xml(chunks: Iterator[bytes], target: Target) -> None:
    """Tell XML to `target`, mending what can be mended. Nothing is declared, expanded or fetched."""
    from lxml import etree

    parser: Any = etree.XMLParser(
        target=cast(Any, target), recover=True, resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        parser.feed(_undeclared(next(chunks, b"")))
        for chunk in chunks:
            parser.feed(chunk)
    except Damaged:
        _close(parser)
        raise
    except etree.LxmlError as problem:
        raise Damaged(str(problem)) from problem
    _close(parser)


def _close(parser: Any) -> None:
    from lxml import etree

    with suppress(etree.LxmlError):  # cut or empty; the target has been told what there is
        parser.close()


def _undeclared(head: bytes) -> bytes:
    """The beginning of an XML file without document type and its entities. Its end may be cut: such files are bombs."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode()
        head = re.sub(rb"^<\?xml.*?\?>", b"", head)
    if b"<!DOCTYPE" not in head:
        return head
    head = _DOCTYPE.sub(b" ", head)
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Unreadable("unsupported", "XML with declarations of its own")
    return head


def _directory(data: bytes) -> list[Part]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, OSError, EOFError, struct.error):
        return list(_searched(data))
    parts = [_part(info) for info in infos[:_MOST_PARTS]]
    sound = any(data.startswith(_SIGNATURE, part.offset) for part in parts)
    return parts if sound else list(_searched(data))


def _part(info: zipfile.ZipInfo) -> Part:
    name = info.filename if info.flag_bits & _UTF8 else _recoded(info.filename)
    encrypted = bool(info.flag_bits & _ENCRYPTED)
    return Part(
        name, info.header_offset, info.compress_size, info.compress_type, encrypted, info.file_size, info.date_time
    )


def _recoded(name: str) -> str:
    """A name that Python read as code page 437: UTF-8 if it can be that, else the 852 of Windows in Central Europe.

    The letters that most Western languages use stand at the same places in both.
    """
    if name.isascii():
        return name
    raw = name.encode("cp437", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp852", "replace")


def _searched(data: bytes) -> Iterator[Part]:
    """The parts of a zip whose directory is gone, by their headers."""
    at = data.find(_SIGNATURE)
    found = 0
    while 0 <= at <= len(data) - _HEADER.size and found < _MOST_PARTS:
        _, _, flags, method, _, _, _, packed, _, name_length, _ = _HEADER.unpack_from(data, at)
        raw = data[at + _HEADER.size : at + _HEADER.size + name_length]
        name = raw.decode("utf-8", "replace")
        if method in _METHODS and 0 < name_length < 1000 and name.isprintable():
            known = not flags & _SIZE_FOLLOWS and packed < len(data)
            yield Part(name, at, packed if known else None, method, bool(flags & _ENCRYPTED))
            found += 1
        at = data.find(_SIGNATURE, at + 4)


def _number(name: str) -> int:
    match = re.search(r"(\d{1,9})\D*$", name.rpartition("/")[2])
    return int(match.group(1)) if match else 0
