"""The scanner on real trees: what is found, what is left out, and why."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ask.indexer import scan as scanning
from ask.indexer.documents import REASONS
from ask.indexer.rules import Rules, default_rules
from ask.indexer.scan import Entry, Found, Left, explain, scan

SEPARATOR = os.fsencode(os.sep)
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")


def plant(root: Path, *paths: str, text: str = "some words\n") -> Path:
    """Make files (or folders, with a `/` at the end) below `root`."""
    for path in paths:
        at = root / path
        if path.endswith("/"):
            at.mkdir(parents=True, exist_ok=True)
        else:
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text(text, encoding="utf-8")
    return root


def look(root: Path, rules: Rules | None = None, others: tuple[bytes, ...] = ()) -> dict[str, str]:
    """Path below root → `found` or the reason; checks what holds of every scan."""
    entries: list[Entry] = list(scan(os.fsencode(root), rules or default_rules(), others=others))
    paths = [entry.path for entry in entries]
    assert len(set(paths)) == len(paths)
    assert all(entry.reason in REASONS and entry.detail for entry in entries if isinstance(entry, Left))
    return {
        os.path.relpath(os.fsdecode(entry.path), root): "found" if isinstance(entry, Found) else entry.reason
        for entry in entries
    }


def test_plain_files_are_found_with_their_stat(tmp_path: Path) -> None:
    plant(tmp_path, "a.txt", "b/c.md")
    found = list(scan(os.fsencode(tmp_path), default_rules()))
    assert [entry.path.rpartition(SEPARATOR)[2] for entry in found] == [b"a.txt", b"c.md"]
    here = (tmp_path / "a.txt").stat()
    first = found[0]
    assert isinstance(first, Found)
    assert (first.size, first.mtime_ns, first.mode) == (here.st_size, here.st_mtime_ns, here.st_mode)
    if os.name != "nt":
        assert (first.inode, first.device, first.ctime_ns) == (here.st_ino, here.st_dev, here.st_ctime_ns)


def test_order_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    plant(tmp_path, "b.txt", "a/z.txt", "a/b/x.txt", "c/y.txt", "a.txt")
    assert list(look(tmp_path)) == ["a.txt", "b.txt", "a/z.txt", "a/b/x.txt", "c/y.txt"]


def test_a_folder_left_out_is_one_entry(tmp_path: Path) -> None:
    plant(tmp_path, *(f"node_modules/p{n}/index.js" for n in range(30)), "app.js")
    assert look(tmp_path) == {"app.js": "found", "node_modules": "build"}


@pytest.mark.parametrize(
    ("folder", "beside", "left_out"),
    [
        ("target", "Cargo.toml", True),
        ("target", "notes.txt", False),
        ("build", "CMakeLists.txt", True),
        ("build", "notes.txt", False),
        ("bin", "Tool.csproj", True),
        ("bin", "notes.txt", False),
        ("vendor", "go.mod", True),
        ("vendor", "addresses.txt", False),
    ],
)
def test_build_folders_are_told_by_the_file_beside_them(
    tmp_path: Path, folder: str, beside: str, left_out: bool
) -> None:
    plant(tmp_path, f"{folder}/a.txt", beside)
    assert (look(tmp_path).get(folder) == "build") is left_out


def test_environments_and_caches_are_told_by_what_they_hold(tmp_path: Path) -> None:
    plant(tmp_path, "anything/pyvenv.cfg", "anything/lib/a.py", "pots/CACHEDIR.TAG", "pots/b.txt")
    assert look(tmp_path) == {"anything": "build", "pots": "build"}
    assert look(tmp_path / "pots")["b.txt"] == "found"  # named on purpose


def test_hidden_names_and_what_is_worth_reading_among_them(tmp_path: Path) -> None:
    plant(
        tmp_path,
        ".bashrc", ".unknown", ".config/nvim/init.lua", ".config/nvim/.backup/x.lua", ".config/other/settings",
        ".weechat/logs/irc.libera.python.weechatlog", ".weechat/weechat.conf",
        ".znc/users/jana/networks/libera/moddata/log/#python/2020-01-01.log", ".znc/users/jana/key",
        ".thunderbird/a1b2.default/Mail/Local Folders/Inbox", ".thunderbird/a1b2.default/prefs.js",
        "Mail/cur/1", "Mail/new/", "Mail/.Sent/cur/2", "Mail/.Sent/new/",
    )  # fmt: skip
    assert look(tmp_path) == {
        ".bashrc": "found",
        ".unknown": "hidden",
        ".config/nvim/init.lua": "found",
        ".config/nvim/.backup": "hidden",
        ".config/other": "hidden",
        ".weechat/logs/irc.libera.python.weechatlog": "found",
        ".weechat/weechat.conf": "hidden",
        ".znc/users/jana/networks/libera/moddata/log/#python/2020-01-01.log": "found",
        ".znc/users/jana/key": "hidden",
        ".thunderbird/a1b2.default/Mail/Local Folders/Inbox": "found",
        ".thunderbird/a1b2.default/prefs.js": "hidden",
        "Mail/cur/1": "found",
        "Mail/.Sent/cur/2": "found",
    }


def test_named_on_purpose_overrides_hidden_ignored_and_build(tmp_path: Path) -> None:
    plant(tmp_path, ".git/HEAD", ".hidden/a.txt", "made/b.txt", "node_modules/c.js")
    (tmp_path / ".gitignore").write_text("made/\n*.bak\n")
    assert look(tmp_path / ".hidden") == {"a.txt": "found"}
    assert look(tmp_path / "made") == {"b.txt": "found"}
    assert look(tmp_path / "node_modules") == {"c.js": "found"}
    assert look(tmp_path / ".hidden" / "a.txt") == {".": "found"}


def test_named_on_purpose_does_not_override_secrets(tmp_path: Path) -> None:
    plant(tmp_path, ".ssh/config", "project/.env")
    assert look(tmp_path) == {".ssh": "secret", "project/.env": "secret"}
    assert look(tmp_path / ".ssh") == {".": "secret"}
    assert look(tmp_path / ".ssh" / "config") == {".": "secret"}
    assert look(tmp_path / "project" / ".env") == {".": "secret"}


def test_consent_opens_that_path_and_what_is_below(tmp_path: Path) -> None:
    plant(tmp_path, ".ssh/config", ".ssh/old/id_rsa", ".aws/credentials", "project/.env", "project/key.pem")
    consented = [os.fsencode(tmp_path / ".ssh"), os.fsencode(tmp_path / "project" / ".env")]
    rules = default_rules(consented=consented)
    assert look(tmp_path, rules) == {
        ".ssh/config": "found",
        ".ssh/old/id_rsa": "found",
        ".aws": "secret",
        "project/.env": "found",
        "project/key.pem": "secret",
    }
    assert look(tmp_path / ".ssh" / "old", rules) == {"id_rsa": "found"}


def test_consent_for_a_folder_that_is_not_secret_opens_nothing(tmp_path: Path) -> None:
    plant(tmp_path, ".ssh/config", "project/.env", "a.txt")
    rules = default_rules(consented=[os.fsencode(tmp_path)])
    assert look(tmp_path, rules) == {".ssh": "secret", "project/.env": "secret", "a.txt": "found"}


def test_consent_for_one_file_does_not_open_the_folder_around_it(tmp_path: Path) -> None:
    plant(tmp_path, ".ssh/config", ".ssh/id_rsa")
    rules = default_rules(consented=[os.fsencode(tmp_path / ".ssh" / "config")])
    assert look(tmp_path / ".ssh" / "config", rules) == {".": "found"}
    assert look(tmp_path / ".ssh", rules) == {".": "secret"}
    assert look(tmp_path, rules) == {".ssh/config": "found", ".ssh/id_rsa": "secret"}


def test_own_state_is_left_out(tmp_path: Path) -> None:
    plant(tmp_path, "state/index.txt", "a.txt")
    rules = default_rules(own=[os.fsencode(tmp_path / "state") + os.fsencode(os.sep)])
    assert look(tmp_path, rules) == {"state": "own", "a.txt": "found"}
    assert look(tmp_path / "state", rules) == {".": "own"}


def test_other_roots_below_are_passed_over(tmp_path: Path) -> None:
    plant(tmp_path, "a.txt", "inner/b.txt", "c/d.txt")
    others = (os.fsencode(tmp_path / "inner"), os.fsencode(tmp_path / "c" / "d.txt"))
    assert look(tmp_path, others=others) == {"a.txt": "found"}


def test_sizes(tmp_path: Path) -> None:
    plant(tmp_path, "empty.txt", text="")
    with (tmp_path / "big.txt").open("wb") as file:
        file.truncate(10**12)
    with (tmp_path / "book.pdf").open("wb") as file:
        file.truncate(30_000_000)
    with (tmp_path / "code.py").open("wb") as file:
        file.truncate(30_000_000)
    assert look(tmp_path) == {
        "empty.txt": "empty", "big.txt": "too large", "book.pdf": "found", "code.py": "too large"
    }  # fmt: skip
    big = next(entry for entry in scan(os.fsencode(tmp_path), default_rules()) if b"big" in entry.path)
    assert isinstance(big, Left)
    assert big.size == 10**12
    assert "1,000,000 MB" in big.detail
    if sys.platform == "linux":
        assert "on the disk" in big.detail


def test_what_is_kept_in_the_cloud_is_not_fetched(tmp_path: Path) -> None:
    plant(tmp_path, "here.txt", "thesis.odt.nextcloud", "photo.jpg.owncloud", ".letter.pages.icloud")
    assert look(tmp_path) == {
        "here.txt": "found", "thesis.odt.nextcloud": "placeholder", "photo.jpg.owncloud": "placeholder",
        ".letter.pages.icloud": "hidden",
    }  # fmt: skip
    here = (tmp_path / "here.txt").stat()
    for marks in ({"st_flags": 0x40000000}, {"st_file_attributes": 0x1000}, {"st_file_attributes": 0x400000}):
        kept: Any = SimpleNamespace(st_mode=here.st_mode, st_size=here.st_size, **marks)
        assert scanning._is_placeholder(b"here.txt", kept)
    assert not scanning._is_placeholder(b"here.txt", here)


@posix
def test_special_files_are_named_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "real.txt", "folder/inner.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
    (tmp_path / "link.txt").symlink_to("real.txt")
    (tmp_path / "up").symlink_to(tmp_path)
    (tmp_path / "folder" / "dead").symlink_to("nowhere")
    assert look(tmp_path) == {
        "real.txt": "found", "folder/inner.txt": "found", "pipe.txt": "special", "sock": "special",
        "link.txt": "special", "up": "special", "folder/dead": "special",
    }  # fmt: skip


@posix
def test_a_pipe_in_place_of_an_ignore_file_does_not_hang(tmp_path: Path) -> None:
    plant(tmp_path, "a.txt")
    os.mkfifo(tmp_path / ".askignore")
    assert look(tmp_path)["a.txt"] == "found"


@posix
def test_a_root_that_is_a_link_is_followed(tmp_path: Path) -> None:
    plant(tmp_path, "real/a.txt")
    (tmp_path / "link").symlink_to("real")
    assert look(tmp_path / "link") == {"a.txt": "found"}


def test_a_root_that_is_gone_says_so(tmp_path: Path) -> None:
    assert look(tmp_path / "nothing") == {".": "vanished"}


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folders_are_told(tmp_path: Path) -> None:
    plant(tmp_path, "closed/a.txt", "b.txt")
    (tmp_path / "closed").chmod(0)
    try:
        assert look(tmp_path) == {"b.txt": "found", "closed": "no permission"}
    finally:
        (tmp_path / "closed").chmod(0o700)


@posix
def test_names_of_any_bytes(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    names = [b"latin\xe9.txt", b"new\nline.txt", b"\xff\xfe", b"-rf *.md", "příliš.txt".encode()]
    for name in names:
        with open(os.path.join(root, name), "wb") as file:  # noqa: PTH118, PTH123
            file.write(b"words")
    (tmp_path / ".askignore").write_bytes(b"\xff\xfe\nl*\xe9.txt\n")
    entries = {entry.path.rpartition(SEPARATOR)[2]: entry for entry in scan(root, default_rules())}
    left = {name for name in names if isinstance(entries[name], Left)}
    assert left == {b"latin\xe9.txt", b"\xff\xfe"}


@posix
def test_a_folder_deeper_than_the_system_can_name_is_told(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert "too deep" in look(tmp_path).values()


@posix
def test_another_file_system_is_told(tmp_path: Path) -> None:
    if not Path("/proc/self").is_dir() or Path("/proc").stat().st_dev == Path("/").stat().st_dev:
        pytest.skip("no /proc here")
    left = {entry.path: entry for entry in walk_top(b"/")}
    assert left[b"/proc"].reason == "other disk"


def walk_top(root: bytes) -> list[Left]:
    """What is left out of the first level below `root`."""
    entries = scan(root, default_rules(exclude=["/*/*"]))
    return [entry for entry in entries if isinstance(entry, Left) and entry.path.count(b"/") == 1]


def test_gitignore_counts_only_in_work_trees(tmp_path: Path) -> None:
    plant(tmp_path, "work/.git/HEAD", "work/a.log", "work/src/b.log", "work/src/keep.log", "loose/a.log")
    (tmp_path / "work" / ".gitignore").write_text("*.log\n")
    (tmp_path / "work" / "src" / ".gitignore").write_text("!keep.log\n")
    (tmp_path / "loose" / ".gitignore").write_text("*.log\n")
    seen = look(tmp_path)
    assert seen["work/a.log"] == seen["work/src/b.log"] == "ignored"
    assert seen["work/src/keep.log"] == seen["loose/a.log"] == "found"


def test_a_root_inside_a_work_tree_hears_the_files_above_it(tmp_path: Path) -> None:
    plant(tmp_path, ".git/HEAD", "src/a.log", "src/b.txt")
    (tmp_path / ".gitignore").write_text("/src/*.log\n")
    assert look(tmp_path / "src") == {"a.log": "ignored", "b.txt": "found"}
    assert look(tmp_path / "src", default_rules(respect_ignores=False)) == {"a.log": "found", "b.txt": "found"}


def test_a_nested_work_tree_does_not_hear_the_outer_one(tmp_path: Path) -> None:
    plant(tmp_path, ".git/HEAD", "inner/.git/HEAD", "inner/a.log", "b.log")
    (tmp_path / ".gitignore").write_text("*.log\n")
    seen = look(tmp_path)
    assert (seen["inner/a.log"], seen["b.log"]) == ("found", "ignored")


def test_exclude_file_of_git(tmp_path: Path) -> None:
    plant(tmp_path, ".git/info/exclude", text="private/\n")
    plant(tmp_path, "private/a.txt", "b.txt")
    assert look(tmp_path) == {".git": "build", "private": "ignored", "b.txt": "found"}


def test_askignore_counts_everywhere_and_takes_back_in(tmp_path: Path) -> None:
    plant(tmp_path, "diary/a.txt", ".hidden/b.txt", "node_modules/c.js", ".ssh/config", "d.txt")
    (tmp_path / ".askignore").write_text("diary/\n!.hidden/\n!node_modules/\n!.ssh/\n")
    assert look(tmp_path) == {
        ".askignore": "hidden",
        "d.txt": "found",
        ".hidden/b.txt": "found",
        ".ssh": "secret",
        "diary": "ignored",
        "node_modules/c.js": "found",
    }


def test_askignore_beats_gitignore(tmp_path: Path) -> None:
    plant(tmp_path, ".git/HEAD", "notes/a.txt")
    (tmp_path / ".gitignore").write_text("notes/\n")
    (tmp_path / ".askignore").write_text("!notes/\n")
    assert look(tmp_path)["notes/a.txt"] == "found"


def test_a_line_that_is_no_pattern_spoils_nothing(tmp_path: Path) -> None:
    plant(tmp_path, "a.log", "b.txt")
    (tmp_path / ".askignore").write_bytes(b"!\n\\\n///\n[z-a]\n*.log\n\xff\xff[\n")
    seen = look(tmp_path)
    assert (seen["a.log"], seen["b.txt"]) == ("ignored", "found")


def test_the_users_own_patterns(tmp_path: Path) -> None:
    plant(tmp_path, "a.txt", "old/a.txt", "deep/old/a.txt", "Účty/b.txt")
    rules = default_rules(exclude=["/old/", "Účty/"])
    assert look(tmp_path, rules) == {
        "a.txt": "found", "old": "ignored", "deep/old/a.txt": "found", "Účty": "ignored"
    }  # fmt: skip


def test_readable_suffixes_are_not_left_out_as_binary(tmp_path: Path) -> None:
    plant(tmp_path, "a.docx", "b.JPG", "c.exe")
    assert look(tmp_path) == {"a.docx": "unsupported", "b.JPG": "binary", "c.exe": "binary"}
    rules = default_rules(readable=[".docx", ".jpg"])
    assert look(tmp_path, rules) == {"a.docx": "found", "b.JPG": "found", "c.exe": "binary"}


def test_explain_says_what_a_scan_says(tmp_path: Path) -> None:
    plant(tmp_path, "a.txt", "node_modules/x/y.js", ".config/other/z", "src/b.py", ".ssh/id_rsa")
    root, rules = os.fsencode(tmp_path), default_rules()

    def told(path: str) -> Entry | None:
        return explain(os.fsencode(tmp_path / path), root, rules)

    for entry in scan(root, rules):
        assert explain(entry.path, root, rules) == entry
    inner = told("node_modules/x/y.js")
    assert isinstance(inner, Left)
    assert (inner.path, inner.rule) == (os.fsencode(tmp_path / "node_modules"), "dependencies")
    missing = told("src/none.py")
    assert isinstance(missing, Left)
    assert missing.reason == "vanished"
    assert told("src") is None
    secret = told(".ssh/id_rsa")
    assert isinstance(secret, Left)
    assert (secret.reason, secret.rule) == ("secret", "ssh")


def test_what_vanishes_during_the_scan_is_told(tmp_path: Path) -> None:
    plant(tmp_path, "a/1.txt", "b/2.txt")
    entries = scan(os.fsencode(tmp_path), default_rules())
    next(entries)
    (tmp_path / "b" / "2.txt").unlink()
    (tmp_path / "b").rmdir()
    last = list(entries)[-1]
    assert isinstance(last, Left)
    assert (last.path, last.reason) == (os.fsencode(tmp_path / "b"), "vanished")
