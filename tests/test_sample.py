"""The sample collection is what data/README.md says: answerable, awkward on purpose, and harmless."""

from __future__ import annotations

import csv
import email
import email.policy
import ipaddress
import json
import mailbox
import os
import re
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pypdfium2
import pytest
from ask.indexer.errors import Unreadable
from ask.indexer.extract.registry import Source, read
from ask.indexer.rules import default_rules
from ask.indexer.scan import Found, Left, scan

DATA = Path(__file__).parent.parent / "data"
SAMPLE = DATA / "sample"
FILES = sorted(path for path in SAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
LEGACY = {
    "notes/svatebni-rec.txt": ("cp1250", "žádost vypršela"),
    "web/decky/index.html": ("cp1250", "Jak objednat"),
    "recepty/buchty.txt": ("iso-8859-2", "Potřít máslem"),
    "school/paralelni.txt": ("iso-8859-2", "předbíhá tělocvik"),
}
BINARY = {"misc/core"}
REAL_HOSTS = {"example.org", "example.com", "example.net"}


@dataclass(frozen=True, slots=True)
class Question:
    """A line of sample-questions.jsonl."""

    question: str
    path: str
    line: int | None
    quote: str
    note: str


def questions() -> list[Question]:
    lines = (DATA / "sample-questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [Question(**json.loads(line)) for line in lines]


def pdf_pages(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_range() for page in document]


def text_of(path: Path) -> str:
    """What the file says; mails and PDFs decoded, legacy files by the encoding they are known to have."""
    name = path.relative_to(SAMPLE).as_posix()
    if name in BINARY:
        return ""
    if path.suffix == ".pdf":
        return "\n".join(pdf_pages(path))
    encoding, _ = LEGACY.get(name, ("utf-8", ""))
    return path.read_text(encoding)


def named(pattern: str) -> list[str]:
    """`file: match` for every match of `pattern` in any text file."""
    return [
        f"{path.relative_to(SAMPLE)}: {found[0]}" for path in FILES for found in re.finditer(pattern, text_of(path))
    ]


def test_is_small_and_many() -> None:
    assert 60 <= len(FILES) <= 90
    assert sum(path.stat().st_size for path in FILES) < 400_000


@pytest.mark.parametrize("asked", questions(), ids=lambda asked: asked.question)
def test_question_has_its_answer_where_it_says(asked: Question) -> None:
    text = text_of(SAMPLE / asked.path)
    if asked.line is None:
        assert asked.quote in " ".join(text.split())
    else:
        assert asked.quote in text.split("\n")[asked.line - 1]


def test_questions_are_many_and_of_every_kind() -> None:
    asked = questions()
    assert len(asked) >= 40
    assert len({each.question for each in asked}) == len(asked)
    notes = " ".join(each.note for each in asked)
    for kind in ("meaning", "exact", "identifier", "inflected", "without diacritics", "file name", "cross-lingual"):
        assert kind in notes
    assert len({each.path for each in asked}) >= 35


@pytest.mark.parametrize(("name", "encoding", "words"), [(n, *rest) for n, rest in LEGACY.items()])
def test_legacy_files_are_in_their_encoding(name: str, encoding: str, words: str) -> None:
    data = (SAMPLE / name).read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert words in data.decode(encoding)
    (document,) = read(Source(data, Path(name).name, name))
    assert words in document.text


def test_windows_files_keep_their_line_ends() -> None:
    for name in ("notes/svatebni-rec.txt", "web/decky/index.html", "dum/kalendar.ics"):
        data = (SAMPLE / name).read_bytes()
        assert data.count(b"\r\n") == data.count(b"\n") > 10


@pytest.mark.parametrize(
    ("name", "pages", "words"),
    [
        ("finance/faktura-instalater-2019.pdf", 2, ["Práce instalatéra", "4 300 Kč", "Kdo vám to sem dělal?"]),
        ("dum/navod-krup-2000.pdf", 5, ["Factory reset", "Tovární nastavení", "KŘUP-2000"]),
    ],
)
def test_pdf_text_can_be_extracted(name: str, pages: int, words: list[str]) -> None:
    found = pdf_pages(SAMPLE / name)
    assert len(found) == pages
    assert all(len(page) > 200 for page in found)
    assert all(word in "\n".join(found) for word in words)


def test_invoice_adds_up() -> None:
    first, _ = pdf_pages(SAMPLE / "finance/faktura-instalater-2019.pdf")
    items = re.findall(r" (?:1|\d × \d+|2,5 h × 550) (-?[\d ]+) Kč", first)
    assert len(items) == 8
    assert sum(int(price.replace(" ", "")) for price in items) == 4300
    assert "Celkem k úhradě (nejsme plátci DPH) 4 300 Kč" in first


def test_car_repair_adds_up() -> None:
    text = text_of(SAMPLE / "finance/oprava-auta-2023.txt")
    *items, total = [int(price.replace(" ", "")) for price in re.findall(r"  ([\d ]+) Kč$", text, re.MULTILINE)]
    assert sum(items) == total == 14_870


def test_copies_are_copies_and_versions_are_not() -> None:
    versions = [(SAMPLE / "finance" / f"faktura_final{end}.txt").read_bytes() for end in ("", "_v2", "_v2_OPRAVDU")]
    assert len(set(versions)) == 3
    assert (SAMPLE / "misc/plocha-2012-zaloha/faktura_final_v2.txt").read_bytes() == versions[1]


def test_structured_files_are_well_formed() -> None:
    for path in FILES:
        if path.suffix in (".json", ".ipynb"):
            json.loads(path.read_text("utf-8"))
    with (SAMPLE / "finance/vydaje-2025.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter=";"))
    assert len(rows) > 50
    assert all(row["datum"].startswith("2025-") and int(row["castka_kc"]) > 0 for row in rows)


def test_mails_can_be_read_and_their_weekdays_are_right() -> None:
    mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in SAMPLE.rglob("*.eml")]
    with closing(mailbox.mbox(SAMPLE / "mail/tchyne.mbox", create=False)) as box:
        mails += [email.message_from_bytes(bytes(message), policy=email.policy.default) for message in box]
    assert len(mails) == 9
    for mail in mails:
        written = str(mail["Date"])
        assert written.startswith(f"{parsedate_to_datetime(written):%a}")
    old = email.message_from_bytes((SAMPLE / "mail/2004-11-09-hvezdicka.eml").read_bytes(), policy=email.policy.default)
    body = old.get_body()
    assert body is not None
    assert "Tiskárna tiskne v noci hvězdičku" in str(old["Subject"])
    assert "hvězdičku nejprve přečíst" in body.get_content()


def test_what_must_be_left_out_is_left_out() -> None:
    entries = list(scan(os.fsencode(SAMPLE), default_rules()))
    left = {os.fsdecode(e.path): e.reason for e in entries if isinstance(e, Left)}
    expected = {
        ".env": "secret",
        ".ssh": "secret",
        "projects/klementyna/stare": "ignored",
        "projects/klementyna/DOKUMENTACE.md": "empty",
    }
    assert {name: left.get(str(SAMPLE / name)) for name in expected} == expected
    found = {os.fsdecode(e.path) for e in entries if isinstance(e, Found)}
    assert {str(SAMPLE / asked.path) for asked in questions()} <= found


# tree-sitter-perl still hands its grammar over as a number.
@pytest.mark.filterwarnings("ignore:int argument support:DeprecationWarning")
def test_every_other_file_yields_text() -> None:
    for entry in scan(os.fsencode(SAMPLE), default_rules()):
        path = Path(os.fsdecode(entry.path))
        if isinstance(entry, Left) or path.name.startswith("."):
            continue
        source = Source(path.read_bytes(), path.name, str(path))
        if path.relative_to(SAMPLE).as_posix() in BINARY:
            with pytest.raises(Unreadable, match="binary"):
                list(read(source))
        else:
            assert any(document.text.strip() for document in read(source)), path


def test_every_host_is_reserved_for_examples() -> None:
    hosts = named(r"https?://[^\s/:\"'<>&;`)\],]+|(?<=[\w.+-])@[\w.-]+\.\w+")
    assert len(hosts) > 30
    assert [h for h in hosts if not h.removesuffix(".").endswith((".example", *REAL_HOSTS))] == []
    assert named(r"\b[a-z0-9-]+\.(?:com|org|net|cz|sk|eu|io|dev|info|de|uk)\b") == []


def test_addresses_are_private_networks() -> None:
    for found in named(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"):
        assert ipaddress.ip_address(found.rsplit(" ", 1)[1]).is_private, found


def test_no_secret_looks_real() -> None:
    assert named(r"\+420|\b\d{3} \d{3} \d{3}\b") == [], "telephone numbers"
    assert named(r"\b[A-Z]{2}\d{2}(?: ?\d{4}){3,}|\b\d{6,10}/\d{4}\b") == [], "bank accounts"
    assert named(r"IČO: (?!00000000)\d") == [], "company numbers"
    assert named(r"\b(?:AKIA[0-9A-Z]{8}|gh[pousr]_\w{8}|sk-\w{8}|xox[bp]-\w|eyJ[\w-]{8})") == [], "tokens"
    for line in text_of(SAMPLE / ".env").splitlines():
        assert line.startswith("#") or "fake" in line or "not-a-real" in line
    key = text_of(SAMPLE / ".ssh/id_ed25519")
    assert "NOT-A-KEY" in key
    assert not re.search(r"[A-Za-z0-9+/=]{40}", key)


def test_every_file_has_its_date(tmp_path: Path) -> None:
    """A clone gives every file the date of today, and then nothing was years ago."""
    subprocess.run([sys.executable, DATA.parent / "scripts" / "sample.py", tmp_path], check=True)
    dated = [line.split("\t") for line in (DATA / "sample-dates.tsv").read_text("utf-8").splitlines()]
    secret = {".env", ".ssh/id_ed25519"}
    assert [path for path, _ in dated] == sorted(path for path, _ in dated)
    assert {path for path, _ in dated} == {path.relative_to(SAMPLE).as_posix() for path in FILES} - secret
    for path, day in dated:
        assert datetime.fromtimestamp((tmp_path / path).stat().st_mtime, UTC).date().isoformat() == day
