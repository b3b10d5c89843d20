"""Address books (vcf): a document for each person or firm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ask.indexer.documents import Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract.content_lines import ContentLine, content_lines
from ask.indexer.extract.pieces import Pieces
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

_SHOWN = {
    "NICKNAME": "", "ORG": "", "TITLE": "", "ROLE": "", "EMAIL": "e-mail", "TEL": "telephone", "ADR": "address",
    "URL": "", "BDAY": "birthday", "ANNIVERSARY": "anniversary", "IMPP": "", "CATEGORIES": "", "NOTE": "",
}  # fmt: skip
"""Properties that are shown, in this order, with the word in front of them."""


@extractor("contacts", suffixes=[".vcf", ".vcard"], magic=[b"BEGIN:VCARD"])
def read_contacts(source: Source) -> Iterator[Document]:
    """The cards; members "1", "2", … when there are several."""
    cards = [card for card in _cards(text_of(source)) if card]
    if not cards:
        raise Unreadable("damaged", "no card in it")
    found = False
    for number, card in enumerate(cards, 1):
        if document := _document(card, source, str(number) if len(cards) > 1 else ""):
            found = True
            yield document
    if not found:
        raise Unreadable("empty", "cards without names")


def _cards(text: str) -> Iterator[list[ContentLine]]:
    card: list[ContentLine] | None = None
    for line in content_lines(text):
        if line.name == "BEGIN" and line.value.strip().upper() == "VCARD":
            if card:
                yield card
            card = []
        elif line.name == "END":
            if card is not None:
                yield card
            card = None
        elif card is not None:
            card.append(line)
    if card:
        yield card


def _document(card: Sequence[ContentLine], source: Source, number: str) -> Document | None:
    name = _name(card)
    pieces = Pieces()
    for line in card:
        if line.name == "FN" or (line.name == "N" and not _values(card, "FN")):
            pieces.add(name, marks=[(0, line.line)])
            break
    for key, word in _SHOWN.items():
        for line in card:
            if line.name == key and (shown := _shown(line)):
                piece = f"{word}: {shown}" if word else shown
                pieces.add(piece, marks=[(0, line.line)], joined=True)
    if not pieces.blocks:
        return None
    mail = next(iter(_values(card, "EMAIL")), "")
    return Document(
        pieces.text,
        "contact",
        title=name,
        member=source.inside(number),
        blocks=tuple(pieces.blocks),
        people=tuple(filter(None, [f"{name} <{mail}>" if name and mail else name or mail])),
        lines=tuple(pieces.lines),
    )


def _name(card: Sequence[ContentLine]) -> str:
    for value in (*_values(card, "FN"), *_values(card, "ORG")):
        return " ".join(value.replace(";", " ").split())
    parts = next((line.text.split(";") for line in card if line.name == "N"), [])
    last, first, *middle = [*(part.strip() for part in parts), "", ""][:5]
    return " ".join(part for part in (first, *middle, last) if part)


def _values(card: Sequence[ContentLine], name: str) -> list[str]:
    return [line.text for line in card if line.name == name and line.text.strip(" ;")]


def _shown(line: ContentLine) -> str:
    """A value without the semicolons between its parts."""
    text = line.text
    if line.name in ("ADR", "ORG"):
        return ", ".join(" ".join(part.split()) for part in text.split(";") if part.strip())
    return text.removeprefix("tel:").removeprefix("mailto:")
