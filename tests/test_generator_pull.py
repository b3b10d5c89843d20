"""Fetching a model from a local server: resumed, cut off, wrong, redirected, and with a full disk."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ask.generator import models
from ask.generator.pull import Progress, Wanted, file_name, pull, read_pin, wanted
from ask.indexer.errors import DiskFull, ModelMismatch, ModelProblem, UsageError

pytestmark = pytest.mark.loopback


@dataclass
class Site:
    """What the server does with the next requests, and what it was asked."""

    content: bytes = b""
    etag: str = '"one"'
    cuts: list[int] = field(default_factory=list)
    """After how many bytes each coming connection breaks."""
    ranges: bool = True
    redirect: str = ""
    promised: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)
    address: str = ""

    @property
    def url(self) -> str:
        return f"{self.address}/models/tiny.gguf"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Silent."""

    def do_GET(self) -> None:
        site = self.site
        wanted_range = self.headers.get("Range", "")
        site.asked.append(wanted_range)
        if site.redirect and self.path.startswith("/models/"):
            self.send_response(302)
            self.send_header("Location", site.redirect)
            if site.promised:
                self.send_header("X-Linked-ETag", f'"{site.promised}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if site.status != 200:
            self.send_error(site.status)
            return
        start = 0
        if wanted_range and site.ranges and self.headers.get("If-Range") == site.etag:
            start = int(wanted_range.removeprefix("bytes=").rstrip("-"))
        if start > len(site.content):
            self.send_error(416)
            return
        body = site.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(site.content) - 1}/{len(site.content)}")
        self.send_header("ETag", site.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: site.cuts.pop(0)] if site.cuts else body)


@pytest.fixture
def site(tiny_model: Path) -> Iterator[Site]:
    made = Site(content=tiny_model.read_bytes())
    handler = type("Bound", (Handler,), {"site": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        made.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def fetch(site: Site, folder: Path, sha256: str | None = None) -> tuple[list[Progress], Path]:
    *progress, path = pull(Wanted(site.url, sha256), folder, pause=0)
    assert isinstance(path, Path)
    return [each for each in progress if isinstance(each, Progress)], path


def test_a_model_is_fetched_with_progress_and_pinned(site: Site, tmp_path: Path) -> None:
    progress, path = fetch(site, tmp_path / "models")
    assert path.read_bytes() == site.content
    assert progress[-1] == Progress(len(site.content), len(site.content))
    pin = read_pin(path)
    assert pin is not None
    assert (pin.url, pin.bytes, pin.sha256) == (site.url, len(site.content), site.sha256)
    assert sorted(file.name for file in path.parent.iterdir()) == ["tiny.gguf", "tiny.gguf.pin"]


def test_what_is_there_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    fetch(site, tmp_path)
    asked = len(site.asked)
    assert fetch(site, tmp_path)[1] == tmp_path / "tiny.gguf"
    assert len(site.asked) == asked
    with pytest.raises(ModelMismatch):
        fetch(site, tmp_path, "0" * 64)


def test_a_connection_that_breaks_is_taken_up_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.cuts = [1000, 50_000, 7]
    _, path = fetch(site, tmp_path, site.sha256)
    assert path.read_bytes() == site.content
    assert site.asked == ["", "bytes=1000-", "bytes=51000-", "bytes=51007-"]


def test_after_an_interruption_the_next_run_goes_on(site: Site, tmp_path: Path) -> None:
    site.cuts = [60_000, 0, 0, 0, 0]
    with pytest.raises(ModelProblem, match="broke after 60000 bytes"):
        fetch(site, tmp_path)
    site.cuts = []
    progress, path = fetch(site, tmp_path)
    assert progress[0].done == 60_000
    assert path.read_bytes() == site.content


def test_a_server_that_has_another_file_now_or_no_ranges_makes_it_start_over(site: Site, tmp_path: Path) -> None:
    site.cuts = [60_000, 0, 0, 0, 0]
    with pytest.raises(ModelProblem):
        fetch(site, tmp_path)
    site.cuts, site.etag = [], '"two"'
    progress, path = fetch(site, tmp_path)
    assert progress[0].done == 0
    assert path.read_bytes() == site.content
    path.unlink()
    (tmp_path / "tiny.gguf.part").write_bytes(b"x" * 500)
    (tmp_path / "tiny.gguf.part.state").write_text('"two"', "utf-8")
    site.ranges = False
    assert fetch(site, tmp_path)[1].read_bytes() == site.content


def test_a_wrong_sum_is_an_error_and_nothing_is_kept(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch, match="another SHA-256"):
        fetch(site, tmp_path, "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_part_longer_than_the_file_is_thrown_away(site: Site, tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf.part").write_bytes(b"x" * (len(site.content) + 10))
    (tmp_path / "tiny.gguf.part.state").write_text(site.etag, "utf-8")
    assert fetch(site, tmp_path)[1].read_bytes() == site.content


def test_the_sum_named_by_the_hub_on_the_way_is_checked(site: Site, tmp_path: Path) -> None:
    site.redirect = f"{site.address}/blob/tiny.gguf"
    site.promised = site.sha256
    assert fetch(site, tmp_path / "good")[1].read_bytes() == site.content
    site.promised = "1" * 64
    with pytest.raises(ModelMismatch):
        fetch(site, tmp_path / "bad")


@pytest.mark.parametrize("target", ["http://models.example/tiny.gguf", "ftp://127.0.0.1/x.gguf", "file:///etc/passwd"])
def test_a_redirection_to_an_address_that_is_not_safe_is_not_followed(site: Site, tmp_path: Path, target: str) -> None:
    site.redirect = target
    with pytest.raises((UsageError, ModelProblem)):
        fetch(site, tmp_path)


def test_what_is_no_model_is_not_kept(site: Site, tmp_path: Path) -> None:
    site.content = b"<html>Please log in</html>"
    with pytest.raises(ModelProblem, match="no sound GGUF"):
        fetch(site, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_said_in_words(site: Site, tmp_path: Path, status: int) -> None:
    site.status = status
    with pytest.raises(ModelProblem, match=str(status)):
        fetch(site, tmp_path)


def test_too_little_room_is_an_error_before_anything_comes(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="no room"):
        list(pull(Wanted(site.url), tmp_path, free=lambda _: 200_000_100))


def test_a_disk_that_fills_up_is_an_error(site: Site, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    (tmp_path / "tiny.gguf.part").symlink_to(full)
    with pytest.raises(DiskFull, match="full"):
        fetch(site, tmp_path)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("llama-3.2-1b", models.advised()[0].url),
        ("bob/Some-GGUF/some-q4.gguf", "https://huggingface.co/bob/Some-GGUF/resolve/main/some-q4.gguf"),
        ("https://models.example/a.gguf", "https://models.example/a.gguf"),
    ],
)
def test_what_a_name_stands_for(name: str, url: str) -> None:
    assert wanted(name, models.advised()).url == url


@pytest.mark.parametrize(
    "name", ["nonsense", "http://models.example/a.gguf", "file:///etc/passwd", "ftp://x.example/a.gguf"]
)
def test_what_is_not_fetched(name: str) -> None:
    with pytest.raises(UsageError):
        wanted(name, models.advised())


def test_file_names_are_names() -> None:
    assert file_name("https://x.example/a/b%20c.gguf?download=true") == "b_c.gguf"
    assert file_name("https://x.example/..%2F..%2Fevil.gguf") == "_.._evil.gguf"
    with pytest.raises(UsageError):
        file_name("https://x.example/model.bin")
