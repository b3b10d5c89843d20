from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from ask.cli import gate
from hypothesis import given
from hypothesis import strategies as st

ORDINARY = [
    "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Cafe\u0301 de\u0301compose\u0301",  # decomposed accents
    "漢字とカタカナ、한국어 조선말, 简体字",
    "葛\U000e0100城市, 辻\ufe00",  # a chosen form of an ideograph
    "👩\u200d💻 👨\u200d👩\u200d👧\u200d👦 👍🏽 ❤\ufe0f 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3 🇨🇿 ☕",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
    "می\u200cخواهم",  # Persian needs its joiners
    "क्\u200dष",
    "שלום עולם, привет, γειά",
    "café — “quoted” … 12 °C ± 3 €",
    "\ue0b0 private use, as in fonts of terminals",
]


def unsafe(text: str, allowed: str = "") -> list[str]:
    """What must never come out, defined without the gate: by Unicode categories."""
    return [
        f"U+{ord(c):04X}"
        for c in text
        if c not in allowed
        and (
            unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
            or 0xFE00 <= ord(c) <= 0xFE0F
            or 0xE0000 <= ord(c) <= 0xE0FFF
        )
    ]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_not_altered(text: str) -> None:
    assert gate.clean(text) == text
    assert gate.clean(f"{text}\n\t{text}", lines=True) == f"{text}\n\t{text}"
    assert gate.clean_path(text) == text
    stream = gate.Stream()
    assert "".join(map(stream.feed, text)) + stream.close() == text


def test_every_control_format_and_invisible_character_is_taken_out() -> None:
    """Against the tables of this Python, so that a character added to Unicode is noticed here."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unsafe(character):
            shown = gate.clean(f"a{character}b")
            assert unsafe(shown) == [], f"U+{code:04X}"
            assert unsafe(gate.clean_path(f"a{character}b")) == [], f"U+{code:04X}"
            assert len(gate.clean_path(f"a{character}b")) > 3, f"U+{code:04X} is hidden in a path"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred\x9b0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;cm0gLXJm\x1b\\after", "after"),
        ("\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x9d52;c;cm0gLXJm\x9cafter", "after"),
        ("\x1bP$q\"p\x1b\\after", "after"),
        ("\x1b_Gf=24;AAAA\x1b\\after", "after"),
        ("\x1b^private\x1b\\after", "after"),
        ("\x1bXstring\x1b\\after", "after"),
        ("\x1bcreset", "reset"),
        ("\x1b(0line", "line"),
        ("\x1b#8", ""),
        ("\x1b\x1b[2J[2J", "[2J"),
        ("no end \x1b]0;title", "no end 0;title"),
        ("no end \x1b]0;title\nnext", "no end 0;title next"),
        ("over\rwritten", "over written"),
        ("line\r\nend\x85and\u2028more\u2029", "line end and more "),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("in\u200bvis\u2060ible\ufeff", "invisible"),
        ("a\u200db", "ab"),
        ("\U000e0061\U000e0062hidden tags", "hidden tags"),
        ("a\ufe0f\U000e0121", "a"),
        ("\udc9b31m", "\\x9b31m"),
        ("\ud800", "\ufffd"),
        ("bell\x07 back\x08space \x00nul", "bell backspace nul"),
        ("a\tb", "a b"),
    ],
)  # fmt: skip
def test_one_line(text: str, shown: str) -> None:
    assert gate.clean(text) == shown


def test_lines_are_kept_where_they_are_wanted() -> None:
    assert gate.clean("a\tb\r\nc\u2028d\re\x1b[1m", lines=True) == "a\tb\nc\nd\ne"


def test_names_show_what_is_strange_about_them() -> None:
    assert gate.clean_path(os.fsdecode(b"caf\xe9.txt")) == "caf\\xe9.txt"
    assert gate.clean_path("/a/\x1b[31mred\n\u202etxt") == "/a/\\x1b[31mred\\x0a\\u202etxt"
    assert gate.clean_path("blank\u3164\U000e0041") == "blank\\u3164\\U000e0041"


def payloads(count: int) -> list[str]:
    """Escape payloads of every kind, some cut, doubled, nested or mixed; always the same ones."""
    rng = random.Random(7)
    strings = ["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x9d", "\x90", "\x9f", "\x9e", "\x98"]
    bodies = [
        "52;c;cm0gLXJmIC8=",
        "8;;http://evil.example/",
        "0;owned",
        "1337;File=:AAAA",
        "q#0;2",
        "Ga=T,f=100;AAAA",
    ]
    ends = ["\x07", "\x1b\\", "\x9c", "", "\x18", "\x1b", "\n", "\r"]
    odd = [
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\xad",
        "\U000e0041",
        "\ufe0f",
        "\u2028",
        "\x85",
        "\x7f",
    ]

    def one() -> str:
        match rng.randrange(8):
            case 0 | 1:
                return rng.choice(["\x1b[", "\x9b"]) + rng.choice(
                    ["2J", "31m", "?1049h", "6n", "1;1H", "5", "", "!p", ">4;2m"]
                )
            case 2 | 3 | 4:
                return rng.choice(strings) + rng.choice(bodies) * rng.choice([1, 1, 40]) + rng.choice(ends)
            case 5:
                return "\x1b" + chr(rng.randrange(0x20, 0x7F)) + rng.choice(["", "0", "B"])
            case 6:
                return "".join(rng.choices(odd, k=rng.randint(1, 6)))
            case _:
                return "".join(
                    chr(rng.choice([*range(0x20), *range(0x7F, 0xA0), 0xDC9B])) for _ in range(rng.randint(1, 8))
                )

    def mixed() -> str:
        whole = "".join(one() for _ in range(rng.randint(1, 4)))
        if rng.random() < 0.3:
            whole = whole[: rng.randint(1, len(whole))]
        at = rng.randint(0, len(whole))
        return whole[:at] + rng.choice(["", "čau", " 👩\u200d💻 ", one()]) + whole[at:]

    return [mixed() for _ in range(count)]


def test_payloads_leave_nothing_whole_in_lines_in_paths_and_in_streams() -> None:
    rng = random.Random(11)
    for payload in payloads(3000):
        text = f"před {payload} po"
        assert unsafe(gate.clean(text), "\u200d") == [], ascii(payload)
        assert unsafe(gate.clean(text, lines=True), "\n\t\u200d") == [], ascii(payload)
        assert unsafe(gate.clean_path(text), "\u200d") == [], ascii(payload)
        stream, at, out = gate.Stream(), 0, ""
        while at < len(text):
            step = rng.randint(1, 5)
            piece = stream.feed(text[at : at + step])
            assert unsafe(piece, "\n\t\u200d") == [], ascii(payload)
            out += piece
            at += step
        out += stream.close()
        assert out == gate.clean(text, lines=True), ascii(payload)


SHOWER = """
import sys
from ask.cli import gate, terminal
terminal.prepare(sys.stdout)
look = terminal.terminal(sys.stdout)
text = open(sys.argv[1], encoding="utf-8", errors="surrogateescape", newline="\\n").read()
for line in text.split("\\0\\0"):
    path = look.link(look.paint(gate.clean_path(line), "path"), "/tmp/" + line.replace("\\0", ""), 3)
    print(path + " " + look.paint(gate.clean(line), "match"))
"""

OWN = re.compile(rb"\x1b\[[0-9;]*m|\x1b\]8;;(?:file://[A-Za-z0-9%./:~_-]*)?\x1b\\")


def bytes_shown(tmp_path: Path, *, tty: bool) -> bytes:
    """What really comes out at the other end of a terminal or a pipe."""
    hostile = tmp_path / "payloads"
    text = "\0\0".join(payload.replace("\0", "") for payload in payloads(1200))
    hostile.write_bytes(text.encode("utf-8", "surrogateescape"))
    command = [sys.executable, "-c", SHOWER, str(hostile)]
    environ = {**os.environ, "TERM": "xterm-kitty", "PYTHONIOENCODING": "utf-8"}
    environ.pop("NO_COLOR", None)
    if not tty:
        return subprocess.run(command, env=environ, capture_output=True, check=True).stdout
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, env=environ, stdout=follower, stdin=follower)
    os.close(follower)
    out = bytearray()
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # Linux says so when the last writer has gone
            break
        if not piece:
            break
        out += piece
    os.close(leader)
    assert process.wait() == 0
    return bytes(out).replace(b"\r\n", b"\n")


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_nothing_but_our_own_sequences_reaches_the_reader(tmp_path: Path, tty: bool) -> None:
    out = bytes_shown(tmp_path, tty=tty)
    assert out.count(b"\n") == 1200
    assert (len(OWN.findall(out)) > 4000) == tty
    assert unsafe(OWN.sub(b"", out).decode(), "\n\u200d") == []


@given(
    st.lists(st.text(st.sampled_from("ab5\x1b[]\\0;m\x07\x9b\x9c\x9d\r\n\u200d\ufe0f👩💻#漢\U000e0100ی\u200c\udc80P")))
)
def test_a_stream_gives_what_the_whole_gives(pieces: list[str]) -> None:
    stream = gate.Stream()
    assert "".join(map(stream.feed, pieces)) + stream.close() == gate.clean("".join(pieces), lines=True)


def test_a_stream_holds_little_back() -> None:
    stream = gate.Stream()
    assert stream.feed("word \x1b]0;") == "word "
    shown = "".join(stream.feed("x" * 100) for _ in range(50))
    assert len(shown) > 800


@given(st.text(st.sampled_from("ab \t\x1b[31m\u202e\x07č\udc80]"), max_size=40), st.data())
def test_spans_mark_the_same_text_after_cleaning(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    shown, [(a, b)] = gate.clean_spans(text, [(start, end)], tab=" ")
    assert shown == gate.clean(text)
    assert 0 <= a <= b <= len(shown)
    marked = text[start:end]
    if "\x1b" not in text:
        assert shown[a:b] == gate.clean(marked)


def test_spans_after_a_sequence() -> None:
    assert gate.clean_spans("\x1b[1mskript\x1b[0m a\tb", [(4, 10), (15, 18)]) == (
        "skript a    b",
        [(0, 6), (7, 13)],
    )


@given(st.text(st.characters(exclude_categories=[])))
def test_json_gives_the_text_back_and_holds_nothing_unsafe(text: str) -> None:
    written = gate.to_json({"snippet": text})
    assert unsafe(written) == []
    written.encode()  # is valid UTF-8
    if not re.search("[\ud800-\udbff][\udc00-\udfff]", text):  # two halves become one letter, as JSON says
        assert json.loads(written) == {"snippet": text}


def test_json_stays_readable_and_keeps_the_bytes_of_a_path() -> None:
    name = b"/home/\xe9t\xe9/\x1b[31m\xc5\xbe.txt"
    written = gate.to_json({"path": os.fsdecode(name), "title": "žluť \x7f\x9b"}, indent=2)
    assert '"title": "žluť \\u007f\\u009b"' in written
    assert "\\udce9t\\udce9/\\u001b[31mž" in written
    assert os.fsencode(json.loads(written)["path"]) == name
    with pytest.raises(ValueError, match="not JSON compliant"):
        gate.to_json(float("nan"))


def test_json_is_utf8_whatever_the_stream_says() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    gate.write_json({"a": "č"}, stream)
    assert raw.getvalue() == '{"a": "č"}\n'.encode()
    text = io.StringIO()
    gate.write_json(1, text)
    assert text.getvalue() == "1\n"


def test_links_hold_the_path_in_ascii() -> None:
    path = os.fsdecode(b"/home/o/\xe9 \x1b]8;;x\x07#?%.txt")
    linked = gate.link("name", path, 7)
    assert linked.isascii()
    assert re.fullmatch(
        r"\x1b\]8;;file://[^/]*/home/o/%E9%20%1B%5D8%3B%3Bx%07%23%3F%25\.txt\x1b\\name\x1b\]8;;\x1b\\", linked
    )
    assert "vscode://file/a%7Bline%7D:7" in gate.link("a", "/a{line}", 7, address="vscode://file{path}:{line}")


def test_only_the_gate_writes_escape_sequences() -> None:
    """Colours made elsewhere could be put around text that was never cleaned."""
    found = [
        f"{file.name}:{number}"
        for folder in ("cli", "generator", "retriever", "indexer")
        for file in (Path(gate.__file__).parent.parent / folder).rglob("*.py")
        if file.name != "gate.py"
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(r"\\x1b\[|\\033\[|\\e\[|\x1b|print\([^)]*\\u001b", line)
    ]
    assert found == []
