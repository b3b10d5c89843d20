"""Nothing of ours leaves a trace outside the state directory.

ONNX Runtime 1.32 once wrote ~/.cache/Microsoft/DeveloperTools/.onnxruntime with a device id and events to be sent.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "bin"


@pytest.mark.slow
def test_index_and_search_write_only_into_the_state_directory(tmp_path: Path) -> None:
    home, state = tmp_path / "home", tmp_path / "state"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "HF_", "XDG_"))}
    environment |= {"HOME": str(home), "ASK_HOME": str(state)}
    for command in (["index", str(SAMPLE)], ["search", "outline of a page"], ["answer", "what renames files?"]):
        run = subprocess.run(
            [sys.executable, "-m", "ask.cli.start", *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode in (0, 1), run.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert (state / "index.db").exists()
