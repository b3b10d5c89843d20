"""The lines of which calendars (RFC 5545) and address books (RFC 6350) consist, each with its source line.

The libraries for these formats (icalendar, vobject) tell no lines and refuse files that programs do write.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ask.indexer.text import decode, normalise

_NAME = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;[^:\";]*(?:\"[^\"]*\"[^:\";]*)*)*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([\w-]+)(?:=((?:\"[^\"]*\"|[^;])*))?")
_ESCAPE = re.compile(r"\\([nN,;:\\])")


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One property: `DTSTART;TZID=Europe/Prague:20210504T103000`."""

    name: str
    """In upper case, without its group."""
    value: str
    """As written, unfolded."""
    line: int
    """1-based, where it begins."""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The value as people read it, perhaps with several lines."""
        if "QUOTED-PRINTABLE" in self.parameters.get("ENCODING", "").upper() or "QUOTED-PRINTABLE" in self.parameters:
            raw = quopri.decodestring(self.value.encode("utf-8", "replace"))
            return decode(raw, self.parameters.get("CHARSET", "utf-8")).strip()
        text = _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value)
        return normalise(text).strip()


def content_lines(text: str) -> Iterator[ContentLine]:
    """The properties of a text; lines that are none are passed over."""
    for number, unfolded in _unfolded(text):
        if match := _NAME.match(unfolded):
            parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}
            yield ContentLine(match[1].upper(), match[3], number, parameters)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Lines put together: one that begins with a blank goes on, as does one after the `=` of quoted-printable."""
    parts: list[str] = []
    start = 1
    for number, row in enumerate(text.split("\n"), 1):
        soft = bool(parts) and parts[-1].endswith("=") and "QUOTED-PRINTABLE" in parts[0].upper()
        if parts and soft:
            parts[-1] = parts[-1][:-1]
            parts.append(row)
        elif parts and row[:1] in (" ", "\t"):
            parts.append(row[1:])
        else:
            if parts:
                yield start, "".join(parts)
            parts, start = [row], number
    if parts:
        yield start, "".join(parts)
