"""Documents of Word, PowerPoint and Excel before 2007, put together here byte by byte."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping, Sequence

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def container(streams: Mapping[str, bytes]) -> bytes:
    """An OLE container; streams are filled up to 4096 bytes, below which they would lie elsewhere."""
    contents = {name: data.ljust(-(-max(len(data), 4096) // SECTOR) * SECTOR, b"\0") for name, data in streams.items()}
    directory_sectors = -(-(len(contents) + 1) // 4)
    chain = [FAT, *range(2, 1 + directory_sectors), END]
    entries = [_entry("Root Entry", 5, END, 0, child=1)]
    body = b""
    for number, (name, data) in enumerate(contents.items(), 1):
        start, count = len(chain), len(data) // SECTOR
        chain += [*range(start + 1, start + count), END]
        following = number + 1 if number < len(contents) else FREE
        entries.append(_entry(name, 2, start, len(data), right=following))
        body += data
    assert len(chain) <= 128, "more than one sector of table"
    table = struct.pack("<128I", *chain, *[FREE] * (128 - len(chain)))
    directory = b"".join(entries).ljust(directory_sectors * SECTOR, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, END, 0, END, 0) + struct.pack("<I", 0)
    return head.ljust(SECTOR, b"\xff") + table + directory + body


def _entry(name: str, kind: int, start: int, size: int, right: int = FREE, child: int = FREE) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    out = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1) + struct.pack("<III", FREE, right, child)
    return out + bytes(36) + struct.pack("<IQ", start, size)


def make_doc(pieces: Sequence[str | bytes], flags: int = 0x0200) -> bytes:
    """A Word document of these pieces: bytes are windows-1252, texts UTF-16."""
    main = bytearray(0x800)
    struct.pack_into("<HHHHH", main, 0, 0xA5EC, 193, 0, 0x405, 0)
    struct.pack_into("<H", main, 0x0A, flags)
    places, descriptors = [0], b""
    for piece in pieces:
        where = len(main)
        if isinstance(piece, bytes):
            main += piece
            descriptors += struct.pack("<HIH", 0, where * 2 | 0x40000000, 0)
        else:
            main += piece.encode("utf-16-le")
            descriptors += struct.pack("<HIH", 0, where, 0)
        places.append(places[-1] + len(piece))
    plc = struct.pack(f"<{len(places)}I", *places) + descriptors
    table = b"\x01" + struct.pack("<H", 4) + b"prms" + b"\x02" + struct.pack("<I", len(plc)) + plc
    struct.pack_into("<II", main, 0x1A2, 0, len(table))
    return container({"WordDocument": bytes(main), "1Table": table})


def record(kind: int, content: bytes, instance: int = 0, is_container: bool = False) -> bytes:
    return struct.pack("<HHI", instance << 4 | (0xF if is_container else 0), kind, len(content)) + content


def box(kind: int, *inner: bytes, instance: int = 0) -> bytes:
    return record(kind, b"".join(inner), instance, is_container=True)


def persist(reference: int, key: int) -> bytes:
    return record(0x03F3, struct.pack("<IIIII", reference, 0, 0, key, 0))


def texts(*pairs: tuple[int, str | bytes]) -> bytes:
    out = b""
    for kind, text in pairs:
        out += record(0x0F9F, struct.pack("<I", kind))
        out += record(0x0FA8, text) if isinstance(text, bytes) else record(0x0FA0, text.encode("utf-16-le"))
    return out


def make_ppt() -> bytes:
    """Two slides, the second saved before the first; the second has notes and a drawing with text."""
    slides = box(0x0FF0, persist(3, 256), texts((0, "Pozornost")), persist(2, 257), texts((0, b"Results")), instance=0)
    notes = box(0x0FF0, persist(4, 1), instance=2)
    parts = [
        box(0x03E8, slides, notes),
        box(0x03EE, texts((4, "Drawn\rtext"))),
        box(0x03EE),
        box(0x03F0, record(0x03F1, struct.pack("<II", 257, 0)), texts((2, "Speak slowly"))),
        box(0x03F8, texts((0, b"Click to edit"))),
    ]
    places = [sum(map(len, parts[:at])) for at in range(len(parts))]
    stream = b"".join(parts)
    directory = record(0x1772, struct.pack("<I", 1 | 4 << 20) + struct.pack("<4I", *places[:4]))
    edit = record(0x0FF5, struct.pack("<IIIIII", 0, 0, 0, len(stream), 1, 5))
    user = record(0x0FF6, struct.pack("<III", 20, 0xE391C05F, len(stream) + len(directory)))
    return container({"PowerPoint Document": stream + directory + edit, "Current User": user})


def make_xls(encrypted: bool = False) -> bytes:
    """A workbook of 97 with one sheet."""

    def row(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def label(at: int, column: int, text: str) -> bytes:
        return row(0x0204, struct.pack("<HHHHB", at, column, 0, len(text), 1) + text.encode("utf-16-le"))

    name = "Výdaje"
    head = row(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0x06))
    lock = row(0x002F, bytes(6)) if encrypted else b""
    page = row(0x0042, struct.pack("<H", 1200))
    bound = struct.pack("<BBBB", 0, 0, len(name), 1) + name.encode("utf-16-le")
    at = len(head) + len(lock) + len(page) + 8 + len(bound) + 4
    sheet = row(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0x06))
    sheet += label(0, 0, "Položka") + label(0, 1, "Cena") + label(4, 0, "Nájem")
    sheet += row(0x0203, struct.pack("<HHHd", 4, 1, 0, 1234.5)) + row(0x000A, b"")
    book = head + lock + page + row(0x0085, struct.pack("<I", at) + bound) + row(0x000A, b"") + sheet
    return container({"Workbook": book})


FIELD = 'viz \x13 HYPERLINK "http://x" \x14odkaz\x15 tady\r'
DOC = make_doc(
    ["Příliš žluťoučký kůň\r", b"caf\xe9\x0bsecond line\r", FIELD, "a\x07b\x07\x07", "c\x07d\x07\x07\x0clast\r"]
)
SAMPLES = {"kettle.doc": DOC, "talk.ppt": make_ppt(), "budget.xls": make_xls()}


def read_all(data: bytes, name: str) -> list[Document]:
    return list(read(Source(data, name)))


def outcome(data: bytes, name: str) -> str:
    """`read`, or the reason why not."""
    try:
        read_all(data, name)
    except Unreadable as problem:
        return problem.reason
    return "read"


def test_word() -> None:
    (document,) = read_all(DOC, "kettle.doc")
    assert document.text.split("\n\n") == [
        "Příliš žluťoučký kůň",
        "café\nsecond line",
        "viz odkaz tady",
        "a | b\nc | d",
        "last",
    ]
    assert document.kind == "note"
    assert document.line_at(0) is None


def test_presentation() -> None:
    (document,) = read_all(SAMPLES["talk.ppt"], "talk.ppt")
    assert document.text.split("\n\n") == ["Pozornost", "Results", "Drawn\ntext", "Speak slowly"]
    assert document.page_at(document.text.index("Drawn")) == 2
    assert document.blocks[2].heading == ("Results",)
    assert document.kind == "slides"


def test_workbook() -> None:
    (document,) = read_all(SAMPLES["budget.xls"], "budget.xls")
    assert document.text == "Položka | Cena\nNájem | 1234.5"
    assert document.line_at(document.text.index("Nájem")) == 5
    assert (document.kind, document.header, document.title) == ("table", "Položka | Cena", "Výdaje")


def test_encrypted() -> None:
    assert outcome(make_doc([b"x"], flags=0x0300), "a.doc") == "encrypted"
    assert outcome(container({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}), "a.docx") == "encrypted"
    assert outcome(make_xls(encrypted=True), "a.xls") == "encrypted"


def test_names_do_not_decide() -> None:
    assert read_all(DOC, "report.xls")[0].kind == "note"
    assert read_all(DOC, "attachment")[0].text.startswith("Příliš")
    assert read_all(b"<html><body><p>Saved as a document</p></body></html>", "report.doc")[0].kind == "page"
    letter = "Dobrý den, posílám slíbenou nabídku na čajové konvice, které jste si u nás včera vybrali."
    assert read_all(letter.encode("cp1250"), "report.doc")[0].text == letter


def test_word_in_one_xml_file() -> None:
    xml = (
        '<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">'
        "<w:body><w:p><w:r><w:t>Hello kettle</w:t></w:r></w:p></w:body></w:wordDocument>"
    )
    assert read_all(xml.encode(), "report.doc")[0].text == "Hello kettle"


def test_a_file_packed_as_an_object() -> None:
    content = b"in the box"
    native = b"\0\0\0\0\2\0" + b"note.txt\0" + b"C:\\note.txt\0" + b"\0\0\3\0" + struct.pack("<I", 4) + b"tmp\0"
    native += struct.pack("<I", len(content)) + content
    (document,) = read_all(container({"\x01Ole10Native": native}), "object.bin")
    assert (document.member, document.text) == ("note.txt", "in the box")


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damage_is_refused_or_read(name: str) -> None:
    dice = random.Random(name)
    for turn in range(400):
        data = bytearray(SAMPLES[name])
        used = [at for at in range(len(data)) if data[at] not in (0, 255)] if turn % 2 else range(len(data))
        for _ in range(dice.randrange(1, 20)):
            data[dice.choice(used)] = dice.randrange(256)
        if turn % 5 == 0:
            del data[dice.randrange(len(data)) :]
        elif turn % 7 == 0:
            at = dice.randrange(len(data))
            data[at : at + 64] = dice.randbytes(64)
        assert outcome(bytes(data), name) in {"read", *REASONS}
