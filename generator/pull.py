"""Fetching a model file because the user asked for it: resumed where it stopped, checked, and pinned.

Beside `model.gguf` lies `model.gguf.pin` with its address, length and SHA-256. While it is fetched there is
`model.gguf.part` with `model.gguf.part.state`. Only this module opens connections to other machines, and only for
`ask model pull`.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from ask.generator.gguf_file import read_header
from ask.generator.models import Advised
from ask.generator.servers import is_loopback
from ask.indexer.errors import DiskFull, ModelMismatch, ModelProblem, UsageError

RESERVE = 200_000_000
"""Bytes that stay free on the disk."""
PART = 1 << 18
TRIES = 4
"""How often a connection that breaks is taken up again before giving up."""
TIMEOUT = 30
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPOSITORY_FILE = re.compile(r"(?:hf:)?([\w.-]+/[\w.-]+)/([\w./-]+\.gguf)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched."""

    url: str
    sha256: str | None = None
    """None: whatever comes first is pinned."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes so far, resumed ones included."""

    done: int
    total: int
    """0 when the server does not say."""


@dataclass(frozen=True, slots=True)
class Pin:
    """What was fetched; another file of the same name is not taken for it."""

    url: str
    bytes: int
    sha256: str


def wanted(name: str, advised: Sequence[Advised]) -> Wanted:
    """What a name, an address or `owner/repository/file.gguf` stands for. Raises `UsageError`."""
    for model in advised:
        if model.name == name.lower():
            return Wanted(model.url, model.sha256)
    if "://" in name:
        return Wanted(_allowed(name))
    if match := _REPOSITORY_FILE.fullmatch(name):
        repository, file = match.groups()
        return Wanted(f"https://huggingface.co/{repository}/resolve/main/{file}")
    names = ", ".join(model.name for model in advised)
    raise UsageError(f"{name!r} is no model that is known here", f"Known: {names}; or give the address of a GGUF file.")


def pull(
    what: Wanted, folder: Path, free: Callable[[Path], int] | None = None, pause: float = 1.0
) -> Iterator[Progress | Path]:
    """Fetch a model into `folder`; progress as it comes, the path of the sound file at the end.

    An interrupted download goes on where it stopped. `free` tells the free bytes of a folder's disk; `pause` is the
    wait in seconds before a broken connection is taken up again, doubled each time. Raises `ModelProblem`,
    `ModelMismatch`, `DiskFull`, `UsageError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file_name(what.url)
    if target.exists() and (pin := read_pin(target)):
        if what.sha256 not in (None, pin.sha256):
            raise ModelMismatch(f"{target.name} is there already, with another content than the one wanted")
        yield target
        return
    fetch = _Fetch(what, target, free or (lambda at: shutil.disk_usage(at).free), pause)
    yield from fetch.run()
    yield fetch.finish()


def file_name(url: str) -> str:
    """The name under which an address is kept. Raises `UsageError` when it names no GGUF file."""
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1])
    name = re.sub(r"[^\w.-]", "_", name).lstrip(".")
    if not name.lower().endswith(".gguf") or len(name) > 200:
        raise UsageError(f"{url} does not name a GGUF file", "The address must end with .gguf.")
    return name


def read_pin(target: Path) -> Pin | None:
    """What is known of a file fetched earlier."""
    try:
        return Pin(**json.loads(_beside(target, ".pin").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class _Fetch:
    """One download."""

    def __init__(self, what: Wanted, target: Path, free: Callable[[Path], int], pause: float) -> None:
        self._what = what
        self._target = target
        self._part = _beside(target, ".part")
        self._free = free
        self._pause = pause
        self._total = 0
        self._sha256 = what.sha256

    def run(self) -> Iterator[Progress]:
        """Until the part is whole. A connection that breaks is taken up again as long as it brings something."""
        tries = 0
        while tries < TRIES:
            before = self._have()
            try:
                yield from self._connection(before)
                return
            except (http.client.HTTPException, TimeoutError, ConnectionError, urllib.error.URLError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    error.close()
                    if error.code != 416 or not before:
                        raise _refused(error, self._what.url) from error
                    self._discard()  # there is no such range: what we have is not a beginning of what is there
                tries = 1 if self._have() > before else tries + 1
                if tries == TRIES:
                    raise ModelProblem(
                        f"the connection to {_host(self._what.url)} broke after {self._have()} bytes: {error}",
                        "Run the same command again: it goes on from there.",
                    ) from error
                time.sleep(self._pause * 2 ** (tries - 1))

    def finish(self) -> Path:
        """Check, pin and name the file. What fails the check is removed."""
        sha256 = _digest(self._part)
        if self._sha256 not in (None, sha256):
            self._discard()
            raise ModelMismatch(
                f"what came from {_host(self._what.url)} has another SHA-256 than it should: {sha256}",
                "It was removed. Try again; if it happens twice, do not use that address.",
            )
        try:
            read_header(self._part)
        except ModelProblem:
            self._discard()
            raise
        pin = Pin(self._what.url, self._part.stat().st_size, sha256)
        _beside(self._target, ".pin").write_text(json.dumps(asdict(pin)), "utf-8")
        os.replace(self._part, self._target)  # noqa: PTH105 (the pin is there before the file is)
        _beside(self._part, ".state").unlink(missing_ok=True)
        return self._target

    def _connection(self, have: int) -> Iterator[Progress]:
        headers = {"User-Agent": "ask", "Accept-Encoding": "identity"}
        known = self._state()
        if have and known:
            headers |= {"Range": f"bytes={have}-", "If-Range": known}
        redirects = _Redirects()
        opener = urllib.request.build_opener(redirects)
        request = urllib.request.Request(_allowed(self._what.url), headers=headers)  # noqa: S310 (checked)
        with closing(opener.open(request, timeout=TIMEOUT)) as answer:
            have = self._begin(answer, have, redirects.sha256)
            yield Progress(have, self._total)
            with self._opened(have) as file:
                yield from self._copy(answer, file, have)

    def _begin(self, answer: http.client.HTTPResponse, have: int, promised: str) -> int:
        """Where the bytes that come belong. A server that starts over makes us start over."""
        resumed = answer.status == 206 and _resumes_at(answer.headers.get("Content-Range", "")) == have
        have = have if resumed else 0
        length = int(answer.headers.get("Content-Length") or 0)
        self._total = have + length if length else 0
        etag = answer.headers.get("ETag", "")
        # A weak tag does not promise the same bytes, so nothing could be resumed by it.
        _beside(self._part, ".state").write_text(etag if etag.startswith('"') else "", "utf-8")
        self._sha256 = self._sha256 or promised or None
        if self._total and self._total - have > self._free(self._target.parent) - RESERVE:
            raise DiskFull(
                f"{self._target.name} has {self._total} bytes, and there is no room for it in {self._target.parent}"
            )
        return have

    def _copy(self, answer: IO[bytes], file: IO[bytes], done: int) -> Iterator[Progress]:
        while part := answer.read(PART):
            try:
                file.write(part)
                file.flush()
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise DiskFull(f"the disk is full: {self._target.parent}", "Make room and run it again.") from error
                raise
            done += len(part)
            yield Progress(done, self._total)
        if self._total and done < self._total:
            raise ConnectionError(f"{done} of {self._total} bytes came")

    def _opened(self, have: int) -> IO[bytes]:
        return self._part.open("ab" if have else "wb")

    def _have(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _state(self) -> str:
        try:
            return _beside(self._part, ".state").read_text("utf-8")
        except OSError:
            return ""

    def _discard(self) -> None:
        self._part.unlink(missing_ok=True)
        _beside(self._part, ".state").unlink(missing_ok=True)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to allowed addresses only, and notes the SHA-256 that Hugging Face names on the way."""

    def __init__(self) -> None:
        self.sha256 = ""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """See the base class."""
        promised = str(headers.get("X-Linked-ETag", "")).strip('"').lower()
        if _SHA256.fullmatch(promised):
            self.sha256 = promised
        return super().redirect_request(req, fp, code, msg, headers, _allowed(newurl))


def _allowed(url: str) -> str:
    """`url` when it is https, or http on this very machine. Raises `UsageError`."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return url
    raise UsageError(f"{url} is not fetched: only https addresses are")


def _refused(error: urllib.error.HTTPError, url: str) -> ModelProblem:
    hints: Mapping[int, str] = {
        401: "The model must be asked for there first; fetch it with a browser and name its folder.",
        403: "The model must be asked for there first; fetch it with a browser and name its folder.",
        404: "Check the address.",
    }
    return ModelProblem(f"{_host(url)} says {error.code} {error.reason}", hints.get(error.code, "Try again later."))


def _resumes_at(content_range: str) -> int:
    match = re.match(r"bytes (\d+)-", content_range)
    return int(match.group(1)) if match else -1


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
