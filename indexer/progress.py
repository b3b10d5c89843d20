"""How long work tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listens to long work. Called from one thread, many times a second; must be cheap and must not raise."""

    def stage(self, name: str, total: int | None, unit: str = "files") -> None:
        """A new stage of work begins: `total` units, None when not known yet."""

    def advance(self, n: int = 1, detail: str = "") -> None:
        """`n` more units are done; `detail` names the last one (unfiltered text of a file name)."""

    def note(self, text: str) -> None:
        """Something worth saying happened."""


class Silent:
    """Listens to nothing."""

    def stage(self, name: str, total: int | None, unit: str = "files") -> None:
        """Ignored."""

    def advance(self, n: int = 1, detail: str = "") -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""
