"""The process that reads files somebody else wrote: a crash, a hang or a bomb in a parser ends here.

It gets an open file descriptor and a name over a Unix socket, sends back documents as JSON, and opens nothing itself;
`sandbox` sees to it that it could not.
Frames are a 4-byte length and JSON; JSON, unlike pickle, cannot run code in the parent whatever a parser was made to
write.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from ask.indexer.chunk import TokenCounter
from ask.indexer.documents import Chunk, Credit, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Limits, Recognition, Source, recognise
from ask.indexer.history import is_blob
from ask.indexer.prepare import prepare
from ask.indexer.rows import ChunkRow, DocumentRow, hash_of
from ask.indexer.sandbox import confine

_LENGTH = struct.Struct("!I")
FRAME_LIMIT = 1 << 30
_SENT = tuple(each.name for each in fields(Document) if each.name not in {"blocks", "pages"})
"""What of a document crosses over; blocks and pages have served when the chunks are made."""


def send(peer: socket.socket, message: Mapping[str, Any], descriptor: int | None = None) -> None:
    """Send one frame, with an open file descriptor if given."""
    body = json.dumps(message).encode()
    head = _LENGTH.pack(len(body))
    if descriptor is not None:
        socket.send_fds(peer, [head], [descriptor])
    else:
        peer.sendall(head)
    peer.sendall(body)


def receive(peer: socket.socket, *, with_descriptor: bool = False) -> tuple[dict[str, Any] | None, int | None]:
    """The next frame and its descriptor; (None, None) at the end."""
    descriptor = None
    if with_descriptor:
        head, descriptors, _, _ = socket.recv_fds(peer, _LENGTH.size, 1)
        descriptor = descriptors[0] if descriptors else None
        head += _exactly(peer, _LENGTH.size - len(head)) if head else b""
    else:
        head = _exactly(peer, _LENGTH.size)
    if len(head) < _LENGTH.size:
        return None, None
    (length,) = _LENGTH.unpack(head)
    if length > FRAME_LIMIT:
        raise ConnectionError("frame too long")
    body = _exactly(peer, length)
    if len(body) < length:
        return None, None
    return json.loads(body), descriptor


def _exactly(peer: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        part = peer.recv(min(length, 1 << 20))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def to_json(row: DocumentRow) -> dict[str, Any]:
    """A document with its chunks as JSON values."""
    document = {name: getattr(row.document, name) for name in _SENT}
    document["date"] = row.document.date.isoformat() if row.document.date else None
    document["facts"] = dict(row.document.facts)
    chunks = [
        [c.start, c.end, c.line, c.end_line, c.page, c.heading, c.symbols, r.context, r.lang, r.hash.hex()]
        for r in row.chunks
        for c in [r.chunk]
    ]
    return {"document": document, "chunks": chunks, "redactions": row.redactions}


def from_json(message: Mapping[str, Any]) -> DocumentRow:
    """The inverse of `to_json`. Raises `ValueError`, `TypeError`, `KeyError`, `AttributeError` for anything else."""
    values = dict(message["document"])
    if values["date"] is not None:
        values["date"] = datetime.fromisoformat(values["date"])
    values["people"] = tuple(values["people"])
    if values["lines"] is not None:
        values["lines"] = tuple((int(a), int(b)) for a, b in values["lines"])
    document = Document(**values)
    chunks = tuple(
        ChunkRow(
            Chunk(start, end, line, end_line, page, tuple(heading), tuple(symbols)), context, lang, bytes.fromhex(key)
        )
        for start, end, line, end_line, page, heading, symbols, context, lang, key in message["chunks"]
    )
    redactions = tuple((str(rule), line, int(a), int(b)) for rule, line, a, b in message["redactions"])
    return DocumentRow(document, chunks, redactions)


def _serve(peer: socket.socket, count: TokenCounter, window: int, limits: Limits) -> None:
    while True:
        job, descriptor = receive(peer, with_descriptor=hasattr(socket, "recv_fds"))
        if job is None:
            return
        _limit_processor_time(int(job["seconds"]))
        try:
            if descriptor is None:  # Windows passes none
                descriptor = os.open(os.fsdecode(bytes.fromhex(job["raw"])), os.O_RDONLY | getattr(os, "O_BINARY", 0))
            for answer in _answers(job, descriptor, count, window, limits):
                send(peer, answer)
        except Unreadable as error:
            send(peer, {"reason": error.reason, "detail": error.message})
        except MemoryError:
            send(peer, {"reason": "out of memory", "detail": "reading it took more memory than allowed"})
        except RecursionError:
            send(peer, {"reason": "too deep", "detail": "its structure is nested too deeply"})
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _answers(
    job: Mapping[str, Any], descriptor: int, count: TokenCounter, window: int, limits: Limits
) -> Iterator[dict[str, Any]]:
    data = _content(descriptor, limits)
    modified = datetime.fromisoformat(job["modified"])
    wanted = Recognition(**job["recognition"]) if job["recognition"] else None
    source = Source(data, job["name"], job["path"], modified, limits=limits, recognition=wanted)
    for row in prepare(source, count, window, _credit(job["credit"], data)):
        yield to_json(row)
    yield {"content": hash_of(data).hex()}


def _credit(said: Mapping[str, Any] | None, data: bytes) -> Credit | None:
    """Who wrote these very bytes; None when nobody is known to have."""
    if said is None or not is_blob(data, said["blob"]):
        return None
    return Credit(**{**said, "people": tuple(said["people"])})


def _content(descriptor: int, limits: Limits) -> bytes:
    """The bytes of the file, if they stood still while they were read."""
    before = os.fstat(descriptor)
    if before.st_size > limits.bytes_in:
        raise Unreadable("too large", f"{before.st_size} bytes, the limit is {limits.bytes_in}")
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read(limits.bytes_in + 1)
    after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise Unreadable("changing", "it was written to while it was read; the next run will try again")
    return data


def _limit_processor_time(seconds: int) -> None:
    """Allow this many more seconds of processor time; beyond them the system ends the process."""
    try:
        import resource
    except ImportError:  # not on Windows; the parent's clock still holds
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(OSError, ValueError):  # macOS refuses some of them
        resource.setrlimit(resource.RLIMIT_CPU, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def main(setup: Mapping[str, Any]) -> None:
    """Serve the socket at standard input until the parent closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, too, which knows what to do
    tokenizer = Path(setup["tokenizer"])
    languages = recognise.folder()
    confine((tokenizer, *([languages] if languages else ())), memory=int(setup["memory_mb"]) << 20)
    limits = Limits(**setup["limits"])
    count = TokenCounter(tokenizer)
    with _parent() as peer:
        send(peer, {"ready": True})
        _serve(peer, count, int(setup["window"]), limits)


def _parent() -> socket.socket:
    if sys.platform == "win32":
        return socket.fromshare(sys.stdin.buffer.read())
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        peer = socket.socket(fileno=os.dup(0))
        os.dup2(nothing.fileno(), 0)
    return peer


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
