"""Against prompt injection: what could make a model take retrieved text for more than data is taken out of it.

Two things are done to text that goes into a prompt. Characters that a person does not see (zero-width, tags, direction
marks, control characters) are dropped: instructions are hidden in them. And what a chat template uses to begin a turn
is broken by a space, so that the tokenizer reads it letter by letter. What a model writes is made inert in turn: it
cannot show a picture, hide a link or name an address that no source holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_KNOWN = re.compile(
    r"<\|[^|<>\n]{1,60}\|>"  # <|im_start|>, <|eot_id|>, <|end|>
    r"|<｜[^｜<>\n]{1,60}｜>"  # the same with full-width bars
    r"|</?(?:s|unk|bos|eos|pad|start_of_turn|end_of_turn|think|tool_call|tool_response|tools?|im_start|im_end)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG)\]"
    r"|<</?SYS>>"
    r"|<unused\d+>|<reserved_\w+>",
    re.IGNORECASE,
)
_KEPT = frozenset("\n\t")


def plain(text: str) -> str:
    """`text` without characters that cannot be seen; line ends become \\n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(character for character in text if character in _KEPT or not _unseen(character))


def _unseen(character: str) -> bool:
    """Controls, formats (zero-width, direction, tags), surrogates, private use, and variation selectors."""
    code = ord(character)
    return (
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co")
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0100 <= code <= 0xE01EF
        or code in (0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800)  # letters that look like nothing
    )


def neutral(text: str, control: Iterable[str] = ()) -> str:
    """`text` with nothing in it that begins a turn. `control` are the control tokens of the model at hand."""
    text = plain(text)
    own = sorted({token for token in control if len(token) > 1 and token in text}, key=len, reverse=True)
    pattern = re.compile("|".join([*(re.escape(token) for token in own), _KNOWN.pattern]), re.IGNORECASE)
    while pattern.search(text):
        text = pattern.sub(_broken, text)
    return text


def _broken(found: re.Match[str]) -> str:
    token = found.group()
    return f"{token[0]} {token[1:]}"


_PICTURE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\((\S+?)(?:\s+\"[^\"\n]*\")?\)")
_TAG = re.compile(
    r"</?(?:img|a|script|iframe|object|embed|link|style|svg|form|input|video|audio|base|meta)\b[^>]*>", re.IGNORECASE
)
_ADDRESS = re.compile(r"\b(?:https?|ftp|file|data|javascript|mailto):[^\s<>\"'`)\]]+", re.IGNORECASE)
REMOVED = "(link removed)"


def inert(text: str, sources: Iterable[str] = ()) -> str:
    """What a model wrote, without pictures, hidden links or addresses that none of `sources` holds."""
    known = "\n".join(sources)
    text = _PICTURE.sub(r"\1", plain(text))
    text = _LINK.sub(lambda link: f"{link.group(1)} ({link.group(2)})" if ":" in link.group(2) else link.group(0), text)
    text = _TAG.sub("", text)
    return _ADDRESS.sub(lambda found: found.group() if found.group().rstrip(".,;") in known else REMOVED, text)
