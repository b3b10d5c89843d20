"""Mailboxes of Outlook through readpst. Nothing free writes one, so they are written here, as [MS-PST] says, in Unicode
and not encrypted; the numbers of properties are those of [MS-OXPROPS]. libpff reads them, too.
"""

from __future__ import annotations

import os
import random
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import helpers
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from ask.indexer.pool import turned

Tree = Callable[[Mapping[str, Any]], Path]
Value = bool | int | str | bytes | datetime
STORE, ROOT, TOP, FOLDER, MAIL = 0x21, 0x122, 0x8022, 0x8042, 0x200024
"""Nodes: the store, the folder above all, the one that the user sees as the first, one in it, the first mail."""
ATTACHMENTS, RECIPIENTS, ATTACHMENT = 0x671, 0x692, 0x8025
"""Nodes inside a mail."""
ROW = 0x67F2
"""The number of a row's node."""
KEY = bytes(range(16))


@dataclass(frozen=True)
class Person:
    name: str
    address: str


@dataclass(frozen=True)
class Mail:
    subject: str
    sender: Person
    to: Sequence[Person]
    sent: datetime
    body: str
    headers: str = ""
    """As they came over the net; a mail that was written here has none."""
    attached: Mapping[str, bytes] = field(default_factory=dict)


def mailbox(folder: str, mails: Sequence[Mail]) -> bytes:
    """A mailbox with one folder."""
    file = PstFile()
    top = bytes(4) + KEY + struct.pack("<I", TOP)
    file.node(STORE, properties({0x0FF9: KEY, 0x3001: "Osobní složky", 0x35DF: 1, 0x35E0: top, 0x67FF: 0}))
    file.folder(ROOT, ROOT, "", {TOP: {0x3001: "Osobní složky"}})
    file.folder(TOP, ROOT, "Osobní složky", {FOLDER: {0x3001: folder}})
    numbered = dict(enumerate(mails))
    file.folder(FOLDER, TOP, folder, {}, {MAIL + 32 * at: {0x0037: mail.subject} for at, mail in numbered.items()})
    for at, mail in numbered.items():
        file.mail(MAIL + 32 * at, mail)
    return file.data()


class PstFile:
    """Blocks one after the other, then the trees that say where each lies and which node it belongs to."""

    def __init__(self) -> None:
        self._data = bytearray(0x4800)  # the header and the map of what is free, which is marked as to be made anew
        self._blocks: list[bytes] = []
        self._nodes: dict[int, bytes] = {}
        self._pages = 0

    def folder(
        self,
        number: int,
        parent: int,
        name: str,
        folders: Mapping[int, Mapping[int, Value]],
        mails: Mapping[int, Mapping[int, Value]] | None = None,
    ) -> None:
        """A folder and its tables of folders, mails and hidden things."""
        mails = mails or {}
        self.node(number, properties({0x3001: name, 0x3602: len(mails), 0x3603: 0, 0x360A: bool(folders)}), parent)
        for kind, rows in ((0x0D, folders), (0x0E, mails), (0x0F, {})):
            self.node(number & ~0x1F | kind, table(rows))

    def mail(self, number: int, mail: Mail) -> None:
        """A mail with its recipients and attachments, which are nodes inside it."""
        attached = {ATTACHMENT + 32 * at: each for at, each in enumerate(mail.attached.items())}
        inside = {RECIPIENTS: table({at: {0x0C15: 1, 0x3001: each.name, 0x3003: each.address, 0x39FE: each.address}
                                     for at, each in enumerate(mail.to)})}  # fmt: skip
        if attached:
            inside[ATTACHMENTS] = table({at: {0x3704: name, 0x3705: 1} for at, (name, _) in attached.items()})
        for at, (name, content) in attached.items():
            inside[at] = properties({0x3701: content, 0x3704: name, 0x3705: 1, 0x3707: name, 0x0E20: len(content)})
        values: dict[int, Value] = {
            0x001A: "IPM.Note", 0x0037: "\x01\x01" + mail.subject, 0x0039: mail.sent, 0x0E06: mail.sent,
            0x0042: mail.sender.name, 0x0064: "SMTP", 0x0065: mail.sender.address,
            0x0C1A: mail.sender.name, 0x0C1E: "SMTP", 0x0C1F: mail.sender.address,
            0x0E04: "; ".join(each.name for each in mail.to), 0x0E07: 0x11 if attached else 0x01,
            0x1000: mail.body, 0x3007: mail.sent, 0x3008: mail.sent,
        }  # fmt: skip
        self.node(number, properties(values | ({0x007D: mail.headers} if mail.headers else {})), FOLDER, inside)

    def node(self, number: int, content: bytes, parent: int = 0, inside: Mapping[int, bytes] | None = None) -> None:
        """What has a number and a place in the tree of folders."""
        listed = [struct.pack("<QQQ", each, self._block(part), 0) for each, part in sorted((inside or {}).items())]
        head = struct.pack("<BBHI", 2, 0, len(listed), 0)
        subnodes = self._block(head + b"".join(listed), internal=True) if listed else 0
        self._nodes[number] = struct.pack("<QQQII", number, self._block(content), subnodes, parent, 0)

    def data(self) -> bytes:
        """The file."""
        nodes = self._tree(0x81, [self._nodes[number] for number in sorted(self._nodes)])
        blocks = self._tree(0x80, self._blocks)
        root = struct.pack("<IQQQQ", 0, len(self._data), 0x4400, 0, 0) + nodes + blocks + bytes(4)
        start = struct.pack("<HHHBB8xQQI", 0x4D53, 23, 19, 1, 1, 0, self._pages * 4 + 4, 1)
        head = start + struct.pack("<32I8x", *[0x400] * 32) + root + bytes(4) + b"\xff" * 256
        head += struct.pack("<BBHQ", 0x80, 0, 0, len(self._blocks) * 4 + 4)  # 0: not encrypted
        whole = b"!BDN" + struct.pack("<I", checksum(head[:471])) + head + struct.pack("<I", checksum(head))
        return whole + bytes(self._data[len(whole) :])

    def _block(self, content: bytes, *, internal: bool = False) -> int:
        number = 4 * len(self._blocks) + 4 | (2 if internal else 0)
        at, size = len(self._data), -(-(len(content) + 16) // 64) * 64
        trailer = struct.pack("<HHIQ", len(content), signature(at, number), checksum(content), number)
        self._data += content.ljust(size - 16, b"\0") + trailer
        self._blocks.append(struct.pack("<QQHHI", number, at, len(content), 2, 0))
        return number

    def _tree(self, kind: int, entries: Sequence[bytes], level: int = 0) -> bytes:
        """Entries on pages, and pages of pages above them; gives back where the highest page is."""
        most = 488 // len(entries[0])
        pages = [
            (entries[at][:8], self._page(kind, level, entries[at : at + most])) for at in range(0, len(entries), most)
        ]
        return pages[0][1] if len(pages) == 1 else self._tree(kind, [key + place for key, place in pages], level + 1)

    def _page(self, kind: int, level: int, entries: Sequence[bytes]) -> bytes:
        self._data += bytes(-len(self._data) % 512)
        self._pages += 1
        at, number, size = len(self._data), self._pages * 4, len(entries[0])
        content = b"".join(entries).ljust(488, b"\0") + struct.pack("<BBBBI", len(entries), 488 // size, size, level, 0)
        self._data += content + struct.pack("<BBHIQ", kind, kind, signature(at, number), checksum(content), number)
        return struct.pack("<QQ", number, at)


class Heap:
    """What a node consists of: small pieces, each known by its place among them."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> int:
        if not piece:
            return 0
        assert len(piece) <= 3580
        self._pieces.append(piece)
        return len(self._pieces) << 5

    def data(self, kind: int, root: int) -> bytes:
        ends = [12]
        for piece in self._pieces:
            ends.append(ends[-1] + len(piece))
        content = b"".join(self._pieces) + bytes(ends[-1] % 2)
        head = struct.pack("<HBBI4x", 12 + len(content), 0xEC, kind, root)
        whole = head + content + struct.pack(f"<HH{len(ends)}H", len(self._pieces), 0, *ends)
        assert len(whole) <= 8176
        return whole

    def tree(self, key: int, records: Sequence[bytes]) -> int:
        """Records in the order of their keys, which are `key` bytes long."""
        size = len(records[0]) - key if records else 4
        return self.add(struct.pack("<BBBBI", 0xB5, key, size, 0, self.add(b"".join(records))))


def properties(values: Mapping[int, Value]) -> bytes:
    """A property context: values by their numbers."""
    heap = Heap()
    records = [
        struct.pack("<HH", number, kind(value)) + placed(heap, value) for number, value in sorted(values.items())
    ]
    return heap.data(0xBC, heap.tree(2, records))


def table(rows: Mapping[int, Mapping[int, Value]]) -> bytes:
    """A table context: rows by the number of their node, all with the same columns, of four bytes each."""
    heap = Heap()
    full = [{ROW: number, ROW + 1: 1, **values} for number, values in rows.items()]
    kinds = {number: kind(value) for number, value in (full[0] if full else {ROW: 0, ROW + 1: 0}).items()}
    order = list(kinds)  # the row's own number comes first in a row, but not among the columns
    there = (0xFF00 >> len(kinds) & 0xFF).to_bytes()
    matrix = b"".join(b"".join(placed(heap, values[number]) for number in order) + there for values in full)
    index = heap.tree(4, [struct.pack("<II", number, at) for at, number in enumerate(sorted(rows))])
    columns = b"".join(struct.pack("<HHHBB", kinds[number], number, 4 * order.index(number), 4, order.index(number))
                       for number in sorted(kinds))  # fmt: skip
    end = 4 * len(kinds)
    info = struct.pack("<BBHHHHIII", 0x7C, len(kinds), end, end, end, end + 1, index, heap.add(matrix), 0)
    return heap.data(0x7C, heap.add(info + columns))


def kind(value: Value) -> int:
    """The number of a value's type."""
    return {bool: 0x0B, int: 0x03, str: 0x1F, bytes: 0x102, datetime: 0x40}[type(value)]


def placed(heap: Heap, value: Value) -> bytes:
    """A value in four bytes: itself, or where it lies in the heap."""
    if isinstance(value, datetime):
        ticks = int((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
        value = struct.pack("<Q", ticks)
    if isinstance(value, str):
        value = value.encode("utf-16-le")
    return struct.pack("<I", heap.add(value) if isinstance(value, bytes) else value)


def checksum(data: bytes) -> int:
    """A CRC-32 that begins with zero and is not turned over at the end."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def signature(at: int, number: int) -> int:
    """Where a block or page lies and which it is, in two bytes."""
    return (at ^ number) >> 16 & 0xFFFF ^ (at ^ number) & 0xFFFF


PETR, JANA = Person("Petr Novák", "petr@example.org"), Person("Jana Malá", "jana@example.org")
MAILS = [
    Mail("Nabídka kotle", PETR, [JANA], datetime(2021, 5, 4, 10, 30, tzinfo=UTC),
         "Dobrý den,\r\n\r\npříští týden přijedu s kotlem.\r\n",
         "From: Petr =?utf-8?q?Nov=C3=A1k?= <petr@example.org>\r\nTo: Jana =?utf-8?q?Mal=C3=A1?= <jana@example.org>\r\n"
         "Subject: =?utf-8?q?Nab=C3=ADdka_kotle?=\r\nDate: Tue, 4 May 2021 12:30:00 +0200\r\n"
         "Message-Id: <1@example.org>\r\n\r\n"),
    Mail("Žluťoučký kůň", JANA, [PETR, Person("Karel Dlouhý", "karel@example.org")],
         datetime(2021, 6, 1, 8, 0, tzinfo=UTC), "Příliš žluťoučký kůň úpěl ďábelské ódy.\r\n"),
    Mail("Ceník", PETR, [JANA], datetime(2021, 6, 2, 9, 15, tzinfo=UTC), "Ceník je v příloze.\r\n",
         attached={"ceník.txt": "Kotel 40000 Kč\n".encode()}),
]  # fmt: skip
BOX = mailbox("Doručená pošta", MAILS)
needs_readpst = pytest.mark.skipif(not helpers.is_there("readpst"), reason="readpst is not installed")


def documents(path: Path) -> list[Document]:
    """What is read from a mailbox in the way that files of a home are read: by what readpst, confined, makes of it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        made = turned(os.fsencode(path), descriptor)
    finally:
        os.close(descriptor)
    assert made is not None
    with os.fdopen(made, "rb") as file:
        return list(read(Source(file.read(), path.name)))


def outcome(path: Path) -> str:
    """`read`, or the reason why not."""
    try:
        documents(path)
    except Unreadable as problem:
        return problem.reason
    return "read"


@needs_readpst
def test_mails_with_people_dates_and_attachments(tree: Tree) -> None:
    received, sent, prices, attached = documents(tree({"old.pst": BOX}) / "old.pst")
    assert (received.kind, received.title, received.member) == ("mail", "Nabídka kotle", "1")
    assert received.text == "Dobrý den,\n\npříští týden přijedu s kotlem."
    assert received.people == ("Petr Novák <petr@example.org>", "Jana Malá <jana@example.org>")
    assert (received.date, received.facts["thread"]) == (MAILS[0].sent, "1@example.org")
    assert (sent.title, sent.date) == ("Žluťoučký kůň", MAILS[1].sent)
    assert sent.text == "Příliš žluťoučký kůň úpěl ďábelské ódy."
    assert sent.people == ("Jana Malá <jana@example.org>", "Petr Novák", "Karel Dlouhý")
    assert (prices.title, prices.facts["attachments"]) == ("Ceník", "ceník.txt")
    assert (attached.member, attached.text) == ("3/ceník.txt", "Kotel 40000 Kč\n")


@needs_readpst
def test_a_mailbox_is_found(ask: Any, tree: Tree) -> None:
    root = tree({"old.pst": BOX, "cut.pst": BOX[:-512], "begun.pst": BOX[:100], "empty.pst": mailbox("Pošta", [])})
    said = ask("index", root, "--json").json()
    assert {Path(each["path"]).name: each["reason"] for each in said["unreadable"]} == {
        "cut.pst": "damaged", "begun.pst": "damaged",
    }  # fmt: skip
    assert ask.count("SELECT count(*) FROM files WHERE reason = 'empty'") == 1
    for question, title, member in (
        ("příští týden přijedu", "Nabídka kotle", "1"),
        ("dabelske ody", "Žluťoučký kůň", "2"),
        ("kotel 40000", "", "3/ceník.txt"),
    ):
        (hit,) = ask("search", question, "--only", "words", "--json").json()["hits"][:1]
        assert (Path(hit["path"]).name, hit["document"], hit["title"]) == ("old.pst", member, title)
    (hit,) = ask("search", "mail from Jana in June 2021", "--json").json()["hits"][:1]
    assert (hit["document"], hit["date"][:10]) == ("2", "2021-06-01")


@needs_readpst
def test_a_mailbox_waits_for_readpst(ask: Any, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree({"old.pst": BOX})
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "nothing"))
        helpers.is_there.cache_clear()
        said = ask("index", root, "--json")
        assert (said.code, said.json()["unreadable"][0]["reason"]) == (3, "needs helper")
        findings = [each["what"] for each in ask("doctor", "--json").json()]
    assert "readpst is not installed (mailboxes of Outlook (PST)); 1 file waits for it" in findings
    helpers.is_there.cache_clear()
    assert ask("index", root, "--json").json()["changed"] == 1
    assert ask("search", "kotle", "--only", "words").code == 0


@needs_readpst
def test_damage_of_a_mailbox_is_refused_or_read(tree: Tree) -> None:
    dice = random.Random("pst")
    for turn in range(20):
        data = bytearray(BOX)
        for _ in range(10):
            data[dice.randrange(0x4800, len(data))] = dice.randrange(256)
        at = tree({f"{turn}.pst": bytes(data)}) / f"{turn}.pst"
        assert outcome(at) in {"read", *REASONS}
