"""Secrets are masked, nothing else is, and every offset and line of the text stays true."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from ask.indexer.documents import Block, Document
from ask.indexer.redact import Redacted, _compiled, redact, redact_document, secret_rules
from ask.indexer.secret_checks import CHECKS
from hypothesis import given
from hypothesis import strategies as st

GITHUB = "ghp_" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3"


def beside(path: str) -> ModuleType:
    """A module of the repository that is not installed."""
    file = Path(__file__).parent.parent / path
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


CORPUS = beside("benchmarks/redaction_corpus.py")


def rules_hit(text: str) -> list[str]:
    return [finding.rule for finding in redact(text).findings]


def test_a_secret_is_masked_in_place() -> None:
    text = f'# žluť\napi = "{GITHUB}"\nnext line\n'
    result = redact(text)
    assert GITHUB not in result.text
    assert len(result.text) == len(text)
    (found,) = result.findings
    assert (found.rule, found.line) == ("github-token", 2)
    assert text[found.start : found.end] == GITHUB
    assert result.text[found.start : found.end] == "[redacted:github-token]".ljust(len(GITHUB))
    assert result.text[: found.start] + text[found.start : found.end] + result.text[found.end :] == text


def test_a_short_secret_is_masked_by_stars() -> None:
    assert redact("heslo k wifi je Ryba42!").text == "heslo k wifi je *******"


def test_line_ends_inside_a_secret_stay() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n" * 3
    text = f"before\n{key}-----END PRIVATE KEY-----\nafter\n"
    result = redact(text)
    assert "MIIE" not in result.text
    assert [at for at, c in enumerate(result.text) if c == "\n"] == [at for at, c in enumerate(text) if c == "\n"]
    assert result.text.splitlines()[-1] == "after"


def test_a_key_whose_end_is_cut_off_is_masked() -> None:
    text = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n" * 3
    assert rules_hit(text) == ["private-key"]
    assert "MIIE" not in redact(text).text


def test_the_end_of_cards_and_accounts_stays_readable() -> None:
    assert redact("karta 4539 1488 0343 6467.").text == "karta [redacted:card]6467."
    assert redact("účet CZ65 0800 0000 1920 0014 5399").text == "účet [redacted:iban]          5399"


def test_rules_can_be_left_out() -> None:
    text = "účet CZ65 0800 0000 1920 0014 5399"
    assert redact(text, leave=["iban"]) == Redacted(text, ())


def test_findings_do_not_overlap_and_never_hold_the_secret() -> None:
    text = f'github_token = "{GITHUB}"; url = "https://jana:{GITHUB}@github.com/"'
    findings = redact(text).findings
    assert [found.rule for found in findings] == ["github-token", "github-token"]
    assert all(a.end <= b.start for a, b in pairwise(findings))
    assert GITHUB not in repr(findings)


def test_a_document_is_masked_everywhere() -> None:
    document = Document(
        text=f"intro\nkey {GITHUB}\n",
        title=f"use {GITHUB}",
        header=f"a, {GITHUB}",
        facts={"subject": GITHUB, "tags": "x"},
        blocks=(Block(0, 5), Block(6, 50, heading=("Setup", f"with {GITHUB}"))),
        lines=((0, 10), (6, 20)),
    )
    masked, findings = redact_document(document)
    assert GITHUB not in repr(masked)
    assert [(found.rule, found.line) for found in findings] == [("github-token", 20)]
    assert [(block.start, block.end) for block in masked.blocks] == [(0, 5), (6, 50)]
    assert masked.facts["tags"] == "x"


def test_a_document_without_lines_gives_none() -> None:
    _, findings = redact_document(Document(text=GITHUB, lines=()))
    assert findings[0].line is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("DB_PASSWORD=Kocour1984", "set"),
        ("passphrase: 'correct horse battery staple'", "assigned"),
        ("PIN: 4821", "set"),
        ("heslo: jahodovymlyn\n", "noted"),
        ("password = 'jahodovymlyn'", "assigned-word"),
        ("WIFI:T:WPA;S:Chata;P:rybnik77;;", "wifi"),
        ("seed phrase: " + " ".join(["apple", "river", "stone", "cloud", "zebra", "violin"] * 2), "seed-phrase"),
        ("licenční klíč: Q7RT2-9KLM4-XW3PZ-8HJV6", "told-key"),
        ("https://api.example.net/v1?token=9fK2mQ7xLz4TtB1cWn8R", "in-query"),
        ("-u jana:Ryba4242 | curl -u jana:Ryba4242 https://nas", "password-on-command-line"),
    ],
)
def test_forms_that_the_corpus_has_not(text: str, rule: str) -> None:
    assert rule in rules_hit(text)


@pytest.mark.parametrize(
    "text",
    [
        "NextToken: 3/PblzkiGhzjER3KHuQt2fmbPLF7cDYafjFMEoGn44ON",
        "arn:aws:secretsmanager:us-west-2:123456789012:secret:MyTestSecret-a1b2c3",
        "tokenizer (`Qwen2TokenizerFast`):",
        "5426 5427 5428 5429 5430 5431 5432 5433 5434 4539 1488 0343 6467 5435",
        "rng = np.random.default_rng(2435908729190400)",
        "GENERIC_PASSTHRU = 0x0249",
        "proxy_pass => $pass,",
        '"AWS::AppSync::ApiKey": "3d104ea0be48564b",',
        "Public key ping-sha256: SIXvRyDmBJSgatgTQRGbInBaAK+hZOQ18UmrSwnDlK8=",
        'password = ask_password("Password: ")',
    ],
)
def test_what_was_once_masked_by_mistake(text: str) -> None:
    """Each was found in real documentation or code and masked by an earlier form of the rules."""
    assert rules_hit(text) == []


def test_recall_on_the_corpus() -> None:
    """Kinds that the rules are meant for lose nothing; what they are not meant for is named in docs/privacy.md."""
    samples = CORPUS.secrets(7)
    missed = Counter(sample.kind for sample in samples if CORPUS.remains(sample, redact(sample.text).text))
    assert len(samples) >= 500
    assert set(missed) <= {"password that is plain words", "key without a telling name"}
    assert sum(missed.values()) <= 0.03 * len(samples)


def test_no_false_redaction_on_the_corpus() -> None:
    samples = CORPUS.innocents(11)
    assert len(samples) >= 500
    assert [sample.text for sample in samples if redact(sample.text).findings] == []


def test_a_trigger_is_true_wherever_its_pattern_finds_something() -> None:
    """The triggers are only there for speed: they must never hide a secret."""
    triggers, matchers = _compiled()
    for sample in CORPUS.secrets(7):
        data = sample.text.encode()
        asked = set(triggers.Match(data) or ())
        for at, matcher in enumerate(matchers):
            assert at in asked or not list(matcher.spans(data)), (matcher.rule.id, sample)


def test_every_row_is_well_made() -> None:
    rules = secret_rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.why, rule.id
        assert rule.source, rule.id
        assert not rule.check or rule.check in CHECKS
        assert "<names>" not in rule.pattern


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.sampled_from(
                [GITHUB, "heslo: Ryba42!", "4539 1488 0343 6467", "žluť", "\n", " ", "\ud800", "= ", "password"]
            ),
        )
    )
)
def test_length_and_lines_never_change(pieces: list[str]) -> None:
    text = "".join(pieces)
    result = redact(text)
    assert len(result.text) == len(text)
    assert [c == "\n" for c in result.text] == [c == "\n" for c in text]
    changed = [at for at, (a, b) in enumerate(zip(text, result.text, strict=True)) if a != b]
    inside = {at for found in result.findings for at in range(found.start, found.end)}
    assert set(changed) <= inside


def test_masking_is_stable() -> None:
    """A masked text has nothing left to mask."""
    for sample in CORPUS.secrets(7)[::3]:
        once = redact(sample.text)
        assert redact(once.text).text == once.text, sample


def test_the_documentation_shows_the_rules_as_they_are() -> None:
    """If this fails: python scripts/privacy_tables.py"""
    tables = beside("scripts/privacy_tables.py")
    page = tables.PAGE.read_text("utf-8")
    assert page == tables.rewritten(page)
    assert all(page.count(f"<!-- table: {name} -->") == 1 for name in tables.TABLES)
