"""Work that can wait does, while the machine has better things to do."""

from __future__ import annotations

import os
from types import SimpleNamespace

import psutil
import pytest
from ask.indexer import idle


def machine(patch: pytest.MonkeyPatch, load: float, plugged: bool | None) -> None:
    """A machine with that many processes waiting for each core, and a battery if told."""
    battery = None if plugged is None else SimpleNamespace(power_plugged=plugged)
    patch.setattr(os, "getloadavg", lambda: (load * idle.cores(), 0.0, 0.0))
    patch.setattr(psutil, "sensors_battery", lambda: battery)


@pytest.mark.parametrize(
    ("load", "plugged", "reason"),
    [
        (0.5, None, ""),
        (0.5, True, ""),
        (0.5, False, "on battery"),
        (9.0, True, "the machine is busy"),
        (9.0, False, "on battery"),
        (1.5, None, ""),
    ],
)
def test_why_to_wait(monkeypatch: pytest.MonkeyPatch, load: float, plugged: bool | None, reason: str) -> None:
    machine(monkeypatch, load, plugged)
    assert idle.reason() == reason


def test_this_machine_can_be_asked() -> None:
    assert idle.reason() in {"", "on battery", "the machine is busy"}
