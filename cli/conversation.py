"""What the shell's questions do: search, quote the best sentences or let a model write, show the hits."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from ask.cli import answers, counts, library, render
from ask.cli.session import Session
from ask.cli.shell import Question, Say
from ask.generator.answer import quoted
from ask.generator.results import Event
from ask.indexer import report
from ask.indexer.errors import UsageError
from ask.retriever.hits import Results
from ask.retriever.query import Query, parse
from ask.retriever.search import Searcher

if TYPE_CHECKING:
    from ask.generator.answer import Desk
    from ask.generator.chat import Conversation as Chat


class Conversation:
    """Answers the questions of a shell from one open index. Implements `shell.Engine`. To be closed."""

    def __init__(self, session: Session, searcher: Searcher) -> None:
        self._session = session
        self._searcher = searcher
        self._open = ExitStack()
        self._desk: Desk | None = None
        self._chat: Chat | None = None
        self._prompt = "chat"
        self._asked: tuple[Question, Results] | None = None

    def close(self) -> None:
        """End the model, if one was started."""
        self._open.close()

    def ask(self, question: Question, say: Say) -> Results:
        """Hits for the question; the first time also what answers it, with its places. Counts and lists are exact."""
        if question.skip == 0 and (table := counts.table(self._searcher.db, question.text, question.filters)):
            self._say(counts.shown(table, self._session.view()), say)
            return Results(question.text, ())
        if question.skip == 0 and self._session.settings.llm:
            return self._written(question, say)
        query = self._query(question, question.text)
        found = self._searcher.search(query, n=question.skip + question.count)
        if question.skip == 0 and found.hits:
            at_hand = library.of(self._session, self._searcher, {})
            reply = quoted(query.text, found, self._searcher.embedder(), at_hand)
            if not reply.abstained:
                self._say(answers.answer(reply, self._session.view(query.words)), say)
                say("")
        self.show(question, found, say)
        return found

    def _written(self, question: Question, say: Say) -> Results:
        """An answer by the language model that is set, which remembers what was said before."""
        from ask.cli import writing

        self._asked = question, Results(question.text, ())
        view = self._session.view(parse(question.text).words, explain=question.explain)
        reply = writing.show(self._happening(question.text), self._session, view)
        found = replace(self._asked[1], hits=reply.hits)
        if not found.hits:
            self._say(render.near(found, view), say)
        self._say(render.notes(found.notes, view), say)
        return found

    def _happening(self, text: str) -> Generator[Event]:
        """What answering brings, in the way that is set; `act` and `deep` remember nothing."""
        from ask.cli import writing
        from ask.generator.chat import Conversation as Chat

        if self._desk is None:
            self._desk = self._open.enter_context(writing.desk(self._session, self._searcher, {}))
        how = writing.prompt(self._session, self._prompt)
        if how.name in writing.IN_STEPS:
            return writing.events(self._session, self._searcher, self._desk, text, Results(text, ()), self._find, how)
        if self._chat is None:
            self._chat = Chat(self._desk, self._find, how, writing.rewriting(self._session))
        return self._chat.ask(text)

    def _find(self, text: str) -> Results:
        """Hits for a question as the model has understood it, under the limits of the one that was typed."""
        assert self._asked is not None  # noqa: S101 (only a question searches)
        question = self._asked[0]
        found = self._searcher.search(self._query(question, text), n=question.count)
        self._asked = question, found
        return found

    def _query(self, question: Question, text: str) -> Query:
        cues, strict = question.cues != "off", question.cues == "strict"
        return self._session.question(text, question.filters, cues=cues, strict=strict, without=question.dropped)

    def show(self, question: Question, results: Results, say: Say) -> None:
        """The hits that were not shown before, and what limits them."""
        view = self._session.view(parse(question.text).words, explain=question.explain)
        if results.cues and question.skip == 0:
            self._say(render.cues(results, view), say)
        self._say(render.hits(results.hits[question.skip :], view), say)
        if not results.hits:
            self._say(render.near(results, view), say)
        self._say(render.notes(results.notes, view), say)

    def prompt(self, name: str) -> None:
        """Ask the model in the way of that prompt file from now on, in a new conversation."""
        from ask.cli import writing

        if not self._session.settings.llm:
            raise UsageError("a prompt is for a language model, and none is chosen", "See: ask model list")
        writing.prompt(self._session, name)  # complains now rather than at the next question
        self._prompt, self._chat = name, None

    def forget(self) -> None:
        """The model stays loaded; what was said and read is gone."""
        self._asked = None
        if self._chat is not None:
            self._chat.forget()

    def status(self, say: Say) -> None:
        """What is in the index."""
        from ask.cli import overview

        found = report.status(self._searcher.db, self._searcher.home)
        self._say(overview.status(found, self._session.view()), say)

    @staticmethod
    def _say(lines: Iterable[str], say: Say) -> None:
        for line in lines:
            say(line)
