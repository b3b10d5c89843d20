"""How the next word is chosen. One row a setting, in prompt files as well as on the command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling settings, named as llama.cpp names them."""

    max_tokens: int = 512
    """Most tokens written."""
    temperature: float = 0.2
    """0 always takes the likeliest token; low values keep to the sources."""
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.05
    """Over 1 makes repeating less likely; much of it makes quoting less likely too."""
    seed: int = 0
    """The same seed, prompt and model give the same answer."""
    stop: tuple[str, ...] = ()
    """Words that end the answer; they are not part of it."""
