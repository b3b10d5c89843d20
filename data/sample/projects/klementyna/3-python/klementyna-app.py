# -*- coding: utf-8 -*-
"""Klementýna 3: a content management system with an architecture.

Written 2011-03-05 to 2016-06-12. Lessons of version 2: no globals, no SQL in templates, no plugins that
are snow. Everything is an interface, so that everything can be replaced. So far nothing has been.
"""

from abc import ABCMeta, abstractmethod


class AbstractDoilyRepositoryFactory(metaclass=ABCMeta):
    @abstractmethod
    def create_repository(self):
        """Return a DoilyRepository. There is one. It has five doilies."""


class DoilyRepositoryFactory(AbstractDoilyRepositoryFactory):
    def create_repository(self):
        return DoilyRepository()


class DoilyRepository:
    def __init__(self):
        self._cache = {}

    def find_all(self):
        if "all" not in self._cache:  # first of three layers of cache
            self._cache["all"] = [
                Doily("Malá (pod hrneček)", 12, 45),
                Doily("Střední (pod vázu)", 30, 120),
                Doily("Velká (na televizor)", 70, 390),
            ]
        return self._cache["all"]

    def invalidate(self):
        """Forget everything. Never called: on 2012-12-21 we found out what happens when it is."""
        self._cache.clear()


class Doily:
    def __init__(self, name, diameter_cm, price):
        self.name = name
        self.diameter_cm = diameter_cm
        self.price = price


class PermissionPolicy:
    # TODO: login; for now everybody is admin
    def is_admin(self, user):
        return True


class DoilyRenderingStrategyVisitor:
    """Visits doilies and renders them strategically."""

    def visit(self, doily):
        return "<tr><td>%s</td><td>%d cm</td><td>%d Kč</td></tr>" % (doily.name, doily.diameter_cm, doily.price)


class KlementynaApplicationBuilder:
    def __init__(self):
        self.factory = None
        self.visitor = None

    def with_factory(self, factory):
        self.factory = factory
        return self

    def with_visitor(self, visitor):
        self.visitor = visitor
        return self

    def build(self):
        rows = [self.visitor.visit(d) for d in self.factory.create_repository().find_all()]
        return lambda environ, start_response: [
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")]) or b"",
            ("<table>%s</table>" % "".join(rows)).encode("utf-8"),
        ]


application = (
    KlementynaApplicationBuilder()
    .with_factory(DoilyRepositoryFactory())
    .with_visitor(DoilyRenderingStrategyVisitor())
    .build()
)
