"""Questions answered by SQL: which they are, and that what they give is true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ask.indexer import database
from ask.indexer.database import Connection
from ask.indexer.documents import Chunk, Document
from ask.indexer.rows import ChunkRow, DocumentRow, FileState, LeftOut, hash_of
from ask.indexer.store import Store
from ask.indexer.words import language
from ask.retriever.counting import Counting, plan
from ask.retriever.tables import Table, run
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
HOME = "/home/jan"
PETR, JAN = "Petr Novák <petr@example.org>", "Jan Netřesk <jan@example.org>"


def absolute(path: str) -> str:
    return path.replace("~", HOME, 1).rstrip("/")


def planned(text: str) -> Counting | None:
    return plan(text, NOW, absolute)


@pytest.mark.parametrize(
    "text",
    [
        "how many points did the Panthers surrender?", "kolik stála oprava auta", "kolik je hodin",
        "kolik stály faktury",
        "how many books did Tolkien write", "how many functions are there in Python", "how many songs were in 1999",
        "how many links are there in a chain", "how many pages does the thesis have", "all notes about cats",
        "how many letters are in the alphabet", "what is the largest city", "largest table in the world",
        "show me the script from Petr", "mails with photos", "all mails with photos", "my perl scripts",
        "the note from Petr",
        "how many mails did I send", "that HTML-structure script I wrote years ago", "all of us", "list", "how many",
        "all the world's a stage", "which script renames photos", "najdi skript na zálohu",
        "kolik lidí přišlo na oslavu",
        "latest news", "newest version of the script that lists files", 'all "invoices" from 2019', "all notes -cats",
        "",
    ],
)  # fmt: skip
def test_searches_are_not_counted(text: str) -> None:
    assert planned(text) is None


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """An index of a few things, each with its own date."""
    home = tmp_path_factory.mktemp("state")
    with Store(home) as store:
        root = store.add_root(HOME.encode())
        for number, (path, size, mtime, documents) in enumerate(_FILES, 1):
            state = FileState(path.encode(), size, _seconds(mtime) * 10**9, 0, number)
            rows = [_row(document) for document in documents]
            store.put_file(root, state, rows, content=hash_of(path.encode()), reader=1, seen=1)
        scan = FileState(f"{HOME}/papers/scan.pdf".encode(), 9_000, _seconds("2020-01-01") * 10**9, 0, 99)
        odd = FileState(HOME.encode() + b"/odd-\xff's?.bin", 5, _seconds("2020-01-01") * 10**9, 0, 100)
        store.put_left_out(root, [LeftOut(scan, "scanned"), LeftOut(odd, "binary")], reader=1, seen=1)
    connection = database.connect(home)
    yield connection
    connection.close()


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _row(document: Document) -> DocumentRow:
    chunk = Chunk(0, len(document.text), 1, 1, None)
    return DocumentRow(document, (ChunkRow(chunk, 0, language(document.text), hash_of(document.text.encode())),))


def _mail(member: int, day: str, text: str, *people: str) -> Document:
    date = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return Document(text, "mail", f"mail {member}", f"inbox/{member}", date=date, people=people)


_FILES: Sequence[tuple[str, int, str, Sequence[Document]]] = [
    (f"{HOME}/bin/backup.sh", 300, "2019-05-01", [Document("rsync -a", "script", language="shell")]),
    (f"{HOME}/bin/outline.pl", 700, "2012-05-01", [Document("print tags", "script", language="perl")]),
    (f"{HOME}/bin/rename.pl", 500, "2020-05-01", [Document("rename photos", "script", language="perl")]),
    (f"{HOME}/src/app/main.py", 900, "2026-10-05", [Document("def main(): ...", "code", language="python")]),
    (f"{HOME}/notes/small.md", 40, "2026-10-10", [Document("small", "note")]),
    (f"{HOME}/notes/large.md", 4_000, "2026-10-12", [Document("large " * 600, "note")]),
    (f"{HOME}/notes/older.txt", 9_000, "2026-08-12", [Document("older " * 900, "note")]),
    (f"{HOME}/notes/Faktura č. 7.txt", 200, "2019-06-01", [Document("Faktura č. 7: oprava střechy", "note")]),
    (f"{HOME}/papers/a.pdf", 50_000, "2019-03-01", [Document("INVOICE for the roof", "paper")]),
    (f"{HOME}/papers/b.PDF", 60_000, "2020-03-01", [Document("Invoice for a boiler", "paper")]),
    (f"{HOME}/papers/book.pdf", 70_000, "2019-04-01", [Document("Of toasters and men", "paper")]),
    (
        f"{HOME}/mail/inbox.mbox", 20_000, "2026-11-01",
        [
            _mail(1, "2025-02-03", "First words from Petr", PETR, JAN),
            _mail(2, "2025-08-03", "An answer to Petr", JAN, PETR),
            _mail(3, "2026-01-03", "Petr again", PETR, JAN),
            _mail(4, "2019-01-03", "Posílám fakturu za rok 2018", "Eva <eva@example.org>", JAN),
        ],
    ),
]  # fmt: skip


def test_mails_without_an_author(tmp_path: Path) -> None:
    """One of them in the index, and counting the mails of anybody ended in a traceback."""
    with Store(tmp_path) as store:
        rows = [_row(_mail(1, "2025-02-03", "From nobody")), _row(_mail(2, "2025-02-03", "From Petr", PETR, JAN))]
        state = FileState(f"{HOME}/inbox.mbox".encode(), 1, 0, 0, 1)
        store.put_file(store.add_root(HOME.encode()), state, rows, content=b"x" * 32, reader=1, seen=1)
        assert answer(store.db, "how many mails from Petr").total == 1


def answer(db: Connection, text: str) -> Table:
    counting = planned(text)
    assert counting is not None, text
    return run(db, counting)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("how many scripts do I have", 3), ("kolik mám skriptů", 3), ("kolik mam skriptu?", 3),
        ("how many Perl scripts do I have?", 2), ("kolik mám skriptů v Perlu", 2),
        ("how many shell scripts are there", 1),
        ("how many PDFs do I have?", 4), ("kolik mám PDF", 4), ("how many .pdf files are there", 4),
        ("how many files do I have", 14), ("kolik mám souborů", 14), ("how many documents are indexed", 15),
        ("kolik souborů je v ~/bin", 3), ("how many files are in ~/src/", 1), ("how many files are in ~/sr", 0),
        ("how many invoices do I have", 4), ("kolik mám faktur z roku 2019", 3), ("how many PDF invoices do I have", 2),
        ("how many mails did I get from Petr", 2), ("kolik mailů mi poslal Petr loni", 1),
        ("how many mails do I have", 4),
        ("how many notes did I write in October", 2), ("how many notes do I have from before 2020", 1),
        ("how many photos do I have", 0), ("kolik mám fotek z loňska", 0), ("count my python files", 1),
    ],
)  # fmt: skip
def test_counts(db: Connection, text: str, total: int) -> None:
    table = answer(db, text)
    assert table.total == total
    assert sum(int(str(row[1])) for row in table.rows) == total


def names(table: Table) -> list[str]:
    return [str(row[1] or str(row[0]).removeprefix(HOME + "/")) for row in table.rows]


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("list my Perl scripts", ["bin/rename.pl", "bin/outline.pl"]),
        ("vypiš moje perlové skripty", ["bin/rename.pl", "bin/outline.pl"]),
        ("the largest notes of last month", ["notes/large.md", "notes/small.md"]),
        ("největší poznámky z minulého měsíce", ["notes/large.md", "notes/small.md"]),
        ("all invoices from 2019", ["notes/Faktura č. 7.txt", "papers/a.pdf", "inbox/4"]),
        ("všechny faktury z roku 2019", ["notes/Faktura č. 7.txt", "papers/a.pdf", "inbox/4"]),
        ("newest mails from Petr", ["inbox/3", "inbox/1"]), ("nejnovější maily od Petra", ["inbox/3", "inbox/1"]),
        ("all chats and mails with Petr"[:9] + " from Eva", []), ("the 2 oldest mails", ["inbox/4", "inbox/1"]),
        ("posledních 2 mailů", ["inbox/3", "inbox/2"]),
        ("oldest script in ~/bin", ["bin/outline.pl", "bin/backup.sh", "bin/rename.pl"]),
        ("largest files in ~/papers", ["papers/book.pdf", "papers/b.PDF", "papers/a.pdf", "papers/scan.pdf"]),
        ("show me all my scripts from 2012", ["bin/outline.pl"]), ("the 1 smallest note", ["notes/small.md"]),
    ],
)  # fmt: skip
def test_lists(db: Connection, text: str, listed: list[str]) -> None:
    assert names(answer(db, text)) == listed


def test_a_list_says_how_many_there_are_beyond_those_shown(db: Connection) -> None:
    table = answer(db, "the 2 newest scripts")
    assert (len(table.rows), table.total) == (2, 3)


def test_what_was_not_read_is_counted_and_said(db: Connection) -> None:
    assert answer(db, "how many PDFs do I have").rows == (("indexed", 3), ("unreadable: scanned", 1))


def test_counts_can_be_divided(db: Connection) -> None:
    assert answer(db, "how many mails per year").rows == (("2019", 1), ("2025", 2), ("2026", 1))
    assert dict(answer(db, "how many files of each kind").rows)["script"] == 3
    assert dict(answer(db, "kolik mám skriptů podle jazyka").rows) == {"perl": 2, "shell": 1}


@pytest.mark.parametrize(
    "text",
    [
        "how many PDFs do I have", "all invoices from 2019", "largest files in ~/", "newest mails from Petr",
        "list my Perl scripts", "how many mails per year", "how many files do I have", "all mails from Petr O'Hara",
    ],
)  # fmt: skip
def test_the_query_shown_is_the_query_run(db: Connection, text: str) -> None:
    counting = planned(text)
    assert counting is not None
    table = run(db, counting)
    again = db.execute(table.sql_shown).fetchall()
    assert "?" not in table.sql_shown
    if counting.act == "count":
        assert tuple(map(tuple, again)) == table.rows
    else:
        assert [row[1:4] for row in again] == [row[1:4] for row in table.rows]


def test_names_that_are_no_text_are_listed(db: Connection) -> None:
    paths = [row[0] for row in answer(db, "all files in ~/").rows]
    assert b"/home/jan/odd-\xff's?.bin".decode("utf-8", "surrogateescape") in paths


def test_what_was_understood_is_said() -> None:
    counting = planned("all invoices from 2019")
    assert counting is not None
    assert counting.label == "invoice · 2019"


@given(st.text(max_size=60), st.sampled_from(["how many ", "list all ", "kolik ", "newest ", "all mails from ", ""]))
def test_any_text_is_planned_or_not(text: str, start: str) -> None:
    planned(start + text)


def test_values_never_become_sql(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add_root(b"/")
    counting = planned("how many files are in ~/a';DROP/**/TABLE/**/files;--")
    assert counting is not None
    connection = database.connect(tmp_path)
    assert run(connection, counting).total == 0
    assert connection.execute("SELECT count(*) FROM files").fetchone() == (0,)
    connection.close()
