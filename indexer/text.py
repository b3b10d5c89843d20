"""From bytes to text, whatever the encoding; and telling text from binary data.

    bytes ─ byte order mark? ─ UTF-8? ─ UTF-16/32 without a mark? ─ declared? ─ code page? ─▶ str

Most files are UTF-8 and take the first path, at the speed of the decoder. Code pages are told by chardet from
a bounded sample. The result never contains NUL, and line n of the text is line n of the file.
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
_HIGH = bytes(range(128, 256))
_ESCAPES = re.compile(rb"\x1b(?:\$[@AB()]|\([BIJ]|\$\)[ACG])")
_SURROGATES = re.compile("[\ud800-\udfff]")

_CODE_PAGES = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 iso8859-1 iso8859-2 iso8859-5 iso8859-7 "
    "iso8859-8 iso8859-9 iso8859-15 koi8-r koi8-u cp437 cp850 cp852 cp855 cp866 mac-roman mac-cyrillic mac-latin2 "
    "cp932 shift_jis_2004 euc_jis_2004 gb18030 big5hkscs cp949 johab tis-620 "
    "iso2022_jp_2 iso2022_jp_2004 iso2022_jp_ext iso2022_kr"
).split()
"""What people's files are written in. Without this list chardet takes short texts for EBCDIC, Tajik or HP-Roman8."""

_REALLY = {
    "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "iso8859-1": "cp1252", "ascii": "cp1252",
    "shift_jis": "cp932", "shift_jis_2004": "cp932",
}  # fmt: skip
"""What files are written in that are said to be in the named encoding; the newer Shift JIS has ¥ in place of \\."""


def decode(data: bytes, declared: str = "") -> str:
    """The text of `data`. `declared` is what the file says its encoding is; it is believed only where it fits.

    Never raises: bytes that make no sense become U+FFFD.
    """
    return normalise(_decoded(data, declared))


def normalise(text: str) -> str:
    """Line ends become \\n, NULs vanish, lone surrogates become U+FFFD; every line keeps its number."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        # A carriage return alone ends lines only in files of old Macs; in others (progress bars in logs) neither
        # grep nor editors count it.
        text = text.replace("\r", "\n" if text.count("\r") > text.count("\n") else " ")
    if "\0" in text:
        text = text.replace("\0", "")
    return without_surrogates(text)


def one_line(text: str) -> str:
    """The same without line ends, with single spaces: a title, a name, a cell."""
    return " ".join(normalise(text).split())


def without_surrogates(text: str) -> str:
    """Lone surrogates, left by escapes in JSON and broken UTF-16, cannot be stored: U+FFFD stands for them."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def looks_binary(data: bytes) -> bool:
    """True when `data` is no text in any encoding. Looks at 8 KiB of the start and as much of the middle."""
    if not data or _marked(data) or _wide(data[:SAMPLE]):
        return False
    return any(_is_binary(part) for part in _parts(data))


def encoding(data: bytes, declared: str = "") -> str:
    """Python's name for the encoding of `data`, byte order marks aside."""
    if wide := _wide(data[:SAMPLE]):
        return wide
    if _ESCAPES.search(data, 0, SAMPLE) is None:
        try:
            data.decode("utf-8")
            return "utf-8"
        except UnicodeDecodeError as problem:
            return _code_page(data, declared, problem.start)
    return _code_page(data, declared, 0)


def _parts(data: bytes) -> Iterator[bytes]:
    yield data[:8192]
    if len(data) > 3 * 8192:
        middle = len(data) // 2
        yield data[middle : middle + 8192]


def _is_binary(part: bytes) -> bool:
    if part.isascii() and _ESCAPES.search(part) and b"\0" not in part:
        return False  # ISO 2022 shifts with control characters
    if part.count(0) > max(3, len(part) // 500):
        return True
    controls = len(part) - len(part.translate(None, _CONTROLS))
    return controls > max(3, len(part) // 20)


def _marked(data: bytes) -> tuple[bytes, str] | None:
    return next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), None)


def _decoded(data: bytes, declared: str) -> str:
    if marked := _marked(data):
        mark, name = marked
        return data[len(mark) :].decode(name, "replace")
    if wide := _wide(data[:SAMPLE]):
        return data.decode(wide, "replace")
    if _ESCAPES.search(data, 0, SAMPLE):
        return data.decode(_code_page(data, declared, 0), "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        first = problem.start
    if _mostly_utf8(data):
        return _mixed(data, first)
    return data.decode(_code_page(data, declared, first), "replace")


def _mostly_utf8(data: bytes) -> bool:
    """More characters than mistakes: damaged UTF-8, or a log to which programs with several encodings wrote."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) > 2 * wrong


def _mixed(data: bytes, first: int) -> str:
    """Lines in UTF-8, except those that are not: they are in some code page, told from all of them."""
    lines = data.split(b"\n")
    strangers = b"\n".join(line for line in lines if not _mostly_utf8(line) and not _is_utf8(line))
    page = _code_page(strangers, "", 0) if strangers else "utf-8"
    return "\n".join(
        line.decode("utf-8" if _is_utf8(line) or _mostly_utf8(line) else page, "replace") for line in lines
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _wide(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: the zero bytes of ASCII characters stand in fixed columns."""
    length = len(sample) & ~3
    if b"\0" not in sample or length < 4:
        return None
    zeros = [sample[column:length:4].count(0) * 4 / length for column in range(4)]
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    guess = ""
    if min(zeros[2], zeros[3]) > 0.95 > zeros[0]:
        guess = "utf-32-le"
    elif min(zeros[0], zeros[1]) > 0.95 > zeros[3]:
        guess = "utf-32-be"
    elif max(odd, even) < 0.3 and _nearly_ascii(sample):
        return None  # some program left zero bytes in its log
    elif odd > 0.02 and even < 0.01:
        guess = "utf-16-le"
    elif even > 0.02 and odd < 0.01:
        guess = "utf-16-be"
    return guess if guess and _reads_well(sample[:length], guess) else None


def _nearly_ascii(sample: bytes) -> bool:
    return len(sample.translate(None, _HIGH)) > 0.9 * len(sample)


def _reads_well(sample: bytes, name: str) -> bool:
    text = sample[:8192].decode(name, "replace")
    good = sum(c.isprintable() or c in "\t\n\r\f\ufeff" for c in text) - text.count("\ufffd")
    return good > 0.97 * len(text) - 1


def _code_page(data: bytes, declared: str, first: int) -> str:
    """The code page of `data`, which is not UTF-8 at byte `first`. The sample is taken from there on."""
    sample = data if len(data) <= SAMPLE else data[max(first - 4096, 0) :][:SAMPLE]
    if declared and (known := _fits(sample, declared)):
        return known
    import chardet  # costs 40 ms, which UTF-8 files need not pay

    found = chardet.detect(sample, include_encodings=_CODE_PAGES, compat_names=False, prefer_superset=False)
    name = codecs.lookup(found["encoding"] or "cp1252").name
    if name == "cp1250" and _is_latin2(sample):
        return "iso8859-2"
    return _REALLY.get(name, name)


def _fits(sample: bytes, declared: str) -> str | None:
    try:
        name = codecs.lookup(declared.strip()).name
        codecs.getincrementaldecoder(name)().decode(sample)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    return _REALLY.get(name, name) if codecs.lookup(name)._is_text_encoding else None


_LATIN2 = re.compile(
    rb"(?<=[a-zA-Z\xc0-\xff])[\xa9\xab\xae\xbb](?=[a-zA-Z\xc0-\xff])|[a-zA-Z\xc0-\xff]\xbe|\xbe[a-zA-Z\xc0-\xff]"
)
"""Š Ť Ž ť ž of ISO 8859-2 inside words, where windows-1250 has © « ® » ľ."""


def _is_latin2(sample: bytes) -> bool:
    """Czech or Slovak in ISO 8859-2, which differs from windows-1250 in few letters.

    windows-1250 has š ť ž at 0x80–0x9F, where ISO 8859-2 has nothing that stands in a text. š at 0xB9 is the Polish ą
    of windows-1250, so it counts only beside the Czech ě ř ů č.
    """
    if any(0x80 <= byte <= 0x9F for byte in sample):
        return False
    return bool(_LATIN2.search(sample)) or (b"\xb9" in sample and any(c in sample for c in b"\xec\xf8\xf9\xe8"))
