"""A server that speaks OpenAI's protocol as a `LanguageModel`: Ollama, llama-server, LM Studio, vLLM.

On this machine by default. Another host is only ever asked when the user has named it, and is shown with every answer,
because the question and the passages go there. Redirections are not followed and no proxy is used: the words go to the
named host or nowhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from email.message import Message as Headers
from typing import IO

from ask.generator.model import Prompt
from ask.generator.neutral import neutral
from ask.generator.sampling import Sampling
from ask.indexer.errors import ModelProblem, UsageError

TIMEOUT = 300
"""Seconds to wait for the next words; a large model reads a long prompt for minutes."""
PATIENCE = 3
"""Seconds to wait for the names of models; whatever listens at such an address may be no such server."""
SERVER_ROOM = 4096
"""Tokens a server is taken to have room for: what Ollama uses unless told otherwise. The protocol does not tell."""
LONGEST_LINE = 1_000_000
KNOWN = {
    "Ollama": "http://127.0.0.1:11434/v1",
    "llama-server": "http://127.0.0.1:8080/v1",
    "LM Studio": "http://127.0.0.1:1234/v1",
    "vLLM": "http://127.0.0.1:8000/v1",
}
"""Where these servers listen unless told otherwise."""


def is_loopback(host: str) -> bool:
    """True for this very machine, by name or by number."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class ServerModel:
    """A model on a server."""

    def __init__(
        self, address: str, model: str, *, key: str = "", room: int = SERVER_ROOM, named: Collection[str] = ()
    ) -> None:
        """`address` ends before `/chat/completions`; `room` are the tokens the server is set to; `named` are the hosts
        other than this machine that the user has allowed. Raises `UsageError` for any other host."""
        parts = urllib.parse.urlsplit(address)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            raise UsageError(f"{address!r} is no address of a server", "For example: http://127.0.0.1:11434/v1")
        here = is_loopback(host)
        if not here and host not in named:
            raise UsageError(
                f"{host} is another machine: questions and passages from your files would go there",
                f"If that is wanted, name it: --allow-host {host}, or the setting llm_hosts",
            )
        self._address = address.rstrip("/")
        self._key = key
        self.name = model
        self.host = "" if here else host
        self.room = room
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())

    def neutral(self, text: str) -> str:
        """The server renders the template, so every token that any known template uses is broken."""
        return neutral(text)

    def count(self, texts: Sequence[str]) -> list[int]:
        """An estimate on the safe side: the protocol has no way to count. One token for each three bytes."""
        return [-(-len(text.encode("utf-8", "replace")) // 3) for text in texts]

    def size(self, prompt: Prompt) -> int:
        """The estimate for a whole prompt, with eight tokens for each turn."""
        if isinstance(prompt, str):
            return self.count([prompt])[0]
        return sum(self.count([message.text for message in prompt])) + 8 * len(prompt)

    def thinks(self, prompt: Prompt) -> bool:
        """Servers keep thoughts apart, or mark both of their ends."""
        return False

    def write(self, prompt: Prompt, sampling: Sampling, grammar: str = "") -> Generator[str]:
        """Stream the continuation. There is no grammar in the protocol; the check afterwards is the same."""
        body: dict[str, object] = {
            "model": self.name,
            "stream": True,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop[:4])
        if isinstance(prompt, str):
            path, body["prompt"] = "/completions", prompt
        else:
            path, body["messages"] = "/chat/completions", [{"role": m.role, "content": m.text} for m in prompt]
        with closing(self._ask(path, body)) as answer:
            yield from self._pieces(answer)

    def models(self) -> list[str]:
        """The names of the models that the server offers. Raises `ModelProblem`."""
        with closing(self._ask("/models", None, PATIENCE)) as answer:
            try:
                return [str(row["id"]) for row in json.loads(answer.read(LONGEST_LINE))["data"]]
            except (ValueError, KeyError, TypeError) as error:
                raise ModelProblem(f"{self._address} does not speak the protocol") from error

    def _ask(self, path: str, body: dict[str, object] | None, timeout: float = TIMEOUT) -> http.client.HTTPResponse:
        headers = {"Content-Type": "application/json", "User-Agent": "ask"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, headers)  # noqa: S310 (the scheme was checked)
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise ModelProblem(
                    f"{self._address} says {error.code} {error.reason}: {_words(error)}", "Is the model there?"
                ) from error
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", "") or error
            raise ModelProblem(f"{self._address} cannot be reached: {why}", "Is the server running?") from error
        return answer

    def _pieces(self, answer: http.client.HTTPResponse) -> Generator[str]:
        try:
            while line := answer.readline(LONGEST_LINE):
                data = line.removeprefix(b"data:").strip()
                if data == b"[DONE]":
                    return
                if line.startswith(b"data:") and (piece := _piece(data)):
                    yield piece
        except (OSError, http.client.HTTPException) as error:
            raise ModelProblem(f"{self._address} broke off: {error}") from error


def _piece(data: bytes) -> str:
    """The text of one event of the stream. Raises `ModelProblem` for an error or nonsense."""
    try:
        event = json.loads(data)
        if "error" in event:
            raise ModelProblem(f"the server says: {str(event['error'])[:300]}")
        choices = event.get("choices") or [{}]
        found = choices[0].get("text") or (choices[0].get("delta") or {}).get("content") or ""
    except (ValueError, AttributeError, TypeError, LookupError) as error:
        raise ModelProblem("the server does not speak the protocol") from error
    return str(found)


def _words(error: urllib.error.HTTPError) -> str:
    try:
        return error.read(300).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return ""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A server on this machine must not send the words elsewhere."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> None:
        """Never."""
