"""Pictures and recordings, made here."""

from __future__ import annotations

import io
import random
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from PIL import Image, PngImagePlugin

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:rdf="rdf"><rdf:RDF><rdf:Description xmlns:dc="dc" xmlns:photoshop="ps" '
    'photoshop:City="Praha"><dc:subject><rdf:Bag><rdf:li>kůň</rdf:li><rdf:li>louka</rdf:li></rdf:Bag></dc:subject>'
    "<dc:title><rdf:Alt><rdf:li>Koně na louce</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def make_photo() -> bytes:
    """A JPEG as a camera writes it, with a caption."""
    exif = Image.Exif()
    exif[270], exif[271], exif[272] = "Horses by the river", "Canon", "Canon EOS 80D"
    exif[40092] = "žluťoučký".encode("utf-16-le")
    exif.get_ifd(0x8769).update({36867: "2019:07:14 10:20:30", 36881: "+02:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (50.0, 5.0, 15.0), 3: "E", 4: (14.0, 25.0, 16.5)})
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=exif, xmp=XMP.encode(), comment=b"from the camera card")
    return out.getvalue()


def make_png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text)
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def make_mp3() -> bytes:
    """ID3v2.3 tags in UTF-16 in front of a frame of sound."""
    frames = b""
    for name, text in (("TIT2", "Škoda lásky"), ("TPE1", "Jaromír Vejvoda"), ("TALB", "Polky"), ("TYER", "1934")):
        body = b"\x01" + text.encode("utf-16")
        frames += name.encode() + struct.pack(">IH", len(body), 0) + body
    size = len(frames)
    head = b"ID3\3\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    return head + frames + (b"\xff\xfb\x90\x64" + bytes(413)) * 4


SAMPLES = {"horses.jpg": make_photo(), "tree.png": make_png(Title="Strom"), "polka.mp3": make_mp3()}


def read_one(data: bytes, name: str) -> Document:
    (document,) = read(Source(data, name))
    return document


def outcome(data: bytes, name: str) -> str:
    """`read`, or the reason why not."""
    try:
        list(read(Source(data, name)))
    except Unreadable as problem:
        return problem.reason
    return "read"


def test_photo() -> None:
    document = read_one(SAMPLES["horses.jpg"], "IMG_1.jpg")
    assert document.date == datetime(2019, 7, 14, 10, 20, 30, tzinfo=timezone(timedelta(hours=2)))
    assert document.title == "Koně na louce"
    assert document.kind == "photo"
    assert "Horses by the river" in document.text
    assert "žluťoučký" in document.text
    assert document.text.endswith("photo taken on 2019-07-14 (Sunday, July) at 50.08750, 14.42125 with Canon EOS 80D")
    assert document.facts == {
        "camera": "Canon EOS 80D",
        "place": "Praha",
        "position": "50.08750, 14.42125",
        "tags": "kůň, louka",
    }


def test_a_format_that_pillow_does_not_know() -> None:
    """HEIC keeps its EXIF block as it is."""
    photo = SAMPLES["horses.jpg"]
    block = photo[photo.index(b"Exif\0\0") : photo.index(b"Exif\0\0") + 600]
    document = read_one(b"\0\0\0\x18ftypheic" + bytes(50) + block, "IMG_1.heic")
    assert document.date is not None
    assert document.date.astimezone(UTC).hour == 8


def test_texts_in_png() -> None:
    document = read_one(make_png(Title="Strom", parameters="a tree by a lake, oil painting"), "a.png")
    assert document.text == "Strom\n\na tree by a lake, oil painting"
    assert outcome(make_png(), "a.png") == "empty"
    assert outcome(make_png(Comment="Created with GIMP"), "a.png") == "empty"


def test_recording() -> None:
    document = read_one(SAMPLES["polka.mp3"], "01.mp3")
    assert (document.kind, document.title, document.people) == ("sound", "Škoda lásky", ("Jaromír Vejvoda",))
    assert document.text == "title: Škoda lásky\nartist: Jaromír Vejvoda\nalbum: Polky\nyear: 1934"
    assert document.facts["album"] == "Polky"
    assert outcome(SAMPLES["polka.mp3"][-836:], "01.mp3") == "empty"


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for turn in range(300):
        data = bytearray(SAMPLES[name])
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if turn % 3 == 0:
            del data[dice.randrange(len(data)) :]
        assert outcome(bytes(data), name) in {"read", *REASONS}
