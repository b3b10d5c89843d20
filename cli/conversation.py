"""What the shell's questions do: search, quote the best sentences or let a model write, show the hits."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ask.cli import answers, render
from ask.cli.session import Session
from ask.cli.shell import Question, Say
from ask.generator import extractive
from ask.indexer import report
from ask.retriever.hits import Results
from ask.retriever.query import parse
from ask.retriever.search import Searcher

if TYPE_CHECKING:
    from ask.generator.chat import Conversation as Chat


class Conversation:
    """Answers the questions of a shell from one open index. Implements `shell.Engine`. To be closed."""

    def __init__(self, session: Session, searcher: Searcher) -> None:
        self._session = session
        self._searcher = searcher
        self._open = ExitStack()
        self._chat: Chat | None = None
        self._asked: tuple[Question, Results] | None = None

    def close(self) -> None:
        """End the model, if one was started."""
        self._open.close()

    def ask(self, question: Question, say: Say) -> Results:
        """Hits for the question; the first time also what answers it, with its places."""
        if question.skip == 0 and self._session.settings.llm:
            return self._written(question, say)
        query = self._session.question(question.text, question.filters)
        found = self._searcher.search(query, n=question.skip + question.count)
        if question.skip == 0 and found.hits:
            embedder = self._searcher.embedder() if self._searcher.space() is not None else None
            reply = extractive.answer(query.text, found, embedder)
            if not reply.abstained:
                self._say(answers.answer(reply, self._session.view(query.words)), say)
                say("")
        self.show(question, found, say)
        return found

    def _written(self, question: Question, say: Say) -> Results:
        """An answer by the language model that is set, which remembers what was said before."""
        from ask.cli import writing

        chat = self._chat = self._chat or self._begun()
        self._asked = question, Results(question.text, ())
        view = self._session.view(parse(question.text).words, explain=question.explain)
        writing.show(chat.ask(question.text), self._session, view)
        found = self._asked[1]
        if not found.hits:
            self._say(render.near(found, view), say)
        self._say(render.notes(found.notes, view), say)
        return found

    def _begun(self) -> Chat:
        from ask.cli import writing
        from ask.generator.chat import Conversation as Chat

        desk = self._open.enter_context(writing.desk(self._session, self._searcher, {}))
        return Chat(desk, self._find, writing.prompt(self._session, "chat"), writing.rewriting(self._session))

    def _find(self, text: str) -> Results:
        """Hits for a question as the model has understood it, under the limits of the one that was typed."""
        assert self._asked is not None  # noqa: S101 (only a question searches)
        question = self._asked[0]
        found = self._searcher.search(self._session.question(text, question.filters), n=question.count)
        self._asked = question, found
        return found

    def show(self, question: Question, results: Results, say: Say) -> None:
        """The hits that were not shown before, and what limits them."""
        view = self._session.view(parse(question.text).words, explain=question.explain)
        self._say(render.hits(results.hits[question.skip :], view), say)
        if not results.hits:
            self._say(render.near(results, view), say)
        self._say(render.notes(results.notes, view), say)

    def status(self, say: Say) -> None:
        """What is in the index."""
        from ask.cli import overview

        found = report.status(self._searcher.db, self._searcher.home)
        self._say(overview.status(found, self._session.view()), say)

    @staticmethod
    def _say(lines: Iterable[str], say: Say) -> None:
        for line in lines:
            say(line)
