"""Files inside files: each is read by the extractor that claims it, and what goes wrong with one loses no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.package import Package
from ask.indexer.extract.registry import Source, read
from ask.indexer.extract.unpack import Budget


def member(outer: Source, name: str, data: bytes, budget: Budget, modified: datetime | None = None) -> Source:
    """A file inside `outer` as a source of its own; `name` is its path in there. It may unpack to what is left."""
    return Source(
        data,
        name.rpartition("/")[2],
        f"{outer.path}/{name}",
        modified or outer.modified,
        outer.inside(name),
        outer.depth + 1,
        replace(outer.limits, bytes_out=max(budget.left, 0)),
        outer.recognition,
    )


def embedded(package: Package, pattern: str) -> Iterator[Document]:
    """The documents of parts that are files in their own right; those that cannot be read are left out."""
    for name in package.matching(pattern):
        try:
            data = package.read(name)
            yield from read(member(package.source, name.rpartition("/")[2], data, package.budget))
        except Unreadable:
            continue
