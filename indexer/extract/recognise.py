"""Text in pictures, through the library of tesseract where the system has it.

The library is loaded into the confined worker itself, so pictures are recognised under limits as anything else is read,
also inside archives, and no program is started. Words of which tesseract is not sure are left out: in a photo of a tree
it sees letters, too.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Sequence
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ask.indexer.extract.registry import Recognition
from ask.indexer.helpers import library_file
from ask.indexer.text import normalise

if TYPE_CHECKING:
    from PIL.Image import Image

_FOLDERS = (
    *("/usr/share/tesseract-ocr", "/usr/share/tessdata"),
    *("/usr/local/share/tessdata", "/opt/homebrew/share/tessdata"),
)
RECOGNISED = "pages recognised"
"""A fact: in how many pages or pictures text was made out."""
_CODES = {
    "en": "eng", "cs": "ces", "sk": "slk", "de": "deu", "fr": "fra", "pl": "pol", "es": "spa", "it": "ita", "uk": "ukr",
    "ru": "rus", "nl": "nld", "pt": "por", "hu": "hun", "sv": "swe", "da": "dan", "fi": "fin", "ro": "ron", "hr": "hrv",
}  # fmt: skip
"""What tesseract calls languages."""
_SURE = 50.0
"""Confidence in percent from which a word is taken."""
_SURE_ON_AVERAGE = 65.0
_LETTERS = 8
"""Letters that a picture must have for its text to be one."""
_LARGEST = 4_500
"""Pixels on the longer side; larger pictures are made smaller."""
_SMALL = 900
"""Pixels on the longer side below which a picture is made twice as large: letters of screenshots are small."""
_LEAST = 40
"""Pixels on the shorter side below which there is no text in a picture."""
_WHOLE_PAGE = 3
"""Tesseract's mode in which it looks for columns and paragraphs itself."""
_WORD = 5
"""The level of words in tesseract's table."""


@cache
def folder() -> Path | None:
    """Where tesseract's languages are; None: it is not installed. A confined process must have asked before it was."""
    named = os.environ.get("TESSDATA_PREFIX")
    for above in (Path(path) for path in ((named,) if named else ()) + _FOLDERS):
        for place in (above, *sorted(above.glob("*/tessdata"), reverse=True)):
            if next(place.glob("*.traineddata"), None) is not None:
                return place
    return None


def wanted(languages: Sequence[str]) -> str:
    """Those of the languages (`en`, `cs`) that are installed, as tesseract has them; empty when there is none."""
    place = folder()
    if place is None:
        return ""
    codes = [_CODES.get(language, language) for language in languages]
    return "+".join(code for code in codes if (place / f"{code}.traineddata").is_file())


class Recogniser:
    """Tesseract with its languages loaded. Not for several threads."""

    def __init__(self, languages: str) -> None:
        """Raises `OSError` when the library or the languages cannot be loaded."""
        self._library = _library()
        self._handle = self._library.TessBaseAPICreate()
        self._library.TessBaseAPISetVariable(self._handle, b"debug_file", os.devnull.encode())
        place = folder()
        if place is None or self._library.TessBaseAPIInit3(self._handle, bytes(place), languages.encode()) != 0:
            raise OSError(f"tesseract cannot load {languages}")
        self._library.TessBaseAPISetPageSegMode(self._handle, _WHOLE_PAGE)

    def text(self, picture: Image, dpi: int = 0) -> str:
        """The text in a picture, empty when there is none to be sure of."""
        picture = _fitting(picture)
        if min(picture.size) < _LEAST:
            return ""
        pixels = picture.tobytes()
        width, height = picture.size
        self._library.TessBaseAPISetImage(self._handle, pixels, width, height, 1, width)
        if dpi:
            self._library.TessBaseAPISetSourceResolution(self._handle, dpi)
        table = self._library.TessBaseAPIGetTsvText(self._handle, 0)
        try:
            return _text(ctypes.string_at(table).decode("utf-8", "replace")) if table else ""
        finally:
            self._library.TessDeleteText(table)
            self._library.TessBaseAPIClear(self._handle)


@cache
def recogniser(languages: str) -> Recogniser | None:
    """The one of this process; None where there is no tesseract."""
    try:
        return Recogniser(languages)
    except (OSError, AttributeError):
        return None


class Recognising:
    """Recognition of the pages or pictures of one file, until its time is spent."""

    def __init__(self, asked: Recognition | None) -> None:
        self._reader = recogniser(asked.languages) if asked is not None else None
        self._end = time.process_time() + (asked.seconds if asked is not None else 0)

    def __bool__(self) -> bool:
        """There is somebody who reads pictures, and time left."""
        return self._reader is not None and time.process_time() < self._end

    def text(self, picture: Image, dpi: int = 0) -> str:
        """The text in a picture; empty when there is none, or no time."""
        return self._reader.text(picture, dpi) if self and self._reader is not None else ""


def _library() -> Any:
    name = library_file("tesseract") or find_library("tesseract")
    if name is None:
        raise OSError("tesseract is not installed")
    library = ctypes.CDLL(name)
    handle, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, result, arguments in (
        ("TessBaseAPICreate", handle, []),
        ("TessBaseAPISetVariable", number, [handle, text, text]),
        ("TessBaseAPIInit3", number, [handle, text, text]),
        ("TessBaseAPISetPageSegMode", None, [handle, number]),
        ("TessBaseAPISetImage", None, [handle, text, number, number, number, number]),
        ("TessBaseAPISetSourceResolution", None, [handle, number]),
        ("TessBaseAPIGetTsvText", handle, [handle, number]),
        ("TessBaseAPIClear", None, [handle]),
        ("TessDeleteText", None, [handle]),
    ):
        found = getattr(library, function)
        found.restype, found.argtypes = result, arguments
    return library


def _fitting(picture: Image) -> Image:
    """In shades of grey on white, neither too large nor too small."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        from PIL.Image import new

        ground = new("RGBA", picture.size, "white")
        ground.alpha_composite(picture.convert("RGBA"))
        picture = ground
    picture = picture.convert("L")
    longer = max(picture.size)
    scale = _LARGEST / longer if longer > _LARGEST else 2 if longer < _SMALL else 1
    if scale == 1:
        return picture
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))


def _text(table: str) -> str:
    """Lines and paragraphs from tesseract's table of words."""
    lines: dict[tuple[str, ...], list[str]] = {}
    sure: list[float] = []
    for row in table.split("\n"):
        columns = row.split("\t")
        if len(columns) < 12 or columns[0] != str(_WORD):
            continue
        confidence = float(columns[10])
        if confidence >= _SURE and (word := columns[11].strip()):
            lines.setdefault(tuple(columns[1:5]), []).append(word)
            sure.append(confidence)
    parts: list[str] = []
    before: tuple[str, ...] | None = None
    for place, words in lines.items():
        if before is not None:
            parts.append("\n" if before[:3] == place[:3] else "\n\n")
        parts.append(" ".join(words))
        before = place
    text = normalise("".join(parts))
    letters = sum(letter.isalpha() for letter in text)
    if letters < _LETTERS or sum(sure) / len(sure) < _SURE_ON_AVERAGE:
        return ""
    return text
