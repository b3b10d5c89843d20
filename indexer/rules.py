"""Which names are left out of the index, and why.

The tables are data (`data/rules/*.toml`); this module compiles them into a few dictionary lookups per name.
It looks at names only, never at the disk: what a folder holds is told to it. `scan` walks, `ignores` reads
.gitignore.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

TABLES: Mapping[str, str] = {"secret_paths": "secret", "build": "build", "binary": "binary"}
"""Tables of names, strongest first, with the reason of rows that give none."""

_BACKUP = (b"~", b".bak", b".old", b".orig", b".save", b".swp", b".tmp")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table. Names are in lower case; `/` joins the last names of a path."""

    id: str
    """Unique over all tables, such as `ssh`; shown by `ask why`."""
    reason: str
    """A key of `documents.REASONS`."""
    why: str
    """For people: what lies in there."""
    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    """Names that the globs would catch and that are fine."""
    beside: tuple[str, ...] = ()
    """The row holds only where one of these lies in the same folder."""
    inside: tuple[str, ...] = ()
    """A folder that holds one of these is meant, whatever it is called."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """One pattern of a rule, compiled; its last name has matched already."""

    rule: Rule
    path: re.Pattern[bytes] | None
    """Must match the end of the path, where the pattern has more than one name."""
    beside: re.Pattern[bytes] | None
    but: re.Pattern[bytes] | None

    def holds(self, folder: bytes, name: bytes, siblings: Collection[bytes]) -> bool:
        if self.path is not None and not self.path.fullmatch(_slashes(folder + name).lower()):
            return False
        if self.but is not None and self.but.fullmatch(name):
            return False
        return self.beside is None or any(self.beside.fullmatch(other.lower()) for other in siblings)


class Names:
    """Patterns of names, asked one name at a time: two dictionary lookups and one regular expression."""

    def __init__(self, patterns: Iterable[tuple[str, Rule]], waived: Collection[str] = ()) -> None:
        self._exact: dict[bytes, list[_Claim]] = {}
        self._suffix: dict[bytes, list[_Claim]] = {}
        self._globs: list[tuple[re.Pattern[bytes], _Claim]] = []
        for pattern, rule in patterns:
            self._add(pattern.lower(), rule, waived)
        joined = b"|".join(glob.pattern for glob, _ in self._globs)
        self._any_glob = re.compile(joined, re.DOTALL) if joined else None

    def _add(self, pattern: str, rule: Rule, waived: Collection[str]) -> None:
        last = pattern.rpartition("/")[2]
        path = _regex(f"*/{pattern}") if last != pattern else None
        claim = _Claim(rule, path, _regex(*rule.beside), _regex(*rule.but))
        if not _GLOB.search(last):
            self._exact.setdefault(os.fsencode(last), []).append(claim)
        elif last.startswith("*.") and not _GLOB.search(last, 1) and last.count(".") == 1:
            if last[1:] not in waived or rule.reason == "secret":
                self._suffix.setdefault(os.fsencode(last[1:]), []).append(claim)
        elif (glob := _regex(last)) is not None:
            self._globs.append((glob, claim))

    def find(self, folder: bytes, name: bytes, siblings: Collection[bytes]) -> Rule | None:
        """The rule for `name` in `folder` (closing separator); `siblings` are the names beside it."""
        name = name.lower()
        for claim in self._exact.get(name, ()):
            if claim.holds(folder, name, siblings):
                return claim.rule
        if self._any_glob is not None and self._any_glob.fullmatch(name):
            for glob, claim in self._globs:
                if glob.fullmatch(name) and claim.holds(folder, name, siblings):
                    return claim.rule
        dot = name.rfind(b".")
        if dot > 0:
            for claim in self._suffix.get(name[dot:], ()):
                if claim.holds(folder, name, siblings):
                    return claim.rule
        return None


class Allowed:
    """Hidden paths that are worth reading, as a tree of names. A step is one folder down."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.whole = False
        """A path ends here: everything below is taken."""
        self._names: dict[bytes, Allowed] = {}
        self._globs: list[tuple[re.Pattern[bytes], Allowed]] = []
        for path in paths:
            self._add(path.split("/"))

    def _add(self, names: list[str]) -> None:
        below = self._child(names[0])
        if len(names) == 1:
            below.whole = True
        else:
            below._add(names[1:])

    def _child(self, name: str) -> Allowed:
        if not _GLOB.search(name):
            return self._names.setdefault(os.fsencode(name), Allowed())
        glob = re.compile(_expression(name), re.DOTALL)
        below = next((node for known, node in self._globs if known.pattern == glob.pattern), None)
        if below is None:
            below = Allowed()
            self._globs.append((glob, below))
        return below

    def step(self, name: bytes) -> tuple[Allowed, ...]:
        """Where `name` leads; empty: nowhere, it stays hidden."""
        found = [below for glob, below in self._globs if glob.fullmatch(name)]
        exact = self._names.get(name)
        return (*found, exact) if exact is not None else tuple(found)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one run, compiled. Build with `default_rules`."""

    folders: Names
    files: Names
    inside: Mapping[bytes, Rule]
    """By the name of what a folder holds."""
    allowed: Allowed
    limits: Mapping[bytes, int]
    """Largest file in bytes, by suffix in lower case."""
    limit: int
    """Largest file in bytes, for all other suffixes."""
    exclude: tuple[str, ...] = ()
    """Patterns of the user, written as in a .gitignore at the root."""
    consented: frozenset[bytes] = frozenset()
    """Absolute paths that may be read although they are secret, with all below them. Consent for a path
    that is not itself secret opens nothing: no one word opens every secret of a home."""
    own: frozenset[bytes] = frozenset()
    """Absolute paths of folders that belong to ask."""
    respect_ignores: bool = True
    """False: .gitignore, .ignore and .askignore files are not read."""
    tables: tuple[Rule, ...] = field(default=(), repr=False)

    def secrecy(self, path: bytes) -> tuple[Rule | None, bool]:
        """The rule that makes `path` secret, by its name or a folder above; and whether there is consent."""
        secret: Rule | None = None
        for folder, name, is_last in _steps(path):
            rule = secret or self._secret(folder, name, is_last)
            if rule is not None and folder + name in self.consented:
                return rule, True
            secret = rule
        return secret, False

    def _secret(self, folder: bytes, name: bytes, may_be_file: bool) -> Rule | None:
        rule = self.folders.find(folder, name, ())
        if may_be_file and (rule is None or rule.reason != "secret"):
            rule = self.files.find(folder, name, ())
        return rule if rule is not None and rule.reason == "secret" else None

    def limit_for(self, name: bytes) -> int:
        """Largest size in bytes for a file of this name."""
        dot = name.rfind(b".")
        return self.limits.get(name[dot:].lower() if dot > 0 else b"", self.limit)


def default_rules(
    *,
    readable: Iterable[str] = (),
    exclude: Iterable[str] = (),
    consented: Iterable[bytes] = (),
    own: Iterable[bytes] = (),
    respect_ignores: bool = True,
) -> Rules:
    """The rules that ship with ask, fitted to this run.

    `readable` are suffixes (with their dot) that installed extractors claim: they are not left out as binary
    or unsupported. The other arguments are fields of `Rules`; paths lose a separator at their end.
    """
    return replace(
        _compiled(frozenset(suffix.lower() for suffix in readable)),
        exclude=tuple(exclude),
        consented=frozenset(map(_bare, consented)),
        own=frozenset(map(_bare, own)),
        respect_ignores=respect_ignores,
    )


@cache
def _compiled(readable: frozenset[str]) -> Rules:
    rules = tuple(rule for table in TABLES for rule in load_table(table))
    sizes = _toml("sizes")
    return Rules(
        folders=Names((pattern, rule) for rule in rules for pattern in rule.folders),
        files=_FileNames(rules, readable),
        inside={os.fsencode(name): rule for rule in rules for name in rule.inside},
        allowed=Allowed(path for paths in _toml("hidden").values() for path in paths),
        limits={
            os.fsencode(suffix): row["megabytes"] * 1_000_000 for row in sizes["limit"] for suffix in row["suffixes"]
        },
        limit=sizes["default"] * 1_000_000,
        tables=rules,
    )


class _FileNames(Names):
    """All patterns for files; a backup copy of a secret (`.env~`, `key.pem.bak`) is as secret as it was."""

    def __init__(self, rules: Sequence[Rule], readable: frozenset[str]) -> None:
        super().__init__(((p, rule) for rule in rules for p in rule.files), waived=readable)
        self._secrets = Names((p, rule) for rule in rules if rule.reason == "secret" for p in rule.files)

    def find(self, folder: bytes, name: bytes, siblings: Collection[bytes]) -> Rule | None:
        if name.endswith(_BACKUP):
            original = name.rstrip(b"~") if name.endswith(b"~") else name.rpartition(b".")[0]
            secret = self._secrets.find(folder, original, siblings)
            if secret is not None:
                return secret
        return super().find(folder, name, siblings)


def load_table(name: str) -> tuple[Rule, ...]:
    """The rows of `data/rules/<name>.toml`, a key of `TABLES`."""
    return tuple(
        Rule(
            id=row["id"],
            reason=row.get("reason", TABLES[name]),
            why=row["why"],
            **{key: tuple(row[key]) for key in ("folders", "files", "but", "beside", "inside") if key in row},
        )
        for row in _toml(name)["rule"]
    )


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((files("ask.data") / "rules" / f"{name}.toml").read_text("utf-8"))


def _regex(*globs: str) -> re.Pattern[bytes] | None:
    """One expression for all globs, in lower case, for `fullmatch`; None for none."""
    return re.compile(b"|".join(_expression(glob.lower()) for glob in globs), re.DOTALL) if globs else None


def _expression(glob: str) -> bytes:
    """`*` and `?` stand for anything, `[…]` for one of its characters."""
    parts = re.split(r"([*?]|\[[^\]]+\])", glob)
    meaning = {"*": ".*", "?": "."}
    return os.fsencode("".join(meaning.get(part) or (part if part[:1] == "[" else re.escape(part)) for part in parts))


def _slashes(path: bytes) -> bytes:
    return path.replace(b"\\", b"/") if os.sep == "\\" else path


def _bare(path: bytes) -> bytes:
    return path.rstrip(os.fsencode(os.sep)) or path


def _steps(path: bytes) -> Iterable[tuple[bytes, bytes, bool]]:
    """(folder with closing separator, name, whether it is the last) for every name of an absolute path."""
    separator = os.fsencode(os.sep)
    names = path.split(separator)
    folder = names[0] + separator
    for at, name in enumerate(names[1:], 2):
        if name:
            yield folder, name, at == len(names)
            folder += name + separator
