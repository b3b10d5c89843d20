"""Language models that are on this machine already, wherever another program has put them. Nothing is fetched here."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from ask.generator.gguf_file import Header, read_header
from ask.indexer.errors import ModelProblem, NotFound

OVERHEAD = 300_000_000
"""Bytes a model takes beyond its file and its context."""
CONTEXT = 4096
"""Tokens of context that are reckoned with."""
_MOST_FILES = 2_000
"""GGUF files looked at below one folder."""
_MOST_MANIFEST = 1_000_000

Fits = Literal["yes", "tight", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Place:
    """A folder where models may lie."""

    origin: str
    """Whose it is: `Ollama`, `LM Studio`, `GPT4All`, `Hugging Face`, `llama.cpp`, `ask`, or `folder`."""
    folder: Path


@dataclass(frozen=True, slots=True)
class Model:
    """A model file found."""

    name: str
    """By which it is chosen."""
    path: Path
    origin: str
    bytes: int
    """Of all its parts."""
    header: Header | None
    """None when the file is not sound; `problem` says why."""
    problem: str = ""

    def needs(self, context: int = CONTEXT) -> int:
        """Memory it takes, in bytes."""
        return self.bytes + OVERHEAD + (self.header.kv_bytes * context if self.header else 0)

    def fits(self, available: int, context: int = CONTEXT) -> Fits:
        """Whether it runs in so much free memory (bytes; 0: not known). `tight`: nothing else will."""
        if not available or self.header is None:
            return "unknown"
        share = self.needs(context) / available
        return "yes" if share <= 0.8 else "tight" if share <= 1 else "no"


@dataclass(frozen=True, slots=True)
class Advised:
    """A model worth fetching; nothing does so by itself."""

    name: str
    about: str
    memory_gb: int
    """Memory of a machine on which it is comfortable."""
    bytes: int
    """About; the server says exactly."""
    licence: str
    url: str
    sha256: str | None
    """None: pinned at the first download, and checked from then on."""


def places(home: Path, variables: Mapping[str, str], own: Path, folders: Iterable[Path] = ()) -> list[Place]:
    """Where to look. `variables` is the environment, `own` where `ask` keeps its models, `folders` are the user's."""
    cache = Path(variables.get("XDG_CACHE_HOME") or home / ".cache")
    share = Path(variables.get("XDG_DATA_HOME") or home / ".local/share")
    hub = Path(variables.get("HF_HOME") or cache / "huggingface") / "hub"
    return [
        Place("ask", own),
        *(Place("folder", folder) for folder in folders),
        Place("Ollama", Path(variables.get("OLLAMA_MODELS") or home / ".ollama/models")),
        Place("Ollama", Path("/usr/share/ollama/.ollama/models")),
        Place("Ollama", Path("/var/lib/ollama/models")),
        Place("LM Studio", home / ".lmstudio/models"),
        Place("LM Studio", cache / "lm-studio/models"),
        Place("GPT4All", share / "nomic.ai/GPT4All"),
        Place("GPT4All", home / "Library/Application Support/nomic.ai/GPT4All"),
        Place("Hugging Face", Path(variables.get("HF_HUB_CACHE") or hub)),
        Place("llama.cpp", Path(variables.get("LLAMA_CACHE") or cache / "llama.cpp")),
        Place("llama.cpp", home / "Library/Caches/llama.cpp"),
    ]


def found(where: Sequence[Place]) -> list[Model]:
    """All models there, each file once, in the order of the places."""
    models: dict[Path, Model] = {}
    for place in where:
        for name, path in _files(place):
            real = Path(os.path.realpath(path))
            if real not in models and (model := _model(name, real, place.origin)):
                models[real] = model
    return list(models.values())


def choose(name: str, models: Sequence[Model]) -> Model:
    """The model of that name, path, or unambiguous beginning or part of its name. Raises `NotFound`, `ModelProblem`."""
    sound = [model for model in models if model.header is not None]
    wanted = name.lower()
    for matches in (
        [model for model in models if str(model.path) == os.path.realpath(os.path.expanduser(name))],  # noqa: PTH111
        [model for model in sound if model.name.lower() == wanted],
        [model for model in sound if model.name.lower().startswith(wanted)],
        [model for model in sound if wanted in model.name.lower()],
    ):
        if len(matches) == 1 or (matches and len({match.name for match in matches}) == 1):
            if matches[0].problem:
                raise ModelProblem(matches[0].problem)
            return matches[0]
        if matches:
            raise ModelProblem(
                f"{name!r} may be {', '.join(sorted(match.name for match in matches))}", "Name one of them."
            )
    raise NotFound(f"there is no model {name!r} on this machine", "See: ask model list, ask model pull")


def available_memory() -> int:
    """Bytes of memory that can be had without swapping; 0 when the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii", "replace").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError, AttributeError):
        return 0


def advised() -> list[Advised]:
    """The models worth fetching, smallest first."""
    text = resources.files("ask.data").joinpath("models.json").read_text("utf-8")
    return [Advised(**row) for row in json.loads(text)]


def _files(place: Place) -> Iterator[tuple[str, Path]]:
    """(name, path) of the model files of a place."""
    if place.origin == "Ollama":
        yield from _ollama(place.folder)
        return
    if place.folder.is_file():
        yield place.folder.stem, place.folder
        return
    for count, path in enumerate(_walk(place.folder)):
        if count >= _MOST_FILES:
            return
        if _is_first_part(path.name) and not path.name.lower().startswith("mmproj"):
            yield path.stem, path


def _walk(folder: Path) -> Iterator[Path]:
    """GGUF files below a folder, sorted; links to files are followed, links to folders are not."""
    for above, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(".gguf"):
                yield Path(above) / name


def _is_first_part(name: str) -> bool:
    """True for a whole model and for the first of several parts, which stands for all."""
    stem = name.lower().removesuffix(".gguf")
    part = stem.rsplit("-of-", 1)[0].rsplit("-", 1)[-1] if "-of-" in stem else ""
    return not part.isdecimal() or int(part) == 1


def _ollama(folder: Path) -> Iterator[tuple[str, Path]]:
    """Ollama keeps blobs by their hash, and manifests that name them."""
    manifests = folder / "manifests"
    for above, folders, names in os.walk(manifests):
        folders.sort()
        for name in sorted(names):
            blob = _ollama_blob(Path(above) / name, folder / "blobs")
            if blob is not None:
                yield f"{Path(above).name}:{name}", blob


def _ollama_blob(manifest: Path, blobs: Path) -> Path | None:
    try:
        if manifest.stat().st_size > _MOST_MANIFEST:
            return None
        layers = json.loads(manifest.read_text("utf-8"))["layers"]
        digests = [layer["digest"] for layer in layers if layer["mediaType"] == "application/vnd.ollama.image.model"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not digests or not isinstance(digests[0], str):
        return None
    kind, _, digest = digests[0].partition(":")
    if kind != "sha256" or not digest.isalnum():
        return None  # a manifest is no way to name a path
    return blobs / f"sha256-{digest}"


def _model(name: str, path: Path, origin: str) -> Model | None:
    """A model with what its header says; None when the file is not there or does not write text."""
    try:
        size = sum(part.stat().st_size for part in _parts(path))
    except OSError:
        return None
    try:
        header = read_header(path)
    except ModelProblem as problem:
        return Model(name, path, origin, size, None, problem.message)
    return Model(name, path, origin, size, header) if header.is_language_model else None


def _parts(path: Path) -> list[Path]:
    stem, split, _ = path.name.rpartition("-00001-of-")
    return sorted(path.parent.glob(f"{glob.escape(stem)}-?????-of-?????.gguf")) if split else [path]
