"""The tables, and how an older index becomes a newer one.

    roots ──< files ──< documents ──< chunks ── hash ──> vectors >── spaces
                                        └── rowid ──> words (FTS5)

A chunk knows the hash of the text that is embedded for it; vectors are kept by that hash and the space they live in,
so that moved, copied and restored text costs no embedding. Rows hold hashes whole, so that nobody can write a text that
is taken for another; indexes hold four bytes of them, and `database.same` asks for both. The word index keeps no text:
its content is the view `chunk_words`, which derives the terms from the stored documents, so SQLite itself can check one
against the other.
"""

from __future__ import annotations

from typing import Any

from ask.indexer import database, packed, spaces


def migrate(connection: database.Connection) -> None:
    """Bring the database to the newest schema; each step is one transaction."""
    from sqlite_utils import Database

    found = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, step in enumerate(_STEPS, 1):
        if found < number:
            connection.execute("BEGIN IMMEDIATE")
            try:
                step(Database(connection))
                connection.execute(f"PRAGMA user_version = {number}")
            except BaseException:
                if connection.in_transaction:  # a full disk ends it by itself
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
    if connection.execute("SELECT 1 FROM meta WHERE key = ?", (_LOOSE,)).fetchone():
        database.compact(connection)
        connection.execute("DELETE FROM meta WHERE key = ?", (_LOOSE,))


def _first(db: Any) -> None:
    for statement in _FIRST_SCHEMA.split(";\n\n"):
        db.conn.execute(statement)
    db.conn.execute("INSERT INTO words(words, rank) VALUES ('secure-delete', 1)")
    db.conn.execute("INSERT INTO meta VALUES ('identity', lower(hex(randomblob(8))))")


def _second(db: Any) -> None:
    """Every search tells how many files could not be read: 7 ms among 100,000 files without this."""
    db.conn.execute("CREATE INDEX files_left_out ON files(status) WHERE status != 'indexed'")


def _third(db: Any) -> None:
    """What clones tell of their files, and which pictures are still to be looked at."""
    db.conn.execute("""CREATE TABLE clones (
        path BLOB PRIMARY KEY,       -- the folder that holds .git
        head TEXT NOT NULL,          -- the commit that its history was read at
        history BLOB NOT NULL        -- compressed JSON: [path in the clone, blob, first, last, [authors]]
    ) WITHOUT ROWID""")
    for column in (
        "history INTEGER NOT NULL DEFAULT 0",  # names what its clone told of the file when it was read
        "pictures INTEGER NOT NULL DEFAULT 0",  # of text, to be looked at: 1 in this order, 2, 3; 0: none (any more)
    ):
        db.conn.execute(f"ALTER TABLE files ADD COLUMN {column}")
    db.conn.execute("CREATE INDEX files_pictures ON files(pictures) WHERE pictures > 0")


def _fourth(db: Any) -> None:
    """Vectors of four bits a dimension, where there were eight; the first bytes of hashes in indexes, where there were
    all. Ids stay, and with them FAISS files. Vectors that are not whole go; their texts are embedded again."""
    run = db.conn.execute
    run("PRAGMA secure_delete = OFF")  # or SQLite keeps all pages it erases in memory; `compact` takes them away
    run("ALTER TABLE vectors RENAME TO older")
    run(_VECTORS)
    run("INSERT INTO sqlite_sequence SELECT 'vectors', seq FROM sqlite_sequence WHERE name = 'older'")
    lost = 0
    for space, dimensions in run("SELECT id, dimensions FROM spaces").fetchall():
        rows = run("SELECT id, space, hash, exact, data FROM older WHERE space = ? ORDER BY id", (space,))
        while block := rows.fetchmany(_BLOCK):
            whole = [row for row in block if packed.is_whole(row[-1], dimensions)]
            renewed = packed.renewed([row[-1] for row in whole], dimensions)
            kept = [(*row[:-1], data) for row, data in zip(whole, renewed, strict=True)]
            db.conn.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?, ?)", kept)
            lost += len(block) - len(whole)
    run(f"INSERT INTO meta SELECT '{_LOOSE}', '' WHERE EXISTS (SELECT 1 FROM older)")
    run("DROP TABLE older")
    run("PRAGMA secure_delete = ON")
    for index in ("chunks_hash", "documents_hash", "documents_name"):
        run(f"DROP INDEX {index}")
    run(f"CREATE INDEX vectors_hash ON vectors({database.KEY.format('hash')}, space)")
    run(f"CREATE INDEX chunks_hash ON chunks({database.KEY.format('hash')})")
    run(f"CREATE INDEX documents_name ON documents({database.KEY.format('name_hash')})")
    if lost and (active := spaces.active(db.conn)) is not None:
        spaces.take_stock(db.conn, active.id)


_LOOSE = "loose"
"""Remembered under this key: there are free pages that hold what may be forgotten, until `compact` has been through."""
_BLOCK = 8192
_VECTORS = """CREATE TABLE vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces(id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    exact INTEGER NOT NULL,
    data BLOB NOT NULL               -- see packed.py
)"""

_FIRST_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE roots (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    added INTEGER NOT NULL,          -- Unix seconds
    scanned INTEGER,                 -- end of the last complete scan; NULL: never completed
    consent INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    root_id INTEGER NOT NULL REFERENCES roots(id) ON DELETE CASCADE,
    path BLOB NOT NULL UNIQUE,       -- as the file system gives it
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL DEFAULT 0,
    inode INTEGER NOT NULL DEFAULT 0,
    content BLOB,                    -- BLAKE2b-128 of the bytes
    status TEXT NOT NULL CHECK (status IN ('indexed', 'skipped', 'unreadable')),
    reason TEXT NOT NULL DEFAULT '', -- a key of documents.REASONS
    detail TEXT NOT NULL DEFAULT '',
    reader INTEGER NOT NULL,         -- fingerprint of extraction, chunking and words that made its rows
    crashes INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL            -- the scan that saw it last
);

CREATE INDEX files_root_seen ON files(root_id, seen);

CREATE INDEX files_content ON files(content) WHERE content IS NOT NULL;

CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
    member TEXT,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    language TEXT NOT NULL,
    date INTEGER,                    -- Unix seconds, what the document itself says
    people TEXT NOT NULL,            -- JSON array
    facts TEXT NOT NULL,             -- JSON object
    header TEXT NOT NULL,
    length INTEGER NOT NULL,         -- code points
    bytes INTEGER NOT NULL,          -- of the text in UTF-8
    hash BLOB NOT NULL,              -- BLAKE2b-128 of the text: copies are a family
    name_hash BLOB NOT NULL,         -- BLAKE2b-128 of what its path says, which is embedded, too
    named INTEGER NOT NULL,          -- 1: the name has its vector in the active space
    lines BLOB,                      -- compressed JSON of Document.lines; NULL: the text has the file's own lines
    text BLOB NOT NULL
);

CREATE INDEX documents_file ON documents(file_id);

CREATE INDEX documents_hash ON documents(hash);

CREATE INDEX documents_name ON documents(name_hash);

CREATE INDEX documents_unnamed ON documents(named) WHERE named = 0;

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    line INTEGER,
    end_line INTEGER,
    page INTEGER,
    heading TEXT NOT NULL,           -- JSON array
    symbols TEXT NOT NULL,           -- separated by spaces
    context INTEGER NOT NULL,        -- code points of the context that go in front for embedding
    lang TEXT NOT NULL,              -- language of the words: cs, en or empty
    hash BLOB NOT NULL,              -- BLAKE2b-128 of the text that is embedded
    tier INTEGER NOT NULL DEFAULT 0  -- 0 no vector yet, 1 approximate, 2 exact, in the active space
);

CREATE INDEX chunks_document ON chunks(document_id, start);

CREATE INDEX chunks_hash ON chunks(hash);

CREATE INDEX chunks_pending ON chunks(tier) WHERE tier < 2;

CREATE TABLE redactions (           -- secrets masked in a text before anything else saw it
    document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    line INTEGER,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL
);

CREATE INDEX redactions_document ON redactions(document_id);

CREATE TABLE spaces (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    model TEXT NOT NULL,             -- folder name of the compiled model
    dimensions INTEGER NOT NULL
);

CREATE TABLE vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL REFERENCES spaces(id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    exact INTEGER NOT NULL,
    data BLOB NOT NULL,              -- CRC-32, then int8 values
    UNIQUE (hash, space)
);

CREATE VIEW chunk_words AS
    SELECT c.id AS id,
           chunk_terms(d.text, c.start, c."end", c.lang, d.header) AS body,
           terms(d.title || ' ' || c.heading, c.lang) AS title,
           path_terms(f.path, d.member) AS path,
           terms(c.symbols || ' ' || d.facts || ' ' || d.people, c.lang) AS symbols
    FROM chunks c JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id;

CREATE VIRTUAL TABLE words USING fts5(
    body, title, path, symbols,
    content='chunk_words', content_rowid='id', tokenize="ascii tokenchars '~'"
);

CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row)"""

_STEPS = (_first, _second, _third, _fourth)
assert len(_STEPS) == database.SCHEMA  # noqa: S101
