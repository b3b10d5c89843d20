"""The commands of the resident process, which keeps the index up to date by itself: watch, serve."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Annotated
from xml.sax.saxutils import escape

import typer
from ask.cli import gate, options
from ask.cli.session import Session, user_home
from ask.indexer.errors import NotFound, UsageError

if TYPE_CHECKING:
    from ask.indexer.reconcile import Outcome

SYSTEMD = Template("""\
[Unit]
Description=Keeps the index of ask up to date

[Service]
ExecStart=$command watch
Environment=$home
Restart=on-failure
RestartSec=60
Nice=10
IOSchedulingClass=idle
UMask=0077
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX
LockPersonality=yes

[Install]
WantedBy=default.target
""")
LAUNCHD = Template("""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>ask.watch</string>
<key>ProgramArguments</key><array><string>$command</string><string>watch</string></array>
<key>EnvironmentVariables</key><dict><key>ASK_HOME</key><string>$home</string></dict>
<key>RunAtLoad</key><true/>
<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
<key>ProcessType</key><string>Background</string>
<key>Umask</key><integer>63</integer>
</dict></plist>
""")


def watch(
    once: Annotated[bool, typer.Option("--once", help="Look at everything once, and end.")] = False,
    install: Annotated[bool, typer.Option("--install", help="Write a service of yours that does it.")] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Remove that service's file.")] = False,
    json: options.Json = False,
) -> int:
    """Keep the index up to date. Whatever changes in the indexed folders is read within seconds.

    Searches are answered sooner while it runs, because it keeps the model and the index open.

    \b
    ask watch                (until Ctrl-C)
    ask watch --install      (as a service that starts when you log in)
    ask watch --once         (for a timer of your own)
    """
    session = Session(json)
    if once + install + uninstall > 1:
        raise UsageError("choose one of --once, --install and --uninstall")
    if install:
        return _install(session)
    if uninstall:
        return _uninstall(session)
    return _once(session) if once else _watch(session)


def serve(json: options.Json = False) -> int:
    """The same as `ask watch`. One process keeps the index up to date and answers searches.

    It listens on a socket in the state directory, which only you can use. `ask search`, `ask get`, `ask similar` and
    answers without a language model find it by themselves.

    \b
    ask serve                (until Ctrl-C)
    """
    return _watch(Session(json))


def _once(session: Session) -> int:
    """As `ask index` on every root."""
    from ask.cli.building import index

    return index([Path(os.fsdecode(root)) for root in _roots(session)], quiet=True, json=session.json)


def _roots(session: Session) -> list[bytes]:
    from ask.indexer.database import nothing_indexed

    with session.searcher() as searcher:
        roots = [bytes(path) for (path,) in searcher.db.execute("SELECT path FROM roots ORDER BY path")]
    if not roots:
        raise nothing_indexed()
    return roots


def _watch(session: Session) -> int:
    from ask.cli.serving import Service
    from ask.indexer import maintain
    from ask.indexer.progress import Silent
    from ask.indexer.watch import Watcher

    count = len(_roots(session))
    model = maintain.prepare_model(session.home, session.settings.model, Silent())
    watcher = Watcher(session.plan(), model, Silent(), lambda outcome: _tell(session, outcome))
    service = Service(session.home)
    watcher.state.service = service.says
    try:
        if not session.json:
            session.put([f"Watching {count:,} {'folder' if count == 1 else 'folders'}; Ctrl-C ends it."])
        watcher.run()
    except KeyboardInterrupt:
        if not session.json:
            session.put(["Ended. The index is as it was last."])
    finally:
        service.close()
        watcher.close()
    return 0


def _tell(session: Session, outcome: Outcome) -> None:
    """A line for every look that found something; with --json an object a line."""
    counts = {
        "new": outcome.new,
        "changed": outcome.changed,
        "moved": outcome.moved,
        "gone": outcome.removed,
    }
    moment = datetime.now().astimezone()
    if session.json:
        gate.write_json(
            {"time": moment.isoformat(timespec="seconds"), **counts, "unreadable": len(outcome.unreadable)}, sys.stdout
        )
        sys.stdout.flush()
        return
    said = [f"{count:,} {name}" for name, count in counts.items() if count]
    said += [f"{len(outcome.unreadable):,} could not be read"] if outcome.unreadable and said else []
    said += [f"not there now: {gate.clean_path(os.fsdecode(path))}" for path in outcome.missing_roots]
    if said:
        session.put([f"{moment:%H:%M:%S}  {', '.join(said)}"])


def service_file() -> Path:
    """Where a service of this user is described to the system. Raises `UsageError` on Windows."""
    if sys.platform == "darwin":
        return user_home() / "Library/LaunchAgents/ask.watch.plist"
    if sys.platform == "win32":
        raise UsageError("--install knows systemd and launchd", "Let the Task Scheduler run: ask watch")
    base = os.environ.get("XDG_CONFIG_HOME") or str(user_home() / ".config")
    return Path(base) / "systemd" / "user" / "ask-watch.service"


def service_text(home: Path) -> str:
    """The description: this very `ask`, this state directory."""
    command = shutil.which(sys.argv[0]) or shutil.which("ask") or str(Path(sys.executable).with_name("ask"))
    command = str(Path(command).absolute())
    if sys.platform == "darwin":
        return LAUNCHD.substitute(command=escape(command), home=escape(str(home)))
    return SYSTEMD.substitute(command=_quoted(command), home=_quoted(f"ASK_HOME={home}"))


def _quoted(word: str) -> str:
    """A word as systemd reads it."""
    if "\n" in word:
        raise UsageError("a path with a line break in it cannot stand in a service")
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"'


def _install(session: Session) -> int:
    path = service_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(service_text(session.home))
    return _say(session, path, ["Written: " + gate.clean_path(str(path)), *_how_to_start(path)])


def _uninstall(session: Session) -> int:
    path = service_file()
    if not path.exists():
        raise NotFound(f"there is no {path}", "ask watch --install writes it.")
    path.unlink()
    return _say(session, path, ["Removed: " + gate.clean_path(str(path)), *_how_to_stop()])


def _say(session: Session, path: Path, lines: list[str]) -> int:
    if session.json:
        session.put_json({"path": str(path)})
    else:
        session.put(lines)
    return 0


def _how_to_start(path: Path) -> Iterator[str]:
    if sys.platform == "darwin":
        yield f"Start it: launchctl bootstrap gui/$UID {gate.clean_path(str(path))}"
    else:
        yield "Start it: systemctl --user daemon-reload && systemctl --user enable --now ask-watch"
        yield "See it:   systemctl --user status ask-watch; ask status"


def _how_to_stop() -> Iterator[str]:
    if sys.platform == "darwin":
        yield "Stop it: launchctl bootout gui/$UID/ask.watch"
    else:
        yield "Stop it: systemctl --user disable --now ask-watch"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(watch)
    app.command()(serve)
