"""From bytes to text, whatever the encoding; and telling text from binary data.

    bytes ─ byte order mark? ─ UTF-8? ─ UTF-16/32 without a mark? ─ declared? ─ legacy code page ─▶ str

Most files are UTF-8 and take the first path, at the speed of the decoder. Detection of code pages looks at a bounded
sample. The result never contains NUL and its line ends are \\n, so that line n of the text is line n of the file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

SAMPLE = 64 * 1024
"""Bytes that are looked at to tell an encoding."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b")) + b"\x7f"
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "cp950"}
"""Supersets that decode everything the named encoding does, as browsers do."""


def decode(data: bytes, declared: str = "") -> str:
    """The text of `data`. `declared` is what the file says its encoding is; it is believed only when it fits.

    Never raises: bytes that make no sense become U+FFFD.
    """
    return normalise(_decoded(data, declared))


def normalise(text: str) -> str:
    """Line ends become \\n, NULs vanish, lone surrogates become U+FFFD; the number of lines stays what it was."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    return without_surrogates(text)


def without_surrogates(text: str) -> str:
    """Lone surrogates, which escapes in JSON and broken UTF-16 leave behind, cannot be stored: U+FFFD stands for them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text)
    return text


_SURROGATES = re.compile("[\ud800-\udfff]")


def looks_binary(data: bytes) -> bool:
    """True when `data` is no text in any encoding. Looks at 8 KiB of the start and as much of the middle."""
    if not data or _marked(data):
        return False
    if _wide(data[:SAMPLE]):
        return False
    return any(_is_binary(part) for part in _parts(data))


def _parts(data: bytes) -> Iterator[bytes]:
    yield data[:8192]
    if len(data) > 3 * 8192:
        middle = len(data) // 2
        yield data[middle : middle + 8192]


def _is_binary(part: bytes) -> bool:
    if b"\0" in part and part.count(0) * 500 > len(part):
        return True
    controls = len(part) - len(part.translate(None, _CONTROLS))
    return controls * 20 > len(part)


def _marked(data: bytes) -> tuple[bytes, str] | None:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return mark, name
    return None


def _decoded(data: bytes, declared: str) -> str:
    if marked := _marked(data):
        mark, name = marked
        return data[len(mark) :].decode(name, "replace")
    if b"\x1b" not in data[:SAMPLE] and b"\0" not in data[:SAMPLE]:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return data.decode(encoding(data, declared), "replace")


def encoding(data: bytes, declared: str = "") -> str:
    """Python's name for the encoding of `data`, byte order marks aside."""
    sample = data[:SAMPLE]
    if wide := _wide(sample):
        return wide
    if b"\x1b" not in sample and _is_utf8(data):
        return "utf-8"
    if declared and (known := _fits(sample, declared)):
        return known
    return _legacy(sample) or "utf-8"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _fits(sample: bytes, declared: str) -> str | None:
    try:
        name = codecs.lookup(declared.strip()).name
        name = _WIDER.get(name, name)
        codecs.getincrementaldecoder(name)().decode(sample)
    except (LookupError, UnicodeDecodeError):
        return None
    return name


def _wide(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: the zero bytes of ASCII letters, blanks and line ends stand in fixed columns."""
    if b"\0" not in sample:
        return None
    length = len(sample) & ~3
    if length < 4:
        return None
    zeros = [sample[column:length:4].count(0) * 4 / length for column in range(4)]
    if zeros[0] > 0.95 and zeros[1] > 0.95 and zeros[3] < 0.05:
        return "utf-32-be"
    if zeros[3] > 0.95 and zeros[2] > 0.95 and zeros[0] < 0.05:
        return "utf-32-le"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if odd > 0.1 and even < 0.01:
        return "utf-16-le"
    if even > 0.1 and odd < 0.01:
        return "utf-16-be"
    return None


def _legacy(sample: bytes) -> str | None:
    """The most likely code page."""
    import chardet  # costs 40 ms, which UTF-8 files need not pay

    found = chardet.detect(sample)["encoding"]
    if found is None:
        return None
    name = codecs.lookup(found).name
    return _WIDER.get(name, name)
