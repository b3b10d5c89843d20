"""Time and memory to read a folder, beside recollindex in one run: python benchmarks/beside_recoll.py FOLDER

Both make an index of words of the same folder into a state of their own: `ask index --wait words` (which also cuts
texts into passages for a model, masks secrets and reads in confined processes), and `recollindex`, with the system's
Python first on its path. One processor core each. Then MB/s by kind of file, of the extractors alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ask.indexer.compile import compiled_model
from ask.indexer.weights import DEFAULT


def measured(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Wall time, processor time and the memory of the largest process of a command."""
    began = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall, spent = time.perf_counter() - began, used.ru_utime + used.ru_stime
    return f"{wall:6.1f} s, {spent:6.1f} s of processor time, largest process {used.ru_maxrss / 1024:.0f} MB"


def ours(folder: Path, state: Path) -> str:
    """The words of all files."""
    compiled_model(state / "models", DEFAULT)  # once for a machine, not for a folder
    environment = {**os.environ, "ASK_HOME": str(state), "ASK_THREADS": "1", "ASK_PICTURES": "0"}
    ask = str(Path(sys.executable).with_name("ask"))
    return measured([ask, "index", str(folder), "--wait", "words", "--quiet"], environment)


def recolls(folder: Path, state: Path) -> str:
    """The same of recoll."""
    settings = f"topdirs = {folder}\nloglevel = 1\nthrQSizes = -1 -1 -1\n"
    (state / "recoll.conf").write_text(settings, encoding="utf-8")
    plain = {**os.environ, "PATH": f"/usr/bin:/bin:{os.environ['PATH']}"}  # its filters start `python3`
    return measured(["recollindex", "-c", str(state), "-z"], plain)


def main() -> None:
    """Print a line for each, then the table of extractors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    files = [path for path in folder.rglob("*") if path.is_file()]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB")
    for name, run in (("ask", ours), ("recoll", recolls)):
        with tempfile.TemporaryDirectory() as state:
            print(f"{name:<7}{run(folder, Path(state))}", flush=True)
    subprocess.run([sys.executable, str(Path(__file__).with_name("read_formats.py")), str(folder)], check=True)


if __name__ == "__main__":
    main()
