from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ask.cli import opener
from ask.indexer.errors import NotFound, UsageError


@pytest.mark.parametrize(
    ("environ", "system", "line", "command"),
    [
        ({"EDITOR": "nano"}, "linux", 7, ("nano", "+7", "/a b.txt")),
        ({"EDITOR": "nano", "VISUAL": "/usr/bin/code --wait"}, "linux", 7,
         ("/usr/bin/code", "--wait", "--goto", "/a b.txt:7")),
        ({"EDITOR": "code -g"}, "linux", 7, ("code", "-g", "/a b.txt:7")),
        ({"EDITOR": "hx"}, "linux", 7, ("hx", "/a b.txt:7")),
        ({"EDITOR": "mine {path} --at={line}"}, "linux", 7, ("mine", "/a b.txt", "--at=7")),
        ({"EDITOR": "notepad"}, "win32", 7, ("notepad", "/a b.txt")),
        ({"EDITOR": "nano", "DISPLAY": ":0"}, "linux", None, ("xdg-open", "/a b.txt")),
        ({"WAYLAND_DISPLAY": "w"}, "linux", 7, ("xdg-open", "/a b.txt")),
        ({}, "darwin", 7, ("open", "-t", "/a b.txt")),
        ({}, "darwin", None, ("open", "/a b.txt")),
        ({}, "win32", 7, ("notepad", "/a b.txt")),
        ({}, "win32", None, ("explorer", "/a b.txt")),
    ],
)  # fmt: skip
def test_how_a_file_is_opened(environ: dict[str, str], system: str, line: int | None, command: tuple[str, ...]) -> None:
    assert opener.opening("/a b.txt", line, environ=environ, system=system).command == command


def test_what_a_desktop_would_run_is_not_handed_to_it(tmp_path: Path) -> None:
    """Opening `invoice.desktop` or an executable by the desktop may start it."""
    empty = {"DISPLAY": ":0", "PATH": str(tmp_path)}
    for path, executable in (("/x/a.desktop", False), ("/x/A.BAT", False), ("/x/b", True)):
        for system in ("linux", "darwin", "win32"):
            with pytest.raises(UsageError, match="there is nothing here to show"):
                opener.opening(path, None, environ=empty, system=system, executable=executable)
    less = tmp_path / "less"
    less.touch(0o755)
    opening = opener.opening("/x/a.sh", 7, environ=empty, system="linux")
    assert opening == opener.Opening((str(less), "+7g", "/x/a.sh"), waits=True)


def test_opening_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "my note.txt"
    note.write_text("tea")
    told = tmp_path / "told"
    script = tmp_path / "editor.py"
    script.write_text(f"import sys; open({str(told)!r}, 'w').write(repr(sys.argv[1:]))")
    opener.open_file(str(note), 3, editor=f"{sys.executable} {script}")
    assert told.read_text() == repr(["+3", str(note)])
    with pytest.raises(NotFound, match="not there any more"):
        opener.open_file(str(tmp_path / "gone"), 3)
    with pytest.raises(UsageError, match="cannot be run"):
        opener.open_file(str(note), 3, editor="/no/such/editor")
    for wrong in ("'", " "):
        with pytest.raises(UsageError, match="is not a command"):
            opener.open_file(str(note), 3, editor=wrong)
