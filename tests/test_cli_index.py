"""`ask index`: what it finds, follows, leaves out, and how it ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
Tree = Callable[..., Path]

NOTES = {
    "garden.md": "# Garden\n\nThe tomatoes need water twice a day in August.\n",
    "server/backup.sh": "#!/bin/sh\n# copies the photos to the old disk\nrsync -a ~/photos /mnt/old\n",
    "dopis.txt": "Milá babičko, děkujeme za marmeládu. Přijedeme na svátky.\n",
}


def test_a_second_run_reads_nothing(ask: Any, tree: Tree) -> None:
    root = tree(NOTES)
    first = ask("index", root, "--json")
    assert first.code == 0
    assert (first.json()["new"], first.json()["unchanged"]) == (3, 0)
    chunks = ask.count("SELECT max(id) FROM chunks")
    again = ask("index", root, "--json").json()
    assert (again["new"], again["changed"], again["unchanged"], again["removed"]) == (0, 0, 3, 0)
    assert ask.count("SELECT max(id) FROM chunks") == chunks
