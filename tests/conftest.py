"""Fixtures that several test files share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest
from ask.generator.model import Prompt
from ask.generator.neutral import neutral
from ask.generator.sampling import Sampling

MAKER = Path(__file__).parent / "tiny_model" / "gguf_maker.py"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file of the LLaMA architecture with random weights: it can be run, it cannot answer."""
    path = tmp_path_factory.mktemp("models") / "tiny-random.gguf"
    subprocess.run([sys.executable, str(MAKER), str(path)], check=True)
    return path


class ScriptedModel:
    """Stands where a language model stands and writes what the test says, so that what is around it can be tested."""

    name = "scripted"
    host = ""

    def __init__(self, *replies: str | Callable[[str], str], room: int = 4000) -> None:
        self.replies = list(replies)
        self.room = room
        self.prompts: list[str] = []

    def neutral(self, text: str) -> str:
        return neutral(text)

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def size(self, prompt: Prompt) -> int:
        return self.count([_flat(prompt)])[0]

    def thinks(self, prompt: Prompt) -> bool:
        return False

    def write(self, prompt: Prompt, sampling: Sampling, grammar: str = "") -> Generator[str]:
        self.prompts.append(_flat(prompt))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        text = reply if isinstance(reply, str) else reply(self.prompts[-1])
        for stop in sampling.stop:
            text = text.split(stop)[0]
        for at in range(0, len(text), 7):
            yield text[at : at + 7]


def _flat(prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\n".join(f"<{message.role}>{message.text}" for message in prompt)


@pytest.fixture
def scripted() -> type[ScriptedModel]:
    """The class; a test makes its own."""
    return ScriptedModel
