"""From the bytes of one file to rows ready to be stored: extract, redact, chunk, name.

This is what a worker does for each file; it needs neither the index nor the file system.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from ask.indexer import chunk as chunking
from ask.indexer import text, words
from ask.indexer.documents import Block, Credit, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read, registry
from ask.indexer.redact import redact_document, rules_version
from ask.indexer.rows import ChunkRow, DocumentRow, hash_of
from ask.indexer.unix_time import of_unix


def prepare(
    source: Source, count: chunking.CountTokens, window: int, credit: Credit | None = None
) -> Iterator[DocumentRow]:
    """The documents of a source with their chunks. Raises `Unreadable` when there is not one.

    `credit` says who wrote the file and when, where a document itself does not.
    """
    found = produced = 0
    for document in read(source):
        found += 1
        produced += len(document.text)
        if found > source.limits.members or produced > source.limits.bytes_out:
            raise Unreadable(
                "too large", f"more than {source.limits.members} documents or {source.limits.bytes_out} bytes"
            )
        yield _row(_storable(document if credit is None else _credited(document, credit)), count, window)
    if not found:
        raise Unreadable("empty")


def _credited(document: Document, credit: Credit) -> Document:
    """The day of the last change and the authors; the day of the first change as a fact, so that it can be found."""
    first, last = (of_unix(seconds) for seconds in (credit.first, credit.last))
    facts = dict(document.facts)
    if document.date is None and first and last and first.date() != last.date():
        facts.setdefault("since", first.date().isoformat())
    return replace(document, date=document.date or last, people=document.people or credit.people, facts=facts)


def _storable(document: Document) -> Document:
    """Without lone surrogates, which no UTF-8 can hold, wherever a format may have smuggled them in."""
    clean = text.without_surrogates
    return replace(
        document,
        text=clean(document.text),
        title=clean(document.title),
        member=None if document.member is None else clean(document.member),
        blocks=tuple(_storable_block(block) for block in document.blocks),
        people=tuple(map(clean, document.people)),
        header=clean(document.header),
        facts={clean(name): clean(value) for name, value in document.facts.items()},
    )


def _storable_block(block: Block) -> Block:
    if block.symbol.isascii() and all(heading.isascii() for heading in block.heading):
        return block
    clean = text.without_surrogates
    return replace(block, heading=tuple(map(clean, block.heading)), symbol=clean(block.symbol))


def _row(document: Document, count: chunking.CountTokens, window: int) -> DocumentRow:
    document, findings = redact_document(document)
    chunks = []
    declared = document.language if document.language in {"cs", "sk", "en"} else ""
    pieces = chunking.chunk(document, count, window)
    languages = words.languages([document.text[piece.start : piece.end] for piece in pieces])
    for piece, spoken in zip(pieces, languages, strict=True):
        embedded = chunking.embedding_text(document, piece, count)
        context = max(len(embedded) - (piece.end - piece.start) - 1, 0)
        lang = spoken or declared
        chunks.append(ChunkRow(piece, context, "cs" if lang == "sk" else lang, hash_of(embedded.encode())))
    return DocumentRow(document, tuple(chunks), tuple((f.rule, f.line, f.start, f.end) for f in findings))


@cache
def reader_version(tokenizer: Path, window: int) -> int:
    """Names what turns a file into rows: the code, and the model that chunks are cut for.

    An index made by other code or for another tokenizer is brought up to date file by file.
    """
    modules = [chunking, words, text, *(inspect.getmodule(e.read) for e in registry.extractors())]
    files = {Path(m.__file__) for m in modules if m is not None and m.__file__}
    files.update(Path(registry.__file__).parent.glob("*.py"))  # what extractors have in common
    sums = sorted(hashlib.blake2b(file.read_bytes()).hexdigest() for file in [*files, tokenizer])
    digest = hashlib.blake2b(f"{sums} {window} {rules_version()}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")
