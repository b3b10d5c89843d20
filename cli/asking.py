"""Commands that ask: search, answer, get, similar, and the shell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from enum import StrEnum
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from ask.cli import gate, options
from ask.cli.session import Session, hit_json
from ask.indexer.errors import UsageError
from ask.retriever.hits import Results

if TYPE_CHECKING:
    from ask.retriever.filters import Filters
    from ask.retriever.query import Query
    from ask.retriever.search import Searcher


class Side(StrEnum):
    """One side of the search alone."""

    words = "words"
    meaning = "meaning"


Words = Annotated[
    list[str], typer.Argument(metavar="QUESTION", help='What to look for; "-" reads questions from stdin.')
]
WordsOrNone = Annotated[
    list[str] | None, typer.Argument(metavar="QUESTION", help='What to look for; "-" reads questions from stdin.')
]
Explain = Annotated[bool, typer.Option("--explain", help="Show where each score comes from.")]


def search(
    question: WordsOrNone = None,
    number: options.Number = None,
    after: options.After = None,
    before: options.Before = None,
    kind: options.Kind = None,
    path: options.In = None,
    people: options.From = None,
    lang: options.Lang = None,
    ext: options.Ext = None,
    only: Annotated[Side | None, typer.Option(help="Use words or meaning alone, to see what each finds.")] = None,
    cues: options.Cues = True,
    drop: options.Drop = None,
    strict: options.Strict = False,
    explain: Explain = False,
    like: options.Like = None,
    everything: options.All = False,
    files: options.Files = False,
    lines: options.Lines = False,
    context: options.Context = None,
    min_score: Annotated[float | None, typer.Option(help="Leave out hits below this score.")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help='With "-": a JSON document per question.')] = False,
    json: options.Json = False,
) -> int:
    """Find files by meaning and by words.

    \b
    ask search "regular expression that checks e-mail addresses"
    ask search '"exact phrase" +needed -unwanted' --kind script --after 2019
    ask search backup --files | xargs -d '\\n' ls -l
    ask search --like ~/bin/outline.pl --after 2015
    printf 'first\\nsecond\\n' | ask search - --jsonl
    """
    session = Session(json, {"results": options.EVERYTHING if everything else number, "lines": context})
    limits = options.filters(after, before, kind, path, people, lang, ext)
    asked = partial(
        session.question, limits=limits, cues=cues, strict=strict, without=drop or (), like=options.file(like)
    )
    side: Literal["both", "words", "meaning"] = "both" if only is None else only.value
    with session.searcher() as searcher:

        def find(text: str) -> Results:
            query = asked(text)
            found = searcher.search(query, n=session.settings.results, only=side)
            return found if min_score is None else _at_least(found, min_score)

        if question == ["-"]:
            return _search_stdin(session, find, jsonl=jsonl)
        found = find(" ".join(question or ()))
    if json or jsonl:
        session.put_json(_results_json(found))
    else:
        session.put(_shown(session, found, explain=explain, files=files, lines=lines))
    return 0 if found.hits else 1


def _at_least(found: Results, score: float) -> Results:
    return replace(found, hits=tuple(hit for hit in found.hits if hit.score >= score))


def _search_stdin(session: Session, find: Callable[[str], Results], *, jsonl: bool) -> int:
    """A question a line; a line that is no question gets no hits rather than ending the run."""
    any_hit = False
    together: list[dict[str, object]] = []
    for found in map(partial(_find_or_nothing, find), _stdin_lines()):
        any_hit = any_hit or bool(found.hits)
        if jsonl:
            gate.write_json(_results_json(found), sys.stdout)
            sys.stdout.flush()
        elif session.json:
            together.append(_results_json(found))
        else:
            session.put([gate.clean(f"» {found.query}"), *_shown(session, found)])
    if session.json and not jsonl:
        session.put_json(together)
    return 0 if any_hit else 1


def _stdin_lines() -> Iterator[str]:
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    for line in sys.stdin:
        yield line.rstrip("\n")


def _find_or_nothing(find: Callable[[str], Results], line: str) -> Results:
    try:
        return find(line)
    except UsageError:
        return Results(line, ())


def _results_json(found: Results) -> dict[str, object]:
    return {
        "query": found.query,
        "hits": [hit_json(hit) for hit in found.hits],
        "near": [hit_json(hit) for hit in found.near],
        "cues": found.cues,
        "limits": found.limits,
        "notes": list(found.notes),
        "timing_ms": {name: round(spent, 2) for name, spent in found.timing_ms.items()},
    }


def _shown(
    session: Session,
    found: Results,
    *,
    explain: bool = False,
    files: bool = False,
    lines: bool = False,
) -> Iterator[str]:
    from ask.cli import render
    from ask.indexer.words import words
    from ask.retriever.query import telling

    view = session.view(telling(words(found.query)), explain=explain)
    if files:
        return render.paths(found.hits)
    if lines:
        return render.places(found.hits, view)
    return render.results(found, view)


def answer(
    question: Words,
    number: options.Number = None,
    after: options.After = None,
    before: options.Before = None,
    kind: options.Kind = None,
    path: options.In = None,
    people: options.From = None,
    lang: options.Lang = None,
    ext: options.Ext = None,
    cues: options.Cues = True,
    drop: options.Drop = None,
    strict: options.Strict = False,
    explain: Explain = False,
    like: options.Like = None,
    everything: options.All = False,
    files: options.Files = False,
    lines: options.Lines = False,
    context: options.Context = None,
    model: options.Model = None,
    allow_host: options.AllowHost = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Quotes only, whatever is set.")] = False,
    prompt: Annotated[
        str | None, typer.Option(metavar="NAME", help="How a model is asked: answer, deep, act, … as in `ask prompts`.")
    ] = None,
    file: options.File = None,
    clipboard: options.Clipboard = False,
    json: options.Json = False,
) -> int:
    """Answer a question with sentences from your files. Each comes with its file and line.

    `ask answer` may be left out: any first word that is not a command begins a question. With a language model
    (`ask model use`) the hits come first, then the answer it writes, checked against them. What is piped in is
    asked about too.

    \b
    ask "why did we move the server to the attic?"
    ask kolik stála oprava auta
    ask "what do I know about bees, all in all?" --prompt deep
    journalctl -b | ask "what is wrong here?"
    """
    from ask.cli import brought

    shown = {"results": options.EVERYTHING if everything else number, "lines": context}
    session = Session(json, {**shown, "llm": "" if no_model else model, "llm_hosts": allow_host})
    if prompt is not None and not session.settings.llm:
        raise UsageError("a prompt is for a language model, and none is chosen", "See: ask model list, ask model use")
    limits = options.filters(after, before, kind, path, people, lang, ext)
    texts = brought.texts(file, clipboard=clipboard)
    asked = partial(
        session.question, limits=limits, cues=cues, strict=strict, without=drop or (), like=options.file(like)
    )
    with session.searcher() as searcher:
        plain = not texts and prompt is None and like is None
        if plain and (exact := counted(session, searcher, " ".join(question), limits)) is not None:
            return exact
        query = asked(" ".join(question))

        def find(text: str) -> Results:
            return searcher.search(query if text == query.text else asked(text), n=session.settings.results)

        if files or lines:
            found = find(query.text)
            session.put(_shown(session, found, files=files, lines=lines))
            return 0 if found.hits else 1
        if session.settings.llm:
            return _written(session, searcher, query, find, texts, prompt or "answer", explain=explain)
        return _quoted(session, searcher, query, find(query.text), texts, explain=explain)


def _quoted(
    session: Session, searcher: Searcher, query: Query, found: Results, texts: Mapping[str, str], *, explain: bool
) -> int:
    """The best sentences, those of a text that came with the question when there is one, then the hits."""
    from ask.cli import library
    from ask.generator.answer import quoted
    from ask.generator.results import as_json

    source = found
    if texts:
        from ask.cli import writing

        source = writing.with_material(query.text, texts, replace(found, hits=()), searcher)
    reply = quoted(query.text, source, searcher.embedder(), library.of(session, searcher, texts))
    if session.json:
        session.put_json(as_json(reply, [hit_json(hit) for hit in found.hits]))
        return 1 if reply.abstained else 0
    from ask.cli import answers, render

    view = session.view(query.words, explain=explain)
    session.put(answers.answer(reply, view))
    session.put([""])
    session.put(render.results(found, view))
    if reply.abstained:
        session.put(_perhaps_a_command(query.typed, session))
    return 1 if reply.abstained else 0


def _perhaps_a_command(question: str, session: Session) -> Iterator[str]:
    """`ask statsu` is a question, and nothing in the files answers it."""
    from ask.cli.start import near

    words = question.split()
    if len(words) < 3 and (command := near(words[0])):
        yield session.look.paint(
            gate.clean(f"Did you mean the command: {' '.join(['ask', command, *words[1:]])}"), "dim"
        )


def _written(
    session: Session,
    searcher: Searcher,
    query: Query,
    find: Callable[[str], Results],
    texts: Mapping[str, str],
    prompt: str,
    *,
    explain: bool,
) -> int:
    """The hits, then what a model writes from them."""
    from ask.cli import render, writing
    from ask.generator.results import as_json

    def find_all(text: str) -> Results:
        return writing.with_material(text, texts, find(text), searcher)

    how = writing.prompt(session, prompt)
    with writing.desk(session, searcher, texts) as desk:
        found = find_all(query.text)
        happening = writing.events(session, searcher, desk, query.text, found, find_all, how)
        if session.json:
            reply = writing.last(happening)
            session.put_json(as_json(reply, [hit_json(hit) for hit in reply.hits]))
            return 1 if reply.abstained else 0
        view = session.view(query.words, explain=explain)
        reply = writing.show(happening, session, view)
        session.put(render.near(found, view) if not found.hits else [])
        session.put(render.notes(found.notes, view))
    return 1 if reply.abstained else 0


def counted(session: Session, searcher: Searcher, question: str, limits: Filters) -> int | None:
    """Answer "how many …", "all … from 2019" exactly, by SQL; None when the question is none of these.

    What flags limit comes before what the question says of the same.
    """
    from ask.cli import counts

    table = counts.table(searcher.db, question, limits)
    if table is None:
        return None
    if session.json:
        session.put_json(counts.as_json(question, table))
    else:
        session.put(counts.shown(table, session.view()))
    return 0 if table.total else 1


def get(
    handle: Annotated[
        str, typer.Argument(metavar="ID", help="The number of a hit; ID:FROM:COUNT for lines of its document.")
    ],
    json: options.Json = False,
) -> int:
    """Show the whole passage of a hit, or lines of its document.

    \b
    ask get 1234
    ask get 1234:10:40
    """
    from ask.retriever.passages import passage

    session = Session(json)
    number, first, count = _handle(handle)
    with session.searcher() as searcher:
        found = passage(searcher.db, number, first, count)
    if json:
        session.put_json(found.as_json())
        return 0
    where = gate.clean_path(found.path) + (f":{found.line}" if found.line else "")
    session.put([session.look.paint(where, "dim")])
    session.put([gate.clean(line) for line in found.text.split("\n")])
    return 0


def _handle(text: str) -> tuple[int, int | None, int | None]:
    parts = text.lstrip("#").split(":")
    if not 1 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) < 19 for part in parts):
        raise UsageError(f"{text!r} is no ID", "IDs are the numbers that --json gives for hits: ask get 1234")
    numbers = [int(part) for part in parts]
    return numbers[0], numbers[1] if len(numbers) > 1 else None, numbers[2] if len(numbers) > 2 else None


def similar(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file that is in the index.")],
    number: options.Number = None,
    json: options.Json = False,
) -> int:
    """Find files like this one.

    \b
    ask similar ~/scripts/outline.pl
    """
    session = Session(json, {"results": number})
    with session.searcher() as searcher:
        found = searcher.similar(Path(options.absolute(path)), n=session.settings.results)
    if json:
        session.put_json(_results_json(found))
    else:
        session.put(_shown(session, found))
    return 0 if found.hits else 1


def shell() -> int:
    """The interactive shell: questions and /commands, until Ctrl-D."""
    from ask.cli import opener, reading
    from ask.cli.conversation import Conversation
    from ask.cli.shell import Shell

    session = Session()

    def say(line: str) -> None:
        session.put([line])

    def opens(path: str, line: int | None) -> None:
        opener.open_file(path, line, editor=session.settings.editor)

    with session.searcher() as searcher, closing(Conversation(session, searcher)) as engine:
        lines = reading.reader(session.home, keep_history=session.settings.history)
        return Shell(engine, say, opens, count=session.settings.results).run(lines)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(search)
    app.command()(answer)
    app.command()(get)
    app.command()(similar)
