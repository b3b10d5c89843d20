"""Archives and compressed files, made here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import zstandard
from ask.indexer import helpers
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Limits, Source, read

FILES: Mapping[str, bytes] = {
    "notes.txt": "Příliš žluťoučký kůň".encode(),
    "deep/er/page.html": b"<html><body><p>A page</p></body></html>",
    "photos/img.bin": bytes(range(256)),
    ".ssh/id_rsa": b"-----BEGIN OPENSSH PRIVATE KEY-----",
    "deep/.env": b"PASSWORD=x",
    "app/node_modules/x/index.js": b"var x",
    "app/package.json": b'{"name": "app"}',
}


def make_zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2019, 5, 6, 7, 8, 10)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def make_tar(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_557_126_490
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


def scrambled(data: bytes) -> bytes:
    """A zip whose first member claims to be encrypted."""
    out = bytearray(data)
    out[6] |= 1
    out[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(out)


ZIP, TAR = make_zip(FILES), make_tar(FILES)
SAMPLES = {
    "a.zip": ZIP,
    "a.tar": TAR,
    "a.tar.gz": gzip.compress(TAR),
    "notes.txt.bz2": bz2.compress(FILES["notes.txt"]),
    "notes.txt.xz": lzma.compress(FILES["notes.txt"]),
    "notes.txt.zst": zstandard.compress(FILES["notes.txt"]),
}


def read_all(data: bytes, name: str, limits: Limits | None = None) -> list[Document]:
    return list(read(Source(data, name, limits=limits or Limits())))


def outcome(data: bytes, name: str, limits: Limits | None = None) -> str:
    """`read`, or the reason why not."""
    try:
        read_all(data, name, limits)
    except Unreadable as problem:
        return problem.reason
    return "read"


def members(data: bytes, name: str, limits: Limits | None = None) -> list[str | None]:
    return [document.member for document in read_all(data, name, limits)]


COMPRESSED = {
    "a.tgz": gzip.compress(TAR),
    "a.tar.bz2": bz2.compress(TAR),
    "a.txz": lzma.compress(TAR),
    "a.tar.zst": zstandard.compress(TAR),
    "a.tar": TAR,
    "backup": TAR,
    "a.zip": ZIP,
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_members(name: str) -> None:
    note, page, settings, names = read_all(COMPRESSED[name], name)
    assert (note.member, note.text) == ("notes.txt", "Příliš žluťoučký kůň")
    assert (page.member, page.kind) == ("deep/er/page.html", "page")
    assert settings.member == "app/package.json"
    assert (names.member, names.kind) == (None, "archive")
    assert "photos/img.bin" in names.text
    assert "id_rsa" not in names.text
    assert ".env" not in names.text
    assert names.facts == {"members": "5", "not read": "1 binary, 1 build, 2 secret"}


@pytest.mark.parametrize("name", ["notes.txt.bz2", "notes.txt.xz", "notes.txt.zst"])
def test_one_compressed_file_is_the_document(name: str) -> None:
    (document,) = read_all(SAMPLES[name], name)
    assert (document.member, document.text) == (None, "Příliš žluťoučký kůň")


def test_archives_in_archives() -> None:
    data = FILES["notes.txt"]
    for depth in range(4):
        data = make_zip({f"{depth}.zip" if depth else "notes.txt": data})
    assert members(data, "a.zip", Limits(depth=4))[0] == "3.zip/2.zip/1.zip/notes.txt"
    names = read_all(data, "a.zip", Limits(depth=2))
    assert [document.kind for document in names] == ["archive"] * 3
    assert names[0].facts["not read"] == "1 too deep"


def test_limits() -> None:
    many = make_zip({f"{n}.txt": b"text" for n in range(30)})
    documents = read_all(many, "a.zip", Limits(members=10))
    assert len(documents) == 10
    assert documents[-1].facts["not read"] == "21 too large"
    assert outcome(gzip.compress(bytes(60_000_000)), "a.gz") == "too large"
    assert outcome(zstandard.compress(b"a" * 60_000_000), "a.zst") == "too large"
    assert outcome(bz2.compress(b"a" * 60_000_000), "a.bz2") == "too large"
    big = make_zip({"a.txt": b"a" * 60_000_000, "b.txt": b"read before" * 3})
    assert [document.text for document in read_all(big, "a.zip")] == ["read before" * 3, "a.txt\nb.txt"]


def test_encrypted_members() -> None:
    two = make_zip({"a.txt": b"secret text", "b.txt": b"open text"})
    documents = read_all(scrambled(two), "a.zip")
    assert [document.text for document in documents] == ["open text", "a.txt\nb.txt"]
    assert documents[1].facts["not read"] == "1 encrypted"
    assert outcome(scrambled(make_zip({"a.txt": b"secret text"})), "a.zip") == "encrypted"


def test_names_in_old_code_pages() -> None:
    data = bytearray(make_zip({"prirucka.txt": b"text"}))
    odd = "příručka.txt".encode("cp852")
    data = bytearray(bytes(data).replace(b"prirucka.txt", odd))
    assert members(bytes(data), "a.zip")[0] == "příručka.txt"


def test_two_compressed_files_in_a_row() -> None:
    (document,) = read_all(gzip.compress(b"first\n") + gzip.compress(b"second\n"), "a.log.gz")
    assert document.text == "first\nsecond\n"


def test_what_stands_before_damage_is_read() -> None:
    text = "".join(f"line {n * n}\n" for n in range(50_000)).encode()
    whole = gzip.compress(text)
    (document,) = read_all(whole[: len(whole) // 2], "a.txt.gz")
    assert document.text.startswith("line 0\nline 1\n")
    assert outcome(gzip.compress(b"x")[:9], "a.gz") == "damaged"


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for turn in range(200):
        data = bytearray(SAMPLES[name])
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if turn % 3 == 0:
            del data[dice.randrange(len(data)) :]
        assert outcome(bytes(data), name) in {"read", *REASONS}


def make_other(files: Mapping[str, bytes], kind: str) -> bytes:
    """An archive of a kind that libarchive writes."""
    import libarchive

    out = io.BytesIO()

    def write(part: bytes) -> int:
        return out.write(part)

    with libarchive.custom_writer(write, kind) as archive:
        for name, content in files.items():
            archive.add_file_from_memory(name, len(content), [content], mtime=1_557_126_490)
    return out.getvalue()


needs_libarchive = pytest.mark.skipif(not helpers.is_there("libarchive"), reason="libarchive is not installed")
if helpers.is_there("libarchive"):
    SAMPLES["kettle.7z"] = make_other(FILES, "7zip")
    SAMPLES["kettle.iso"] = make_other({"kettle.txt": b"The kettle is in the shed.\n"}, "iso9660")


@needs_libarchive
@pytest.mark.parametrize(("kind", "suffix"), [("7zip", "7z"), ("iso9660", "iso"), ("cpio_newc", "cpio")])
def test_archives_of_other_kinds(kind: str, suffix: str) -> None:
    names = {name.replace(".ssh", "ssh"): content for name, content in FILES.items() if "modules" not in name}
    documents = list(read(Source(make_other(names, kind), f"things.{suffix}")))
    by_member = {document.member: document for document in documents}
    assert by_member["notes.txt"].text == "Příliš žluťoučký kůň"
    assert by_member["deep/er/page.html"].kind == "page"
    assert "PASSWORD" not in "".join(document.text for document in documents)
    assert documents[-1].kind == "archive"


@needs_libarchive
def test_an_archive_of_another_kind_in_a_zip() -> None:
    inner = make_other({"kettle.txt": b"The kettle is in the shed.\n"}, "7zip")
    members = [document.member for document in read(Source(make_zip({"old/things.7z": inner}), "backup.zip"))]
    assert members == ["old/things.7z/kettle.txt", "old/things.7z", None]


@needs_libarchive
def test_cut_archives_of_other_kinds() -> None:
    whole = make_other(FILES, "7zip")
    for end in (10, len(whole) // 2, len(whole) - 1):
        with pytest.raises(Unreadable) as problem:
            list(read(Source(whole[:end], "things.7z")))
        assert problem.value.reason == "damaged"


@needs_libarchive
def test_a_bomb_in_another_kind_of_archive() -> None:
    data = make_other({"zeros.txt": bytes(30_000_000)}, "7zip")
    (listed,) = read(Source(data, "bomb.7z", limits=Limits(bytes_out=1_000_000)))
    assert listed.facts["not read"] == "1 too large"


@needs_libarchive
def test_a_confined_process_reads_them(ask: Any, tree: Callable[[Mapping[str, Any]], Path]) -> None:
    """Where the system's loader cannot be asked for the library, which needs a program."""
    root = tree({"things.7z": make_other({"kettle.txt": b"The kettle is in the shed.\n"}, "7zip")})
    assert ask("index", root).code == 0
    assert ask("search", "kettle", "--json").json()["hits"][0]["document"] == "kettle.txt"
