"""Pictures: when, where and with what they were taken, and what people wrote about them.

What stands beside the picture is read (EXIF, IPTC, XMP, comments), and where that is wanted and tesseract is installed,
the text in it. A picture that says nothing is left out: its name says as much.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.moments import moment
from ask.indexer.extract.package import local, parse_xml
from ask.indexer.extract.pieces import paragraphs
from ask.indexer.extract.recognise import RECOGNISED, Recognising
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.unpack import Damaged
from ask.indexer.text import decode, normalise, one_line

if TYPE_CHECKING:
    from PIL.Image import Exif

_DAMAGE = (
    *(OSError, SyntaxError, struct.error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(EOFError, NotImplementedError, AssertionError, RuntimeError),
)
"""What Pillow raises for damaged files."""
_DESCRIPTION, _MAKE, _MODEL, _CHANGED, _ARTIST = 270, 271, 272, 306, 315
_TAKEN, _TAKEN_ZONE, _COMMENT, _DIGITISED = 36867, 36881, 37510, 36868
_WINDOWS = {40091: "title", 40092: "comment", 40093: "author", 40094: "tags", 40095: "subject"}
_DETAILS, _PLACE = 0x8769, 0x8825
_IPTC = {5: "title", 25: "tags", 80: "author", 90: "place", 95: "place", 101: "place", 105: "title", 120: "caption"}
_PNG = {
    "title": "title", "author": "author", "description": "caption", "comment": "comment", "parameters": "comment",
    "prompt": "comment", "creation time": "date",
}  # fmt: skip
_XMP = {
    "title": "title", "description": "caption", "subject": "tags", "creator": "author", "Headline": "title",
    "City": "place", "State": "place", "Country": "place", "Location": "place", "UserComment": "comment",
    "PersonInImage": "people", "Name": "people", "DateTimeOriginal": "date", "CreateDate": "date",
}  # fmt: skip
_PACKET = re.compile(rb"<x:xmpmeta\b.{1,1000000}?</x:xmpmeta>", re.DOTALL)
_BLOCK = re.compile(rb"Exif\0\0(?=II\*\0|MM\0\*)")
_WRITTEN = re.compile(r"(\d{4}):(\d\d):(\d\d)")
_BY_THE_CAMERA = re.compile(
    r"(?:olympus digital camera|sony dsc|samsung|minolta digital camera|dcim\w*|digital camera|default|ascii|unicode"
    r"|created with gimp|created with the gimp|screenshot|untitled|image|hdr|edf|cof)?[\W\d_]*",
    re.IGNORECASE,
)
SUFFIXES = [
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif"),
    *(".dng", ".cr2", ".nef", ".arw", ".orf", ".rw2", ".pef"),
]
_PAGES = 200
"""Pages of a scan in one file that are recognised."""
_ORDER = ("title", "caption", "comment", "subject", "tags", "people", "place")


@dataclass(slots=True)
class _Said:
    """What a picture says about itself, by what it is about; each text once."""

    texts: dict[str, dict[str, None]] = field(default_factory=dict)
    camera: str = ""
    date: datetime | None = None
    position: str = ""
    """Degrees north and east."""

    def add(self, about: str, text: str) -> None:
        text = one_line(text) if about != "comment" else normalise(text).strip()
        if text and not _BY_THE_CAMERA.fullmatch(text):
            self.texts.setdefault(about, {})[text[:5_000]] = None

    def all(self, about: str) -> str:
        return ", ".join(self.texts.get(about, ()))


@extractor("picture", suffixes=SUFFIXES)
def read_picture(source: Source) -> Iterator[Document]:
    """One document of kind "photo". Raises `Unreadable("empty")` when there is nothing to say."""
    said = _Said()
    _pillow(source.data, said)
    _raw(source.data, said)
    said.date = said.date or next(filter(None, map(moment, said.texts.get("date", ()))), None)
    recognised = _recognised(source)
    lines = [
        text for about in _ORDER for text in ([said.all(about)] if about != "comment" else said.texts.get(about, ()))
    ]
    if not any(lines) and not said.date and not said.position and not recognised:
        raise Unreadable("empty", "a picture that says nothing about itself")
    lines += [_taken(said), *recognised]
    text = "\n\n".join(filter(None, dict.fromkeys(lines)))
    facts = {
        RECOGNISED: str(len(recognised) or ""),
        "camera": said.camera,
        "place": said.all("place"),
        "position": said.position,
        "tags": said.all("tags"),
    }
    people = dict.fromkeys([*said.texts.get("author", ()), *said.texts.get("people", ())])
    yield Document(
        text,
        "photo",
        said.all("title")[:300],
        source.member,
        tuple(Block(*span) for span in paragraphs(text)),
        said.date,
        tuple(people),
        lines=(),
        facts={name: value for name, value in facts.items() if value},
    )


def _recognised(source: Source) -> list[str]:
    """The texts in a picture, one for each of its pages that has some; none where nobody reads pictures."""
    recognising = Recognising(source.recognition)
    if not recognising:
        return []
    from PIL import Image, ImageOps, ImageSequence

    texts: list[str] = []
    with warnings.catch_warnings(), suppress(*_DAMAGE, Image.DecompressionBombError):
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(source.data)) as picture:
            for page in ImageSequence.Iterator(picture):
                texts.append(recognising.text(ImageOps.exif_transpose(page)))
                if not recognising or len(texts) == _PAGES or picture.format != "TIFF":
                    break
    return [text for text in texts if text]


def _taken(said: _Said) -> str:
    """A sentence on when, where and with what: what people ask for and no caption tells."""
    parts = ["photo"]
    if said.date:
        parts.append(f"taken on {said.date:%Y-%m-%d (%A, %B)}")
    if said.position:
        parts.append(f"at {said.position}")
    if said.camera:
        parts.append(f"with {said.camera}")
    return " ".join(parts) if len(parts) > 1 else ""


def _pillow(data: bytes, said: _Said) -> None:
    from PIL import Image, IptcImagePlugin

    with warnings.catch_warnings(), suppress(*_DAMAGE, Image.DecompressionBombError):
        warnings.simplefilter("ignore")  # on large pictures, which are not unpacked, and on odd EXIF
        with Image.open(io.BytesIO(data)) as picture:
            for name, value in picture.info.items():
                if isinstance(name, str) and isinstance(value, str) and (about := _PNG.get(name.lower())):
                    said.add(about, value)
            if isinstance(comment := picture.info.get("comment"), bytes):
                said.add("comment", decode(comment))
            _exif(picture.getexif(), said)
            _iptc(IptcImagePlugin.getiptcinfo(picture) or {}, said)


def _raw(data: bytes, said: _Said) -> None:
    """Formats that Pillow does not know carry the same blocks; so do damaged files."""
    for match in list(_PACKET.finditer(data))[:3]:
        with suppress(Damaged, Unreadable):
            parse_xml(iter([match.group()]), _Packet(said))
    if said.date is not None:
        return
    from PIL import Image

    block = _BLOCK.search(data)
    if block is None and not data.startswith((b"II*\0", b"MM\0*", b"IIU\0", b"IIRO")):
        return
    with warnings.catch_warnings(), suppress(*_DAMAGE):
        warnings.simplefilter("ignore")
        exif = Image.Exif()
        exif.load(data[block.end() :] if block else data)
        _exif(exif, said)


def _exif(exif: Exif, said: _Said) -> None:
    details = exif.get_ifd(_DETAILS)
    said.add("caption", _string(exif.get(_DESCRIPTION)))
    said.add("author", _string(exif.get(_ARTIST)))
    for number, about in _WINDOWS.items():
        if isinstance(value := exif.get(number), bytes):
            said.add(about, value.decode("utf-16-le", "replace").replace(";", ", "))
    said.add("comment", _comment(details.get(_COMMENT)))
    make, model = _string(exif.get(_MAKE)), _string(exif.get(_MODEL))
    said.camera = said.camera or (model if model.startswith(make.split(" ")[0]) else f"{make} {model}".strip())
    zone = _string(details.get(_TAKEN_ZONE))
    for stated in (details.get(_TAKEN), details.get(_DIGITISED), exif.get(_CHANGED)):
        if said.date is None and (text := _WRITTEN.sub(r"\1-\2-\3", _string(stated))):
            said.date = moment(f"{text}{zone}") or moment(text)
    said.position = said.position or _position(exif.get_ifd(_PLACE))


def _string(value: object) -> str:
    if isinstance(value, bytes):
        value = decode(value)
    return " ".join(value.replace("\0", " ").split()) if isinstance(value, str) else ""


def _comment(value: object) -> str:
    """Eight bytes name the encoding."""
    if not isinstance(value, bytes):
        return _string(value)
    if value.startswith(b"UNICODE\0"):
        body = value[8:]
        return body.decode("utf-16-be" if body[:1] == b"\0" else "utf-16-le", "replace").strip("\0 ")
    return _string(value[8:] if value[:5] in (b"ASCII", b"JIS\0\0", bytes(5)) else value)


def _position(place: Mapping[int, Any]) -> str:
    """Degrees with five digits, about a metre."""
    try:
        north, east = (sum(float(part) / 60**power for power, part in enumerate(place[at])) for at in (2, 4))
    except (KeyError, *_DAMAGE):
        return ""
    north, east = (-north if place.get(1) == "S" else north), (-east if place.get(3) == "W" else east)
    return f"{north:.5f}, {east:.5f}" if abs(north) <= 90 and abs(east) <= 180 and (north or east) else ""


def _iptc(stated: Mapping[tuple[int, int], bytes | list[bytes]], said: _Said) -> None:
    for number, about in _IPTC.items():
        values = stated.get((2, number), [])
        for value in values if isinstance(values, list) else [values]:
            said.add(about, decode(value))


class _Packet:
    """XMP: texts and attributes below the names that say what they are about."""

    def __init__(self, said: _Said) -> None:
        self._said = said
        self._open: list[str] = []
        self._text: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._open.append(local(tag))
        self._text = []
        for name, value in attributes.items():
            if about := _XMP.get(local(name)):
                self._said.add(about, value)

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, tag: str) -> None:
        text, self._text = "".join(self._text), []
        if about := next((_XMP[name] for name in reversed(self._open[-4:]) if name in _XMP), ""):
            self._said.add(about, text)
        if self._open:
            self._open.pop()

    def close(self) -> None: ...
