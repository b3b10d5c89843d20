"""What ask can use where the system has it: programs and libraries, what each is for, and how to get it.

A file that cannot be read without one is left out as "needs helper" with the helper's name, and is taken up by the next
run after it has appeared.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ask.indexer import helper
from ask.indexer.database import Connection


@dataclass(frozen=True, slots=True)
class Helper:
    """One program or library."""

    reads: str
    """What it makes readable, in words."""
    package: str
    """What brings it on Debian and Ubuntu."""
    programs: tuple[str, ...] = ()
    """Names or paths of the program, the first that is there is meant; empty: it is called as it is here."""
    library: str = ""
    """Its name for the loader, such as `archive`; empty: it is a program."""
    files: tuple[str, ...] = ()
    """Names of the library's files, newest first, where the system's loader cannot be asked (in a confined worker)."""


HELPERS: Mapping[str, Helper] = {
    "git": Helper("who wrote the files of clones, and when", "git"),
    "libarchive": Helper(
        "archives of 7-Zip, RAR, CAB, ISO, cpio, LHA and RPM",
        "libarchive13",
        library="archive",
        files=("libarchive.so.13",),
    ),
    "tesseract": Helper(
        "text in pictures and scanned pages",
        "tesseract-ocr tesseract-ocr-ces",
        library="tesseract",
        files=("libtesseract.so.5", "libtesseract.so.4"),
    ),
    "djvutxt": Helper("books in DjVu", "djvulibre-bin"),
    "7z": Helper("help files (CHM)", "7zip", ("7zz", "/usr/lib/7zip/7z", "/usr/lib/p7zip/7z", "7z")),
    "readpst": Helper("mailboxes of Outlook (PST)", "pst-utils"),
}


@cache
def is_there(name: str) -> bool:
    """True when the system has it; asked once in a process, for asking takes a program."""
    known = HELPERS.get(name)
    if known is None:
        return False
    if not known.library:
        return program(name) is not None
    from ctypes.util import find_library

    return bool(find_library(known.library)) or any(_loads(file) for file in known.files)


def program(name: str) -> Path | None:
    """Where a program lies; None when it is not installed. A script is none: it would have to start another program."""
    found = map(helper.find, HELPERS[name].programs or (name,))
    return next((path for path in found if path is not None and not _is_script(path)), None)


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True


def waiting(db: Connection) -> Mapping[str, int]:
    """How many files wait for each helper; of an index of an older version nothing is known."""
    if db.execute("PRAGMA user_version").fetchone()[0] < 2:
        return {}
    found = dict(
        db.execute("SELECT detail, count(*) FROM files WHERE reason = 'needs helper' GROUP BY detail").fetchall()
    )
    (pictures,) = db.execute("SELECT count(*) FROM files WHERE pictures > 0").fetchone()
    return {**found, "tesseract": pictures} if pictures else found


def library_file(name: str) -> str | None:
    """What to load for a library, in a process that cannot ask the system's loader; None: ask it."""
    return next((file for file in HELPERS[name].files if _loads(file)), None)


def _loads(file: str) -> bool:
    import ctypes

    if sys.platform != "linux":
        return False
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True
