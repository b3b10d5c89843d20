"""Letters as TeX writes them (`\\v{z}`, `{\\'a}`) as the letters that they are."""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "v": "\u030c", "u": "\u0306", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "d": "\u0323",
}  # fmt: skip
_ACCENTED = re.compile(r"\\(?:(['`^\"~=.])\s*|([vuHckrd])(?:\s+|(?=\{)))(?:\{\\?([a-zA-Z])\}|\\?([a-zA-Z]))")
_LETTERS = {
    "ss": "ß",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "aa": "å",
    "AA": "Å",
    "i": "ı",
}
_LETTER = re.compile(r"\\(ss|ae|AE|oe|aa|AA|o|O|l|L|i)(?![a-zA-Z])\s?")
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?\s?|\\([&%$#_{}])|[{}]")


def readable(text: str) -> str:
    """A field of a bibliography on one line, without braces and commands."""
    text = _ACCENTED.sub(_accented, text)
    text = _LETTER.sub(lambda match: _LETTERS[match[1]], text)
    text = _COMMAND.sub(lambda match: match[1] or "", text)
    return " ".join(text.replace("~", " ").replace("---", "—").replace("--", "–").split())


def _accented(match: re.Match[str]) -> str:
    letter = match[3] or match[4]
    return unicodedata.normalize("NFC", letter + _ACCENTS[match[1] or match[2]])
