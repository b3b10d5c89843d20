"""What the shell's questions do: search, quote the best sentences, show the hits."""

from __future__ import annotations

from collections.abc import Iterable

from ask.cli import answers, render
from ask.cli.session import Session
from ask.cli.shell import Question, Say
from ask.generator import extractive
from ask.indexer import report
from ask.retriever.hits import Results
from ask.retriever.query import parse
from ask.retriever.search import Searcher


class Conversation:
    """Answers the questions of a shell from one open index. Implements `shell.Engine`."""

    def __init__(self, session: Session, searcher: Searcher) -> None:
        self._session = session
        self._searcher = searcher

    def ask(self, question: Question, say: Say) -> Results:
        """Hits for the question; the first time also the sentences that answer it, with their places."""
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
