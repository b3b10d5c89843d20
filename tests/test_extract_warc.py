"""Web archives, made here as crawlers write them."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime

import pytest
from ask.indexer.documents import REASONS
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

PAGE = "<html><head><title>Kotle</title></head><body><p>Příliš žluťoučký kůň</p></body></html>".encode()


def record(kind: str, body: bytes, address: str = "https://example.org/kotle") -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {address}\r\nWARC-Date: 2019-05-06T07:08:09Z\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"\r\n\r\n"


def answer(body: bytes, kind: str = "text/html; charset=utf-8", *more: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Type: {kind}", *more, "", ""]).encode() + body


def chunked(body: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:20], body[20:])) + b"0\r\n\r\n"


WARC = (
    record("warcinfo", b"software: x\r\n")
    + record("request", b"GET / HTTP/1.1\r\n\r\n")
    + record("response", answer(PAGE))
    + record("response", answer(chunked(PAGE), "text/html", "Transfer-Encoding: chunked"))
    + record("response", answer(gzip.compress(PAGE), "text/html", "Content-Encoding: gzip"))
    + record("response", answer(b"body { color: red }", "text/css"))
)
SAMPLES = {"kotle.warc": WARC}


def test_pages_of_a_web_archive() -> None:
    found = list(read(Source(WARC, "kotle.warc")))
    assert [(document.member, document.title, document.text) for document in found] == [
        (f"{number}.html", "Kotle", "Příliš žluťoučký kůň") for number in (1, 2, 3)
    ]
    assert {document.facts["url"] for document in found} == {"https://example.org/kotle"}
    assert {document.date for document in found} == {datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)}
    packed = gzip.compress(WARC[:200]) + gzip.compress(WARC[200:])
    assert len(list(read(Source(packed, "kotle.warc.gz")))) == 3


def outcome(data: bytes) -> str:
    try:
        list(read(Source(data, "kotle.warc")))
    except Unreadable as problem:
        return problem.reason
    return "read"


@pytest.mark.parametrize("seed", range(200))
def test_damage_is_refused_or_read(seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray(WARC)
    for at in dice.choices(range(len(data)), k=5):
        data[at] = dice.randrange(256)
    assert outcome(bytes(data[: dice.randrange(1, len(data))])) in {"read", *REASONS}
