"""Packages: what lies in a zip decides who reads it, whatever the file is called.

Word processors, presentations, workbooks, OpenDocument and books are told apart by their parts; everything else that
is a zip is an archive.
"""

from __future__ import annotations

from collections.abc import Iterator

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.archive import zip_documents
from ask.indexer.extract.books import book_document
from ask.indexer.extract.excel import excel_documents
from ask.indexer.extract.iwork import is_iwork, iwork_document
from ask.indexer.extract.members import embedded
from ask.indexer.extract.opendocument import opendocument_documents
from ask.indexer.extract.package import Package
from ask.indexer.extract.registry import Source, extractor
from ask.indexer.extract.slides import slides_document
from ask.indexer.extract.word import word_document
from ask.indexer.extract.workbook_binary import workbook_documents

_SUFFIXES = [
    *(".docx", ".docm", ".dotx", ".dotm"),
    *(".pptx", ".pptm", ".potx", ".potm", ".ppsx", ".ppsm"),
    *(".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb"),
    *(".odt", ".ott", ".odm", ".ods", ".ots", ".odp", ".otp", ".odg", ".otg", ".odf"),
    *(".sxw", ".stw", ".sxc", ".stc", ".sxi", ".sti"),
    *(".pages", ".numbers"),
    *(".epub", ".zip", ".kmz"),
]
_READABLE = r"(docx|docm|pptx|pptm|xlsx|xlsm|xlsb|pdf|doc|xls|ppt|odt|ods|odp|rtf|x?html?|mht|txt|bin)"
_EMBEDDED = rf"(word|ppt|xl)/embeddings/[^/]*\.{_READABLE}|word/[^/]*\.(docx|rtf|x?html?|mht|txt)"
"""Files put into a document as objects, and those that it includes as if they were its own text."""


@extractor("package", suffixes=_SUFFIXES, magic=[b"PK\x03\x04", b"PK\x05\x06"])
def read_package(source: Source) -> Iterator[Document]:
    """The documents of a package and of the files in it."""
    package = Package(source)
    about = package_documents(package)
    if about is None:
        yield from zip_documents(package)
        return
    yield from about
    found = len(about)
    for document in embedded(package, _EMBEDDED):
        found += 1
        yield document
    if not found:
        raise Unreadable("empty")


def package_documents(package: Package) -> list[Document] | None:
    """What the package itself says; None when it is no document but an archive."""
    medium = package.read("mimetype")[:200].decode("ascii", "replace") if package.find("content.xml") else ""
    if package.find("content.xml") and package.matching(r"meta\.xml|meta-inf/manifest\.xml|styles\.xml"):
        return opendocument_documents(package, medium or package.source.suffix)
    if package.find("META-INF/container.xml") and package.matching(r".*\.opf"):
        return _present(book_document(package))
    if is_iwork(package):
        return _present(iwork_document(package))
    main = _main_part(package)
    if main.startswith("word/"):
        return _present(word_document(package, main))
    if main.startswith("ppt/"):
        return _present(slides_document(package, main))
    if main.startswith("xl/") and main.endswith(".bin"):
        return workbook_documents(package, main)
    if main.startswith("xl/"):
        return excel_documents(package, main)
    return None


def _present(document: Document | None) -> list[Document]:
    return [] if document is None else [document]


def _main_part(package: Package) -> str:
    """The part that the package begins with; by its usual names where it does not say."""
    stated = (package.find(each.target) for each in package.relations("") if each.kind == "officeDocument")
    usual = package.matching(r"word/document\d*\.xml|ppt/presentation\d*\.xml|xl/workbook\d*\.(xml|bin)")
    return next(filter(None, [*stated, *usual]), "")
