"""Prompt files: what a model is told, in files that people can read, copy and change.

A prompt file is Markdown with a head: settings between `---` lines (`about`, and any field of `Sampling`), then turns,
each below a line `# system`, `# user`, `# assistant` or `# transcript` (one text that the model goes on with, as in a
play; its reverse prompt is a stop word). Words in braces such as `{question}` are filled in. A file of the same name in
the user's own folder comes before the one that ships.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path

import yaml
from ask.generator.model import Message, Prompt, Role
from ask.generator.sampling import Sampling
from ask.indexer.errors import NotFound, UsageError

PLACES: Mapping[str, str] = {
    "question": "what was asked",
    "sources": "the numbered passages",
    "language": "the language of the question",
    "history": "what was said before, as a transcript",
    "today": "the date",
    "notes": "what was found so far (deep)",
    "tools": "the tools with their arguments (act)",
    "steps": "how many actions are allowed (act)",
    "script_language": "what the script is written in (script)",
}
"""Every word that may stand in braces. Other braces are left alone."""

_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
_TURN = re.compile(r"^# (system|user|assistant|transcript)[ \t]*$", re.MULTILINE)
_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}
_NAME = re.compile(r"[\w-]+")
LONGEST = 100_000
"""Bytes of a prompt file."""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt with its settings."""

    name: str
    about: str
    turns: tuple[tuple[str, str], ...]
    """(role or `transcript`, text with places), in order."""
    sampling: Sampling
    own: Path | None = None
    """Where it lies when it is the user's own; None: it ships."""

    def places(self) -> frozenset[str]:
        """The words that it wants filled in."""
        return frozenset(name for _, text in self.turns for name in _PLACE.findall(text))

    def filled(self, **values: str) -> Prompt:
        """The prompt with its places filled. What is filled in is not searched for places again."""
        turns = [(role, _PLACE.sub(lambda place: values.get(place.group(1), ""), text)) for role, text in self.turns]
        if turns[0][0] == "transcript":
            return turns[0][1]
        return [Message(_ROLES[role], text) for role, text in turns]


def load(name: str, own: Path | None = None) -> PromptFile:
    """The prompt of that name, from the user's folder if it is there. Raises `NotFound`, `UsageError`."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a prompt", "Names are letters, digits and dashes: ask prompts")
    if own is not None and (file := own / f"{name}.md").is_file():
        if file.stat().st_size > LONGEST:
            raise UsageError(f"{file} is too long for a prompt")
        return parse(name, file.read_text("utf-8", "replace"), file)
    shipped = _shipped().joinpath(f"{name}.md")
    if not shipped.is_file():
        raise NotFound(f"there is no prompt {name!r}", "`ask prompts` lists them.")
    return parse(name, shipped.read_text("utf-8"))


def available(own: Path | None = None) -> list[PromptFile]:
    """All prompts by name, each once: the user's own before those that ship."""
    names = {entry.name[:-3] for entry in _shipped().iterdir() if entry.name.endswith(".md")}
    if own is not None and own.is_dir():
        names |= {file.stem for file in own.glob("*.md") if _NAME.fullmatch(file.stem)}
    return [load(name, own) for name in sorted(names)]


def source(name: str, own: Path | None = None) -> str:
    """The text of a prompt file, for copying. Raises `NotFound`."""
    found = load(name, own)
    return (found.own or _shipped().joinpath(f"{name}.md")).read_text("utf-8")


def parse(name: str, text: str, own: Path | None = None) -> PromptFile:
    """Read a prompt file. Raises `UsageError` that says what is wrong with it."""
    head, body = _parts(text, name)
    settings = _settings(head, name)
    about = settings.pop("about", "")
    return PromptFile(name, str(about), _turns(body, name), _sampling(settings, name), own)


def _parts(text: str, name: str) -> tuple[str, str]:
    if not text.startswith("---\n"):
        return "", text
    head, closed, body = text[4:].partition("\n---\n")
    if not closed:
        raise UsageError(f"the prompt {name!r} has a head without an end", "Close it with a line ---")
    return head, body


def _settings(head: str, name: str) -> dict[str, object]:
    """`key: value` lines. `about` is plain text and may hold colons; the other values are YAML."""
    found: dict[str, object] = {}
    for line in head.splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            raise UsageError(f"the head of the prompt {name!r} has a line that is no setting: {line!r}")
        try:
            found[key.strip()] = value.strip() if key == "about" else yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"{key} of the prompt {name!r} cannot be read: {value.strip()!r}") from error
    return found


def _sampling(settings: Mapping[str, object], name: str) -> Sampling:
    kinds = {field.name: type(field.default) for field in fields(Sampling)}
    values: dict[str, object] = {}
    for key, value in settings.items():
        if key not in kinds:
            raise UsageError(f"the prompt {name!r} has an unknown setting {key!r}", f"Known: {', '.join(kinds)}, about")
        values[key] = _setting(kinds[key], value, f"{key} of the prompt {name!r}")
    return Sampling(**values)  # type: ignore[arg-type]  # each was checked against its field


def _setting(kind: type, value: object, what: str) -> object:
    if kind is tuple:
        words: Sequence[object] = value if isinstance(value, list) else [value]
        return tuple(str(word) for word in words)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{what} is no number: {value!r}")
    if value < 0 or value > 100_000:
        raise UsageError(f"{what} is out of range: {value!r}")
    return kind(value)


def _turns(body: str, name: str) -> tuple[tuple[str, str], ...]:
    pieces = _TURN.split(body)
    turns = tuple((role, text.strip("\n")) for role, text in zip(pieces[1::2], pieces[2::2], strict=True))
    if not turns:
        raise UsageError(f"the prompt {name!r} has no turn", "Begin one with a line: # user")
    if any(role == "transcript" for role, _ in turns) and len(turns) > 1:
        raise UsageError(f"the prompt {name!r} is a transcript and more", "A transcript stands alone.")
    return turns


def _shipped() -> resources.abc.Traversable:
    return resources.files("ask.data").joinpath("prompts")
