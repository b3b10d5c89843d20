"""Settings: what a person can change, each one row of `Settings`.

A value comes from a flag of the command, else from the environment (`ASK_RESULTS=20`), else from `config.toml` in the
state directory (`results = 20`), else it is the default. Only `cli` knows about these sources; lower layers are given
values. Help and documentation are made from the rows. A new setting is a new line of `Settings`, nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TypeVar

from ask.cli import gate, values
from ask.cli.client import home as home
from ask.cli.terminal import When
from ask.indexer.errors import UsageError
from ask.indexer.extract.registry import Limits
from ask.indexer.place import require_own

T = TypeVar("T")
FILE = "config.toml"
"""In the state directory."""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    name: str
    default: object
    about: str
    example: str
    """As written in `config.toml`."""
    kind: str
    """What may be given, in words: `a whole number from 1 to 1000`."""
    parse: values.Parse

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return f"ASK_{self.name.upper()}"


def _row(default: T, about: str, example: str, kind: values.Kind) -> T:
    """A field of `Settings` that carries its row."""
    return field(default=default, metadata={"row": (about, example, *kind)})


_LIMITS = Limits()
_WHEN = values.choice("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Settings:
    """The value of every setting. `ROWS` describes them, `load` fills them in."""

    # what is shown
    results: int = _row(10, "How many hits are shown.", "20", values.number(1, 100_000))
    lines: int = _row(3, "How many lines of text are shown below a hit.", "5", values.number(0, 100))
    colour: When = _row("auto", "Colours; auto: on terminals, where NO_COLOR is not set.", '"never"', _WHEN)  # noqa: RUF009
    hyperlinks: When = _row("auto", "Clickable paths; auto: on terminals known for them.", '"always"', _WHEN)  # noqa: RUF009
    link_address: str = _row(
        gate.LINK_ADDRESS,
        "Where a clickable path leads; {host}, {path} and {line} are filled in.",
        '"vscode://file{path}:{line}"',
        values.text(),
    )
    editor: str = _row(
        "", "What opens a hit; empty: VISUAL or EDITOR, else the desktop.", '"code --goto"', values.text()
    )
    history: bool = _row(
        True, "Keep the questions typed in the shell, in the state directory.", "false", values.switch()
    )
    # searching
    embed_budget_ms: int = _row(
        500,
        "Milliseconds a search may spend on exact vectors for good candidates that have approximate ones.",
        "2000",
        values.number(0, 600_000),
    )
    model: str = _row(
        "all-MiniLM-L6-v2", "The model of meaning: a name or a folder.", '"~/models/e5-small"', values.text()
    )
    # answers written by a language model
    llm: str = _row("", "The language model that writes answers; empty: quotes only.", '"qwen2.5-3b"', values.text())
    llm_folders: tuple[str, ...] = _row(
        (), "Further folders in which models are looked for.", '["/media/disk/models"]', values.texts()
    )
    llm_cited: bool = _row(
        False,
        "Let a model on this machine write nothing but sentences that end in the number of a source.",
        "true",
        values.switch(),
    )
    llm_hosts: tuple[str, ...] = _row(
        (),
        "Other machines whose servers may be given questions and passages; the one asked is shown in every answer.",
        '["gpu.example.org"]',
        values.texts(),
    )
    llm_key: str = _row("", "The key that a server wants, if it wants one.", '"sk-…"', values.text())
    llm_context: int = _row(
        0,
        "Most tokens of question, passages and answer together; 0: what the model was made for, at most 16384,"
        " and 4096 of a server.",
        "8192",
        values.number(0, 10_000_000),
    )
    llm_memory: int = _row(0, "Most memory that a language model may take; 0: no limit.", '"4 GB"', values.size())
    llm_gpu_layers: int = _row(
        0,
        "Layers computed by a graphics card, -1: all; needs a llama-cpp-python built for it.",
        "-1",
        values.number(-1, 10_000),
    )
    llm_idle: int = _row(
        300,
        "Seconds after the last question until a language model is unloaded, 0: never.",
        "3600",
        values.number(0, 1_000_000),
    )
    me: tuple[str, ...] = _row(
        (),
        'Who "I" is in questions: names and addresses; empty: as git and mail programs know you.',
        '["Jana Nováková", "jana@example.org"]',
        values.texts(),
    )
    languages: tuple[str, ...] = _row(
        ("en", "cs"), "Languages whose word forms are known to be the same word.", '["en", "de"]', values.texts()
    )
    # indexing
    threads: int = _row(0, "How many processor cores to use; 0: all.", "1", values.number(0, 1024))
    exclude: tuple[str, ...] = _row(
        (), "Files to leave out, as in a .gitignore.", '["*.bak", "/Music/"]', values.texts()
    )
    gitignore: bool = _row(True, "Leave out what .gitignore and .ignore files name.", "false", values.switch())
    browsers: bool = _row(
        False,
        "Read what browsers remember, where it lies in an indexed folder: visited pages and bookmarks of Firefox, Chrome"
        " and their kin. While this is off those files are not opened.",
        "true",
        values.switch(),
    )
    pictures: int = _row(
        120,
        "Seconds that ask index spends at its end on text in pictures and scanned pages, where tesseract is installed;"
        " the rest follows with the next run and with ask watch. 0: no text is looked for in pictures.",
        "0",
        values.number(0, 1_000_000),
    )
    # how much one file may cost to read
    max_file: int = _row(_LIMITS.bytes_in, "Largest file that is read.", '"50 MB"', values.size())
    max_text: int = _row(_LIMITS.bytes_out, "Most text that one file may yield.", '"50 MB"', values.size())
    max_members: int = _row(
        _LIMITS.members, "Most documents in one file, such as mails.", "100000", values.number(1, 10_000_000)
    )
    max_depth: int = _row(_LIMITS.depth, "How deep archives may be nested.", "1", values.number(0, 20))
    max_expansion: int = _row(
        _LIMITS.expansion,
        "Most bytes that a compressed file may yield for each of its own.",
        "1000",
        values.number(1, 100_000),
    )

    def limits(self) -> Limits:
        """What extractors are given."""
        return Limits(self.max_file, self.max_text, self.max_members, self.max_depth, self.max_expansion)


def _rows() -> dict[str, Row]:
    found: dict[str, Row] = {}
    for each in fields(Settings):
        assert each.default is not MISSING, each.name  # noqa: S101 (a row without a default is a mistake in this file)
        about, example, kind, parse = each.metadata["row"]
        found[each.name] = Row(each.name, each.default, about, example, kind, parse)
    return found


ROWS: Mapping[str, Row] = _rows()
"""All settings by name, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings of this run."""

    values: Settings
    origins: Mapping[str, str]
    """Where each value comes from: `flag`, `ASK_RESULTS`, the path of the file, or `default`."""


def load(
    flags: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Loaded:
    """All settings. `flags` are those given on the command line by name of their row; None stands for not given.

    `file` is `config.toml` in the state directory unless told; it need not be there. Raises `UsageError` that names the
    row and where the bad value came from.
    """
    if file is None:
        require_own(home(environ))
        file = home(environ) / FILE
    written = _flat(_read(file), file)
    found: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name, row in ROWS.items():
        sources = (
            ("flag", (flags or {}).get(name)),
            (row.variable, environ.get(row.variable) or None),
            (str(file), written.get(name)),
        )
        origin, given = next((source for source in sources if source[1] is not None), ("default", None))
        found[name] = row.default if given is None else _value(row, given, origin)
        origins[name] = origin
    return Loaded(Settings(**found), origins)  # type: ignore[arg-type]


def _value(row: Row, given: object, origin: str) -> object:
    try:
        return row.parse(given)
    except ValueError as wrong:
        where = gate.clean_path(origin)
        raise UsageError(
            f"{row.name} ({where}): {gate.clean(str(given))!r} is not {wrong}",
            f"For example: {row.name} = {row.example}",
        ) from None


def _read(file: Path) -> dict[str, object]:
    try:
        text = file.read_text(encoding="utf-8")
        if not text.strip():
            return {}
        import tomllib  # not needed by most, and a search starts faster without

        return tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as wrong:  # ValueError: not UTF-8, not TOML
        raise UsageError(f"{gate.clean_path(str(file))} cannot be read: {gate.clean(str(wrong))}") from None


def _flat(tables: Mapping[str, object], file: Path, above: str = "") -> dict[str, object]:
    """Values by row. A table is a prefix: `[max]` with `file = …` is `max_file`. Raises for names that are no row."""
    found: dict[str, object] = {}
    for key, value in tables.items():
        name = above + key.replace("-", "_")
        if name in ROWS:
            found[name] = value
        elif isinstance(value, Mapping):
            found |= _flat(value, file, f"{name}_")
        else:
            from difflib import get_close_matches

            near = get_close_matches(name, ROWS, n=1)
            raise UsageError(
                f"{gate.clean_path(str(file))}: there is no setting {gate.clean(name)!r}",
                f"Did you mean {near[0]}?" if near else "The settings are " + ", ".join(ROWS) + ".",
            )
    return found


def markdown() -> str:
    """The table of all settings for the documentation."""
    lines = ["| setting | environment | default | what it does |", "|---|---|---|---|"]
    for row in ROWS.values():
        about = f"{row.about} {row.kind[0].upper()}{row.kind[1:]}; for example `{row.example}`."
        lines.append(f"| `{row.name}` | `{row.variable}` | `{toml(row.default)}` | {about} |")
    return "\n".join(lines) + "\n"


def template() -> str:
    """A `config.toml` with every setting explained and commented out."""
    return "\n".join(f"# {row.about} ({row.kind})\n# {row.name} = {toml(row.default)}\n" for row in ROWS.values())


def toml(value: object) -> str:
    """A value as written in `config.toml`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(toml, value)) + "]"
    return gate.to_json(value)
