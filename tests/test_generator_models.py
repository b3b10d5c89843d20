"""Models that other programs have put on this machine are found, described and chosen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ask.generator import models
from ask.indexer.errors import ModelProblem, NotFound


@pytest.fixture
def home(tmp_path: Path, tiny_model: Path) -> Path:
    """A home directory with a model of each program."""

    def put(place: str) -> None:
        target = tmp_path / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tiny_model, target)

    put(".ollama/models/blobs/sha256-00ff")
    manifest = tmp_path / ".ollama/models/manifests/registry.ollama.ai/library/llama3.2/1b"
    manifest.parent.mkdir(parents=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:beef"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:00ff"},
    ]
    manifest.write_text(json.dumps({"layers": layers}), "utf-8")
    put(".lmstudio/models/somebody/Small-GGUF/small-q4.gguf")
    put(".lmstudio/models/somebody/Small-GGUF/mmproj-small.gguf")
    put(".local/share/nomic.ai/GPT4All/orca.gguf")
    put(".cache/huggingface/hub/models--x--y/blobs/abc")
    snapshot = tmp_path / ".cache/huggingface/hub/models--x--y/snapshots/1/hub-model.gguf"
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to("../../blobs/abc")
    put(".cache/llama.cpp/cached.gguf")
    put("mine/parts-00001-of-00002.gguf")
    put("mine/parts-00002-of-00002.gguf")
    (tmp_path / "mine/broken.gguf").write_bytes(b"GGUF nonsense")
    return tmp_path


def look(home: Path) -> list[models.Model]:
    return models.found(models.places(home, {}, home / "own", [home / "mine"]))


def test_models_of_all_programs_are_found_once_each(home: Path) -> None:
    found = {model.name: model for model in look(home)}
    assert {name: model.origin for name, model in found.items()} == {
        "llama3.2:1b": "Ollama",
        "small-q4": "LM Studio",
        "orca": "GPT4All",
        "hub-model": "Hugging Face",
        "cached": "llama.cpp",
        "parts-00001-of-00002": "folder",
        "broken": "folder",
    }
    parts = found["parts-00001-of-00002"]
    assert parts.bytes == 2 * parts.path.stat().st_size
    assert found["broken"].header is None
    assert "no sound GGUF" in found["broken"].problem


def test_folders_named_by_the_environment_are_looked_into(home: Path) -> None:
    variables = {"OLLAMA_MODELS": str(home / "nowhere"), "XDG_CACHE_HOME": str(home / ".cache")}
    names = {model.name for model in models.found(models.places(home / "other", variables, home / "own"))}
    assert names == {"hub-model", "cached"}


@pytest.mark.parametrize("digest", ["sha256:../../../../mine/parts-00001-of-00002.gguf", "md5:00ff", 7, ""])
def test_a_manifest_cannot_name_a_path(home: Path, digest: object) -> None:
    manifest = home / ".ollama/models/manifests/registry.ollama.ai/library/llama3.2/1b"
    layers = [{"mediaType": "application/vnd.ollama.image.model", "digest": digest}]
    manifest.write_text(json.dumps({"layers": layers}), "utf-8")
    assert not any(model.origin == "Ollama" for model in look(home))


def test_a_model_is_chosen_by_name_beginning_part_or_path(home: Path) -> None:
    found = look(home)
    assert models.choose("orca", found).name == "orca"
    assert models.choose("llama3.2", found).name == "llama3.2:1b"
    assert models.choose("Q4", found).name == "small-q4"
    path = home / ".cache/llama.cpp/cached.gguf"
    assert models.choose(str(path), found).name == "cached"
    with pytest.raises(NotFound):
        models.choose("gpt-9", found)
    with pytest.raises(ModelProblem, match="may be"):
        models.choose("a", found)
    with pytest.raises(ModelProblem, match="no sound GGUF"):
        models.choose(str(home / "mine/broken.gguf"), found)


def test_whether_a_model_fits_into_memory(home: Path) -> None:
    model = models.choose("orca", look(home))
    need = model.needs()
    assert need > model.bytes
    assert [model.fits(int(need * share)) for share in (2, 1.1, 0.5, 0)] == ["yes", "tight", "no", "unknown"]
    assert model.needs(8192) > need


def test_memory_is_told() -> None:
    assert models.available_memory() > 0


def test_advised_models_are_whole_rows_from_small_to_large() -> None:
    advised = models.advised()
    assert [model.bytes for model in advised] == sorted(model.bytes for model in advised)
    assert all(model.url.startswith("https://") and model.url.endswith(".gguf") for model in advised)
