"""Documents of Pages, Numbers and Keynote, made here as far as they are read."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def archive(kind: int, message: bytes) -> bytes:
    """A head and the one message that it tells of."""
    head = field(1, 7) + field(2, field(1, kind) + field(3, len(message)))
    return varint(len(head)) + head + message


def storage(text: str) -> bytes:
    return archive(2001, field(1, 0) + field(3, text.encode()))


def snappy(first: bytes, rest: bytes) -> bytes:
    """`first` three times, then `rest`: literals of both lengths, and copies with one and two bytes of offset."""
    length = len(first)
    literal = bytes([(length - 1) << 2]) + first
    near, far = bytes([(length - 4) << 2 | 1, length]), bytes([(length - 1) << 2 | 2, 2 * length, 0])
    long = bytes([61 << 2]) + (len(rest) - 1).to_bytes(2, "little") + rest
    return varint(3 * length + len(rest)) + literal + near + far + long


def part(*archives: bytes) -> bytes:
    """In front of them three messages of another type."""
    block = snappy(archive(1, b""), b"".join(archives))
    return b"\0" + len(block).to_bytes(3, "little") + block


def package(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


CELLS = archive(6005, field(1, 1) + field(3, field(1, 1) + field(3, "Žlutý čajník".encode())))
PARTS = {
    "Index/Document.iwa": part(storage("The kettle\u2029is in the shed.")),
    "Index/Slide-2.iwa": part(storage("Second")),
    "Index/Slide-10.iwa": part(storage("Tenth"), CELLS),
    "Index/MasterSlide-1.iwa": part(storage("Click to add a title")),
    "Metadata/Properties.plist": b"x",
}
SAMPLES = {"talk.key": package(PARTS), "letter.pages": package({"Index.zip": package(PARTS)})}


def read_one(data: bytes, name: str) -> Document:
    (document,) = read(Source(data, name))
    return document


@pytest.mark.parametrize(
    ("name", "kind"), [("talk.key", "slides"), ("letter.pages", "note"), ("sheet.numbers", "table")]
)
def test_every_text(name: str, kind: str) -> None:
    document = read_one(SAMPLES.get(name, SAMPLES["talk.key"]), name)
    assert document.kind == kind
    assert [document.text[block.start : block.end].replace("\n", " ") for block in document.blocks] == [
        "The kettle is in the shed.", "Second", "Tenth", "Žlutý čajník",
    ]  # fmt: skip


def outcome(data: bytes) -> str:
    try:
        list(read(Source(data, "talk.key")))
    except Unreadable as problem:
        return problem.reason
    return "read"


@pytest.mark.parametrize("seed", range(150))
def test_damage_is_refused_or_read(seed: int) -> None:
    dice = random.Random(seed)
    parts = dict(PARTS)
    for name in parts:
        data = bytearray(parts[name])
        for at in dice.choices(range(len(data)), k=3):
            data[at] = dice.randrange(256)
        parts[name] = bytes(data)
    assert outcome(package(parts)) in {"read", *REASONS}
