"""The commands about models: which one knows meaning, and who writes answers.

model list, model use, model pull, model convert
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from ask.cli import gate, installed, model_list, options, settings
from ask.cli.config_file import set_value
from ask.cli.installed import FETCHED
from ask.cli.session import Session
from ask.indexer.errors import NotFound, UsageError

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
    served = installed.served() if servers else []
    found, free = installed.language_models(session, folder or ()), models.available_memory()
    if json:
        session.put_json(model_list.as_json(session, found, served, free))
    else:
        session.put([gate.clean(f"  {address}  ({origin})") for address, origin in served])
        session.put(list(model_list.lines(session, found, free)) if found or not served else [])
    return 0 if found or served else 1


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
        set_value(session.home / settings.FILE, "llm_hosts", list(hosts))
    set_value(session.home / settings.FILE, "llm", chosen)
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
        set_value(session.home / settings.FILE, "model", named)
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
        model = models.choose(
            path if is_file else name, installed.language_models(session, [Path(path)] if is_file else ())
        )
    except NotFound as error:
        hint = "See: ask model list, ask model pull. For meaning, name the folder of a sentence-transformers model."
        raise NotFound(error.message, hint) from error
    return path if is_file else model.name


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
        for event in fetching.pull(wanted, session.home / FETCHED):
            if isinstance(event, Path):
                path = event
            elif before < 0:
                shown.stage(f"Fetching {fetching.file_name(wanted.url)}", event.total or None, "bytes")
                shown.advance(event.done)
                before = event.done
            else:
                shown.advance(event.done - before)
                before = event.done
    return _made(session, path)


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
    target = session.home / FETCHED / f"{source.name}-{quantisation.lower()}.gguf"
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
    return _made(session, target)


def _made(session: Session, path: Path) -> int:
    """Say where a model lies now, and how to use it."""
    if session.json:
        session.put_json({"path": os.fspath(path), "name": path.stem})
    else:
        session.put([gate.clean_path(os.fspath(path)), gate.clean(f"Use it with: ask model use {path.stem}")])
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(models_app)
