"""Walk a root and say of everything below it: consider this file, or it is left out, and why.

    for entry in scan(b"/home/jana", default_rules()):
        match entry: case Found(): ...  case Left(): ...

Names and `lstat` are all that is looked at: no file is opened but ignore files, none is looked at twice, no
link is followed (but the root itself). A folder that is left out is one entry, whatever it holds. Paths are
bytes. Order is by name, a folder's files before its folders.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from ask.indexer.ignores import Ignores, Verdict, ignores_above, patterns
from ask.indexer.rules import Allowed, Rule, Rules

_SEPARATOR = os.fsencode(os.sep)
_KEPT_IN_CLOUD = 0x1000 | 0x40000 | 0x400000
"""Windows: FILE_ATTRIBUTE_OFFLINE, RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS."""
_JUNCTION = 0xA0000003
"""Windows: IO_REPARSE_TAG_MOUNT_POINT, a folder that leads elsewhere."""
_DATALESS = 0x40000000
"""macOS: SF_DATALESS, the contents are in the cloud."""
_STANDS_FOR = (b".icloud", b".nextcloud", b".owncloud")
"""Ends of the names of small files that stand for one in the cloud."""
_PROBLEMS = {
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.ENOENT: "vanished",
    errno.ENOTDIR: "vanished",
    errno.ESTALE: "vanished",
    errno.ENAMETOOLONG: "too deep",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file to be considered."""

    path: bytes
    size: int
    """Bytes."""
    mtime_ns: int
    """Since 1970, kept within 64 bits."""
    inode: int
    """0 where the system has none (Windows)."""
    device: int
    ctime_ns: int
    """When its name, rights or contents last changed; no program can set it (Windows: when it was made)."""
    mode: int
    """Type and rights, as `stat` gives them."""


@dataclass(frozen=True, slots=True)
class Left:
    """A file or a whole folder that is left out."""

    path: bytes
    reason: str
    """A key of `documents.REASONS`."""
    detail: str
    """What exactly, for people: the kind of secret, the ignore file, the limit."""
    is_dir: bool = False
    size: int = 0
    """Bytes; 0 for folders, whose contents are not looked at."""
    rule: str = ""
    """The row of the tables that says so, empty when it is none."""


Entry = Found | Left


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a tree to look at: a folder with everything below it, or only the files right in it."""

    path: bytes
    deep: bool


def _nobody(_: bytes) -> None:
    """Not interested in the folders that are read."""


def scan(
    root: bytes,
    rules: Rules,
    *,
    others: Collection[bytes] = (),
    part: Part | None = None,
    entered: Callable[[bytes], None] = _nobody,
) -> Iterator[Entry]:
    """Everything below `root`, or `root` alone when it is a file.

    `root` is absolute. A hidden, ignored or build folder is read when it is the root: it was named on
    purpose. `others` are further roots: where one lies below this root it is passed over without an entry,
    because its own scan tells of it. A root that cannot be read gives a single `Left` with the root's own
    path.

    With a `part`, only what a scan of the whole root says about that part; when the part, or a folder above it, is
    left out, that entry alone. `entered` is called with the path of every folder right before it is listed, so that
    whoever watches it from then on misses nothing.
    """
    walk = _Walk(rules, frozenset(others))
    first = walk.start(root) if part is None else _reached(walk, root, part.path)
    waiting = [first] if isinstance(first, _Folder) else []
    if not isinstance(first, _Folder):
        yield first
    while waiting:
        folder = waiting.pop()
        entered(folder.path.rstrip(_SEPARATOR) or _SEPARATOR)
        below: list[_Folder] = []
        for entry in walk.list(folder):
            if isinstance(entry, _Folder):
                below.append(entry)
            else:
                yield entry
        if part is None or part.deep:
            waiting.extend(reversed(below))


def explain(path: bytes, root: bytes, rules: Rules, *, others: Collection[bytes] = ()) -> Entry | None:
    """What a scan of `root` says about `path`, which lies below it: its own entry, or that of the folder
    above it that is left out. None: a folder that is read."""
    at = _reached(_Walk(rules, frozenset(others)), root, path)
    return None if isinstance(at, _Folder) else at


def look(path: bytes) -> Found | None:
    """A file as a scan would find it, whatever the rules say; None where none can be read without downloading it."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode) or _is_placeholder(path.rpartition(_SEPARATOR)[2], found):
        return None
    return _found(path, found)


def _reached(walk: _Walk, root: bytes, path: bytes) -> _Folder | Entry:
    """Walk from `root` down to `path`, or to the folder above it that is left out."""
    path = path.rstrip(_SEPARATOR)
    at = walk.start(root)
    while isinstance(at, _Folder) and at.path != path + _SEPARATOR:
        at = next((entry for entry in walk.list(at) if _leads_to(entry, path)), _gone(path))
    return at


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder that will be read, and what its names must know."""

    path: bytes
    """With closing separator."""
    device: int
    above: tuple[tuple[int, int], ...]
    """(device, inode) of itself and of every folder above it, for finding loops."""
    ignores: Ignores
    consented: bool = False
    """What lies in here may be read although it is secret."""
    toward: tuple[Allowed, ...] = ()
    """Inside a hidden folder that is entered only on the way to something worth reading: where it leads."""
    is_root: bool = False
    guard: Left | None = None
    """It is left out but for paths below it that there is consent for: what everything else in it is given as."""


class _Walk:
    """Judges names one folder at a time."""

    def __init__(self, rules: Rules, others: frozenset[bytes]) -> None:
        self._rules = rules
        self._others = others

    def start(self, root: bytes) -> _Folder | Entry:
        """The root as a folder to list, or what there is to say about it."""
        path = root.rstrip(_SEPARATOR) or _SEPARATOR
        try:
            found = os.stat(path)  # noqa: PTH116 - pathlib cannot hold paths of bytes
        except OSError as error:
            return _problem(path, error, is_dir=False)
        is_dir = stat.S_ISDIR(found.st_mode)
        if self._is_own(path):
            return _left(path, "own", "the index itself", found, is_dir)
        secret, consented = self._rules.secrecy(path)
        if secret is not None and not consented:
            return _by_rule(path, secret, found, is_dir)
        if not is_dir:
            return self._by_contents(path, path.rpartition(_SEPARATOR)[2], found)
        folder = path if path.endswith(_SEPARATOR) else path + _SEPARATOR
        return _Folder(
            folder,
            found.st_dev,
            ((found.st_dev, found.st_ino),),
            self._ignores_at(folder),
            consented=consented,
            is_root=True,
        )

    def list(self, folder: _Folder) -> Iterator[_Folder | Entry]:
        """Everything in `folder`, judged: files first, then folders, each by name."""
        try:
            with os.scandir(folder.path) as listing:
                entries = sorted(listing, key=_name)
        except OSError as error:
            yield _problem(folder.path[:-1] or folder.path, error, is_dir=True)
            return
        names = {entry.name for entry in entries}
        marker = next((mark for mark in self._rules.inside if mark in names), None)
        if marker is not None and not folder.is_root:
            yield _by_rule(folder.path[:-1], self._rules.inside[marker], None, True)
            return
        ignores = folder.ignores.enter(folder.path, names) if self._rules.respect_ignores else folder.ignores
        folders: list[_Folder | Entry] = []
        for entry in entries:
            if entry.path in self._others:
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(self._folder(folder, entry, names, ignores))
                else:
                    yield self._file(folder, entry, names, ignores)
            except OSError as error:
                yield _problem(entry.path, error, is_dir=False)
        yield from folders

    def _file(self, folder: _Folder, entry: os.DirEntry[bytes], names: set[bytes], ignores: Ignores) -> Entry:
        name, path = entry.name, entry.path
        found = entry.stat(follow_symlinks=False)
        if folder.guard is not None and path not in self._rules.consented:
            return replace(folder.guard, path=path, is_dir=False, size=found.st_size)
        rule = self._rules.files.find(folder.path, name, names)
        consented = folder.consented or folder.guard is not None
        if rule is not None and rule.reason == "secret":
            consented = consented or path in self._rules.consented
            if not consented:
                return _by_rule(path, rule, found, False)
            rule = None
        if not stat.S_ISREG(found.st_mode):
            return _left(path, "special", _special(found.st_mode), found, False)
        verdict = ignores.judge(path, False) if ignores else None
        left = self._by_name(folder, name, names, rule, verdict) if not consented else None
        if left is not None:
            return Left(path, left[0], left[1], False, found.st_size, rule.id if rule else "")
        return self._by_contents(path, name, found)

    def _folder(
        self, folder: _Folder, entry: os.DirEntry[bytes], names: set[bytes], ignores: Ignores
    ) -> _Folder | Left:
        name, path = entry.name, entry.path
        if self._is_own(path):
            return Left(path, "own", "the index itself", is_dir=True)
        rule = self._rules.folders.find(folder.path, name, names)
        guard = None if folder.guard is None else replace(folder.guard, path=path, is_dir=True, size=0)
        consented = folder.consented
        if rule is not None and rule.reason == "secret":
            guard, rule = guard or _by_rule(path, rule, None, True), None
        if guard is not None and (consented or path in self._rules.consented):
            guard, consented = None, True
        verdict = ignores.judge(path, True) if ignores else None
        left = self._by_name(folder, name, names, rule, verdict) if not consented else None
        if left is not None:
            guard = guard or Left(path, left[0], left[1], True, 0, rule.id if rule else "")
        if guard is not None and not self._leads_to_consent(path):
            return guard
        found = entry.stat(follow_symlinks=False)
        here = (found.st_dev, found.st_ino)
        if getattr(found, "st_reparse_tag", 0) == _JUNCTION:
            return Left(path, "special", "a link to a folder", is_dir=True)
        if found.st_dev not in (folder.device, 0):
            return Left(path, "other disk", "another file system; index it as a root of its own", is_dir=True)
        if found.st_ino and here in folder.above:
            return Left(path, "special", "a loop: the same folder as one above it", is_dir=True)
        back_in = verdict is not None and not verdict.leave_out
        toward = () if back_in or consented or guard else _toward(self._rules.allowed, folder, name)
        above = (*folder.above, here)
        return _Folder(path + _SEPARATOR, folder.device, above, ignores, consented, toward, guard=guard)

    def _leads_to_consent(self, path: bytes) -> bool:
        return any(consented.startswith(path + _SEPARATOR) for consented in self._rules.consented)

    def _by_name(
        self,
        folder: _Folder,
        name: bytes,
        names: set[bytes],
        rule: Rule | None,
        verdict: Verdict | None,
    ) -> tuple[str, str] | None:
        """(reason, detail) for leaving out what is not secret, None for taking it."""
        if verdict is not None and not verdict.leave_out:
            return None
        if rule is not None:
            return rule.reason, rule.why
        if self._is_hidden(folder, name, names):
            return "hidden", "its name begins with a dot" if name[:1] == b"." else "inside a hidden folder"
        if verdict is not None:
            return "ignored", f"named in {verdict.origin}"
        return None

    def _is_hidden(self, folder: _Folder, name: bytes, names: set[bytes]) -> bool:
        if folder.toward:
            return not any(node.step(name) for node in folder.toward)
        if name[:1] != b"." or self._rules.allowed.step(name):
            return False
        return not (b"cur" in names and b"new" in names)  # a subfolder of a Maildir

    def _by_contents(self, path: bytes, name: bytes, found: os.stat_result) -> Entry:
        """Takes a regular file unless its size or its place says otherwise."""
        if not stat.S_ISREG(found.st_mode):
            return _left(path, "special", _special(found.st_mode), found, False)
        if found.st_size == 0:
            return _left(path, "empty", "0 bytes", found, False)
        if _is_placeholder(name, found):
            return _left(path, "placeholder", "reading it would download it", found, False)
        limit = self._rules.limit_for(name)
        if found.st_size > limit:
            return _left(path, "too large", _too_large(found, limit), found, False)
        return _found(path, found)

    def _ignores_at(self, folder: bytes) -> Ignores:
        above = ignores_above(folder) if self._rules.respect_ignores else Ignores()
        verdict = above.judge(folder[:-1], True) if above else None
        if verdict is not None and verdict.leave_out:
            above = Ignores()  # named on purpose: what leaves the root itself out cannot count inside it
        own = patterns(self._rules.exclude, folder, "--exclude").own
        return Ignores(own + above.own, above.git, above.in_work_tree)

    def _is_own(self, path: bytes) -> bool:
        return path in self._rules.own


def _found(path: bytes, found: os.stat_result) -> Found:
    return Found(
        path,
        found.st_size,
        _storable(found.st_mtime_ns),
        found.st_ino,
        found.st_dev,
        _storable(found.st_ctime_ns),
        found.st_mode,
    )


def _storable(nanoseconds: int) -> int:
    """A time that fits 64 bits: those before 1677 and after 2262, which some file systems know, do not."""
    return min(max(nanoseconds, -(1 << 63)), (1 << 63) - 1)


def _name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name


def _toward(allowed: Allowed, folder: _Folder, name: bytes) -> tuple[Allowed, ...]:
    """Where a folder that is entered leads; empty when all of it is taken."""
    if folder.toward:
        nodes = tuple(below for node in folder.toward for below in node.step(name))
    else:
        nodes = allowed.step(name) if name[:1] == b"." else ()
    return () if any(node.whole for node in nodes) else nodes


def _leads_to(entry: _Folder | Entry, path: bytes) -> bool:
    here = entry.path.rstrip(_SEPARATOR)
    return path == here or path.startswith(here + _SEPARATOR)


def _gone(path: bytes) -> Left:
    return Left(path, "vanished", "no such file")


def _problem(path: bytes, error: OSError, *, is_dir: bool) -> Left:
    reason = _PROBLEMS.get(error.errno or 0, "damaged")
    return Left(path, reason, error.strerror or type(error).__name__, is_dir)


def _left(path: bytes, reason: str, detail: str, found: os.stat_result, is_dir: bool) -> Left:
    return Left(path, reason, detail, is_dir, 0 if is_dir else found.st_size)


def _by_rule(path: bytes, rule: Rule, found: os.stat_result | None, is_dir: bool) -> Left:
    size = 0 if is_dir or found is None else found.st_size
    return Left(path, rule.reason, rule.why, is_dir, size, rule.id)


def _special(mode: int) -> str:
    tests = {
        "a symbolic link": stat.S_ISLNK,
        "a named pipe": stat.S_ISFIFO,
        "a socket": stat.S_ISSOCK,
        "a device": stat.S_ISCHR,
        "a block device": stat.S_ISBLK,
    }
    return next((what for what, test in tests.items() if test(mode)), "not a regular file")


def _is_placeholder(name: bytes, found: os.stat_result) -> bool:
    """True when the contents are in the cloud, and reading would fetch them."""
    if getattr(found, "st_file_attributes", 0) & _KEPT_IN_CLOUD or getattr(found, "st_flags", 0) & _DATALESS:
        return True
    return name.endswith(_STANDS_FOR)


def _too_large(found: os.stat_result, limit: int) -> str:
    detail = f"{found.st_size / 1e6:,.0f} MB, the limit for its kind is {limit / 1e6:,.0f} MB"
    taken = getattr(found, "st_blocks", None)  # in units of 512 bytes; Windows has none
    if taken is not None and taken * 512 < found.st_size // 2:
        detail += f"; only {taken * 512 / 1e6:,.1f} MB of it are on the disk"
    return detail
