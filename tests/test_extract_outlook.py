"""Messages saved by Outlook, in containers that are written here as Outlook writes them."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping
from datetime import UTC, datetime

from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

SECTOR, MINI, CUTOFF = 512, 64, 4096
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
Tree = Mapping[str, "bytes | Tree"]


class Container:
    """Writes a compound file: a tree of named streams in sectors, small ones in a stream of their own."""

    def __init__(self, tree: Tree) -> None:
        self.sectors: list[bytes] = []
        self.chain: list[int] = []
        self.mini = bytearray()
        self.mini_chain: list[int] = []
        self.entries: list[bytes] = [b""]
        child = self._folder(tree)
        mini = self._stream(bytes(self.mini))
        self.entries[0] = self._entry("Root Entry", 5, child, FREE, mini, len(self.mini))

    def data(self) -> bytes:
        mini_fat = self._stream(struct.pack(f"<{len(self.mini_chain)}I", *self.mini_chain))
        directory = self._stream(b"".join(self.entries))
        count = next(n for n in range(1, 100) if n * SECTOR // 4 >= len(self.sectors) + n)
        fat = [len(self.sectors) + n for n in range(count)]
        table = self.chain + [FAT] * count
        packed = struct.pack(f"<{len(table)}I", *table).ljust(count * SECTOR, b"\xff")
        header = struct.pack(
            "<8s16sHHHHH6xIIIIIIIII",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, count, directory, 0, CUTOFF,
            mini_fat, (len(self.mini_chain) * 4 + SECTOR - 1) // SECTOR, END, 0,
        )  # fmt: skip
        listed = struct.pack(f"<{count}I", *fat).ljust(436, b"\xff")
        return header + listed + b"".join(self.sectors) + packed

    def _folder(self, tree: Tree) -> int:
        following = FREE
        for name, content in reversed(tree.items()):
            self.entries.append(b"")
            here = len(self.entries) - 1
            if isinstance(content, bytes):
                start = self._small(content) if len(content) < CUTOFF else self._stream(content)
                entry = self._entry(name, 2, FREE, following, start, len(content))
            else:
                entry = self._entry(name, 1, self._folder(content), following, 0, 0)
            self.entries[here] = entry
            following = here
        return following

    def _entry(self, name: str, kind: int, child: int, following: int, start: int, size: int) -> bytes:
        encoded = name.encode("utf-16-le") + b"\0\0"
        fields = (len(encoded), kind, 1, FREE, following, child)
        return encoded.ljust(64, b"\0") + struct.pack("<HBBIII36xIQ", *fields, start, size)

    def _stream(self, content: bytes) -> int:
        return self._add(content, SECTOR, self.sectors, self.chain)

    def _small(self, content: bytes) -> int:
        parts: list[bytes] = [b""] * (len(self.mini) // MINI)
        start = self._add(content, MINI, parts, self.mini_chain)
        self.mini += b"".join(parts)
        return start

    @staticmethod
    def _add(content: bytes, size: int, into: list[bytes], chain: list[int]) -> int:
        start = len(into)
        for at in range(0, len(content), size):
            into.append(content[at : at + size].ljust(size, b"\0"))
            chain.append(len(into))
        if not content:
            return END
        chain[-1] = END
        return start


def properties(header: int, numbers: Mapping[int, int]) -> bytes:
    return bytes(header) + b"".join(struct.pack("<HHIQ", 3, number, 6, value) for number, value in numbers.items())


def texts(values: Mapping[str, str]) -> dict[str, bytes | Tree]:
    return {f"__substg1.0_{number}001F": value.encode("utf-16-le") for number, value in values.items()}


def ticks(moment: datetime) -> int:
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


SENT = datetime(2021, 5, 4, 10, 30, tzinfo=UTC)
INNER: Tree = {
    "__properties_version1.0": properties(24, {}),
    **texts({"0037": "uvnitř", "1000": "Vnitřní zpráva."}),
}
MESSAGE: Tree = {
    "__properties_version1.0": properties(32, {0x0039: ticks(SENT), 0x3FFD: 1250}),
    **texts({"001A": "IPM.Note", "0037": "Nabídka kotle", "0C1A": "Petr Novák", "5D01": "petr@example.org"}),
    "__substg1.0_1000001E": "Dobrý den,\r\n\r\npříští týden přijedu.\r\n\r\n> Kdy?\r\n".encode("cp1250"),
    "__recip_version1.0_#00000000": {**texts({"3001": "Jana Malá", "39FE": "jana@example.org"})},
    "__attach_version1.0_#00000000": {
        **texts({"3707": "ceník.txt"}),
        "__substg1.0_37010102": "Kotel 40000 Kč\n".encode() * 500,
    },
    "__attach_version1.0_#00000001": {"__substg1.0_3701000D": INNER},
}


def documents(data: bytes, name: str = "a.msg") -> list[Document]:
    return list(read(Source(data, name)))


def test_a_message_with_all_that_is_in_it() -> None:
    mail, inner, prices = documents(Container(MESSAGE).data())
    assert mail.text == "Dobrý den,\n\npříští týden přijedu."
    assert (mail.kind, mail.title, mail.date) == ("mail", "Nabídka kotle", SENT)
    assert mail.people == ("Petr Novák <petr@example.org>", "Jana Malá <jana@example.org>")
    assert (inner.member, inner.text) == ("uvnitř", "Vnitřní zpráva.")
    assert prices.member == "ceník.txt"
    assert prices.text.startswith("Kotel 40000 Kč")


def test_it_is_known_without_its_suffix() -> None:
    assert documents(Container(MESSAGE).data(), "message")[0].title == "Nabídka kotle"


def test_html_in_its_own_code_page() -> None:
    tree: Tree = {
        "__properties_version1.0": properties(32, {0x3FDE: 28592}),
        "__substg1.0_10130102": "<p>Příliš <b>žluťoučký</b></p>".encode("iso8859-2"),
    }
    assert documents(Container(tree).data())[0].text == "Příliš žluťoučký"


def reason(data: bytes) -> str:
    """Why a message cannot be read; empty when it can."""
    try:
        documents(data)
    except Unreadable as problem:
        return problem.reason
    return ""


def test_damage_is_refused_or_read() -> None:
    dice = random.Random(1)
    whole = Container(MESSAGE).data()
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        end = dice.choice([len(data), dice.randrange(1, len(data))])
        assert reason(bytes(data[:end])) in ("", *REASONS)


def test_what_is_no_message_is_refused() -> None:
    assert reason(b"\xd0\xcf\x11\xe0" + bytes(5000)) in ("damaged", "binary")
