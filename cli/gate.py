"""The output gate: no text from a file, path, title, error or model is shown except through here.

    clean(text)        titles, notes, errors, answers: what is unseen or steers a terminal is taken out
    clean_path(path)   names of files: the same characters become visible escapes
    clean_spans(…)     `clean` that carries highlighted spans along
    Stream             `clean` for text that arrives in pieces, such as the words of a model
    to_json(value)     text unaltered, every such character written as a JSON escape
    paint, link        our own sequences, put around text that is already clean

It makes no difference whether a terminal or a pipe reads: a pipe may end on a terminal.

Taken out are C0 and C1 controls and DEL, whole escape sequences (CSI, OSC, DCS, APC, PM, SOS, in their 7-
and 8-bit forms), bidi controls, zero-width and other invisible characters, tag characters and variation
selectors. Joiners and selectors are kept where ordinary text is written with them: inside an emoji, between
two Arabic or Indic letters, one selector after a CJK ideograph, and in the three flags that are made of
tags. A sequence without an end loses only its introducer: the rest is harmless then, and hiding it would
hide what the file says.

Whatever the tokens make of a text, no output holds ESC or a C1 control, for each one begins or belongs to a
token that is dropped; so nothing can be put together from what is left.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import TextIO
from urllib.parse import quote

_INVISIBLE = (
    r"\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    r"\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bcaf\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
"""Format characters (category Cf), default-ignorable letters and fillers, selectors, tags, non-characters."""

_EMOJI = (
    r"[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001faff][\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
)
_EMOJIS = rf"{_EMOJI}(?:\u200d{_EMOJI}){{0,15}}"
_IDEOGRAPH = r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]"
_JOINING = r"[\u0620-\u065f\u066e-\u06dc\u06de-\u06ff\u0750-\u077f\u08a0-\u08c9\u0900-\u0dff]"
_FLAGS = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in name) + "\U000e007f" for name in ("gbeng", "gbsct", "gbwls")
)

_INTRODUCER = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])"
_PAYLOAD = r"[^\x00-\x08\x0a-\x1f\x7f-\x9f]{0,4096}"
"""What an OSC, DCS, … carries. Bounded, and without controls, so that tokens are found in linear time."""
_PARAMETERS = r"(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,16}"

_TOKENS = "|".join(
    [
        rf"(?P<keep>{_FLAGS}|{_EMOJIS}|[0-9#*]\ufe0f\u20e3|{_IDEOGRAPH}[\ufe00-\ufe02\U000e0100-\U000e01ef]"
        rf"|{_JOINING}(?:[\u200c\u200d]{_JOINING}){{1,64}})",
        rf"(?P<escape>{_INTRODUCER}{_PAYLOAD}(?:\x07|\x1b\\|\x9c)|{_PARAMETERS}[@-~]|\x1b[ -/]{{0,16}}[0-~])",
        r"(?P<line>\r\n|[\n\r\x0b\x0c\x85\u2028\u2029])",
        r"(?P<tab>\t)",
        r"(?P<byte>[\udc80-\udcff])",
        r"(?P<broken>[\ud800-\udfff])",
        rf"(?P<gone>[\x00-\x1f\x7f-\x9f{_INVISIBLE}])",
    ]
)
_UNFINISHED = "|".join(
    [
        rf"{_INTRODUCER}{_PAYLOAD}\x1b?",
        _PARAMETERS,
        r"\x1b[ -/]{0,16}",
        r"\r",
        r"[0-9#*]\ufe0f?",
        _IDEOGRAPH,
        r"\U0001f3f4[\U000e0061-\U000e007a]{0,5}",
        rf"{_EMOJIS}\u200d?",
        rf"{_JOINING}(?:[\u200c\u200d]{_JOINING}){{0,64}}[\u200c\u200d]?",
    ]
)
"""Ends of a text that the next piece may turn into another token."""

_SUSPECT = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLE}]")
_SUSPECT_IN_LINES = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLE}]")


@cache
def _token() -> re.Pattern[str]:
    return re.compile(_TOKENS)


@cache
def _token_or_held() -> re.Pattern[str]:
    return re.compile(rf"(?P<held>(?:{_UNFINISHED})\Z)|{_TOKENS}")


def clean(text: str, *, lines: bool = False) -> str:
    """`text` fit to be shown. One line unless `lines`: then \\n and \\t stay, other line ends become \\n.

    Bytes that are no UTF-8 (surrogates U+DC80-DCFF) are shown as \\xNN, other lone surrogates as U+FFFD.
    """
    if (_SUSPECT_IN_LINES if lines else _SUSPECT).search(text) is None:
        return text
    return _token().sub(lambda token: _shown(token, lines, "\t" if lines else " "), text)


def _shown(token: re.Match[str], lines: bool, tab: str) -> str:
    """What is shown in place of a token."""
    match token.lastgroup:
        case "keep":
            return token.group()
        case "line":
            return "\n" if lines else " "
        case "tab":
            return tab
        case "byte":
            return f"\\x{ord(token.group()) - 0xDC00:02x}"
        case "broken":
            return "\ufffd"
        case _:
            return ""


Spans = list[tuple[int, int]]
"""Marked parts of a text: (start, end) in code points, half-open, rising."""


def clean_spans(text: str, spans: Iterable[tuple[int, int]], *, tab: str = "    ") -> tuple[str, Spans]:
    """`clean` for one line with marked spans: the text to show, and where the spans lie in it."""
    if _SUSPECT.search(text) is None:
        return text, list(spans)
    pieces: list[str] = []
    before, after = [0], [0]  # offsets in the text and in what is shown, at both ends of each token
    for token in _token().finditer(text):
        plain, shown = text[before[-1] : token.start()], _shown(token, False, tab)
        start = after[-1] + len(plain)
        pieces += (plain, shown)
        before += (token.start(), token.end())
        after += (start, start + len(shown))
    pieces.append(text[before[-1] :])

    def moved(offset: int) -> int:
        nearest = bisect_right(before, offset) - 1
        target = after[nearest] + offset - before[nearest]
        return min([target, *after[nearest + 1 : nearest + 2]])

    return "".join(pieces), [(moved(start), moved(end)) for start, end in spans]


def clean_path(path: str) -> str:
    """A path as a person should see it: nothing hidden, nothing that steers, one line.

    `path` comes from `os.fsdecode`. A character that `clean` would drop is shown as `\\x1b` or `\\u202e`,
    so that two names that differ look different.
    """
    if _SUSPECT.search(path) is None:
        return path
    return _token().sub(_shown_in_path, path)


def _shown_in_path(token: re.Match[str]) -> str:
    if token.lastgroup == "keep":
        return token.group()
    return "".join(map(_escaped, token.group()))


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if _SUSPECT.match(character) is None:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Stream:
    """`clean(…, lines=True)` for a text in pieces: what `feed` and `close` give joins to what `clean` gives.

    A sequence split over pieces is held back until its end is seen, some 4,100 code points at most.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        text, self._held = self._held + piece, ""
        pieces: list[str] = []
        at = 0
        for token in _token_or_held().finditer(text):
            pieces.append(text[at : token.start()])
            at = token.end()
            if token.lastgroup == "held":
                self._held = token.group()
            else:
                pieces.append(_shown(token, True, "\t"))
        pieces.append(text[at:])
        return "".join(pieces)

    def close(self) -> str:
        """The rest, when nothing more comes."""
        rest, self._held = clean(self._held, lines=True), ""
        return rest


def to_json(value: object, *, indent: int | None = None) -> str:
    """`value` as JSON text that is safe on a terminal: what the gate would take out is written as `\\uXXXX`.

    Readers get every text back unaltered, and Czech stays readable. Bytes of a path that are no UTF-8
    become lone surrogates (`\\udc9b`): valid JSON, and Python's `os.fsencode(json.loads(…))` gives the very
    bytes back. Raises ValueError for NaN and infinities, which JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return _SUSPECT_IN_LINES.sub(lambda found: json.dumps(found.group())[1:-1], text)


def write_json(value: object, stream: TextIO, *, indent: int | None = None) -> None:
    """One JSON document and a line end, in UTF-8 whatever the encoding of the stream."""
    text = to_json(value, indent=indent) + "\n"
    buffer = getattr(stream, "buffer", None)
    stream.flush()
    if buffer is None:
        stream.write(text)
    else:
        buffer.write(text.encode())
        buffer.flush()


def paint(text: str, codes: str) -> str:
    """Clean `text` in a colour or weight. `codes` are SGR numbers such as "1;31"; none: as it is."""
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text


LINK_ADDRESS = "file://{host}{path}"
"""What is behind a clickable path. An editor's own address does as well: `vscode://file{path}:{line}`."""


def link(text: str, path: str, line: int | None = None, *, address: str = LINK_ADDRESS) -> str:
    """Clean `text` as a hyperlink (OSC 8) to the absolute `path`, percent-encoded.

    `address` is a setting, not text of a file; `{host}`, `{path}` and `{line}` in it are filled in. The
    host tells a terminal at the other end of an ssh connection that the file is not one of its own.
    """
    target = quote(os.fsencode(path.replace(os.sep, "/")), safe="/:~")
    slash = "" if target.startswith("/") else "/"  # C:/Users/… on Windows
    parts = {"{host}": _host(), "{line}": str(line or 1), "{path}": slash + target}
    filled = re.sub(r"\{(?:host|path|line)\}", lambda found: parts[found.group()], address)
    return f"\x1b]8;;{filled}\x1b\\{text}\x1b]8;;\x1b\\"


def _host() -> str:
    return quote(os.uname().nodename) if hasattr(os, "uname") else ""
