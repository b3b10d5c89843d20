"""PDF: the text of each page, through PDFium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import normalise

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_ONE_AT_A_TIME = Lock()
"""PDFium keeps global state and is not safe in several threads."""

_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-])(\d\d)'?(\d\d)?)?")
_JUNK = re.compile(
    r"^\s*$|untitled|^microsoft (?:word|powerpoint|excel)|^(?:slide|document|dokument|title|print|scan)\s*\d*$|^\S*\.(?:docx?|dvi|tex|indd|"
    r"qxd|pptx?|xlsx?|rtf|odt|pdf|ps|eps|fm|pmd|cdr|html?|tmp|tif)$|^[\W\d_]*$|^(?:about:|file:|https?:)",
    re.IGNORECASE,
)


@extractor("pdf", suffixes=[".pdf"], magic=[b"%PDF-"])
def read_pdf(source: Source) -> Iterator[Document]:
    """One document with its pages. Raises `Unreadable` "encrypted", "damaged" or "scanned"."""
    with _ONE_AT_A_TIME:
        yield _document(source)


def _document(source: Source) -> Document:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(source.data)
    except pypdfium2.PdfiumError as problem:
        raise Unreadable("encrypted" if "password" in str(problem).lower() else "damaged", str(problem)) from problem
    try:
        pieces, failed = _pages(pdf)
        if not pieces.blocks:
            reason = "damaged" if failed or not len(pdf) else "scanned"
            raise Unreadable(reason, "no page can be read" if reason == "damaged" else "no page has text")
        meta = pdf.get_metadata_dict()
    finally:
        pdf.close()
    title = normalise(meta.get("Title", "")).strip()
    author = normalise(meta.get("Author", "")).strip()
    return Document(
        pieces.text,
        "paper",
        title="" if _JUNK.search(title) else title,
        member=source.member,
        blocks=tuple(pieces.blocks),
        date=_date(meta.get("CreationDate", "")) or _date(meta.get("ModDate", "")),
        people=(author,) if author else (),
        lines=(),
        pages=tuple(pieces.pages),
    )


def _pages(pdf: PdfDocument) -> tuple[Pieces, int]:
    """The text of all pages, and how many could not be read."""
    pieces, failed = Pieces(), 0
    for number in range(len(pdf)):
        text = _page_text(pdf, number)
        if text is None:
            failed += 1
            continue
        marked = False
        for start, end in paragraphs(text):
            pieces.add(text[start:end], page=None if marked else number + 1)
            marked = True
    return pieces, failed


def _page_text(pdf: PdfDocument, number: int) -> str | None:
    """The text of a page, None when it cannot be loaded."""
    import pypdfium2

    try:
        page = pdf[number]
    except pypdfium2.PdfiumError:
        return None
    try:
        text = page.get_textpage()
        try:
            return normalise(text.get_text_range())
        finally:
            text.close()
    except pypdfium2.PdfiumError:
        return None
    finally:
        page.close()


def _date(text: str) -> datetime | None:
    match = _DATE.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        moment = datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=_zone(match))
        return moment if 1980 <= year <= 2100 else None
    except ValueError:
        return None


def _zone(match: re.Match[str]) -> timezone:
    if match.group(8) is None:
        return UTC
    offset = timedelta(hours=int(match.group(9)), minutes=int(match.group(10) or 0))
    return timezone(-offset if match.group(8) == "-" else offset)
