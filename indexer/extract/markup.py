"""Markup that people write by hand: org-mode, reStructuredText, AsciiDoc, LaTeX and Zim's pages.

The text is that of the file, so that its lines are true and nothing is lost; only the headings, and what the file says
about itself, are understood. A library for each would add weight and take the lines away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ask.indexer.documents import Document
from ask.indexer.extract.moments import moment
from ask.indexer.extract.outline import Heading, outlined
from ask.indexer.extract.plain import text_of
from ask.indexer.extract.registry import Source, extractor

_ORG = re.compile(
    r"^(\*+)[ \t]+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED|CANCELED|HOLD)[ \t]+)?(?:\[#\w\][ \t]+)?(.*?)"
    r"(?:[ \t]+(:[\w@#%:]+:))?[ \t]*$",
    re.MULTILINE,
)
_ORG_KEY = re.compile(r"^#\+(title|author|date|filetags|language):[ \t]*(.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_RST = re.compile(
    r"^(?:([!-/:-@\[-`{-~])\1{1,}[ \t]*\n[ \t]*(?=\S))?(?P<name>\S[^\n]*)\n(?P<under>([!-/:-@\[-`{-~])\4{1,})[ \t]*$",
    re.MULTILINE,
)
_RST_FIELD = re.compile(r"^:(author|date|tags|keywords|lang):[ \t]+(.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_ADOC = re.compile(r"^(={1,6}|#{1,6})[ \t]+(\S[^\n]*?)(?:[ \t]+\1)?[ \t]*$", re.MULTILINE)
_ADOC_FIELD = re.compile(r"^:(author|date|revdate|keywords|lang):[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_ADOC_BLOCK = re.compile(r"^(-{4,}|\.{4,}|\+{4,}|/{4,})[ \t]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_LEVELS = {"part": 0, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "frametitle": 6}
_BRACED = r"\{((?:[^{}]|\{[^{}]*\}){0,300})\}"
_LATEX = re.compile(rf"^[^%\n]*?\\({'|'.join(_LEVELS)})\*?(?:\[[^\]]{{0,200}}\])?\s?{_BRACED}", re.MULTILINE)
_LATEX_KEY = re.compile(rf"^[^%\n]*?\\(title|author|date)(?:\[[^\]]{{0,200}}\])?\s?{_BRACED}", re.MULTILINE)
_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?|[{}$~]|\\.")
_ZIM = re.compile(r"^(={2,6})[ \t]+(\S[^\n]*?)[ \t]+=+[ \t]*$", re.MULTILINE)
_ZIM_KEY = re.compile(r"^(Creation-Date|Modification-Date):[ \t]*(\S+)", re.MULTILINE)

Fields = dict[str, str]


@extractor("org", suffixes=[".org", ".org_archive"])
def read_org(source: Source) -> Iterator[Document]:
    """Org-mode: headlines without their TODO words; title, author, date and tags of the file."""
    text = text_of(source)
    fields = _fields(_ORG_KEY, text)
    tags = [fields.pop("filetags", ""), *(match[3] for match in _ORG.finditer(text) if match[3])]
    named = dict.fromkeys(tag for group in tags for tag in re.split(r"[:\s]+", group) if tag)
    fields["date"] = fields.get("date", "").strip("<>[]")[:10]
    headings = (Heading(m.start(), m.end(), len(m[1]), m[2]) for m in _ORG.finditer(text))
    yield _document(source, text, fields, headings, tags=", ".join(named))


@extractor("restructuredtext", suffixes=[".rst"])
def read_rst(source: Source) -> Iterator[Document]:
    """reStructuredText: titles under- and perhaps overlined; which mark is which level is told by their order."""
    text = text_of(source)
    headings = list(_rst_headings(text))
    fields = _fields(_RST_FIELD, text[:5_000])
    fields["title"] = headings[0].name if headings and headings[0].level == 1 else ""
    yield _document(source, text, fields, iter(headings))


def _rst_headings(text: str) -> Iterator[Heading]:
    styles: list[tuple[str, str]] = []
    for match in _RST.finditer(text):
        name, over = match["name"].strip(), match[1] or ""
        if len(match["under"]) < min(len(name), 4) or (over and over != match["under"][0]) or not _is_name(name):
            continue
        style = (over, match["under"][0])
        if style not in styles:
            styles.append(style)
        yield Heading(match.start(), match.end(), styles.index(style) + 1, name)


def _is_name(name: str) -> bool:
    return any(c.isalnum() for c in name)


@extractor("asciidoc", suffixes=[".adoc", ".asciidoc"])
def read_adoc(source: Source) -> Iterator[Document]:
    """AsciiDoc: `=` headings outside of listings; author and date from the header."""
    text = text_of(source)
    bare = _ADOC_BLOCK.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    headings = [Heading(m.start(), m.end(), len(m[1]), m[2]) for m in _ADOC.finditer(bare)]
    fields = _fields(_ADOC_FIELD, text[:5_000])
    fields["title"] = headings[0].name if headings and headings[0].level == 1 else ""
    fields["date"] = fields.get("revdate") or fields.get("date", "")
    yield _document(source, text, fields, iter(headings))


@extractor("latex", suffixes=[".tex", ".latex", ".ltx"])
def read_latex(source: Source) -> Iterator[Document]:
    """LaTeX: parts to paragraphs and titles of frames; title, authors and date."""
    text = text_of(source)
    fields = {name: _without_commands(value) for name, value in _fields(_LATEX_KEY, text).items()}
    headings = (
        Heading(text.rfind("\n", 0, m.start(1)) + 1, m.end(), _LEVELS[m[1]], _without_commands(m[2]))
        for m in _LATEX.finditer(text)
    )
    authors = [name for name in re.split(r"\s+and\s+|,\s+", fields.pop("author", "")) if name]
    yield _document(source, text, fields, headings, people=tuple(authors))


def _without_commands(text: str) -> str:
    return " ".join(_COMMAND.sub(" ", text.replace("\\and", " and ")).split())


@extractor("zim", suffixes=[".txt"], sniff=lambda source: source.data.startswith(b"Content-Type: text/x-zim-wiki"))
def read_zim(source: Source) -> Iterator[Document]:
    """A page of Zim, the desktop wiki."""
    text = text_of(source)
    headings = [Heading(m.start(), m.end(), 7 - len(m[1]), m[2]) for m in _ZIM.finditer(text)]
    fields = _fields(_ZIM_KEY, text[:1_000])
    fields["title"] = headings[0].name if headings else ""
    fields["date"] = fields.get("creation-date", "")
    yield _document(source, text, fields, iter(headings))


def _fields(pattern: re.Pattern[str], text: str) -> Fields:
    """What a file says about itself, the first value of each name."""
    found: Fields = {}
    for match in pattern.finditer(text):
        found.setdefault(match[1].lower(), " ".join(match[2].split()))
    return found


def _document(
    source: Source,
    text: str,
    fields: Fields,
    headings: Iterator[Heading],
    *,
    tags: str = "",
    people: tuple[str, ...] = (),
) -> Document:
    author = fields.get("author", "")
    tags = tags or fields.get("tags") or fields.get("keywords") or ""
    return Document(
        text,
        "note",
        title=fields.get("title", ""),
        member=source.member,
        blocks=tuple(outlined(text, headings)),
        date=moment(fields.get("date", "")),
        people=people or ((author,) if author else ()),
        language=fields.get("lang", fields.get("language", ""))[:2].lower(),
        facts={"tags": tags} if tags else {},
    )
