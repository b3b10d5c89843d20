"""Servers that speak OpenAI's protocol: on this machine, or on one that was named; nowhere else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ask.generator.model import Message
from ask.generator.sampling import Sampling
from ask.generator.servers import ServerModel, is_loopback
from ask.indexer.errors import ModelProblem, UsageError

pytestmark = pytest.mark.loopback


@dataclass
class Site:
    lines: list[str] = field(default_factory=list)
    status: int = 200
    location: str = ""
    asked: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    address: str = ""


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Silent."""

    def do_GET(self) -> None:
        self._answer(json.dumps({"data": [{"id": "llama3.2:1b"}, {"id": "other"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.site.asked.append((self.path, body, self.headers.get("Authorization", "")))
        self._answer("".join(f"{line}\n\n" for line in self.site.lines))

    def _answer(self, text: str) -> None:
        self.send_response(self.site.status)
        if self.site.location:
            self.send_header("Location", self.site.location)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    handler = type("Bound", (Handler,), {"site": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        made.address = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def chunk(text: str) -> str:
    return "data: " + json.dumps({"choices": [{"delta": {"content": text}}]})


TURNS = [Message("system", "Be brief."), Message("user", "Proč?")]


def test_a_chat_is_streamed(site: Site) -> None:
    site.lines = [
        'data: {"choices": [{"delta": {"role": "assistant"}}]}',
        chunk("Pro"),
        ": ping",
        chunk("to."),
        "data: [DONE]",
    ]
    model = ServerModel(site.address, "llama3.2:1b", key="secret")
    assert list(model.write(TURNS, Sampling(max_tokens=9, stop=("X",)))) == ["Pro", "to."]
    path, body, key = site.asked[0]
    assert path == "/v1/chat/completions"
    assert body["messages"][1] == {"role": "user", "content": "Proč?"}
    assert (body["max_tokens"], body["stop"], body["stream"]) == (9, ["X"], True)
    assert key == "Bearer secret"
    assert model.host == ""


def test_a_transcript_is_gone_on_with(site: Site) -> None:
    site.lines = ['data: {"choices": [{"text": "Hello"}]}', "data: [DONE]"]
    assert list(ServerModel(site.address, "m").write("User: hi\nBob:", Sampling())) == ["Hello"]
    assert site.asked[0][0] == "/v1/completions"


def test_models_are_listed(site: Site) -> None:
    assert ServerModel(site.address, "m").models() == ["llama3.2:1b", "other"]


@pytest.mark.parametrize(
    "line", ['data: {"error": {"message": "no such model"}}', "data: nonsense", 'data: {"choices": 7}']
)
def test_errors_and_nonsense_in_the_stream_are_problems(site: Site, line: str) -> None:
    site.lines = [line]
    with pytest.raises(ModelProblem):
        list(ServerModel(site.address, "m").write(TURNS, Sampling()))


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_a_problem(site: Site, status: int) -> None:
    site.status = status
    with pytest.raises(ModelProblem, match=str(status)):
        list(ServerModel(site.address, "m").write(TURNS, Sampling()))


def test_a_redirection_is_not_followed(site: Site) -> None:
    site.status, site.location = 307, "http://models.example/v1/chat/completions"
    with pytest.raises(ModelProblem, match="307"):
        list(ServerModel(site.address, "m").write(TURNS, Sampling()))


def test_no_proxy_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    site.lines = [chunk("ok"), "data: [DONE]"]
    assert list(ServerModel(site.address, "m").write(TURNS, Sampling())) == ["ok"]


def test_a_server_that_is_not_there_is_a_problem() -> None:
    with pytest.raises(ModelProblem, match="cannot be reached"):
        list(ServerModel("http://127.0.0.1:1/v1", "m").write(TURNS, Sampling()))


def test_another_machine_must_be_named_and_is_shown() -> None:
    with pytest.raises(UsageError, match="another machine"):
        ServerModel("http://models.example:8000/v1", "m")
    assert ServerModel("https://models.example/v1", "m", named=["models.example"]).host == "models.example"


@pytest.mark.parametrize("address", ["file:///etc/passwd", "localhost:11434", "", "ftp://127.0.0.1/v1"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError):
        ServerModel(address, "m")


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("127.0.0.1.evil.example", False),
     ("10.0.0.1", False), ("192.168.1.9", False), ("", False)],
)  # fmt: skip
def test_what_is_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here
