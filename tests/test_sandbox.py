"""What a process that reads strangers' files can no longer do, and that it can still read them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import health, sandbox

linux = pytest.mark.skipif(sys.platform != "linux", reason="the measures are those of Linux")
Tree = Callable[..., Path]


def confined(code: str, *readable: Path) -> str:
    """What `code` prints after it was confined, in a process of its own."""
    begin = f"from pathlib import Path\nfrom ask.indexer.sandbox import confine\nheld = confine({readable!r})\n"
    begin = begin.replace("PosixPath", "Path")
    done = subprocess.run([sys.executable, "-P", "-c", begin + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@linux
def test_everything_the_kernel_has_is_taken() -> None:
    said = sandbox.reached()
    assert {"limits", "privileges"} <= set(said.measures)
    assert "calls" in said.measures or os.uname().machine not in sandbox._CALLS
    if "calls" in said.measures:
        assert {"network", "programs", "signals"} <= set(said.refused)
    if "files" in said.measures:
        assert {"reading", "writing"} <= set(said.refused)


@linux
def test_nothing_but_the_named_files_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "yours").write_text("yours")
    said = confined(
        f"print('files' in held, Path({str(tmp_path / 'yours')!r}).read_text())\n"
        f"try: print(Path({str(tmp_path / 'mine')!r}).read_text())\n"
        "except PermissionError: print('refused')\n",
        tmp_path / "yours",
    ).split()
    assert said[1] == "yours"
    assert said[2] == ("refused" if said[0] == "True" else "mine")


@linux
def test_measures_outlive_a_new_process_and_thread() -> None:
    said = confined(
        "import os, socket, threading\n"
        "def attempt():\n"
        "    try: socket.socket(); return 'open'\n"
        "    except OSError: return 'shut'\n"
        "if pid := os.fork():\n"
        "    child = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n"
        "    threads = []; thread = threading.Thread(target=lambda: threads.append(attempt()))\n"
        "    thread.start(); thread.join(); print('calls' in held, child, threads[0])\n"
        "else:\n"
        "    os._exit(int(attempt() == 'shut'))\n"
    ).split()
    if said[0] == "True":
        assert said[1:] == ["1", "shut"]


@linux
def test_a_machine_the_filter_does_not_know_is_no_error() -> None:
    said = confined(
        "import platform, ctypes\nfrom ask.indexer import sandbox\n"
        "platform.machine = lambda: 'pdp11'\n"
        "print(sandbox.refuse_calls(ctypes.CDLL(None)), sandbox.confine() is not None)"
    )
    assert said == "False True"


def test_every_refused_call_has_a_number_on_every_machine() -> None:
    for _, numbers in sandbox._CALLS.values():
        assert len(numbers) == len(set(numbers)) == len(sandbox._NAMES)


def test_a_confined_worker_still_reads_every_kind_of_file(ask: Any, tree: Tree) -> None:
    """Parsers are imported when they are needed, so the folders they lie in must stay readable."""
    root = tree({
        "page.html": "<html><head><title>T</title></head><body><h1>Heron</h1><p>A grey heron.</p></body></html>",
        "feed.xml": "<feed><entry><title>Otter</title><body>An otter swims in the river.</body></entry></feed>",
        "tool.py": '"""Counts badgers."""\n\ndef count_badgers(field):\n    return len(field)\n',
        "shop.go": "package shop\n\n// Sells walnuts\nfunc Sell(n int) int {\n\treturn n\n}\n",
        "birds.csv": "bird,count\nwren,3\nrobin,5\n",
        "box.ipynb": '{"cells":[{"cell_type":"markdown","metadata":{},"source":["# Lynx\\n","A lynx at night."]}],'
        '"metadata":{},"nbformat":4,"nbformat_minor":5}',
        "conf.yaml": "animal: hedgehog\nplace: garden\n",
    })  # fmt: skip
    done = ask.run("index", root, "--wait", "words", "--json")
    assert done.code == 0, done.err
    said = done.json()
    assert (said["new"], said["unreadable"]) == (7, [])


@linux
def test_a_mail_with_an_attachment_needs_no_table_of_the_system(tmp_path: Path) -> None:
    """Where /etc/mime.types exists, every mail with an attachment killed the worker that read it."""
    table = tmp_path / "mime.types"
    table.write_text("application/pdf walnut\n")
    mail = (
        b"From: a@example.org\nDate: Mon, 1 Jun 2009 04:28:28 +0000\nSubject: Oak\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain\n\nThe oak.\n--x\n'
        b"Content-Type: text/csv\nContent-Disposition: attachment\n\nwren,3\nrobin,5\n\n--x--\n"
    )
    said = confined(
        f"import mimetypes\nmimetypes.knownfiles[:] = [{str(table)!r}]\n"
        "from ask.indexer.extract import Source, read\n"
        f"print([document.member for document in read(Source({mail!r}, 'oak.eml'))])"
    )
    assert said == "[None, 'part 1.csv']"


def test_modules_are_not_taken_from_the_folder_one_stands_in(ask: Any, tree: Tree) -> None:
    """`python -m` looks for modules in the current folder first: a downloaded `lxml.py` would have run in the worker,
    and a `json.py` before the worker was confined."""
    trap = "import os\nos.close(os.open('trapped', os.O_CREAT | os.O_WRONLY))\nraise SystemExit\n"
    names = ("json", "lxml", "sitecustomize", "zstandard", "tokenizers", "numpy")
    root = tree({"a.html": "<p>an apple</p>", **{f"{name}.py": trap for name in names}})
    done = ask.run("index", root, "--json", cwd=root)
    assert done.code == 0, done.err
    assert not (root / "trapped").exists()
    assert ask.run("search", "apple", "--json", cwd=root).json()["hits"][0]["path"].endswith("a.html")
    assert not (root / "trapped").exists()


def test_the_doctor_tells_the_level(tmp_path: Path) -> None:
    findings = [finding for finding in health.examine(tmp_path, "none") if "read files" in finding.what]
    assert len(findings) == 1
    assert findings[0].level in ("ok", "note")
