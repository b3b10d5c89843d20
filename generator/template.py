"""A model's own chat template, rendered in a sandbox.

The template is a Jinja program that came with the model file: it sees the messages and nothing else, cannot change
them, and cannot reach Python's objects.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import jinja2
from ask.generator.model import Message
from ask.indexer.errors import ModelProblem
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST = 200_000
"""Code points; a longer template is none."""
PLAIN = (
    "{% for message in messages %}{{ {'system': 'System', 'user': 'User', 'assistant': 'Assistant'}[message.role] }}: "
    "{{ message.content }}\n\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
"""For models that bring no template."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, which in addition lets nobody make a text of a terabyte."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: object, right: object) -> object:
        """Only small numbers are multiplied."""
        if not all(isinstance(side, int | float) and abs(side) < 1e6 for side in (left, right)) or operator == "**":
            raise jinja2.TemplateError(f"{operator} is not for templates")
        return super().call_binop(context, operator, left, right)


class ChatTemplate:
    """Joins messages into the prompt a model was trained on. Raises `ModelProblem` when the template is broken."""

    def __init__(self, source: str, bos: str = "", eos: str = "") -> None:
        if len(source) > LONGEST:
            raise ModelProblem("the model's chat template is too long to be one")
        self._tokens = {"bos_token": bos, "eos_token": eos}
        self.stop = () if source else ("\nUser:", "\nSystem:")
        """Stop words that a model without a template needs."""
        environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, autoescape=False)
        environment.globals.clear()
        del environment.filters["center"]  # makes long texts out of nothing
        environment.globals |= {
            "raise_exception": _refuse,
            "strftime_now": lambda form: datetime.now().strftime(form),
            "namespace": jinja2.utils.Namespace,
            "range": _short_range,
        }
        environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
        try:
            self._template = environment.from_string(source or PLAIN)
        except jinja2.TemplateError as error:
            raise ModelProblem(f"the model's chat template cannot be read: {error}") from error

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt, ready to be answered. Where a model knows no system turn it goes before the first question."""
        try:
            return self._rendered(messages)
        except _Errors as error:
            if messages and messages[0].role == "system":
                return self.render(_without_system(messages))
            raise ModelProblem(f"the model's chat template failed: {error}") from error

    def _rendered(self, messages: Sequence[Message]) -> str:
        turns = [{"role": message.role, "content": message.text} for message in messages]
        return self._template.render(messages=turns, add_generation_prompt=True, **self._tokens)


_Errors = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
)


def _refuse(message: str) -> str:
    raise jinja2.TemplateError(message)


def _short_range(*arguments: int) -> range:
    """Templates count messages; nothing in them needs a million."""
    made = range(*arguments)
    if len(made) > 10_000:
        raise jinja2.TemplateError("a range too long")
    return made


def _without_system(messages: Sequence[Message]) -> list[Message]:
    system, *rest = messages
    if not rest:
        return [Message("user", system.text)]
    return [Message(rest[0].role, f"{system.text}\n\n{rest[0].text}"), *rest[1:]]
