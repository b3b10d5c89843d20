"""What a figure was measured on; without it, it means nothing."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ASK = (sys.executable, "-P", "-m", "ask.cli.start")
"""The command `ask`, as the console script runs it, with the Python that runs the benchmark."""
RESULTS = Path(__file__).parent / "results"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""An installed package has its bytecode; where this is set, a checkout would be compiled anew by every process."""
_TELLING = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
_PARTS = ("ask-files", "onnxruntime", "tokenizers", "faiss-cpu", "numpy", "torch", "sentence-transformers")


def facts() -> dict[str, object]:
    """Processor, memory, system and versions."""
    return {
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "features": [flag for flag in _TELLING if flag in _cpuinfo("flags").split()],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "versions": {name: found for name in _PARTS if (found := _version(name))},
    }


def line(found: dict[str, object] | None = None) -> str:
    """The facts as one sentence."""
    found = found or facts()
    flags = " ".join(found["features"]) or "no vector extensions known"  # type: ignore[arg-type]
    return (
        f"{found['processor']}, {found['cores']} cores ({flags}), {found['memory_gb']} GB, {found['system']}, "
        f"Python {found['python']}, load {found['load']} at the start"
    )


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended."""

    seconds: float
    """From its start to its end."""
    processor: float
    """Seconds of processor time, its children included."""
    peak_mb: float
    """Greatest resident memory of the process and, apart from it, of its children: the largest of them, MiB."""
    returncode: int
    output: str
    errors: str


def timed(command: list[str], environment: dict[str, str], feed: str = "") -> Finished:
    """Run a command to its end. `resource` gives the peak of a child only through a parent that has no other."""
    watch = (
        "import resource, subprocess, sys, time\n"
        "begun = time.perf_counter()\n"
        "code = subprocess.run(sys.argv[1:]).returncode\n"
        "spent = time.perf_counter() - begun\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(f'\\n{code} {spent} {used.ru_utime + used.ru_stime} {used.ru_maxrss}', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch, *command],
        env={**os.environ, **environment}, input=feed, capture_output=True, text=True, check=False,
    )  # fmt: skip
    errors, _, figures = done.stderr.strip().rpartition("\n")
    code, spent, processor, peak = figures.split()
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Finished(float(spent), float(processor), int(peak) / unit, int(code), done.stdout, errors)


def own_peak_mb() -> float:
    """Greatest resident memory of this process so far, MiB."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def today() -> str:
    """The day of the measurement."""
    return time.strftime("%Y-%m-%d")


def _cpuinfo(field: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((text.partition(":")[2].strip() for text in lines if text.startswith(field)), "")


def _memory_gb() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
