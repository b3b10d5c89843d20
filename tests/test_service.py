"""The service answers what the command would have answered, and nobody notices when it does not run."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ask.cli import client

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs Unix sockets")
FILES = {
    "garden.md": "# Garden\n\nThe tomatoes need water twice a day in August.\n",
    "kitchen.md": "# Kitchen\n\nSoup of tomatoes, basil and a little cream.\n",
    "tool.py": '"""Counts badgers."""\n\ndef count_badgers(field):\n    return len(field)\n',
}
QUESTIONS = (
    ("search", "when do tomatoes need water", "--json"),
    ("search", "tomatoes", "--explain"),
    ("search", "badgers", "--only", "words", "--files"),
    ("search", "tomatoes", "--in", "."),
    ("how many badgers are in the field?",),
    ("search", "zyzzyva", "--only", "words"),
    ("search", "--kind", "nonsense", "x"),
    ("get", "1"),
)


@pytest.fixture(scope="module")
def asked(new_ask: Callable[[Path], Any], plant: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("served")
    ask = new_ask(place / "state")
    assert ask("index", plant(place / "files", FILES)).code == 0
    return ask


def answer(ask: Any, *arguments: str, folder: Path) -> tuple[int, object, str]:
    """What the real command says, without the time it took and without the note that says who answered."""
    said = ask.run(*arguments, cwd=folder)
    try:
        out = {name: value for name, value in json.loads(said.out).items() if name != "timing_ms"}
    except ValueError:
        out = said.out
    return said.code, out, said.err


@pytest.fixture(scope="module")
def alone(asked: Any) -> list[tuple[int, object, str]]:
    """What is said without a service; also when one was killed and left its socket."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(asked.home / client.SOCKET))
    return [answer(asked, *words, folder=asked.home.parent / "files") for words in QUESTIONS]


@pytest.fixture(scope="module")
def service(asked: Any, alone: list[object]) -> Iterator[subprocess.Popen[bytes]]:
    with asked.start("serve", stdout=subprocess.DEVNULL) as child:
        end = time.monotonic() + 60
        while talk(asked.home, {"arguments": ["get", "1"]}) is None:
            assert time.monotonic() < end, "the service never answered"
            assert child.poll() is None
            time.sleep(0.1)
        yield child
        child.send_signal(signal.SIGTERM)


def talk(home: Path, request: object) -> dict[str, Any] | None:
    """One request without streams, as any program can make it."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        try:
            line.connect(str(home / client.SOCKET))
            if line.recv(len(client.HELLO)) != client.HELLO:
                return None
            line.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(line.makefile().readline() or "{}")  # type: ignore[no-any-return]
        except OSError:
            return None


def handed_over(ask: Any, *arguments: str) -> int | None:
    """The status that the service gives to this process."""
    code = (
        "import sys; from ask.cli import client; client.PATIENCE = 30; status = client.served(sys.argv[1:]);"
        "sys.exit(77 if status is None else status)"
    )
    child = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        env={**os.environ, **ask.environ}, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    return None if child.returncode == 77 else child.returncode


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_the_answer_is_the_same_with_and_without(asked: Any, alone: list[object], number: int) -> None:
    words = QUESTIONS[number]
    assert answer(asked, *words, folder=asked.home.parent / "files") == alone[number]
    assert handed_over(asked, *(words if words[0] in client.SERVED else ("answer", *words))) is not None


@pytest.mark.usefixtures("service")
def test_any_program_can_ask_with_a_line_of_json(asked: Any) -> None:
    reply = talk(asked.home, {"arguments": ["search", "tomatoes", "--json"]})
    assert reply is not None
    assert reply["status"] == 0
    assert [hit["rank"] for hit in json.loads(reply["output"])["hits"]] == [1, 2]


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    "request_",
    [
        {"arguments": ["forget", "/", "-y"]},
        {"arguments": ["search", "-"]},
        {"arguments": ["search", "tomatoes"], "folder": "/nowhere"},
        {"arguments": ["answer", "tomatoes", "--model", "any"]},
    ],
)
def test_what_is_not_for_the_service_is_declined(asked: Any, request_: dict[str, object]) -> None:
    reply = talk(asked.home, request_)
    assert reply is not None
    assert set(reply) == {"declined"}


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("request_", [[], {}, {"arguments": "search"}, {"arguments": []}, {"arguments": [1]}, 7])
def test_nonsense_gets_no_answer_and_does_no_harm(asked: Any, request_: object) -> None:
    assert talk(asked.home, request_) == {}
    assert talk(asked.home, {"arguments": ["get", "1"]}) is not None


@pytest.mark.usefixtures("service")
def test_only_its_owner_can_reach_it(asked: Any) -> None:
    assert stat.S_IMODE((asked.home / client.SOCKET).stat().st_mode) == 0o600
    assert stat.S_IMODE(asked.home.stat().st_mode) == 0o700


@pytest.mark.usefixtures("service")
def test_status_and_doctor_tell_of_it(asked: Any) -> None:
    assert asked("status", "--json").json()["watch"]["service"] == "answers searches"
    assert any("answers searches" in finding["what"] for finding in asked("doctor", "--json").json())


@pytest.mark.usefixtures("service")
def test_a_change_is_seen_by_the_open_index(asked: Any, plant: Callable[..., Path]) -> None:
    plant(asked.home.parent / "files", {"new.txt": "A heron stood in the pond.\n"})
    end = time.monotonic() + 60
    while True:
        reply = talk(asked.home, {"arguments": ["search", "heron", "--only", "words"]})
        if reply and reply.get("status") == 0:
            return
        assert time.monotonic() < end, "it was never found"
        time.sleep(0.2)


def test_it_is_started_once_and_leaves_nothing(asked: Any, service: subprocess.Popen[bytes]) -> None:
    second = asked.run("watch")
    assert second.code == 2
    assert talk(asked.home, {"arguments": ["get", "1"]}) is not None
    service.send_signal(signal.SIGTERM)
    assert service.wait(30) == 0
    assert not (asked.home / client.SOCKET).exists()
    assert asked.run("search", "tomatoes").code == 0
