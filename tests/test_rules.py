"""The tables of names: what they catch, what they must not catch, and that they are well made."""

from __future__ import annotations

import os

import pytest
from ask.indexer.documents import REASONS
from ask.indexer.rules import Rule, default_rules

HOME = b"/home/jana/"


def file_rule(name: str, folder: bytes = HOME, siblings: tuple[bytes, ...] = ()) -> Rule | None:
    return default_rules().files.find(folder, os.fsencode(name), siblings)


@pytest.mark.parametrize(
    "name",
    [
        "id_rsa", "id_ed25519.pub", "server.pem", "SERVER.PEM", "key.p12", "vault.kdbx", ".env",
        ".env.production", "prod.env",
        ".netrc", ".pgpass", ".bash_history", ".python_history", ".foo_history", "wallet.dat",
        "credentials.json",
        "client_secret_123.json", "terraform.tfstate", "hesla.txt", "Heslo.docx", "passwords.xlsx",
        "Chrome Passwords.csv",
        "github-recovery-codes.txt", "id_rsa.bak", "server.pem~", ".env.old", "wallet.dat.bak", ".netrc~",
        "secrets.yml", "backup.gpg",
        "home.nmconnection", "wpa_supplicant.conf", ".terraformrc", ".databrickscfg",
        "bitwarden_export_2024.json", "logins.json", "key4.db", "places.sqlite",
    ],
)  # fmt: skip
def test_secret_files(name: str) -> None:
    rule = file_rule(name)
    assert rule is not None
    assert rule.reason == "secret"


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt", "environment.md", "keyboard.md", "env.py", "history.md", "History", "password.py",
        "passwords.test.js", "hesla.py",
        ".env.example", ".env.local.example", "secretary.txt", "credentials.md", "go.mod", "token.py",
        "monkey", "README", "Makefile", "walletconnect.md",
        "index.html", "data.csv", "talk.key.md", "dockerfile", "graph.dot", "compose.yaml", "passwordless.md",
        "auth.py", "id.txt", "deploy.sh", "a.ts",
    ],
)  # fmt: skip
def test_innocent_files(name: str) -> None:
    assert file_rule(name) is None


@pytest.mark.parametrize(
    "path",
    [
        ".ssh", ".GnuPG", ".aws", ".config/gcloud", ".pki", ".config/sops", ".local/share/atuin", ".sparrow", ".password-store", ".mozilla", ".config/google-chrome",
        ".config/google-chrome-beta",
        "Library/Keychains", ".local/share/keyrings", ".bitcoin", ".kube", "AppData/Local/Google/Chrome",
        "snap/firefox", ".config/gh",
    ],
)  # fmt: skip
def test_secret_folders(path: str) -> None:
    folder, _, name = (HOME + os.fsencode(path)).rpartition(b"/")
    rule = default_rules().folders.find(folder + b"/", name, ())
    assert rule is not None
    assert rule.reason == "secret"


@pytest.mark.parametrize("path", ["gcloud", "share/keyrings", "Firefox", "ssh", "notes/chrome", "slack", "gh"])
def test_folders_are_secret_only_in_their_place(path: str) -> None:
    folder, _, name = (HOME + os.fsencode(path)).rpartition(b"/")
    assert default_rules().folders.find(folder + b"/", name, ()) is None


def test_a_chrome_history_is_secret_beside_its_profile_only() -> None:
    assert file_rule("History", siblings=(b"History", b"Login Data")) is not None
    assert file_rule("History", siblings=(b"History", b"README")) is None


def test_secrecy_of_a_path_looks_at_every_folder_above() -> None:
    rules = default_rules(consented=[b"/home/jana/.aws/config"])
    secret, consented = rules.secrecy(b"/home/jana/.ssh/old/notes.txt")
    assert secret is not None
    assert (secret.id, consented) == ("ssh", False)
    assert rules.secrecy(b"/home/jana/notes.txt") == (None, False)
    secret, consented = rules.secrecy(b"/home/jana/.aws/config")
    assert secret is not None
    assert consented
    assert not rules.secrecy(b"/home/jana/.aws/credentials")[1]


def test_limits_go_by_suffix() -> None:
    rules = default_rules()
    assert rules.limit_for(b"a.PY") < rules.limit_for(b"a.md") < rules.limit_for(b"a.csv") < rules.limit_for(b"a.pdf")
    assert rules.limit_for(b"unknown.xyz") == rules.limit


def test_every_row_is_well_made() -> None:
    rows = default_rules().tables
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert row.reason in REASONS, row.id
        assert row.why, row.id
        assert row.folders or row.files or row.inside, row.id


def test_no_pattern_is_listed_twice() -> None:
    rows = default_rules().tables
    listed = [(pattern.lower(), row.beside) for row in rows for pattern in (*row.files, *row.folders)]
    twice = {pattern for pattern in listed if listed.count(pattern) > 1}
    assert not twice


def test_what_an_extractor_reads_stays_secret() -> None:
    """A suffix that is read is not left out as binary; but presentations and private keys are both called `.key`."""
    rule = default_rules(readable=[".key", ".7z"]).files.find(HOME, b"server.key", ())
    assert rule is not None
    assert rule.reason == "secret"
    assert default_rules(readable=[".key", ".7z"]).files.find(HOME, b"old.7z", ()) is None
