"""Web archives (WARC): a document for each page that was saved, with its address and the day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.members import member
from ask.indexer.extract.moments import moment
from ask.indexer.extract.registry import Source, extractor, read
from ask.indexer.extract.unpack import Budget, Damaged, unpack

_HEAD = re.compile(rb"WARC/1\.\d\r?\n(.*?)\r?\n\r?\n", re.DOTALL)
_LONGEST_HEAD = 64_000
"""Bytes in which the head of a record, or of an answer in it, must end."""
_READ = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "txt", "application/pdf": "pdf"}
"""Kinds of content that somebody reads; the others are what a page is drawn with."""


@dataclass(frozen=True, slots=True)
class _Record:
    head: Mapping[str, str]
    body: bytes


@extractor("web archive", suffixes=[".warc"], magic=[b"WARC/1."])
def read_warc(source: Source) -> Iterator[Document]:
    """Pages, plain texts and PDFs of the archive. Raises `Unreadable` when there are none."""
    budget = Budget(source)
    found = number = 0
    for record in _records(source.data):
        if record.head.get("warc-type") not in ("response", "resource"):
            continue
        number += 1
        try:
            for document in _documents(record, source, budget, number):
                found += 1
                yield document
        except Unreadable:
            continue
    if not found:
        raise Unreadable("empty" if number else "damaged", "no page in it")


def _documents(record: _Record, source: Source, budget: Budget, number: int) -> Iterator[Document]:
    address = record.head.get("warc-target-uri", "").strip("<>")
    head, body = _answer(record)
    kind = _READ.get(head.get("content-type", "").partition(";")[0].strip().lower())
    if kind is None or not body:
        return
    if (packed := head.get("content-encoding", "").lower()) in ("gzip", "x-gzip"):
        body = unpack("gz", body, budget)
    elif packed:
        return
    when = moment(record.head.get("warc-date", ""))
    for document in read(member(source, f"{number}.{kind}", body, budget, when)):
        yield replace(document, date=document.date or when, lines=(), facts={**document.facts, "url": address})


def _records(data: bytes) -> Iterator[_Record]:
    at = 0
    while (begin := data.find(b"WARC/1.", at)) >= 0:
        match = _HEAD.match(data, begin, begin + _LONGEST_HEAD)
        if match is None:
            at = begin + 1
            continue
        head = _fields(match[1])
        length = head.get("content-length", "")
        end = match.end() + (int(length) if length.isdecimal() and len(length) < 12 else 0)
        yield _Record(head, data[match.end() : end])
        at = max(end, match.end())


def _answer(record: _Record) -> tuple[Mapping[str, str], bytes]:
    """What the server said and sent; a "resource" is the content itself."""
    if not record.body.startswith(b"HTTP/"):
        return record.head, record.body
    head, found, body = record.body[:_LONGEST_HEAD].partition(b"\r\n\r\n")
    if not found:
        raise Damaged("an answer without an end of its head")
    fields = _fields(head)
    body = record.body[len(head) + 4 :]
    return fields, _joined(body) if fields.get("transfer-encoding", "").lower() == "chunked" else body


def _joined(body: bytes) -> bytes:
    """The parts of a chunked answer; as it is where it is stored in one piece in spite of what its head says."""
    parts: list[bytes] = []
    at = 0
    while (end := body.find(b"\r\n", at, at + 40)) >= 0:
        try:
            length = int(body[at:end].partition(b";")[0], 16)
        except ValueError:
            break
        if length <= 0:
            return b"".join(parts)
        parts.append(body[end + 2 : end + 2 + length])
        at = end + 4 + length
    return b"".join(parts) or body


def _fields(head: bytes) -> dict[str, str]:
    rows = (row.partition(":") for row in head.decode("utf-8", "replace").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in rows if colon}
