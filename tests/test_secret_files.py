"""A home full of secrets: none of them gets into the index, whatever hidden or ignored names are taken back in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

CANARY = "mauvequokka"
SECRET = (
    ".ssh/id_ed25519", ".ssh/config", ".gnupg/notes.txt", ".password-store/bank.txt", "Documents/vault.kdbx",
    "Documents/passwords.txt", "Documents/heslo.txt", ".local/share/keyrings/login.txt", ".mozilla/firefox/p/prefs.js",
    ".config/google-chrome/Default/notes.txt", "snap/firefox/common/a.txt", ".aws/credentials", ".azure/a.json",
    ".config/gcloud/a.txt", ".kube/config", "work/main.tfstate", "work/.env", "work/.env.production", "work/server.key",
    "work/cert.pem", "work/credentials.json", ".netrc", ".pgpass", ".git-credentials", "wallet.dat", ".electrum/a.txt",
    "Documents/my seed phrase.txt", ".bash_history", ".zsh_history", ".local/share/fish/fish_history",
    ".local/share/atuin/history.txt", ".psql_history", ".mysql_history", ".sqlite_history", ".python_history",
    ".config/signal/a.txt", "etc/shadow", "Documents/id_rsa.bak", "Documents/.env~",
)  # fmt: skip


def test_none_is_indexed(ask: Any, tree: Callable[..., Path]) -> None:
    files = {path: f"The {CANARY} is in {path}.\n" for path in SECRET}
    root = tree({**files, "notes.md": "# Notes\n\nTomatoes.\n", ".askignore": "!.*\n!*\n"})
    for words in (("index", root), ("index", root, "--consent")):
        assert ask(*words, "--wait", "words", "--quiet").code == 0
        with closing(ask.db()) as db:
            rows = db.execute("SELECT path FROM files WHERE status = 'indexed'").fetchall()
        assert {Path(os.fsdecode(bytes(path))).name for (path,) in rows} == {"notes.md", ".askignore"}
        assert ask("search", CANARY, "--only", "words").code == 1
    state = [path for path in ask.home.rglob("*") if path.is_file() and not path.is_relative_to(ask.home / "models")]
    assert [path.name for path in state if CANARY.encode() in path.read_bytes()] == []
    said = json.loads(ask("status", "--json").out)["skipped"]
    assert said["secret"] >= 30  # a folder is counted once
