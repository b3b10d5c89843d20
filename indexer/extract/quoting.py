"""What is new in a mail: its text without what it quotes and without the signature.

A thread of twenty mails quotes the first one nineteen times; indexed once, it is found once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_SIGNATURE = 15
"""Lines; whatever follows `-- ` for longer is text."""

_QUOTE = re.compile(r"[^\S\n]?>|[^\S\n]{0,2}\|[^\S\n]")
_WROTE = re.compile(
    r"\b(?:wrote|writes|said|napsal\w*|píše|schrieb|a\s+écrit|escribió|escreveu|ha\s+scritto|napisał\w*|schreef|skrev"
    r"|kirjoitti|írta)\b",
    re.IGNORECASE,
)
_OPENS = re.compile(r"\s*(?:On|Dne|V|Am|Le|El|Em|Il|W\s+dniu|Op|Den|Dňa|\d{1,2}[./]|\d{4}-)\s?\S")
_WHEN = re.compile(r"\d{1,2}[:.]\d\d|\b(?:19|20)\d\d\b|@")
_ORIGINAL = re.compile(
    r"\s*-{2,}\s*(?:Original (?:Message|Appointment)|Původní (?:zpráva|e-?mail)|Pôvodná správa|Ursprüngliche Nachricht"
    r"|Message d'origine|Mensaje original|Messaggio originale|Oryginalna wiadomość)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"\s*\*?(?:From|Sent|Date|To|Cc|Subject|Od|Odesláno|Datum|Komu|Kopie|Předmět|Predmet|Von|Gesendet|An|Betreff|De"
    r"|Envoyé|À|Objet):\*?\s",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"\s*(?:fwd?|wg|tr|přep|fw)\s*:", re.IGNORECASE)
_SIGNATURE = re.compile(r"--\s?$")


def is_forward(subject: str) -> bool:
    """True for the subject of a mail that passes another one on, whose text is worth keeping."""
    return bool(_FORWARDED.match(subject))


def new_lines(lines: Sequence[str], forwarded: bool = False) -> list[int]:
    """Positions of the lines that the writer of a mail added; all of them when there is nothing else.

    `forwarded` keeps a mail that follows below its own headers.
    """
    end = _signature(lines)
    if not forwarded:
        end = min(end, _below(lines))
    quoted = _quoted(lines[:end])
    kept = [position for position in range(end) if position not in quoted]
    return kept if any(lines[position].strip() for position in kept) else list(range(len(lines)))


def _signature(lines: Sequence[str]) -> int:
    """Where the signature begins, or the number of lines."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    for position in range(end - 1, max(end - LONGEST_SIGNATURE, -1), -1):
        if _SIGNATURE.match(lines[position]):
            return position
    return len(lines)


def _below(lines: Sequence[str]) -> int:
    """Where a mail begins that is quoted below the answer with its headers, or the number of lines."""
    for position, line in enumerate(lines):
        if _ORIGINAL.match(line):
            return position
        if _FIELD.match(line) and sum(bool(_FIELD.match(other)) for other in lines[position : position + 5]) >= 3:
            return position - 1 if position and set(lines[position - 1].strip()) == {"_"} else position
    return len(lines)


def _quoted(lines: Sequence[str]) -> set[int]:
    """Quoted lines and what introduces them (`On Monday Petr wrote:`)."""
    marked = [position for position, line in enumerate(lines) if _QUOTE.match(line)]
    if len(marked) == 1 and not lines[marked[0]].lstrip().startswith(">"):
        return set()  # one line with a bar may be anything
    quoted = set(marked)
    for position in marked:
        if position - 1 not in quoted:
            quoted.update(_introduction(lines, position))
    return quoted


def _introduction(lines: Sequence[str], first: int) -> range:
    """The lines above the quoted line `first` that tell whose words follow."""
    last = first - 1
    if last > 0 and not lines[last].strip():
        last -= 1
    if last < 0 or not lines[last].rstrip().endswith(":"):
        return range(0)
    start = last
    while start > last - 2 and start > 0 and not _OPENS.match(lines[start]) and lines[start - 1].strip():
        start -= 1
    if not _OPENS.match(lines[start]):
        start = last
    stated = " ".join(lines[start : last + 1])
    return range(start, first) if _WROTE.search(stated) or _WHEN.search(stated) else range(0)
