"""Conversations with assistants, as ChatGPT and Claude export them: a document for each conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.chat import Room, Said, one_document
from ask.indexer.extract.chat_export import local
from ask.indexer.extract.data import read_json
from ask.indexer.extract.moments import moment
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.records import Finder, Record, mapping, number, records, sequence, string
from ask.indexer.extract.registry import Source, extractor

HEAD = 64_000
"""Bytes in which the fields of the first conversation stand."""


def looks_like_conversations(source: Source) -> bool:
    """A list of objects with the fields of either program."""
    head = source.data[:HEAD]
    ours = (b'"mapping"' in head and b'"create_time"' in head) or (b'"chat_messages"' in head and b'"uuid"' in head)
    return ours and head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"[")


@extractor("assistant", suffixes=[".json"], sniff=looks_like_conversations)
def read_conversations(source: Source) -> Iterator[Document]:
    """A document for each conversation; the members are their positions, counted from 1."""
    text = text_of(source)
    finder = Finder(text)
    found = False
    try:
        for position, record in enumerate(records(text, text.find("[")), 1):
            messages = list(_claude(record, finder) if "chat_messages" in record.fields else _chatgpt(record, finder))
            if messages:
                found = True
                yield _document(record, messages, source, position)
    except RecursionError:
        raise Unreadable("damaged", "JSON that nests without end") from None
    if not found:
        yield from read_json(source)


def _document(record: Record, messages: Sequence[Said], source: Source, position: int) -> Document:
    title = string(record.fields.get("title")) or string(record.fields.get("name"))
    created = record.fields.get("create_time")
    date = local(number(created)) if created is not None else moment(string(record.fields.get("created_at")))
    member = source.inside(str(position))
    document = one_document(messages, source, Room("", {}), member)
    return replace(document, title=" ".join(title.split()), date=date or messages[0].at)


def _claude(record: Record, finder: Finder) -> Iterator[Said]:
    for entry in sequence(record.fields.get("chat_messages")):
        message = mapping(entry)
        shown = [string(mapping(part).get("text")) for part in sequence(message.get("content"))]
        text = "\n".join(part for part in shown if part) or string(message.get("text"))
        at = moment(string(message.get("created_at")))
        yield from _said(record, finder, at.astimezone() if at else None, string(message.get("sender")), text)


def _chatgpt(record: Record, finder: Finder) -> Iterator[Said]:
    """The messages of the branch that was shown last; all of them when it cannot be followed."""
    nodes = mapping(record.fields.get("mapping"))
    for name in _branch(nodes, string(record.fields.get("current_node"))) or list(nodes):
        message = mapping(mapping(nodes.get(name)).get("message"))
        who = string(mapping(message.get("author")).get("role"))
        parts = [string(part) for part in sequence(mapping(message.get("content")).get("parts"))]
        if who in ("user", "assistant"):
            text = "\n".join(part for part in parts if part)
            yield from _said(record, finder, local(number(message.get("create_time"))), who, text)


def _branch(nodes: object, leaf: str) -> list[str]:
    branch: dict[str, None] = {}
    tree = mapping(nodes)
    while leaf in tree and leaf not in branch:
        branch[leaf] = None
        leaf = string(mapping(tree.get(leaf)).get("parent"))
    return list(branch)[::-1]


def _said(record: Record, finder: Finder, at: datetime | None, who: str, text: str) -> Iterator[Said]:
    if text:
        yield Said(at, who, text, finder.marks(record, [text]))
