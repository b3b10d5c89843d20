"""Programs of the system that read for us: confined, found when they appear, and missed by name."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import helper, helpers
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read
from PIL import Image

Tree = Callable[[Mapping[str, Any]], Path]


def program(name: str) -> Path:
    found = helper.find(name)
    assert found is not None
    return found


def test_a_helper_sees_only_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "given").write_text("given")
    (tmp_path / "kept").write_text("kept")
    given = [os.fsencode(tmp_path / "given")]
    assert helper.run(program("cat"), [given[0]], readable=given) == helper.Said(b"given", True)
    assert helper.run(program("cat"), [os.fsencode(tmp_path / "kept")], readable=given) == helper.Said(b"", False)
    assert (
        helper.run(program("touch"), [os.fsencode(tmp_path / "new")], readable=[os.fsencode(tmp_path)]).whole is False
    )
    assert not (tmp_path / "new").exists()
    (tmp_path / "out").mkdir()
    for name in ("out/new", "other"):
        helper.run(program("touch"), [os.fsencode(tmp_path / name)], folder=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]
    assert not (tmp_path / "other").exists()


def test_a_helper_starts_nothing() -> None:
    said = helper.run(program("env"), [str(program("cat")), "/dev/null"], readable=[b"/"])
    assert not said.whole


def test_a_helper_has_an_empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    said = helper.run(program("env"), [])
    assert b"SECRET_TOKEN" not in said.output
    assert b"PYTHON" not in said.output


def test_a_helper_ends_with_its_allowance() -> None:
    began = time.monotonic()
    assert not helper.run(program("sleep"), ["60"], allowance=helper.Allowance(patience=1)).whole
    assert time.monotonic() - began < 30
    said = helper.run(program("yes"), [], allowance=helper.Allowance(output=100_000, patience=30))
    assert (len(said.output), said.whole) == (100_000, False)


def make_djvu(folder: Path) -> bytes:
    """Two pages with a text below their pictures."""
    page = folder / "page.ppm"
    Image.new("RGB", (60, 60), "white").save(page)
    for number in (1, 2):
        at = folder / f"{number}.djvu"
        subprocess.run(["c44", page, at], check=True)
        words = f'(page 0 0 60 60 (line 5 5 50 20 "The kettle of page {number}"))\n'
        subprocess.run(["djvused", at, "-s", "-f", "/dev/stdin"], check=True,
                       input=f"select 1\nset-txt\n{words}.\n".encode())  # fmt: skip
    book = folder / "book.djvu"
    subprocess.run(["djvm", "-c", book, folder / "1.djvu", folder / "2.djvu"], check=True)
    return book.read_bytes()


needs_djvu = pytest.mark.skipif(
    not all(map(helper.find, ("djvutxt", "djvm", "djvused", "c44"))), reason="djvulibre is not installed"
)


@needs_djvu
def test_a_book_in_djvu(ask: Any, tree: Tree, tmp_path: Path) -> None:
    root = tree({"book.djvu": make_djvu(tmp_path), "cut.djvu": b"AT&TFORM\0\0\0\x10DJVUINFO"})
    said = ask("index", root, "--json").json()
    assert [Path(each["path"]).name for each in said["unreadable"]] == ["cut.djvu"]
    (hit,) = ask("search", "kettle page 2", "--only", "words", "--json").json()["hits"][:1]
    assert (Path(hit["path"]).name, hit["page"], hit["kind"]) == ("book.djvu", 1, "paper")
    assert ask("index", root, "--json").json()["unchanged"] == 1


@needs_djvu
def test_a_file_waits_for_its_helper(ask: Any, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree({"book.djvu": make_djvu(tmp_path)})
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "nothing"))
        helpers.is_there.cache_clear()
        assert ask("index", root).code == 3
        findings = ask("doctor", "--json").json()
    assert "djvutxt is not installed (books in DjVu); 1 file waits for it" in [each["what"] for each in findings]
    helpers.is_there.cache_clear()
    assert ask("index", root, "--json").json()["changed"] == 1
    assert ask("search", "kettle").code == 0


@pytest.mark.skipif(not any(map(helper.find, ("7z", "7zz", "7za"))), reason="7z is not installed")
def test_a_help_file(ask: Any, tree: Tree) -> None:
    """`samples/manual.chm` was made of two pages written for this test, by Free Pascal's chmcmd."""
    sample = (Path(__file__).parent / "samples" / "manual.chm").read_bytes()
    root = tree({"manual.chm": sample, "cut.chm": sample[:3000]})
    said = ask("index", root, "--json").json()
    assert [Path(each["path"]).name for each in said["unreadable"]] == ["cut.chm"]
    for question, title in (("descale vinegar", "The kettle"), ("odvapneni konvice", "Konvice")):
        (hit,) = ask("search", question, "--only", "words", "--json").json()["hits"][:1]
        assert (Path(hit["path"]).name, hit["title"], hit["kind"]) == ("manual.chm", title, "page")


def test_pages_of_a_help_file() -> None:
    """What 7z writes: one page after the other."""
    pages = b"<html><head><title>Kettles</title></head><body><p>Boil.</p></body></html>\r\n"
    pages += b"<HTML><title>Tea</title><body>Pour."
    found = list(read(Source(pages, "manual.chm")))
    assert [(document.member, document.title, document.kind) for document in found] == [
        ("1", "Kettles", "page"), ("2", "Tea", "page"),
    ]  # fmt: skip


def test_mails_of_an_outlook_mailbox() -> None:
    """What readpst writes: mboxes, one after the other."""
    first = b'From "petr@example.org" Wed Feb 26 07:50:04 2014\nFrom: petr@example.org\nSubject: Tea\n\nAt five?\n\n'
    found = list(read(Source(first + b"\n" + first.replace(b"Tea", b"Dinner"), "old.pst")))
    assert [(document.title, document.kind) for document in found] == [("Tea", "mail"), ("Dinner", "mail")]


@pytest.mark.parametrize(
    ("name", "start", "wanted"),
    [("a.chm", b"ITSF", "7z"), ("a.djvu", b"AT&TFORM", "djvutxt"), ("a.pst", b"!BDN", "readpst")],
)
def test_where_no_program_can_be_started(name: str, start: bytes, wanted: str) -> None:
    with pytest.raises(Unreadable) as problem:
        list(read(Source(start + bytes(100), name)))
    assert (problem.value.reason, problem.value.message) == ("needs helper", wanted)
