"""Mask what must not be indexed: keys, tokens, passwords, numbers of cards and accounts.

    redact("api_key = ghp_…").text == "api_key = [redacted:github-token]      "

A mask is exactly as long as what it hides, and line ends stay, so every offset, line and page of the text remains
true. The rules are data (`data/rules/secrets.toml`), matched by RE2 in time linear in the text: one pass asks all
triggers at once, and only rules whose trigger is there are looked for. What was found is told by place and rule; the
secret itself is never kept.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import re2
from ask.indexer import secret_checks
from ask.indexer.documents import Block, Document
from ask.indexer.secret_checks import CHECKS, Check

_NAME_BEFORE = re.compile(rb"[\w.:-]*$")
_NOT_LINE_END = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a secret stood. Offsets are code points of the text it was found in."""

    rule: str
    """The row of the table, such as `github-token`."""
    start: int
    end: int
    line: int | None
    """1-based; of the text, or of the source file where a document was redacted (None: it has no lines)."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text of unchanged length in which every finding is masked."""

    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class SecretRule:
    """One row of `data/rules/secrets.toml`."""

    id: str
    why: str
    source: str
    trigger: str
    pattern: str
    check: str = ""
    keep: int = 0
    """Code points at the end of the secret that stay readable."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A secret in the UTF-8 bytes of the text."""

    start: int
    end: int
    rule: str
    keep: int


def redact(text: str, *, leave: Collection[str] = ()) -> Redacted:
    """Mask every secret in `text`. `leave` are ids of rules that are not to be applied."""
    data = text.encode("utf-8", "surrogatepass")
    spans = _merged(_spans(data, leave))
    if not spans:
        return Redacted(text, ())
    findings = tuple(_located(text, data, spans))
    pieces: list[str] = []
    done = 0
    for finding, span in zip(findings, spans, strict=True):
        end = finding.end - span.keep
        pieces += [text[done : finding.start], _mask(text[finding.start : end], span.rule)]
        done = end
    return Redacted("".join((*pieces, text[done:])), findings)


def redact_document(document: Document, *, leave: Collection[str] = ()) -> tuple[Document, tuple[Finding, ...]]:
    """Mask every secret in a document's text, title, headings and facts. Findings tell of the text."""
    result = redact(document.text, leave=leave)

    def clean(text: str) -> str:
        return redact(text, leave=leave).text

    headings = {heading for block in document.blocks for heading in block.heading}
    masked = {heading: clean(heading) for heading in headings}
    changed = replace(
        document,
        text=result.text,
        title=clean(document.title),
        header=clean(document.header),
        facts={name: clean(value) for name, value in document.facts.items()},
        blocks=_with_headings(document.blocks, masked),
    )
    findings = tuple(replace(found, line=document.line_at(found.start)) for found in result.findings)
    return changed, findings


@cache
def secret_rules() -> tuple[SecretRule, ...]:
    """The rules that ship with ask, in order of precedence."""
    table = tomllib.loads((files("ask.data") / "rules" / "secrets.toml").read_text("utf-8"))

    def filled(row: dict[str, Any]) -> SecretRule:
        expressions = {name: row[name].replace("<names>", table["names"]) for name in ("trigger", "pattern")}
        return SecretRule(**{**row, **expressions})

    return tuple(filled(row) for row in table["rule"])


@cache
def rules_version() -> str:
    """Changes whenever the rules do: text that was masked by other rules must be read again."""
    code = inspect.getsource(secret_checks)
    return hashlib.sha256(f"{secret_rules()!r}{code}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Matcher:
    rule: SecretRule
    pattern: re2._Regexp
    key: int | None
    """Number of the group that holds the name the secret is assigned to."""
    check: Check | None

    def spans(self, data: bytes) -> Iterator[_Span]:
        for match in self.pattern.finditer(data):
            at = next((n for n in range(match.re.groups, 0, -1) if n != self.key and match.span(n)[0] >= 0), 0)
            start, end = match.span(at)
            if self.check is None or self.check(_text(data, start, end), self._context(data, match, start, end)):
                yield _Span(start, end, self.rule.id, self.rule.keep)

    def _context(self, data: bytes, match: re2._Match, start: int, end: int) -> str:
        """What the check is told besides the secret, as `secret_checks.Check` describes it."""
        name, name_end = match.span(self.key) if self.key is not None else (-1, -1)
        if name < 0:
            return (data[max(0, start - 8) : start] + b"\0" + data[end : end + 8]).decode("ascii", "replace")
        # The pattern begins at the telling part of a name, which is much faster; here is the rest of it.
        before = _NAME_BEFORE.search(data, max(0, name - 60), name)
        return data[before.start() if before else name : name_end].decode("ascii", "replace")


@cache
def _compiled() -> tuple[re2.Set, tuple[_Matcher, ...]]:
    triggers = re2.Set.SearchSet()
    matchers = []
    for rule in secret_rules():
        triggers.Add(rule.trigger)
        pattern = re2.compile(rule.pattern)
        check = CHECKS[rule.check] if rule.check else None
        matchers.append(_Matcher(rule, pattern, dict(pattern.groupindex).get("key"), check))
    triggers.Compile()
    return triggers, tuple(matchers)


def _spans(data: bytes, leave: Collection[str]) -> Iterator[_Span]:
    triggers, matchers = _compiled()
    for at in sorted(triggers.Match(data) or ()):
        if matchers[at].rule.id not in leave:
            yield from matchers[at].spans(data)


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """In order and without overlaps: of two rules that share characters the earlier in the table gives its name."""
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        last = merged[-1] if merged else None
        if last is None or span.start >= last.end:
            merged.append(span)
        elif span.end > last.end:
            merged[-1] = replace(last, end=span.end, keep=0)
    return merged


def _located(text: str, data: bytes, spans: Iterable[_Span]) -> Iterator[Finding]:
    """Spans of bytes as spans of code points, with their lines."""
    at_byte = at = 0
    line, counted = 1, 0
    for span in spans:
        start = at + len(_text(data, at_byte, span.start))
        end = start + len(_text(data, span.start, span.end))
        line += text.count("\n", counted, start)
        yield Finding(span.rule, start, end, line)
        at_byte, at, counted = span.end, end, start


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "surrogatepass")


def _mask(secret: str, rule: str) -> str:
    """As long as the secret, with its line ends: the label, then spaces, which cost neither tokens nor words."""
    label = next((label for label in (f"[redacted:{rule}]", "[redacted]") if len(label) <= len(secret)), "")
    first = secret.partition("\n")[0]
    if not label or len(label) > len(first):
        return _NOT_LINE_END.sub("*", secret)
    return label + _NOT_LINE_END.sub(" ", secret[len(label) :])


def _with_headings(blocks: tuple[Block, ...], masked: dict[str, str]) -> tuple[Block, ...]:
    if all(masked[heading] == heading for heading in masked):
        return blocks
    return tuple(replace(block, heading=tuple(masked[h] for h in block.heading)) for block in blocks)
