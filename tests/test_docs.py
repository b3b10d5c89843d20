"""The pages generated from code are what the code says now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_command_reference_is_generated_from_the_commands() -> None:
    checked = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "cli_docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_every_page_the_readme_points_to_is_there() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = [part.split(")")[0] for part in readme.split("](")[1:]]
    missing = [target for target in targets if not target.startswith("http") and not (ROOT / target).exists()]
    assert missing == []
