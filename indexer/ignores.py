"""What .gitignore, .ignore and .askignore files leave out, decided as ripgrep does.

`.askignore` and `.ignore` count everywhere, `.gitignore` and `.git/info/exclude` only inside a git work
tree; a nested work tree does not hear the one around it. The last matching line of the nearest file
decides, `.askignore` before `.ignore` before `.gitignore`. Patterns of the user come before all files. A
line with `!` takes a name back in, also when it is hidden or looks like build output (never when it is
secret).

Names are compared as bytes (decoded as latin-1, one character a byte), so that names of any bytes work.
"""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import re2
from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

OWN_FILES = (b".askignore", b".ignore")
GIT_FILE = b".gitignore"
_EXCLUDE_FILE = os.fsencode(f".git{os.sep}info{os.sep}exclude")
_BAD_PATTERN = (GitIgnorePatternError, re.error, re2.error)
_LARGEST = 1_000_000
"""Bytes; a longer ignore file is not one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`leave_out` False: taken back in by a `!` line."""

    leave_out: bool
    origin: str
    """The file (or `--exclude`) that says so, for people."""


@dataclass(frozen=True, slots=True)
class _Level:
    folder: bytes
    """Patterns are relative to it; with its closing separator."""
    origin: str
    spec: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class Ignores:
    """The ignore files in force in one folder, nearest first. Immutable: each folder has its own."""

    own: tuple[_Level, ...] = ()
    git: tuple[_Level, ...] = ()
    in_work_tree: bool = False

    def enter(self, folder: bytes, names: Collection[bytes]) -> Ignores:
        """With the ignore files of `folder` (closing separator), which holds `names`, added."""
        own, git, in_work_tree = self.own, self.git, self.in_work_tree
        if b".git" in names:
            in_work_tree = True
            git = _levels(folder, [_EXCLUDE_FILE])
        if in_work_tree and GIT_FILE in names:
            git = _levels(folder, [GIT_FILE]) + git
        present = [name for name in OWN_FILES if name in names]
        if present:
            own = _levels(folder, present) + own
        if own is self.own and git is self.git and in_work_tree == self.in_work_tree:
            return self
        return Ignores(own, git, in_work_tree)

    def judge(self, path: bytes, is_folder: bool) -> Verdict | None:
        """What the files say of `path` (absolute, no closing separator); None: nothing."""
        for level in (*self.own, *self.git):
            inner = path[len(level.folder) :].decode("latin-1")
            if os.sep == "\\":
                inner = inner.replace("\\", "/")
            include = level.spec.check_file(inner + "/" if is_folder else inner, ()).include
            if include is not None:
                return Verdict(include, level.origin)
        return None

    def __bool__(self) -> bool:
        return bool(self.own or self.git)


def ignores_above(root: bytes) -> Ignores:
    """The ignore files in force at `root` (absolute, closing separator) through the folders above it."""
    found = Ignores()
    separator = os.fsencode(os.sep)
    at = root.find(separator)
    while 0 <= at < len(root) - 1:
        folder = root[: at + 1]
        names = [name for name in (b".git", GIT_FILE, *OWN_FILES) if os.path.lexists(folder + name)]
        found = found.enter(folder, names)
        at = root.find(separator, at + 1)
    return found


def patterns(lines: Iterable[str], folder: bytes, origin: str) -> Ignores:
    """The user's own patterns, relative to `folder` (closing separator)."""
    text = "\n".join(lines).encode("utf-8", "surrogateescape").decode("latin-1")
    return Ignores(own=(_Level(folder, origin, _spec(text)),)) if text else Ignores()


def _levels(folder: bytes, names: Iterable[bytes]) -> tuple[_Level, ...]:
    found = ((name, _read(folder + name)) for name in names)
    return tuple(_Level(folder, os.fsdecode(folder + name), _spec(text)) for name, text in found if text)


def _read(path: bytes) -> str:
    """The text of an ignore file; empty when there is none. A link is not followed, a pipe not opened."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return ""
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib cannot hold paths of bytes
            return file.read().decode("latin-1")
    except OSError:
        return ""


def _spec(text: str) -> GitIgnoreSpec:
    # The re2 backend matches all lines at once: 4 µs a name for 24 lines, where re takes 13.
    lines = text.splitlines()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # from re, about patterns such as [--a]
        try:
            return GitIgnoreSpec.from_lines(lines, backend="re2")
        except _BAD_PATTERN:
            return GitIgnoreSpec.from_lines(filter(_is_pattern, lines), backend="re2")


def _is_pattern(line: str) -> bool:
    """False for a line that git itself would not understand; it is passed over, as git does."""
    try:
        GitIgnoreSpec.from_lines([line], backend="re2")
    except _BAD_PATTERN:
        return False
    return True
