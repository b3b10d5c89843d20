from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from ask.cli.settings import ROWS, Settings, home, load, markdown, template, toml
from ask.indexer.errors import UsageError
from ask.indexer.extract.registry import Limits


def test_defaults_when_nothing_is_said(tmp_path: Path) -> None:
    loaded = load(environ={"ASK_HOME": str(tmp_path)})
    assert loaded.values == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.values.limits() == Limits()


def test_flag_over_environment_over_file_over_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('results = 20\nlines = 5\ncolour = "never"\n')
    environ = {"ASK_HOME": str(tmp_path), "ASK_RESULTS": "30", "ASK_LINES": "7"}
    loaded = load({"results": 40, "colour": None}, environ=environ)
    assert (loaded.values.results, loaded.values.lines, loaded.values.colour) == (40, 7, "never")
    assert loaded.origins["results"] == "flag"
    assert loaded.origins["lines"] == "ASK_LINES"
    assert loaded.origins["colour"] == str(file)
    assert loaded.origins["threads"] == "default"


def test_every_kind_of_value_from_file_and_environment(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'exclude = ["*.bak", "a, b"]\nmax-file = "50 MB"\nhistory = false\nembed_budget_ms = 0\n'
        "[max]\ntext = 1000\n[link]\naddress = 'vscode://file{path}:{line}'\n"
    )
    values = load(environ={}, file=file).values
    assert values.exclude == ("*.bak", "a, b")
    assert (values.max_file, values.max_text, values.history) == (50_000_000, 1000, False)
    assert values.embed_budget_ms == 0
    assert values.link_address == "vscode://file{path}:{line}"
    environ = {
        "ASK_EXCLUDE": "*.bak, /Music/",
        "ASK_LANGUAGES": '["en", "de"]',
        "ASK_MAX_FILE": "1GiB",
        "ASK_GITIGNORE": "No",
        "ASK_HYPERLINKS": " Always ",
        "ASK_HISTORY": "",  # empty is not said
    }
    values = load(environ=environ, file=tmp_path / "none.toml").values
    assert values.exclude == ("*.bak", "/Music/")
    assert values.languages == ("en", "de")
    assert (values.max_file, values.gitignore, values.hyperlinks, values.history) == (2**30, False, "always", True)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("results", "many"), ("results", 0), ("results", 100_001), ("results", True), ("results", 2.5), ("results", []),
        ("colour", "blue"), ("colour", 1), ("history", "perhaps"), ("exclude", [1]), ("exclude", "[1"),
        ("exclude", 3), ("max_file", "50 parsecs"), ("max_file", -1), ("max_file", True), ("model", 3),
        ("link_address", "file://\x1b]8;;x"), ("embed_budget_ms", "-5"),
    ],
)  # fmt: skip
def test_a_bad_value_names_its_row_and_gives_an_example(tmp_path: Path, name: str, given: object) -> None:
    with pytest.raises(UsageError) as caught:
        load({name: given}, environ={}, file=tmp_path / "none.toml")
    assert caught.value.message.startswith(f"{name} (flag): ")
    assert caught.value.hint == f"For example: {name} = {ROWS[name].example}"
    assert "\x1b" not in caught.value.message


def test_a_bad_value_says_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"lines \(ASK_LINES\): 'x' is not a whole number from 0 to 100"):
        load(environ={"ASK_LINES": "x"}, file=tmp_path / "none.toml")
    file = tmp_path / "config.toml"
    file.write_text("lines = 1000")
    with pytest.raises(UsageError, match=r"config.toml\): '1000' is not"):
        load(environ={}, file=file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"result = 5", "no setting 'result'"),
        (b"[max]\nfiles = 5", "no setting 'max_files'"),
        (b"results = ", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_that_makes_no_sense(tmp_path: Path, text: bytes, words: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text)
    with pytest.raises(UsageError, match=words) as caught:
        load(environ={}, file=file)
    assert "cannot" in words or caught.value.hint.startswith("Did you mean ")


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load(environ={"ASK_HOME": str(tmp_path)})


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_every_row_is_complete_and_its_example_is_valid(row: object) -> None:
    from ask.cli.settings import Row

    assert isinstance(row, Row)
    assert row.about.endswith(".")
    example = tomllib.loads(f"x = {row.example}")["x"]
    assert row.parse(example) != row.default, "an example shows something else than the default"
    assert row.parse(tomllib.loads(f"x = {toml(row.default)}")["x"]) == row.default


def test_documentation_is_made_from_the_rows() -> None:
    assert all(f"| `{name}` | `ASK_{name.upper()}` | " in markdown() for name in ROWS)
    uncommented = "\n".join(line[2:] for line in template().splitlines() if " = " in line)
    assert set(tomllib.loads(uncommented)) == set(ROWS)


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home({"ASK_HOME": str(tmp_path)}) == tmp_path
    monkeypatch.chdir(tmp_path)
    assert home({"ASK_HOME": "state"}) == tmp_path / "state"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert home({"ASK_HOME": "~/state"}) == tmp_path / "state"
    assert home({"ASK_HOME": ""}) == home({})
    assert home({}).name == "ask"
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert home({}) == tmp_path / ".local" / "share" / "ask"
    assert not home({}).exists()
