"""Who wrote the files of a clone and when, from git's own history.

One `git log` for each clone, again only when its HEAD has moved; what it said is kept in the index. A file is given
what is known of it when its content is what HEAD has, so a change that is not committed yet is nobody's and of the day
the file was written.

The settings of a clone can name programs (`core.fsmonitor`, `gpg.program`, `core.sshCommand`): those that `git log`
would start are switched off, and the helper that runs it cannot start any.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ask.indexer import helper, helpers
from ask.indexer.database import Connection, compress, decompress
from ask.indexer.documents import Credit
from ask.indexer.text import without_surrogates

_AUTHORS = 5
"""Authors kept of a file, those with the most changes."""
_KEPT = 4
"""Clones whose histories are held in memory: a scan goes through one after the other."""
_SMALL = 1 << 16
"""Bytes read of the files that say where HEAD is; `packed-refs` alone may be longer."""
_ALLOWANCE = helper.Allowance(seconds=30, patience=60, output=100_000_000)
_NAMES = "0123456789abcdef"
_SETTINGS = (
    *("safe.directory=*", "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.quotePath=false"),
    *("log.showSignature=false", "gpg.program=false", "core.sshCommand=false", "protocol.allow=never"),
    *("core.attributesFile=/dev/null", "core.excludesFile=/dev/null", "core.pager=cat", "core.commitGraph=true"),
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1", "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_PAGER": "cat", "GIT_ALLOW_PROTOCOL": "",
}  # fmt: skip
_LOG = ("log", "HEAD", "--raw", "-z", "-c", "--no-abbrev", "--find-renames=100%", "--no-ext-diff", "--no-textconv",
        "--no-show-signature", "--ignore-submodules=all", "--format=%x01%at%x00%aN <%aE>")  # fmt: skip


class Histories:
    """The histories of all clones that a scan comes through."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._git = helpers.program("git")
        self._clones: dict[bytes, bytes] = {}
        """The clone that a folder lies in, empty for none."""
        self._known: OrderedDict[bytes, dict[str, Credit]] = OrderedDict()
        self.read = 0
        """Clones whose history was read anew."""

    def of(self, path: bytes) -> Credit | None:
        """Who wrote the file and when; None where no history tells."""
        if self._git is None:
            return None
        clone = self._clone(os.path.dirname(path))  # noqa: PTH120 (pathlib cannot hold bytes)
        if not clone:
            return None
        return self._history(clone).get(os.fsdecode(path[len(clone.rstrip(b"/")) + 1 :]).replace(os.sep, "/"))

    def forget_others(self, path: bytes, inside: tuple[bytes, bytes]) -> None:
        """After a scan of all at and below `path`: what is kept of clones that are not there any more goes."""
        kept = self._db.execute("SELECT path FROM clones WHERE path = ? OR (path > ? AND path < ?)", (path, *inside))
        for (clone,) in kept.fetchall():
            if not self._clones.get(bytes(clone)):
                self._db.execute("DELETE FROM clones WHERE path = ?", (clone,))

    def _clone(self, folder: bytes) -> bytes:
        found = self._clones.get(folder)
        if found is None:
            above = os.path.dirname(folder)  # noqa: PTH120
            if os.path.lexists(os.path.join(folder, b".git")):  # noqa: PTH118
                found = folder
            else:
                found = self._clone(above) if above != folder else b""
            self._clones[folder] = found
        return found

    def _history(self, clone: bytes) -> dict[str, Credit]:
        if clone not in self._known:
            self._known[clone] = self._looked_up(clone)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[clone]

    def _looked_up(self, clone: bytes) -> dict[str, Credit]:
        """What is kept of a clone, if its HEAD is where it was; else its history is read."""
        head = head_of(Path(os.fsdecode(clone)))
        if not head:
            return {}
        row = self._db.execute("SELECT head, history FROM clones WHERE path = ?", (clone,)).fetchone()
        if row is not None and row[0] == head:
            kept = json.loads(decompress(row[1]))
            return {name: Credit(blob, first, last, tuple(people)) for name, blob, first, last, people in kept}
        found = self._read(clone)
        self.read += 1
        kept = json.dumps([[name, c.blob, c.first, c.last, c.people] for name, c in found.items()])
        self._db.execute("INSERT OR REPLACE INTO clones VALUES (?, ?, ?)", (clone, head, compress(kept)))
        return found

    def _read(self, clone: bytes) -> dict[str, Credit]:
        assert self._git is not None  # noqa: S101 (nobody asks without it)
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        said = helper.run(
            self._git,
            ["--no-pager", *settings, "-C", clone, *_LOG],
            readable=[clone, *map(os.fsencode, _stores(Path(os.fsdecode(clone))))],
            environment=_ENVIRONMENT,
            allowance=_ALLOWANCE,
        )
        return credits_of(said.output)


@dataclass(slots=True)
class _File:
    """What the log says of a file, from its newest change back."""

    blob: str
    first: int = 0
    last: int = 0
    people: Counter[str] = field(default_factory=Counter)


def credits_of(log: bytes) -> dict[str, Credit]:
    """The files at the newest commit of a log and who wrote them, by their paths in the clone. It may be cut off."""
    files: dict[str, _File] = {}
    gone: set[str] = set()
    now: dict[str, str] = {}
    """Names that files had further back: what they are called now."""
    for commit in log.split(b"\x01")[1:]:
        stated, who, *rest = commit.split(b"\0") if commit.count(b"\0") > 1 else (b"", b"", b"")
        if not stated.isdigit():
            continue
        moment, author = int(stated), without_surrogates(who.decode("utf-8", "replace"))
        for status, blob, old, name in _changes(rest):
            name = now.get(name, name)
            if status == "D" and name not in files:
                gone.add(name)
            if name in gone:
                continue
            file = files.setdefault(name, _File(blob))
            if status == "R":
                now[old] = name
            else:
                file.first, file.last = moment, file.last or moment
                file.people[author] += 1
            if status == "A":
                now.pop(old, None)
    return {name: _credit(file) for name, file in files.items() if file.last}


def _changes(fields: Sequence[bytes]) -> Iterator[tuple[str, str, str, str]]:
    """(status, blob, older name, name) of each file of a commit; the names are the same but for what was renamed."""
    at = 0
    while at + 1 < len(fields):
        header = fields[at].lstrip(b"\n")
        at += 1
        if not header.startswith(b":"):
            continue
        *_, blob, status = header.decode("ascii", "replace").split(" ")
        renamed = status[:1] in ("R", "C") and not header.startswith(b"::")
        old, name = fields[at], fields[at + 1 if renamed and at + 1 < len(fields) else at]
        at += 2 if renamed else 1
        if old and name:
            yield status[:1], blob, os.fsdecode(old), os.fsdecode(name)


def _credit(file: _File) -> Credit:
    """Of those with as many changes as others, whoever was there before comes first."""
    oldest_first = list(file.people)[::-1]
    people = sorted(oldest_first, key=lambda who: -file.people[who])
    return Credit(file.blob, file.first, file.last, tuple(people[:_AUTHORS]))


def head_of(clone: Path) -> str:
    """The commit that HEAD names, in hexadecimal; empty when it names none that can be found (a new clone)."""
    try:
        store, common = _stores(clone)
        head = _line(store / "HEAD")
        if not head.startswith("ref: "):
            return head if _is_commit(head) else ""
        name = head.removeprefix("ref: ")
        if ".." in name or name.startswith("/"):
            return ""
        for folder in (store, common):
            if (folder / name).is_file():
                return found if _is_commit(found := _line(folder / name)) else ""
        return _packed(common / "packed-refs", name)
    except (OSError, ValueError):
        return ""


def _stores(clone: Path) -> tuple[Path, Path]:
    """Where git keeps what belongs to this folder, and what it shares with the other folders of the same clone."""
    store = clone / ".git"
    if store.is_file():
        store = clone / _line(store).removeprefix("gitdir: ")
    shared = store / "commondir"
    return store, (store / _line(shared)) if shared.is_file() else store


def _line(file: Path) -> str:
    with file.open("rb") as stream:
        return os.fsdecode(stream.read(_SMALL)).strip("\r\n ")


def _packed(file: Path, name: str) -> str:
    wanted = os.fsencode(f" {name}")
    with file.open("rb") as stream:
        for line in stream:
            if line.rstrip(b"\r\n").endswith(wanted):
                found = line[: -len(wanted)].decode("ascii", "replace").split(" ")[0]
                return found if _is_commit(found) else ""
    return ""


def _is_commit(text: str) -> bool:
    return len(text) in (40, 64) and all(letter in _NAMES for letter in text)


def is_blob(data: bytes, blob: str) -> bool:
    """True when git would store `data` as `blob`, perhaps with its line ends made \\n."""
    ways = (data, data.replace(b"\r\n", b"\n")) if b"\r\n" in data else (data,)
    return any(_named(written, len(blob) == 64) == blob for written in ways)


def _named(data: bytes, long: bool) -> str:
    digest = hashlib.sha256() if long else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()
