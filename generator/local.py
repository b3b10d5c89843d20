"""A GGUF file on this machine as a `LanguageModel`: its own process, its own template, its own tokenizer."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ask.generator.engine import Engine, EngineSettings, Finished, Piece
from ask.generator.gguf_file import Header, read_header
from ask.generator.model import Prompt
from ask.generator.neutral import neutral
from ask.generator.sampling import Sampling
from ask.generator.template import ChatTemplate
from ask.indexer.errors import ModelProblem


class LocalModel:
    """Reads the header at once and starts the process with the first prompt. Close it, or use it in `with closing`."""

    host = ""

    def __init__(self, path: Path, settings: EngineSettings | None = None) -> None:
        """Raises `ModelProblem` when the file is no language model."""
        self.header: Header = read_header(path)
        if not self.header.is_language_model:
            raise ModelProblem(
                f"{path.name} does not write text: its architecture is {self.header.architecture or 'unknown'}",
                "Choose another with: ask model list",
            )
        _check_memory(path, self.header, settings or EngineSettings())
        self.name = path.stem
        self.last: Finished | None = None
        """How the last continuation went: tokens, those reused, times. None before the first, and while one runs."""
        self.engine = Engine(path, settings)
        self._template = ChatTemplate(self.header.template, self.header.bos, self.header.eos)

    @property
    def room(self) -> int:
        """Known from the header, so that nothing must be loaded for it."""
        limit = self.engine.settings.most_context
        trained = self.header.context or limit
        return min(trained, limit) if limit else trained

    def neutral(self, text: str) -> str:
        """With the control tokens that this very file names."""
        return neutral(text, self.header.control)

    def count(self, texts: Sequence[str]) -> list[int]:
        """By the model's own tokenizer."""
        return self.engine.count(texts)

    def size(self, prompt: Prompt) -> int:
        """The rendered prompt, with one token to spare for a beginning that the engine adds."""
        return self.engine.count([self._rendered(prompt)])[0] + 1

    def write(self, prompt: Prompt, sampling: Sampling, grammar: str = "") -> Generator[str]:
        """See `Engine.generate`."""
        text = self._rendered(prompt)
        if not isinstance(prompt, str):
            sampling = replace(sampling, stop=(*sampling.stop, *self._template.stop))
        self.last = None
        with closing(self.engine.generate(text, sampling, grammar)) as pieces:
            for piece in pieces:
                if isinstance(piece, Piece):
                    yield piece.text
                else:
                    self.last = piece

    def thinks(self, prompt: Prompt) -> bool:
        """The template itself opens a thought, so the text begins inside one."""
        return self._rendered(prompt).rstrip().endswith("<think>")

    def close(self) -> None:
        """End the process."""
        self.engine.close()

    def _rendered(self, prompt: Prompt) -> str:
        return prompt if isinstance(prompt, str) else self._template.render(prompt)


def _check_memory(path: Path, header: Header, settings: EngineSettings) -> None:
    """Raises `ModelProblem` when the file and its first context cannot fit into what is allowed."""
    needed = path.stat().st_size + header.kv_bytes * settings.context
    if settings.memory and needed > settings.memory:
        raise ModelProblem(
            f"{path.name} needs {needed / 1e6:,.0f} MB of memory, and {settings.memory / 1e6:,.0f} MB are allowed",
            "Choose a smaller model, or raise the setting llm_memory.",
        )
