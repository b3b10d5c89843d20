"""Whether the machine has better things to do than work that can wait."""

from __future__ import annotations

import os
from contextlib import suppress

from ask.indexer.embed import cores

BUSY = 2.0
"""Processes that want a processor core, for each core, from which the machine is busy: our own two threads are one."""


def reason() -> str:
    """Why work that can wait should wait, in words: `on battery`, `the machine is busy`. Empty when it need not."""
    if _on_battery():
        return "on battery"
    with suppress(OSError, AttributeError):  # Windows has no such figure
        if os.getloadavg()[0] > BUSY * cores():
            return "the machine is busy"
    return ""


def _on_battery() -> bool:
    import psutil

    with suppress(OSError, AttributeError, RuntimeError):  # a system, or a battery, that it does not know
        battery = psutil.sensors_battery()
        return battery is not None and not battery.power_plugged
    return False
