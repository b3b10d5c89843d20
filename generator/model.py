"""The one seam between asking and whoever writes: a model on this machine or a server somebody named."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ask.generator.sampling import Sampling

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of a conversation with a model."""

    role: Role
    text: str


Prompt = Sequence[Message] | str
"""Messages, which the model's own chat template joins, or a text to be gone on with as it is (a transcript)."""


class LanguageModel(Protocol):
    """Whatever continues a prompt. Every method may raise `ModelProblem`."""

    @property
    def name(self) -> str:
        """As shown with an answer."""
        ...

    @property
    def host(self) -> str:
        """Where it runs when that is not this machine, else empty."""
        ...

    @property
    def room(self) -> int:
        """Most tokens of prompt and answer together."""
        ...

    def neutral(self, text: str) -> str:
        """`text` with nothing left in it that this model would take for more than text."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        ...

    def size(self, prompt: Prompt) -> int:
        """Tokens of a whole prompt, with what the template adds."""
        ...

    def thinks(self, prompt: Prompt) -> bool:
        """True when the continuation begins inside a thought (`thoughts.parted`)."""
        ...

    def write(self, prompt: Prompt, sampling: Sampling, grammar: str = "") -> Generator[str]:
        """The continuation, piece by piece. Closing the iterator cancels. `grammar` is GBNF, empty for none."""
        ...
