"""Fixtures that several test files share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MAKER = Path(__file__).parent / "tiny_model" / "gguf_maker.py"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file of the LLaMA architecture with random weights: it can be run, it cannot answer."""
    path = tmp_path_factory.mktemp("models") / "tiny-random.gguf"
    subprocess.run([sys.executable, str(MAKER), str(path)], check=True)
    return path
