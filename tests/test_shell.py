from __future__ import annotations

import io
import os
import select
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ask.cli import narrow
from ask.cli.completion import choices
from ask.cli.reading import Piped
from ask.cli.shell import COMMANDS, Question, Say, Shell, help_lines
from ask.cli.typed import Typed
from ask.indexer.errors import UsageError
from ask.retriever.filters import Filters
from ask.retriever.hits import Hit, Results
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

TEXTS = [f"note {n} about tea\nand nothing else" for n in range(25)] + ["a page about \x1b[31mcoffee"]


class Notes:
    """An engine over a few texts: finds those that hold the question's words. Deterministic, and short."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def ask(self, question: Question, say: Say) -> Results:
        self.asked.append(question)
        if question.text == "interrupt":
            raise KeyboardInterrupt
        wanted = question.text.split()
        found = [text for text in TEXTS if all(word in text for word in wanted)]
        hits = tuple(
            Hit(
                rank=rank, score=1.0, id=rank, path=f"/notes/{rank}.txt", document=None, kind="note", title="", line=5,
                end_line=6, page=None, date=None, snippet=text.splitlines()[-1], why={"words": 1.0}, text=text,
            )
            for rank, text in enumerate(found[: question.skip + question.count], 1)
        )  # fmt: skip
        results = Results(question.text, hits, near=() if hits else (replace(HIT, path="/notes/near.txt"),))
        self.show(question, results, say)
        return results

    def show(self, question: Question, results: Results, say: Say) -> None:
        for hit in results.hits[question.skip :]:
            say(f"{hit.rank} {hit.path}{' explained' if question.explain else ''}")

    def status(self, say: Say) -> None:
        say("26 files")

    def prompt(self, name: str) -> None:
        if name != "librarian":
            raise UsageError(f"there is no prompt {name}")

    def forget(self) -> None:
        self.asked.clear()


HIT = Hit(
    rank=1, score=1.0, id=1, path="/notes/1.txt", document=None, kind="note", title="", line=5, end_line=6, page=None,
    date=None, snippet="", why={},
)  # fmt: skip


class Talk:
    """A shell with what it said and opened."""

    def __init__(self, count: int = 10) -> None:
        self.engine = Notes()
        self.said: list[str] = []
        self.opened: list[tuple[str, int | None]] = []
        self.shell = Shell(self.engine, self.said.append, lambda *where: self.opened.append(where), count=count)

    def type(self, *lines: str) -> list[str]:
        """What is said to some lines."""
        self.said.clear()
        for line in lines:
            self.shell.handle(line)
        return self.said


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_line_is_a_question(talk: Talk) -> None:
    assert talk.type("  about coffee ", "", "   ") == ["1 /notes/1.txt"]
    assert talk.engine.asked == [Question("about coffee")]


def test_more_goes_on_until_that_was_all(talk: Talk) -> None:
    assert len(talk.type("tea")) == 10
    assert talk.type("/more")[0] == "11 /notes/11.txt"
    assert talk.type("/more") == [*(f"{n} /notes/{n}.txt" for n in range(21, 26))]
    assert talk.type("/more") == ["That was all."]
    assert talk.type("/more") == ["That was all."]


def test_more_after_a_full_last_page() -> None:
    talk = Talk(count=25)
    assert len(talk.type("tea")) == 25
    assert talk.type("/more") == ["That was all."]


def test_open_takes_the_number_of_a_hit_and_goes_to_the_snippets_line(talk: Talk) -> None:
    talk.type("tea", "/open 3", "/open")
    assert talk.opened == [("/notes/3.txt", 6), ("/notes/1.txt", 6)]  # the snippet is the second line of the chunk
    for wrong in ("0", "11", "x", "²", "-1", "\x1b[2J"):
        with pytest.raises(UsageError, match="there is no hit") as caught:
            talk.type(f"/open {wrong}")
        assert "\x1b" not in caught.value.message
    assert len(talk.opened) == 2


def test_nearest_misses_can_be_opened_too(talk: Talk) -> None:
    talk.type("nothing like it", "/open 1")
    assert talk.opened == [("/notes/near.txt", 5)]
    assert talk.type("/files") == ["/notes/near.txt"]


def test_cues_can_be_dropped_made_strict_and_switched_off(talk: Talk) -> None:
    talk.type("script about tea years ago", "/cues -when", "/cues kind")
    assert [question.dropped for question in talk.engine.asked] == [(), ("when",), ("when", "kind")]
    assert talk.type("/cues strict") == ["cues: strict"]
    talk.type("tea", "/cues off", "tea")
    assert [question.cues for question in talk.engine.asked[-2:]] == ["strict", "off"]
    assert talk.type("/cues") == ["cues: off"]
    with pytest.raises(UsageError):
        Talk().type("/cues -when")


def test_filters_stay_until_they_are_lifted(talk: Talk) -> None:
    assert talk.type("/filter kind:scripts ext:.py path:/home/o/my\\ notes") == [
        "filters: kind:scripts ext:.py path:/home/o/my notes"
    ]
    assert talk.shell.prompt == "ask kind:scripts ext:.py path:/home/o/my notes> "
    talk.type("tea", "tea")
    expected = Filters(kinds=("script",), suffixes=("py",), paths=("/home/o/my notes",))
    assert [question.filters for question in talk.engine.asked] == [expected, expected]
    assert talk.type("/filter off") == ["filters: none"]
    assert talk.shell.prompt == "ask> "
    for wrong in ("kind:poem", "tea", "after:nonsense", "after:", "path:'x"):
        with pytest.raises(UsageError):
            talk.type(f"/filter {wrong}")
    assert talk.type("/filter") == ["filters: none"]


def test_explain_shows_the_last_question_again_and_stays_on(talk: Talk) -> None:
    talk.type("coffee")
    assert talk.type("/explain") == ["scores are explained", "1 /notes/1.txt explained"]
    assert talk.type("coffee") == ["1 /notes/1.txt explained"]
    assert talk.type("/explain", "coffee") == ["scores are no longer explained", "1 /notes/1.txt"]


def test_other_commands(talk: Talk) -> None:
    assert talk.type("/status") == ["26 files"]
    assert talk.type("coffee", "/files")[-1] == "/notes/1.txt"
    assert talk.type("/help") == list(help_lines())
    assert all(any(f"/{name} " in line for line in help_lines()) for name in COMMANDS)
    assert all(any(f"{key}:" in line for line in help_lines()) for key in narrow.KEYS)
    assert max(map(len, help_lines())) <= 80
    talk.type("/quit")
    assert talk.shell.leaving


def test_what_was_said_can_be_forgotten(talk: Talk) -> None:
    talk.type("coffee")
    assert talk.type("/forget") == ["forgotten: the next question begins a new conversation"]
    assert talk.engine.asked == []
    with pytest.raises(UsageError, match="nothing has been asked"):
        talk.type("/open 1")


def test_the_model_can_be_asked_in_another_way(talk: Talk) -> None:
    assert talk.type("/prompt librarian") == ["asked with librarian from now on, in a new conversation"]
    for wrong in ("/prompt", "/prompt nobody"):
        with pytest.raises(UsageError):
            talk.type(wrong)


def test_a_question_of_several_lines(talk: Talk) -> None:
    talk.type("!multi", "about", "/open 1")
    assert talk.shell.prompt == "... "
    talk.type("coffee", "!end", "!multi", "!end")
    assert [question.text for question in talk.engine.asked] == ["about\n/open 1\ncoffee"]
    assert talk.shell.prompt == "ask> "


def test_words_that_every_shell_obeys(talk: Talk) -> None:
    assert talk.type("help") == talk.type("?") == list(help_lines())
    talk.type("exit strategies")
    assert [question.text for question in talk.engine.asked] == ["exit strategies"]
    talk.type("exit")
    assert talk.shell.leaving


@pytest.mark.parametrize(
    ("line", "hint"),
    [("/ope 1", "Did you mean /open?"), ("/filtr", "Did you mean /filter?"), ("/", "/help"), ("/zzz", "/help lists")],
)
def test_a_command_that_is_none(talk: Talk, line: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        talk.type(line)
    assert hint in caught.value.hint
    assert talk.engine.asked == []


def test_a_question_may_begin_with_a_path(talk: Talk) -> None:
    talk.type("/etc/passwd what is it")
    assert talk.engine.asked[0].text == "/etc/passwd what is it"


@pytest.mark.parametrize("line", ["/more", "/open 1", "/files"])
def test_nothing_asked_yet(talk: Talk, line: str) -> None:
    with pytest.raises(UsageError, match="nothing has been asked yet"):
        talk.type(line)


def piped(text: str) -> tuple[int, Talk]:
    talk = Talk()
    return talk.shell.run(Piped(io.StringIO(text))), talk


def test_lines_from_a_pipe() -> None:
    status, talk = piped("coffee\n\n/files\ntea")
    assert (status, talk.said[:3]) == (0, ["1 /notes/1.txt", "/notes/1.txt", "1 /notes/1.txt"])
    assert len(talk.engine.asked) == 2
    assert piped("")[0] == 0
    assert piped("nothing like it\n")[0] == 1
    status, talk = piped("/open 1\ncoffee\n/quit\ntea\n")
    assert (status, talk.said) == (2, ["nothing has been asked yet", "Type a question, or /help.", "1 /notes/1.txt"])
    with pytest.raises(KeyboardInterrupt):
        piped("interrupt\n")


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], Talk]:
    """Types keys into a real prompt."""

    def press(pressed: str) -> Talk:
        talk = Talk()
        with create_pipe_input() as source:
            source.send_text(pressed)
            assert talk.shell.run(Typed(tmp_path / "state" / "history", source=source, screen=DummyOutput())) == 0
        return talk

    return press


CTRL_C, CTRL_D, CTRL_P, TAB, ENTER = "\x03", "\x04", "\x10", "\t", "\r"


def test_keys_at_a_prompt(keys: Callable[[str], Talk]) -> None:
    talk = keys(f"coffee{ENTER}never mind{CTRL_C}interrupt{ENTER}/open 1{ENTER}{CTRL_D}")
    assert talk.said == ["1 /notes/1.txt", "/quit or Ctrl-D leaves", "stopped"]
    assert [question.text for question in talk.engine.asked] == ["coffee", "interrupt"]
    assert talk.opened == [("/notes/1.txt", 5)]


def test_the_history_is_kept_for_its_owner_alone(keys: Callable[[str], Talk], tmp_path: Path) -> None:
    keys(f"coffee{ENTER}coffee{ENTER} secret tea{ENTER}tea{ENTER}{CTRL_D}")
    history = tmp_path / "state" / "history"
    lines = [line[1:] for line in history.read_text().splitlines() if line.startswith("+")]
    assert lines == ["coffee", "tea"]
    if os.name == "posix":
        assert stat.S_IMODE(history.stat().st_mode) == 0o600
        assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700
    talk = keys(f"{CTRL_P}{CTRL_P}{ENTER}{CTRL_D}")
    assert [question.text for question in talk.engine.asked] == ["coffee"]


def test_a_history_open_to_others_is_closed(keys: Callable[[str], Talk], tmp_path: Path) -> None:
    history = tmp_path / "state" / "history"
    history.parent.mkdir()
    history.touch(0o644)
    keys(CTRL_D)
    assert stat.S_IMODE(history.stat().st_mode) == 0o600 or os.name != "posix"


def test_no_history_where_none_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (None, tmp_path / "file" / "history"):
        with create_pipe_input() as source:
            source.send_text(f"coffee{ENTER}{CTRL_D}")
            assert Talk().shell.run(Typed(place, source=source, screen=DummyOutput())) == 0
    assert (tmp_path / "file").read_text() == ""


def offers(before: str, *hits: Hit) -> list[str]:
    return [choice.text for choice in choices(before, hits)]


def test_what_tab_offers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("čaj.txt", "a b.txt", ".hidden", "evil\x1b[31m"):
        (tmp_path / name).write_text("")
    (tmp_path / "čajovna").mkdir()
    assert offers("/f") == ["/filter ", "/files", "/forget"]
    assert offers("/open ", HIT, replace(HIT, rank=12)) == ["1", "12"]
    assert offers("/open 12", HIT, replace(HIT, rank=12)) == ["12"]
    assert offers("/filter kind:scr") == ["script"]
    assert offers("/filter kind:note fr") == ["from:"]
    assert offers(f"/filter path:{tmp_path}/") == [
        f"{tmp_path}/{name}" for name in ("a\\ b.txt", "čaj.txt", "čajovna/")
    ]
    assert offers(f"/filter path:{tmp_path}/a\\ ") == [f"{tmp_path}/a\\ b.txt"]
    assert offers(f"what is {tmp_path}/č") == [f"{tmp_path}/čaj.txt", f"{tmp_path}/čajovna/"]
    assert offers(f"what is {tmp_path}/.") == [f"{tmp_path}/.hidden"]
    assert offers(f"what is {tmp_path}/none/") == []
    assert offers("a question") == []
    monkeypatch.setenv("HOME", str(tmp_path))
    assert offers("what is ~/čaj.") == ["~/čaj.txt"]
    monkeypatch.chdir(tmp_path)
    assert offers("what is ./a") == ["./a b.txt"]


CHILD = """
import sys, threading
from pathlib import Path
from ask.cli.reading import reader
from ask.cli.shell import Shell
from ask.retriever.hits import Results

class Slow:
    def ask(self, question, say):
        if question.text == "slow":
            say("thinking")
            threading.Event().wait(60)
        say(f"answer to {question.text}")
        return Results(question.text, ())
    def show(self, question, results, say): ...
    def status(self, say): say("fine")

def say(line):
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

sys.exit(Shell(Slow(), say, print).run(reader(Path(sys.argv[1]))))
"""


class Child:
    """A shell on a terminal of its own."""

    def __init__(self, home: Path) -> None:
        import pty

        script = home / "child.py"
        script.write_text(textwrap.dedent(CHILD))
        self.seen = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:  # pragma: no cover
            environ = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
            os.execve(sys.executable, [sys.executable, str(script), str(home)], environ)  # noqa: S606

    def expect(self, text: bytes) -> None:
        """Wait until the screen has shown `text`; what came before is forgotten. A minute of silence is a failure."""
        while text not in self.seen:
            assert select.select([self.terminal], [], [], 60)[0], self.seen
            piece = os.read(self.terminal, 4096)
            assert piece, self.seen
            self.seen += piece
        self.seen = self.seen.split(text, 1)[1]

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def status(self) -> int:
        while True:
            try:
                if not os.read(self.terminal, 4096):
                    break
            except OSError:  # Linux says so when the last writer has gone
                break
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.skipif(os.name != "posix", reason="terminals of its own are a matter of Unix")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # forkpty in a process with threads
def test_on_a_real_terminal_ctrl_c_ends_the_question_and_ctrl_d_the_shell(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.expect(b"ask>")
    child.type(f"slow{ENTER}")
    child.expect(b"thinking")
    child.type(CTRL_C)
    child.expect(b"stopped")
    child.expect(b"ask>")
    child.type(f"quick{ENTER}")
    child.expect(b"answer to quick")
    child.expect(b"ask>")
    child.type(CTRL_D)
    assert child.status() == 0
    assert "+quick" in (tmp_path / "history").read_text()


@pytest.mark.skipif(os.name != "posix", reason="terminals of its own are a matter of Unix")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_on_a_real_terminal_tab_completes(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.expect(b"ask>")
    child.type(f"/st{TAB}")
    child.expect(b"tus")
    child.type(ENTER)
    child.expect(b"fine")
    child.expect(b"ask>")
    child.type(f"/filter ki{TAB}")
    child.expect(b"nd:")
    child.type(f"scr{TAB}")
    child.expect(b"pt")
    child.type(ENTER)
    child.expect(b"filters: kind:script")
    child.expect(b"ask kind:script>")
    child.type(f"/quit{ENTER}")
    assert child.status() == 0


def test_without_a_terminal_lines_are_read_and_prompt_toolkit_is_not_loaded(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(
        textwrap.dedent(CHILD).replace("sys.exit(", "status = (") + "\nassert 'prompt_toolkit' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, script, tmp_path], input=b"/status\n\xff\xfe quick\n", capture_output=True, check=True
    )
    assert done.stdout.decode() == "fine\nanswer to \ufffd\ufffd quick\n"
    assert not (tmp_path / "history").exists()
