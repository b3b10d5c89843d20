"""Commands about models: which one knows meaning, who writes answers and how.

model list, model use, model pull, model convert, prompts
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ask.cli import gate, options, settings
from ask.cli.session import Session
from ask.indexer.errors import ModelProblem, NotFound, UsageError

if TYPE_CHECKING:
    from ask.generator.models import Advised, Model
    from ask.generator.prompts import PromptFile
    from ask.indexer.compile import Compiled

OWN = "llm"
"""Folder in the state directory where `ask model pull` puts models. The models of meaning lie elsewhere."""
PROMPTS = "prompts"
"""Folder in the state directory with the user's own prompt files."""

Folder = Annotated[
    list[Path] | None, typer.Option("--folder", metavar="PATH", help="Look here too, before other places. Repeatable.")
]

models_app = typer.Typer(
    name="model",
    help="Choose the models. One of meaning finds; language models write answers."
    " Nothing is fetched without `ask model pull`.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


def on_this_machine(session: Session, folders: Sequence[Path] = ()) -> list[Model]:
    """The models found, those in `folders` and those fetched by `ask` first."""
    from ask.generator import models

    named: list[str | Path] = [*folders, *session.settings.llm_folders]
    wanted = [Path(options.absolute(folder)) for folder in named]
    return models.found(models.places(Path.home(), os.environ, session.home / OWN, wanted))


@models_app.command("list")
def list_models(
    folder: Folder = None,
    servers: Annotated[
        bool, typer.Option("--servers", help="Ask the servers that run on this machine for their models too.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Show the models that are on this machine already, and which of them fit into its memory.

    Models of meaning are those that were compiled here. For language models it looks where Ollama, LM Studio,
    GPT4All, Hugging Face and llama.cpp keep theirs.

    \b
    ask model list
    ask model list --folder /media/disk/models
    ask model list --servers
    """
    from ask.generator import models

    session = Session(json)
    served = _served() if servers else []
    found, free = on_this_machine(session, folder or ()), models.available_memory()
    if json:
        current = session.settings.llm
        session.put_json(
            {
                "current": current or None,
                "meaning": [_meaning_json(session, model) for model in _compiled(session)],
                "memory_available": free,
                "models": [_model_json(model, free) for model in found],
                "servers": [{"name": address, "origin": origin} for address, origin in served],
                "advised": [_advised_json(model) for model in models.advised()],
            }
        )
    else:
        session.put([gate.clean(f"  {address}  ({origin})") for address, origin in served])
        session.put(list(_shown(session, found, free)) if found or not served else [])
    return 0 if found or served else 1


def _served() -> list[tuple[str, str]]:
    """(name for `ask model use`, program) of the models of servers that listen on this machine."""
    from ask.generator.servers import KNOWN, ServerModel

    found = []
    for origin, address in KNOWN.items():
        with suppress(ModelProblem):  # nobody listens there, or somebody else
            found += [(f"{address}#{name}", origin) for name in ServerModel(address, "").models()]
    return found


def _compiled(session: Session) -> list[Compiled]:
    """The models of meaning that were compiled here, by name."""
    from contextlib import suppress

    from ask.indexer.compile import CARD, read_card
    from ask.indexer.errors import ModelProblem

    found: list[Compiled] = []
    for card in sorted((session.home / "models").glob(f"*/{CARD}")):
        with suppress(ModelProblem):
            found.append(read_card(card.parent))
    return found


def _meaning_json(session: Session, model: Compiled) -> dict[str, object]:
    return {
        "name": model.name,
        "folder": model.folder.name,
        "dimensions": model.dimensions,
        "window": model.max_tokens,
        "query_prompt": model.query_prompt,
        "passage_prompt": model.passage_prompt,
        "set": _is_set(session, model),
    }


def _is_set(session: Session, model: Compiled) -> bool:
    return session.settings.model in (model.name, os.path.basename(model.name))  # noqa: PTH119 (names hold slashes)


def _model_json(model: Model, free: int) -> dict[str, object]:
    header = model.header
    return {
        "name": model.name,
        "path": os.fspath(model.path),
        "origin": model.origin,
        "family": header.architecture if header else None,
        "parameters": header.parameters if header else None,
        "quantisation": header.quantisation if header else None,
        "context": header.context if header else None,
        "bytes": model.bytes,
        "fits": model.fits(free),
        "problem": model.problem or None,
    }


def _advised_json(model: Advised) -> dict[str, object]:
    return {
        "name": model.name,
        "about": model.about,
        "memory_gb": model.memory_gb,
        "bytes": model.bytes,
        "licence": model.licence,
        "url": model.url,
    }


def _shown(session: Session, found: Sequence[Model], free: int) -> Iterator[str]:
    """A model a line, the one in use marked; where there is none, those worth fetching."""
    yield "Meaning (finds; another one: ask model use FOLDER):"
    for one in _compiled(session):
        mark = "*" if _is_set(session, one) else " "
        yield gate.clean(f"{mark} {one.name}  {one.dimensions} dimensions, reads {one.max_tokens} tokens at a time")
    yield ""
    yield "Answers (writes; without one, answers are quotes):"
    width = max([len(gate.clean(model.name)) for model in found], default=0)
    for model in found:
        mark = "*" if session.settings.llm in (model.name, os.fspath(model.path)) else " "
        yield f"{mark} {gate.clean(model.name):<{width}}  {_about(model, free)}"
    if not found:
        yield from _advice()


def _about(model: Model, free: int) -> str:
    from ask.cli.overview import human_bytes

    header = model.header
    if header is None:
        return gate.clean(f"cannot be used: {model.problem}")
    fits = {"yes": "fits", "tight": "just fits", "no": "too large for the free memory", "unknown": "may fit"}
    parts = (
        f"{header.architecture} {_billions(header.parameters)}",
        header.quantisation,
        human_bytes(model.bytes),
        f"{header.context:,} tokens" if header.context else "",
        fits[model.fits(free)],
        model.origin,
    )
    return gate.clean(", ".join(part for part in parts if part))


def _billions(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 50_000_000 else f"{parameters / 1e6:.1f}M"


def _advice() -> Iterator[str]:
    from ask.cli.overview import human_bytes
    from ask.generator import models

    yield "There is no language model on this machine. Worth fetching:"
    for model in models.advised():
        yield gate.clean(
            f"  ask model pull {model.name:<14} {human_bytes(model.bytes):>7}, for {model.memory_gb} GB of memory:"
            f" {model.about} ({model.licence})"
        )


@models_app.command("use")
def use(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME|PATH", help="A name from `ask model list`, a GGUF file, or a model's folder."),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Let no model write: answers are quotes.")] = False,
    later: Annotated[
        bool, typer.Option("--later", help="For meaning: leave the work to the next `ask index` or `ask watch`.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    allow_host: options.AllowHost = None,
    json: options.Json = False,
) -> int:
    """Choose the model of meaning, or the language model that writes answers. It is remembered in config.toml.

    The folder of a sentence-transformers model (or its name in Hugging Face's cache) becomes the model of meaning: it
    is compiled, and the old vectors answer until all the new ones are there. All else becomes the writer of answers.

    A server on another machine is given your questions and passages of your files: name it with --allow-host. It is
    remembered too, and shown in every answer.

    \b
    ask model use ~/models/paraphrase-multilingual-MiniLM-L12-v2     (meaning)
    ask model use all-MiniLM-L6-v2                                   (meaning, the default)
    ask model use qwen2.5                                            (answers)
    ask model use ~/models/mine.gguf                                 (answers)
    ask model use http://127.0.0.1:11434/v1#llama3.2                 (answers, a server on this machine)
    ask model use https://gpu.example.org/v1#llama3.3 --allow-host gpu.example.org
    ask model use --none                                             (answers are quotes)
    """
    from ask.indexer import weights

    if (name is None) is not none:
        raise UsageError("name one model, or --none", "See: ask model list")
    session = Session(json, {"llm_hosts": allow_host})
    if name is not None and "://" not in name and weights.is_known(name):
        return _use_for_meaning(session, name, later=later, quiet=quiet)
    chosen = "" if name is None else _chosen(session, name)
    if allow_host:
        hosts = dict.fromkeys((*settings.load().values.llm_hosts, *allow_host))
        set_value(session.home / "config.toml", "llm_hosts", list(hosts))
    set_value(session.home / "config.toml", "llm", chosen)
    if json:
        session.put_json({"kind": "answers", "llm": chosen or None})
    else:
        session.put([gate.clean(f"Answers are written by {chosen}." if chosen else "Answers are quotes.")])
        _mind_environment(session, "ASK_LLM")
    return 0


def _use_for_meaning(session: Session, name: str, *, later: bool, quiet: bool) -> int:
    """Compile a model, remember it, and make its vectors beside those in use."""
    from ask.cli import progress
    from ask.indexer import maintain, switch, weights
    from ask.indexer.store import Store

    is_folder = name != weights.DEFAULT and Path(options.absolute(name)).is_dir()
    named = options.absolute(name) if is_folder else name
    with progress.shown(session.look_err, quiet=quiet or session.json) as shown:
        model = maintain.prepare_model(session.home, named, shown)
        set_value(session.home / "config.toml", "model", named)
        with Store(session.home, wait=60.0) as store:
            switch.choose(store, model)
            if not later:
                maintain.fill(store, model, session.settings.threads or None, shown)
            left = switch.progress_of(store.db)
    if session.json:
        session.put_json(
            {"kind": "meaning", "model": named, "dimensions": model.dimensions, "answers_now": left is None}
        )
        return 0
    about = f"{model.dimensions} dimensions, reads {model.max_tokens} tokens at a time"
    lines = [f"Meaning is found by {named} ({about})."]
    if left is not None:
        lines = [f"Meaning will be found by {named} ({about}): {left[1]:,} of {left[2]:,} texts are ready."]
        lines += ["The old vectors answer until then. ask index and ask watch go on with it."]
    session.put(list(map(gate.clean, lines)))
    _mind_environment(session, "ASK_MODEL")
    return 0


def _mind_environment(session: Session, variable: str) -> None:
    if os.environ.get(variable):
        session.put([f"But {variable} is set in the environment, and comes first."])


def _chosen(session: Session, name: str) -> str:
    """What to remember for a name: the path when a path was typed, else the model's whole name."""
    from ask.cli.writing import server
    from ask.generator import models

    if "://" in name:
        server(session, name)
        return name
    path = options.absolute(name)
    is_file = Path(path).is_file()
    try:
        model = models.choose(path if is_file else name, on_this_machine(session, [Path(path)] if is_file else ()))
    except NotFound as error:
        hint = "See: ask model list, ask model pull. For meaning, name the folder of a sentence-transformers model."
        raise NotFound(error.message, hint) from error
    return path if is_file else model.name


def set_value(file: Path, name: str, value: object) -> None:
    """Write `name = value` into a `config.toml`, leaving everything else in it as it is.

    Raises `UsageError` when that cannot be done without touching anything else.
    """
    import tomllib

    target = Path(os.path.realpath(file))  # a link into a folder of dotfiles stays one
    try:
        before = target.read_text("utf-8")
    except FileNotFoundError:
        before = ""
    line = f"{name} = {settings.toml(value)}"
    after = _with_line(before, name, line)
    try:
        sound = tomllib.loads(after) == tomllib.loads(before) | {name: value}
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"{gate.clean_path(str(file))} cannot be changed safely", f"Write this line into it: {line}")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = target.with_name(f"{target.name}.{os.getpid()}.new")
    written.write_text(after, "utf-8")
    written.replace(target)


def _with_line(text: str, name: str, line: str) -> str:
    """Instead of the line that sets `name`, else of the one that explains it, else before the first table."""
    lines = text.splitlines(keepends=True)
    tables = [at for at, each in enumerate(lines) if each.lstrip().startswith("[")]
    head = lines[: tables[0]] if tables else lines
    for pattern in (rf"\s*{name}\s*=", rf"#\s*{name}\s*="):
        for at, each in enumerate(head):
            if re.match(pattern, each):
                lines[at] = line + "\n"
                return "".join(lines)
    if head and not head[-1].endswith("\n"):
        head[-1] += "\n"
    return "".join([*head, line + "\n", *lines[len(head) :]])


@models_app.command("pull")
def pull(
    name: Annotated[
        str, typer.Argument(metavar="NAME|URL", help="An advised name, OWNER/REPOSITORY/FILE.gguf, or an address.")
    ],
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    json: options.Json = False,
) -> int:
    """Fetch a language model. The only command that opens a connection to another machine by itself.

    An interrupted download goes on where it stopped; what came is checked by its SHA-256.

    \b
    ask model pull llama-3.2-1b
    """
    from ask.cli import progress
    from ask.generator import models
    from ask.generator import pull as fetching

    session = Session(json)
    wanted = fetching.wanted(name, models.advised())
    with progress.shown(session.look_err, quiet=quiet) as shown:
        path, before = Path(), -1
        for event in fetching.pull(wanted, session.home / OWN):
            if isinstance(event, Path):
                path = event
            elif before < 0:
                shown.stage(f"Fetching {fetching.file_name(wanted.url)}", event.total or None, "bytes")
                shown.advance(event.done)
                before = event.done
            else:
                shown.advance(event.done - before)
                before = event.done
    if json:
        session.put_json({"path": os.fspath(path), "name": path.stem})
    else:
        session.put([gate.clean_path(os.fspath(path)), gate.clean(f"Use it with: ask model use {path.stem}")])
    return 0


@models_app.command("convert")
def convert(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with config.json and *.safetensors.")],
    quantisation: Annotated[
        str, typer.Option(metavar="KIND", help="Q4_K_M is small, Q8_0 nearly exact, F16 not reduced.")
    ] = "Q4_K_M",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    json: options.Json = False,
) -> int:
    """Make a quantised GGUF file of a LLaMA kept as safetensors, as Hugging Face has them.

    Other architectures are for llama.cpp's own converter, whose command is told.

    \b
    ask model convert ~/models/Llama-3.2-1B-Instruct
    """
    from ask.cli import progress
    from ask.generator import convert as converting

    session = Session(json)
    source = Path(options.absolute(folder))
    target = session.home / OWN / f"{source.name}-{quantisation.lower()}.gguf"
    with progress.shown(session.look_err, quiet=quiet) as shown:
        stage = ""
        for step in converting.convert(source, target, quantisation):
            if not step.total:
                shown.note(f"{step.stage} …")
            elif step.stage != stage:
                shown.stage(step.stage, step.total, "tensors")
                stage = step.stage
            else:
                shown.advance()
    if json:
        session.put_json({"path": os.fspath(target), "name": target.stem})
    else:
        session.put([gate.clean_path(os.fspath(target)), gate.clean(f"Use it with: ask model use {target.stem}")])
    return 0


def prompts(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Print this one, to be copied and changed.")
    ] = None,
    json: options.Json = False,
) -> int:
    """List the ways of asking a language model, or print one of them.

    A file of the same name in the folder `prompts` of the state directory comes before the one that ships.

    \b
    ask prompts
    ask prompts answer > ~/.local/share/ask/prompts/mine.md
    ask "what did we decide?" --prompt mine
    """
    from ask.generator import prompts as files

    session = Session(json)
    own = session.home / PROMPTS
    if name is not None:
        text = files.source(name, own)
        if json:
            session.put_json({"name": name, "text": text})
        else:
            session.put(gate.clean(text, lines=True).rstrip("\n").split("\n"))
        return 0
    found = files.available(own)
    if json:
        session.put_json([_prompt_json(prompt) for prompt in found])
    else:
        width = max(len(prompt.name) for prompt in found)
        session.put([gate.clean(f"{prompt.name:<{width}}  {_about_prompt(prompt)}") for prompt in found])
    return 0


def _about_prompt(prompt: PromptFile) -> str:
    return f"{prompt.about} (your own)" if prompt.own else prompt.about


def _prompt_json(prompt: PromptFile) -> dict[str, object]:
    return {"name": prompt.name, "about": prompt.about, "own": None if prompt.own is None else os.fspath(prompt.own)}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(models_app)
    app.command()(prompts)
