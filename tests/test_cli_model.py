"""`ask model`, `ask prompts`, `ask script`, and answers written by a model, through the command line."""

from __future__ import annotations

import shutil
import subprocess
import threading
import tomllib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ask.cli.config_file import set_value
from ask.cli.settings import template
from ask.generator import servers
from ask.indexer.errors import UsageError


@pytest.fixture
def bare(ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A command line on a machine without models: other programs' folders are empty."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nobody"))
    for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "ASK_LLM"):
        monkeypatch.delenv(name, raising=False)
    return ask


@pytest.fixture
def placed(bare: Any, tiny_model: Path) -> Any:
    """The same with one model that was fetched earlier."""
    (bare.home / "llm").mkdir()
    shutil.copy(tiny_model, bare.home / "llm")
    return bare


def test_a_machine_without_models_is_told_what_is_worth_fetching(bare: Any) -> None:
    said = bare("model", "list")
    assert said.code == 1
    assert "ask model pull llama-3.2-1b" in said.out
    assert bare("model", "list", "--json").json()["models"] == []


def test_models_are_listed_with_what_their_files_say(placed: Any) -> None:
    said = placed("model", "list", "--json")
    assert said.code == 0
    (model,) = said.json()["models"]
    assert (model["name"], model["family"], model["origin"]) == ("tiny-random", "llama", "ask")
    assert model["bytes"] == Path(model["path"]).stat().st_size
    assert model["context"] > 0
    shown = placed("model", "list").out
    assert "tiny-random" in shown
    assert model["quantisation"] in shown


def test_models_in_a_folder_that_is_set_are_found(bare: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASK_LLM_FOLDERS", str(tiny_model.parent))
    assert bare("model", "use", "tiny-random").code == 0


@pytest.mark.loopback
def test_servers_on_this_machine_are_asked_for_their_models(bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"data": [{"id": "llama3.2:1b"}]}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/v1"
        monkeypatch.setattr(servers, "KNOWN", {"Ollama": address, "nobody": "http://127.0.0.1:9/v1"})
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        said = bare("model", "list", "--servers")
        server.shutdown()
    assert said.code == 0
    assert said.out == f"  {address}#llama3.2:1b  (Ollama)\n"


def test_a_file_that_is_no_model_is_listed_with_what_is_wrong(placed: Any) -> None:
    (placed.home / "llm" / "broken\x1b[2J.gguf").write_bytes(b"GGUF")
    said = placed("model", "list")
    assert "cannot be used" in said.out
    assert "\x1b" not in said.out


def test_the_model_in_use_is_remembered_and_marked(placed: Any) -> None:
    config = placed.home / "config.toml"
    config.write_text('results = 7 # mine\n\n[max]\nfile = "5 MB"\n')
    assert placed("model", "use", "tiny").code == 0
    assert config.read_text() == 'results = 7 # mine\n\nllm = "tiny-random"\n[max]\nfile = "5 MB"\n'
    assert "\n* tiny-random" in placed("model", "list").out
    assert placed("model", "use", "--none").code == 0
    assert tomllib.loads(config.read_text()) == {"results": 7, "llm": "", "max": {"file": "5 MB"}}


def test_a_path_is_remembered_as_a_path(bare: Any, tiny_model: Path) -> None:
    assert bare("model", "use", tiny_model, "--json").json() == {"kind": "answers", "llm": str(tiny_model)}


def test_what_is_not_there_cannot_be_used(placed: Any) -> None:
    said = placed("model", "use", "gigantic")
    assert said.code == 1
    assert "gigantic" in said.err
    assert not (placed.home / "config.toml").exists()


def test_a_server_on_another_machine_is_not_used_by_accident(bare: Any) -> None:
    assert bare("model", "use", "https://models.example.org/v1#big").code == 2
    assert bare("model", "use", "http://127.0.0.1:11434/v1").code == 2
    assert bare("model", "use", "http://127.0.0.1:11434/v1#small").code == 0


def test_another_machine_is_used_when_it_is_named(bare: Any) -> None:
    address = "https://models.example.org/v1#big"
    assert bare("model", "use", address, "--allow-host", "gpu.example.org").code == 2  # another one
    assert bare("model", "use", address, "--allow-host", "models.example.org").code == 0
    written = tomllib.loads((bare.home / "config.toml").read_text())
    assert written == {"llm": address, "llm_hosts": ["models.example.org"]}
    assert bare("model", "use", address).code == 0  # it is remembered


def test_a_model_larger_than_the_memory_allowed_is_not_started(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASK_LLM_MEMORY", "100 kB")
    said = filled("where is the key?", "--model", "tiny-random")
    assert said.code == 2
    assert "llm_memory" in said.err


def test_the_line_that_explains_a_setting_gives_way_to_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(template())
    set_value(file, "llm", 'odd "name"\\')
    assert tomllib.loads(file.read_text()) == {"llm": 'odd "name"\\'}
    assert len(file.read_text().splitlines()) == len(template().splitlines())


def test_a_file_that_cannot_be_changed_safely_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    text = 'editor = """\nllm = "not a setting"\n"""\n'
    file.write_text(text)
    with pytest.raises(UsageError, match="safely"):
        set_value(file, "llm", "x")
    assert file.read_text() == text


def test_a_link_to_the_settings_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    link = tmp_path / "config.toml"
    link.symlink_to(tmp_path / "dotfiles" / "ask.toml")
    set_value(link, "llm", "x")
    assert link.is_symlink()
    assert (tmp_path / "dotfiles" / "ask.toml").read_text() == 'llm = "x"\n'


def test_only_known_names_and_safe_addresses_are_fetched(bare: Any) -> None:
    assert bare("model", "pull", "no-such-model").code == 2
    said = bare("model", "pull", "http://models.example.org/a.gguf")
    assert said.code == 2
    assert "https" in said.err
    assert not (bare.home / "llm").exists()


def test_prompts_are_listed_and_printed_the_users_own_first(ask: Any) -> None:
    names = [row["name"] for row in ask("prompts", "--json").json()]
    assert {"answer", "act", "chat", "deep", "script"} <= set(names)
    (ask.home / "prompts").mkdir()
    mine = "---\nabout: mine \x1b[31m\n---\n# user\n{sources} {question}\n"
    (ask.home / "prompts" / "answer.md").write_text(mine)
    assert "mine" in ask("prompts").out
    assert "\x1b" not in ask("prompts").out
    assert ask("prompts", "answer", "--json").json()["text"] == mine
    assert ask("prompts", "nothing").code == 1


@pytest.fixture
def filled(placed: Any, tree: Callable[..., Path]) -> Any:
    """The same with an index of one note."""
    assert placed("index", tree({"shed.md": "# Shed\n\nThe key hangs behind the woodshed.\n"}), "--quiet").code == 0
    return placed


@pytest.mark.llm
def test_a_model_is_asked_after_the_hits_are_shown(filled: Any) -> None:
    pytest.importorskip("llama_cpp", reason="needs llama-cpp-python: pip install '.[llm]'")
    assert filled("model", "use", "tiny-random").code == 0
    said = filled.run("where is the key?", "--json")
    assert said.code == 1, said.err  # random weights write nothing that the files support
    answer = said.json()
    assert (answer["model"], answer["abstained"], answer["answer"]) == ("tiny-random", True, None)
    assert answer["hits"][0]["path"].endswith("shed.md")
    said = filled.run("where is the key?")
    assert said.code == 1, said.err
    assert said.out.index("shed.md") < said.out.index("No answer")
    assert filled.run("where is the key?", "--no-model", "--json").json()["model"] is None


@pytest.mark.loopback
def test_a_model_that_fails_leaves_the_hits_on_the_screen(filled: Any) -> None:
    said = filled("where is the key?", "--model", "http://127.0.0.1:9/v1#nobody")
    assert said.code == 2
    assert "shed.md" in said.out
    assert "cannot be reached" in said.err
    assert filled("where is the key?", "--model", "no-such").code == 1


def test_what_is_no_way_of_asking_is_refused(filled: Any) -> None:
    assert filled("where is the key?", "--prompt", "answer").code == 2  # no model is chosen
    assert filled("where is the key?", "--model", "tiny", "--prompt", "rewrite").code == 2
    assert filled("where is the key?", "--model", "tiny", "--prompt", "nothing").code == 1


def test_what_is_piped_in_is_asked_about(filled: Any, tmp_path: Path) -> None:
    log = "All is well.\nThe pump has lost its pressure at noon.\nAll is well.\n"
    with filled.start("what has lost its pressure?", "--json", stdin=subprocess.PIPE) as child:
        out, err = child.communicate(log.encode())
    assert child.returncode == 0, err
    assert b'"standard input"' in out
    file = tmp_path / "log.txt"
    file.write_text(log)
    said = filled("what has lost its pressure?", "--file", file, "--json").json()
    assert (said["citations"][0]["path"], said["citations"][0]["line"]) == (str(file), 2)


def test_what_is_on_the_clipboard_is_asked_about(filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that reads the clipboard is one that this test writes; there is no screen here."""
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert filled("what has lost its pressure?", "--clipboard").code == 2  # nothing here can read it
    (tmp_path / "xclip").write_text('#!/bin/sh\n[ "$2" = clipboard ] && echo "The pump has lost its pressure."\n')
    (tmp_path / "xclip").chmod(0o755)
    said = filled("what has lost its pressure?", "--clipboard", "--json")
    assert said.json()["citations"][0]["path"] == "clipboard"
    (tmp_path / "xclip").write_text("#!/bin/sh\nexit 1\n")
    assert "no text on the clipboard" in filled("what?", "--clipboard").err


def test_a_silent_or_half_read_standard_input_is_left_alone(filled: Any, tmp_path: Path) -> None:
    with filled.start("where is the key?", stdin=subprocess.PIPE) as child:  # open, and nothing ever comes
        out = child.stdout.read()
        assert b"woodshed" in out
    questions = tmp_path / "questions"
    questions.write_text("one\ntwo\n")
    with questions.open("rb", buffering=0) as file:
        file.read(4)
        assert "woodshed" in filled.run("where is the key?", stdin=file).out
        assert file.read() == b"two\n"


def test_a_file_that_is_no_text_is_refused(filled: Any, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG\0\0")
    assert filled("what is this?", "--file", tmp_path / "picture").code == 2
    assert filled("what is this?", "--file", tmp_path / "nowhere").code == 2


@pytest.mark.llm
def test_the_shell_asks_the_model_and_goes_on(filled: Any) -> None:
    pytest.importorskip("llama_cpp", reason="needs llama-cpp-python: pip install '.[llm]'")
    assert filled("model", "use", "tiny-random").code == 0
    with filled.start(stdin=subprocess.PIPE) as child:
        out, err = child.communicate(b"where is the key?\nand the woodshed?\n")
    assert child.returncode == 0, err
    assert out.count(b"shed.md") >= 2
    assert out.count(b"No answer") == 2


@pytest.mark.llm
def test_a_conversation_changes_its_way_of_asking_and_forgets(filled: Any) -> None:
    pytest.importorskip("llama_cpp", reason="needs llama-cpp-python: pip install '.[llm]'")
    with filled.start(stdin=subprocess.PIPE) as child:  # no model is chosen
        out, _ = child.communicate(b"/prompt librarian\n")
    assert (child.returncode, b"none is chosen" in out) == (2, True)
    assert filled("model", "use", "tiny-random").code == 0
    typed = "where is the key?\n/prompt librarian\nwhere is the key?\n/forget\nwhat about it?\n/prompt nobody\n"
    with filled.start(stdin=subprocess.PIPE) as child:
        out, err = child.communicate(typed.encode())
    assert child.returncode == 2, err  # there is no prompt nobody
    assert out.count(b"asked: tiny-random") + out.count(b"written by tiny-random") == 3
    assert b"rewrite:" not in out  # it had been forgotten what "it" was


def test_a_script_needs_a_model(filled: Any) -> None:
    said = filled("script", "open the shed")
    assert said.code == 2
    assert "none is chosen" in said.err


@pytest.mark.llm
def test_a_script_alone_is_on_stdout(filled: Any) -> None:
    pytest.importorskip("llama_cpp", reason="needs llama-cpp-python: pip install '.[llm]'")
    said = filled.run("script", "open the shed with the key", "--model", "tiny-random", "--json")
    assert said.code in (0, 1), said.err  # whatever random weights write is text, and stays text
    written = said.json()["answer"] or ""
    plain = filled.run("script", "open the shed with the key", "--model", "tiny-random")
    assert bool(plain.out.strip()) == bool(written.strip())
    assert "written by" not in plain.out
    assert "\x1b" not in plain.out
