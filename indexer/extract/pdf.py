"""PDF: the text of each page with its bookmarks, filled-in form fields and remarks, through PDFium."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.pieces import Pieces, paragraphs
from ask.indexer.extract.recognise import RECOGNISED, Recognising
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.text import normalise, one_line

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

MOST_REMARKS = 1_000
"""Form fields and remarks read from one page."""
MOST_BOOKMARKS = 5_000
WITHOUT_TEXT = "pages without text"
"""A fact: how many pages are pictures of which nothing is known."""
_SHARP = 300
"""Dots per inch at which pages are drawn to be recognised."""
_POINTS = 72
"""Units of a PDF in an inch."""
_LARGEST = 4_500
"""Pixels on the longer side of a page drawn to be recognised, at most."""

_ONE_AT_A_TIME = Lock()
"""PDFium keeps global state and is not safe in several threads."""

_HYPHEN = re.compile("[\ufffe\x02](?=(\\w?))")
"""What PDFium leaves of a hyphen at the end of a line, having joined the lines."""
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?)?")
_JUNK_TITLE = re.compile(
    r"untitled|bez názvu|^microsoft (?:word|powerpoint|excel)|^(?:about|file|https?):|^[\W\d_]*$"
    r"|^(?:slide|document\w*|dokument\w*|title|print|scan\w*|presentation|prezentace)[\s\d_-]*$"
    r"|^\S*\.(?:docx?|dvi|tex|indd|qxd|pptx?|xlsx?|rtf|od[tsp]|pdf|ps|eps|fm|pmd|cdr|html?|tmp|tiff?)$",
    re.IGNORECASE,
)


@extractor("pdf", suffixes=[".pdf"], magic=[b"%PDF-"])
def read_pdf(source: Source) -> Iterator[Document]:
    """One document with its pages. Raises `Unreadable` "encrypted", "damaged", "scanned" or "empty"."""
    with _ONE_AT_A_TIME:
        document = _document(source)
    yield document


@dataclass(slots=True)
class _Pages:
    """What was gathered from the pages so far."""

    pieces: Pieces = field(default_factory=Pieces)
    damaged: int = 0
    drawn: int = 0
    """Pages without text that show something."""
    recognised: int = 0
    """Pages whose text was made out in their pictures."""


def _document(source: Source) -> Document:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(source.data)
    except pypdfium2.PdfiumError as problem:
        reason = "encrypted" if "password" in str(problem).lower() or "security" in str(problem).lower() else "damaged"
        raise Unreadable(reason, str(problem)) from problem
    try:
        pages = _read_pages(pdf, Recognising(source.recognition))
        meta = pdf.get_metadata_dict()
    except UnicodeDecodeError as problem:  # metadata that is not the UTF-16 it claims to be
        raise Unreadable("damaged", str(problem)) from problem
    finally:
        pdf.close()
    if not pages.pieces.blocks:
        raise _without_text(pages)
    author = one_line(meta.get("Author", ""))
    return Document(
        pages.pieces.text,
        "paper",
        title=title_of(meta),
        member=source.member,
        blocks=tuple(pages.pieces.blocks),
        date=date_of(meta.get("CreationDate", "")) or date_of(meta.get("ModDate", "")),
        people=(author,) if author else (),
        lines=(),
        pages=tuple(pages.pieces.pages),
        facts=_facts(one_line(meta.get("Subject", "")), pages),
    )


def _facts(subject: str, pages: _Pages) -> dict[str, str]:
    facts = {"subject": subject, WITHOUT_TEXT: str(pages.drawn or ""), RECOGNISED: str(pages.recognised or "")}
    return {name: value for name, value in facts.items() if value}


def _without_text(pages: _Pages) -> Unreadable:
    if pages.drawn:
        return Unreadable("scanned", "its pages are pictures")
    if pages.damaged:
        return Unreadable("damaged", "none of its pages can be read")
    return Unreadable("empty", "its pages are blank")


def _read_pages(pdf: PdfDocument, recognising: Recognising) -> _Pages:
    import pypdfium2

    found = _Pages()
    headings = _headings(pdf)
    heading: tuple[str, ...] = ()
    for number in range(len(pdf)):
        heading = headings.get(number, heading)
        try:
            page = pdf[number]
        except pypdfium2.PdfiumError:
            found.damaged += 1
            continue
        try:
            _read_page(page, number, heading, found, recognising)
        except pypdfium2.PdfiumError:
            found.damaged += 1
        finally:
            page.close()
    return found


def _read_page(page: PdfPage, number: int, heading: tuple[str, ...], found: _Pages, recognising: Recognising) -> None:
    text = _text(page)
    parts = [text[start:end] for start, end in paragraphs(text)]
    parts += _remarks(page)
    if not parts and next(page.get_objects(max_depth=1), None) is not None:
        text = _made_out(page, recognising)
        parts = [text[start:end] for start, end in paragraphs(text)]
        found.recognised += bool(parts)
        found.drawn += not parts
    for position, part in enumerate(parts):
        found.pieces.add(part, heading=heading, page=None if position else number + 1)


def _made_out(page: PdfPage, recognising: Recognising) -> str:
    """The text in the picture of a page; empty when there is none, or nobody who reads pictures."""
    if not recognising:
        return ""
    dpi = min(_SHARP, int(_LARGEST * _POINTS / max(*page.get_size(), 1)))
    bitmap = page.render(scale=dpi / _POINTS, grayscale=True)
    try:
        return recognising.text(bitmap.to_pil(), dpi)
    finally:
        bitmap.close()


def _text(page: PdfPage) -> str:
    """The text of a page, empty when its fonts do not tell which letters they draw."""
    layer = page.get_textpage()
    try:
        text = layer.get_text_range()
    finally:
        layer.close()
    text = _HYPHEN.sub(lambda match: "-" if match.group(1).isupper() or match.group(1).isdigit() else "", text)
    text = normalise(text).translate(_LIGATURES)
    strange = sum(1 for c in text if c == "\ufffd" or "\ue000" <= c <= "\uf8ff" or (c < " " and c not in "\n\t\f"))
    return "" if strange * 3 > len(text) else text


def _remarks(page: PdfPage) -> Iterator[str]:
    """What people wrote on a page: filled-in fields, comments."""
    from pypdfium2 import raw

    for position in range(min(raw.FPDFPage_GetAnnotCount(page), MOST_REMARKS)):
        annotation = raw.FPDFPage_GetAnnot(page, position)
        if not annotation:
            continue
        try:
            key = b"V" if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET else b"Contents"
            if remark := one_line(_string(annotation, key)):
                yield remark
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _string(annotation: object, key: bytes) -> str:
    from pypdfium2 import raw

    length = raw.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if not 2 < length < 1_000_000:
        return ""
    buffer = (ctypes.c_ushort * (length // 2))()
    raw.FPDFAnnot_GetStringValue(annotation, key, buffer, length)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")


def _headings(pdf: PdfDocument) -> Mapping[int, tuple[str, ...]]:
    """Paths of bookmarks by the 0-based page they lead to: the first one where several share a page."""
    found: dict[int, tuple[str, ...]] = {}
    path: list[str] = []
    for count, mark in enumerate(pdf.get_toc(max_depth=6)):
        if count >= MOST_BOOKMARKS:
            break
        path = [*path[: mark.level], one_line(mark.get_title())]
        target = mark.get_dest()
        page = target.get_index() if target is not None else None
        if page is not None and all(path):
            found.setdefault(page, tuple(path))
    return found


def title_of(meta: Mapping[str, str]) -> str:
    """The stated title, unless a program made it up."""
    title = one_line(meta.get("Title", ""))
    return "" if _JUNK_TITLE.search(title) else title


def date_of(text: str) -> datetime | None:
    """A date as PDF writes it, `D:20200131120000+01'00'`; UTC where no zone is given."""
    match = _DATE.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        return datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=_zone(match)) if year > 1980 else None
    except ValueError:
        return None


def _zone(match: re.Match[str]) -> timezone:
    if match.group(7) is None:
        return UTC
    offset = timedelta(hours=int(match.group(8)), minutes=int(match.group(9) or 0))
    return timezone(-offset if match.group(7) == "-" else offset)
