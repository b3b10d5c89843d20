"""Questions that look for a file rather than a fact (known-item search).

"That script I wrote years ago", "faktura od instalatéra".

No sentence answers them; the files do, each with the line that says what it is.
"""

from __future__ import annotations

import re

from ask.generator.sentences import Sentence, sentences
from ask.generator.words import WORD, fold
from ask.retriever.folded import folded
from ask.retriever.hits import Hit
from ask.retriever.kind_cues import WEAK, Kinds, find
from ask.retriever.links import has_link

HEAD = 1000
"""Code points at the top of a script in which it may say what it is."""

_ASKS = re.compile(
    r"(?:(?:in|on|at|to|for|from|with|by|of|about|v|ve|na|do|od|z|s|o|po|pro|za) )?"
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|did|does|do|can|could|has|have|had|would|should"
    r"|kdo|koho|komu|co|ceho|cemu|kdy|odkdy|kde|kam|odkud|kolik|kolikat\w*|proc|jak\w*|kter\w+|cim|ci|je|jsou|byl\w*)\b"
)
"""A question begins so, or ends with a question mark."""
_ASKS_FOR_ONE = re.compile(
    r"(?:which|where (?:is|are|did i (?:put|save|keep))|do i (?:still )?have|have i(?: got)?|is there"
    r"|kde (?:je|jsou|mam)|kter\w+|mam(?: nekde)?|existuje)\b"
)
_NEAR = 24
"""Code points between such a beginning and the word for the thing: "where is the old backup script"."""
_SAYS_NOTHING = re.compile(
    r"#!|.*\b(?:copyright|licen[cs]e|spdx)\b|(?:import|from|use|using|package|require|include|set|const|let|var)\b"
    r"|#\s*include\b|.*-\*-|[\"'/*#<>;%{}!=-]*\s*$",
    re.IGNORECASE,
)


def looks_for(question: str) -> tuple[Kinds, ...]:
    """The things that a question wants to be shown; none when it wants to know something about them."""
    asked = folded(question)
    text = asked.folded.strip()
    found = [cue for cue in find(asked) if cue.trust > WEAK]
    one = _ASKS_FOR_ONE.match(text)
    if one is not None:
        found = [cue for cue in found if cue.start <= one.end() + _NEAR]
    elif _ASKS.match(text) or text.endswith("?"):
        return ()
    return tuple(cue.kinds for cue in found)


def fits(hit: Hit, things: tuple[Kinds, ...]) -> bool:
    """Whether a hit is one of those things."""
    text = hit.text or hit.snippet
    return any(has_link(text) if thing.link else thing.fits(hit.kind, text) >= WEAK for thing in things)


def introduction(text: str, kind: str) -> Sentence | None:
    """The first line of a text that says what it is: no shebang, import, licence or rule."""
    for sentence in sentences(text[:HEAD], kind):
        if not _SAYS_NOTHING.match(sentence.text) and len(WORD.findall(sentence.text)) >= 3:
            return sentence
    return None


def begins_with_name(text: str, name: str) -> bool:
    """`outline.pl -- prints headings` names its file itself."""
    return fold(text).startswith(fold(name.rsplit(".", 1)[0]))
