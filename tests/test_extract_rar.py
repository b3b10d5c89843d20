"""RAR archives, in both of its formats. No free program writes one, so they are written here, with stored members."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import helpers
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Limits, Source, read

pytestmark = pytest.mark.skipif(not helpers.is_there("libarchive"), reason="libarchive is not installed")

MAIL = "From: Petr Novák <petr@example.org>\nSubject: Nabídka kotle\n\nPříští týden přijedu s kotlem.\n"
FILES: Mapping[str, bytes] = {
    "notes.txt": b"The kettle is in the shed.\n",
    "dům/účty za teplo.txt": "Příliš žluťoučký kůň úpěl ďábelské ódy.\n".encode(),
    "pošta/nabídka.eml": MAIL.encode(),
    "dům/.env": b"PASSWORD=hunter2",
    "picture.bin": bytes(range(256)),
}
SAVED = datetime(2021, 5, 4, 10, 30, tzinfo=UTC)
ENCRYPTED = 0x04


def rar4(files: Mapping[str, bytes], protected: str = "") -> bytes:
    """An archive as RAR 2.9 to 4 wrote it on Windows; the member `protected` is said to be under a password."""
    out = [b"Rar!\x1a\x07\0", _block4(0x73, 0, bytes(6))]
    for path, content in files.items():
        name = _name4(path.replace("/", "\\"))
        flags = 0x8000 | (0x0200 if b"\0" in name else 0) | (ENCRYPTED if path == protected else 0)
        day = (SAVED.year - 1980) << 9 | SAVED.month << 5 | SAVED.day
        time = SAVED.hour << 11 | SAVED.minute << 5 | SAVED.second // 2
        fields = struct.pack("<IIBIHHBBHI", len(content), len(content), 2, zlib.crc32(content), time, day,
                             29, 0x30, len(name), 0x20)  # fmt: skip
        out += [_block4(0x74, flags, fields + name), content]
    return b"".join([*out, _block4(0x7B, 0x4000, b"")])


def _block4(kind: int, flags: int, fields: bytes) -> bytes:
    """A header: its checksum is the lower half of a CRC-32."""
    rest = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest


def _name4(path: str) -> bytes:
    """A name in a code page; beyond ASCII the name in UTF-16 behind it, four letters after a byte that says so."""
    if path.isascii():
        return path.encode()
    parts = [path[at : at + 4].encode("utf-16-le") for at in range(0, len(path), 4)]
    return path.encode("cp852", "replace") + b"\0" + b"\0" + b"".join(b"\xaa" + part for part in parts)


def rar5(files: Mapping[str, bytes]) -> bytes:
    """An archive as RAR 5 and later write it on Linux: numbers of seven bits a byte, names in UTF-8, headers with a CRC-32."""
    out = [b"Rar!\x1a\x07\x01\0", _block5(_numbers(1, 0, 0))]
    for path, content in files.items():
        name = path.encode()
        fields = _numbers(2, 2, len(content), 0x02 | 0x04, len(content), 0o100644)
        fields += struct.pack("<II", int(SAVED.timestamp()), zlib.crc32(content)) + _numbers(0, 1, len(name)) + name
        out += [_block5(fields), content]
    return b"".join([*out, _block5(_numbers(5, 0, 0))])


def _block5(fields: bytes) -> bytes:
    rest = _numbers(len(fields)) + fields
    return struct.pack("<I", zlib.crc32(rest)) + rest


def _numbers(*numbers: int) -> bytes:
    out = bytearray()
    for number in numbers:
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
    return bytes(out)


KINDS: Mapping[str, Callable[[Mapping[str, bytes]], bytes]] = {"4": rar4, "5": rar5}
each_kind = pytest.mark.parametrize("rar", KINDS.values(), ids=KINDS)
Writer = Callable[[Mapping[str, bytes]], bytes]
Tree = Callable[[Mapping[str, Any]], Path]


def documents(data: bytes, name: str = "old.rar", limits: Limits | None = None) -> list[Document]:
    return list(read(Source(data, name, limits=limits or Limits())))


def outcome(data: bytes) -> str:
    """`read`, or the reason why not."""
    try:
        documents(data)
    except Unreadable as problem:
        return problem.reason
    return "read"


@each_kind
def test_members_of_a_rar(rar: Writer) -> None:
    note, bill, mail, names = documents(rar(FILES))
    assert (note.member, note.text) == ("notes.txt", "The kettle is in the shed.\n")
    assert (bill.member, bill.text) == ("dům/účty za teplo.txt", "Příliš žluťoučký kůň úpěl ďábelské ódy.\n")
    assert (mail.member, mail.kind, mail.title) == ("pošta/nabídka.eml", "mail", "Nabídka kotle")
    assert mail.people == ("Petr Novák <petr@example.org>",)
    assert (names.member, names.kind) == (None, "archive")
    assert names.text.splitlines() == ["notes.txt", "dům/účty za teplo.txt", "pošta/nabídka.eml", "picture.bin"]
    assert names.facts == {"members": "4", "not read": "1 binary, 1 secret"}


@each_kind
def test_a_rar_is_known_without_its_suffix(rar: Writer) -> None:
    assert documents(rar(FILES), "backup")[0].member == "notes.txt"


@each_kind
def test_a_damaged_rar_has_a_reason(rar: Writer) -> None:
    whole = rar(FILES)
    header = bytearray(whole)
    header[whole.index(b"notes.txt")] ^= 1
    for data in (bytes(header), whole[:-20], whole[: whole.index(b"Subject")], whole[:20]):
        with pytest.raises(Unreadable) as problem:
            documents(data)
        assert problem.value.reason in {"damaged", "empty"}
        assert "archive_p" not in problem.value.message  # an address in memory, different every time


@each_kind
def test_limits_hold_for_a_rar(rar: Writer) -> None:
    many = documents(rar({f"{n}.txt": b"text" for n in range(30)}), limits=Limits(members=10))
    assert (len(many), many[-1].facts) == (10, {"members": "30", "not read": "21 too large"})
    little = documents(rar(FILES), limits=Limits(bytes_out=100))
    assert [document.member for document in little] == ["notes.txt", "dům/účty za teplo.txt", None]
    assert little[-1].facts["not read"] == "1 secret, 2 too large"
    bomb = documents(rar({"zeros.txt.gz": gzip.compress(bytes(60_000_000)), "after.txt": b"read all the same"}))
    assert [document.member for document in bomb] == ["after.txt", None]
    assert bomb[-1].facts["not read"] == "1 too large"
    nested: Mapping[str, bytes] = FILES
    for depth in range(4):
        nested = {f"{depth}.rar": rar(nested)}
    deep = documents(rar(nested))
    assert {document.kind for document in deep} == {"archive"}
    assert deep[0].facts["not read"] == "1 too deep"
    assert documents(rar(nested), limits=Limits(depth=6))[0].member == "3.rar/2.rar/1.rar/0.rar/notes.txt"


def test_a_member_of_a_rar_under_a_password() -> None:
    """libarchive handed over what it had not decrypted, as if it were the file."""
    note, *_, names = documents(rar4(FILES, protected="notes.txt"))
    assert note.member == "dům/účty za teplo.txt"
    assert names.facts["not read"] == "1 binary, 1 encrypted, 1 secret"
    with pytest.raises(Unreadable) as problem:
        documents(rar4({"notes.txt": b"Not to be read."}, protected="notes.txt"))
    assert problem.value.reason == "encrypted"


@each_kind
def test_damage_of_a_rar_is_refused_or_read(rar: Writer) -> None:
    whole = rar(FILES)
    for at in range(0, len(whole), 3):
        data = bytearray(whole)
        data[at] ^= 0xFF
        assert outcome(bytes(data)) in {"read", *REASONS}


@each_kind
def test_a_rar_is_found(ask: Any, tree: Tree, monkeypatch: pytest.MonkeyPatch, rar: Writer) -> None:
    """In a process whose locale has ASCII only, too: there libarchive lost the names of RAR 4."""
    monkeypatch.setenv("LC_ALL", "C")
    root = tree({"old.rar": rar(FILES), "cut.rar": rar(FILES)[:-20]})
    said = ask("index", root, "--json").json()
    assert [(Path(each["path"]).name, each["reason"]) for each in said["unreadable"]] == [("cut.rar", "damaged")]
    for question, member in (
        ("kettle shed", "notes.txt"),
        ("žluťoučký kůň", "dům/účty za teplo.txt"),
        ("nabídka kotle", "pošta/nabídka.eml"),
    ):
        (hit,) = ask("search", question, "--only", "words", "--json").json()["hits"][:1]
        assert (Path(hit["path"]).name, hit["document"]) == ("old.rar", member)
    assert ask("search", "hunter2", "--only", "words", "--json").json()["hits"] == []
