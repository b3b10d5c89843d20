"""Writing a script from what the files say. It is given back as text; nothing here or elsewhere runs it."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from ask.generator.answer import Clock, Desk, changed, chosen, fill, nothing, stream
from ask.generator.context import Passage
from ask.generator.grounding import verified
from ask.generator.neutral import plain
from ask.generator.prompts import PromptFile
from ask.generator.results import Answer, Citation, Done, Event, Found
from ask.retriever.hits import Results

_FENCE = re.compile(r"^[ \t]*```[\w+-]*[ \t]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"\[(\d{1,3})\]")
DEFAULT = "the language that fits best: shell, Python or Perl"


def answered(task: str, results: Results, desk: Desk, prompt: PromptFile, wanted: str = DEFAULT) -> Generator[Event]:
    """Write a script for `task` after the passages found; the last event is `Done`, its text the bare script."""
    clock = Clock()
    yield Found(results.hits)
    passages = chosen(task, results.hits, desk, prompt, script_language=wanted) if results.hits else ()
    clock.lap("context")
    filled = fill(prompt, task, passages, desk, script_language=wanted)
    text = yield from stream(desk.model, filled, prompt.sampling)
    clock.lap("model")
    yield Done(replace(_answer(task, code(text), passages, results, desk), timing_ms=clock.laps))


def code(text: str) -> str:
    """The script without the talk around it: the first code block, or everything when there is none."""
    found = _FENCE.search(text)
    return plain(found.group(1) if found else text).strip()


def _answer(task: str, script: str, passages: Sequence[Passage], results: Results, desk: Desk) -> Answer:
    if not script:
        return nothing(task, results.hits, desk)
    citations = verified(_cited(script, passages), results.hits, desk.library.text_now)
    stale = tuple(dict.fromkeys(citation.path for citation in citations if not citation.verified))
    return Answer(
        question=task,
        text=script,
        grounded=bool(citations) and not stale,
        abstained=False,
        citations=citations,
        hits=results.hits,
        model=desk.model.name,
        host=desk.model.host,
        notes=(*changed(stale), "read it before you run it: it was written by a model and tried by nobody"),
    )


def _cited(script: str, passages: Sequence[Passage]) -> list[Citation]:
    """The passages that the script's comments name, each quoted by its first line."""
    comments = "\n".join(line for line in script.splitlines() if line.lstrip().startswith(("#", "//", "--", ";")))
    named = {int(number) for number in _MARKER.findall(comments)}
    return [passage.cite(*_first_line(passage.text)) for passage in passages if passage.number in named]


def _first_line(text: str) -> tuple[int, int]:
    start = len(text) - len(text.lstrip())
    end = text.find("\n", start)
    return start, len(text) if end < 0 else end
