"""Logs of chats: who said what, when, and on which line of the file."""

from __future__ import annotations

import random
from datetime import datetime

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

LINK = "https://example.org/kettle"

IRSSI = f"""\
--- Log opened Sat Mar 14 20:00:00 2009
20:00 -!- Petr [petr@host] has joined #ask
20:01 <@Petr> ahoj, podívej na tohle
20:01 < Jana> co to je?
20:02  * Petr hledá odkaz
20:02 <@Petr> {LINK}
23:50 < Jana> dobrou noc
--- Day changed Sun Mar 15 2009
08:00 < Jana> dobré ráno
"""
WEECHAT = f"""\
2009-03-14 20:00:00\t-->\tPetr (petr@host) has joined #ask
2009-03-14 20:01:00\t@Petr\tahoj, podívej na tohle
2009-03-14 20:01:10\tJana\tco to je?
2009-03-14 20:02:00\t *\tPetr hledá odkaz
2009-03-14 20:02:20\t@Petr\t{LINK}
2009-03-14 23:50:00\tJana\tdobrou noc
2009-03-15 08:00:00\tJana\tdobré ráno
"""
HEXCHAT = f"""\
**** BEGIN LOGGING AT Sat Mar 14 20:00:00 2009

Mar 14 20:00:00 *\tNow talking on #ask
Mar 14 20:01:00 <Petr>\tahoj, podívej na tohle
Mar 14 20:01:10 <Jana>\tco to je?
Mar 14 20:02:20 <Petr>\t{LINK}
Mar 14 23:50:00 <Jana>\tdobrou noc
Mar 15 08:00:00 <Jana>\tdobré ráno
"""
ZNC = f"""\
[20:00:00] *** Joins: Petr (petr@host)
[20:01:00] <Petr> ahoj, podívej na tohle
[20:01:10] <Jana> co to je?
[20:02:20] <Petr> {LINK}
[23:50:00] <Jana> dobrou noc
[08:00:00] <Jana> dobré ráno
"""
QUASSEL = f"""\
[2009-03-14 20:01:00] <Petr> ahoj, podívej na tohle
[2009-03-14 20:01:10] <Jana> co to je?
[2009-03-14 20:02:20] <Petr> {LINK}
[2009-03-14 23:50:00] <Jana> dobrou noc
[2009-03-15 08:00:00] <Jana> dobré ráno
"""
PIDGIN = f"""\
Conversation with jana@example.org at Sat 14 Mar 2009 20:00:00 CET on petr (jabber)
(20:01:00) Petr: ahoj, podívej na tohle
(20:01:10) Jana: co to je?
(20:02:20) Petr: {LINK}
(23:50:00) Jana: dobrou noc
(08:00:00) Jana: dobré ráno
"""
ANDROID = f"""\
14.03.2009 20:00 - Messages and calls are end-to-end encrypted.
14.03.2009 20:01 - Petr: ahoj, podívej na tohle
14.03.2009 20:01 - Jana: co to je?
14.03.2009 20:02 - Petr: odkaz
je na druhém řádku: {LINK}
14.03.2009 23:50 - Jana: dobrou noc
15.03.2009 08:00 - Jana: dobré ráno
"""
IOS = ANDROID.replace("2009 ", "2009, ").replace("14.03", "[14.03").replace("15.03", "[15.03").replace(" - ", ":00] ")
AMERICAN = """\
3/14/09, 8:01 PM - Petr: hi
3/14/09, 11:50 PM - Jana: good night
3/15/09, 12:10 AM - Petr: still here
"""
LOGS = {
    "irclogs/libera/#ask.log": IRSSI,
    "weechat/logs/irc.libera.#ask.weechatlog": WEECHAT,
    "xchatlogs/libera-#ask.log": HEXCHAT,
    "znc/libera/#ask/2009-03-14.log": ZNC,
    "eggdrop/#ask.log.14Mar2009": ZNC,
    "old/#ask_20090314.log": ZNC,
    "irc/2009/03/14/%23ask.txt": ZNC,
    "quassel/#ask.log": QUASSEL,
    "purple/2009-03-14.200000.txt": PIDGIN,
    "WhatsApp Chat with #ask.txt": ANDROID,
    "Chat WhatsApp s #ask.txt": IOS,
}


def documents(text: str | bytes, path: str, modified: datetime | None = None) -> list[Document]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(Source(data, path.rpartition("/")[2], f"/home/a/{path}", modified)))


@pytest.mark.parametrize("path", LOGS)
def test_the_link_that_petr_posted(path: str) -> None:
    log = LOGS[path]
    first, second = documents(log, path)
    assert (first.kind, first.member, second.member) == ("chat", "2009-03-14", "2009-03-15")
    assert first.date is not None
    assert first.date.strftime("%Y-%m-%d %H:%M") == "2009-03-14 20:01"
    assert first.people == ("Petr", "Jana")
    assert first.facts["links"] == LINK
    if "purple" not in path:
        assert first.facts["channel"] == "#ask"
        assert first.title == "#ask 2009-03-14"
    at = first.text.index(LINK)
    assert LINK in log.splitlines()[(first.line_at(at) or 0) - 1]
    (block,) = (block for block in first.blocks if block.start <= at < block.end)
    assert block.heading == ("2009-03-14 20:01",)
    assert first.text[block.start : block.end].startswith(("20:02 Petr: ", "20:02 * Petr "))
    assert first.blocks[-1].heading == ("2009-03-14 23:50",)
    assert second.text == "08:00 Jana: dobré ráno"
    assert second.line_at(0) == len(log.splitlines())


@pytest.mark.parametrize("path", LOGS)
def test_every_line_knows_its_place(path: str) -> None:
    rows = LOGS[path].splitlines()
    for document in documents(LOGS[path], path):
        offset = 0
        for line in document.text.split("\n"):
            words = line.split()[-1]
            assert words in rows[(document.line_at(offset) or 0) - 1]
            assert document.line_at(offset) == document.line_at(offset + len(line) - 1)
            offset += len(line) + 1


def test_who_came_and_went_is_left_out() -> None:
    first, _ = documents(IRSSI, "#ask.log")
    assert "joined" not in first.text
    assert "20:02 * Petr hledá odkaz" in first.text


def test_months_first_in_american_exports() -> None:
    first, second = documents(AMERICAN, "WhatsApp Chat with Petr.txt")
    assert (first.member, second.member) == ("2009-03-14", "2009-03-15")
    assert first.text == "20:01 Petr: hi\n23:50 Jana: good night"
    assert second.text == "00:10 Petr: still here"


def test_days_are_counted_back_from_the_file_itself() -> None:
    modified = datetime(2010, 1, 2, 12, 0).astimezone()
    first, second = documents(ZNC, "channel.log", modified)
    assert (first.member, second.member) == ("2010-01-01", "2010-01-02")


def test_without_any_day_there_is_one_document() -> None:
    (chat,) = documents(ZNC, "channel.log")
    assert (chat.date, chat.member, chat.kind) == (None, None, "chat")


def test_codes_for_colours_are_no_text() -> None:
    (chat,) = documents("[20:00:00] <Petr> \x0304,01red\x03 \x02bold\x02\n[20:01:00] <Jana> ok\n", "2009-03-14.log")
    assert chat.text == "20:00 Petr: red bold\n20:01 Jana: ok"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mar 14 20:00:00 host sshd[1]: accepted\nMar 14 20:00:01 host cron[2]: started\n", "syslog.log"),
        ("2009-03-14 20:00:00\tINFO\tstarted\n2009-03-14 20:00:01\tERROR\tfailed\n", "server.log"),
        ("2009-03-14 20:00:00 INFO started\n2009-03-14 20:00:01 done\n", "server.log"),
        ("10:00 breakfast\n11:00 walk\n", "plan.txt"),
        ("14.03.2009 20:00 - dinner\n", "plan.txt"),
        ("<p>text</p>\n", "a.txt"),
    ],
)
def test_other_files_with_times_are_no_chats(text: str, name: str) -> None:
    assert documents(text, name)[0].kind != "chat"


@pytest.mark.parametrize("encoding", ["iso8859-2", "cp1250", "utf-16"])
def test_logs_in_old_encodings(encoding: str) -> None:
    document = documents(IRSSI.encode(encoding), "#ask.log")[0]
    assert "hledá odkaz" in document.text
    assert encoding == "utf-16" or document.kind == "chat"


def reason(data: bytes, path: str) -> str:
    """Why a log cannot be read; empty when it can, and then its documents are sound."""
    try:
        for document in documents(data, path):
            assert document.text.strip()
            assert all(0 <= offset <= len(document.text) for offset, _ in document.lines or ())
            assert [offset for offset, _ in document.lines or ()] == sorted({at for at, _ in document.lines or ()})
    except Unreadable as problem:
        return problem.reason
    return ""


@pytest.mark.parametrize("path", LOGS)
def test_damage_is_refused_or_read(path: str) -> None:
    dice = random.Random(path)
    whole = LOGS[path].encode()
    for _ in range(120):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 30)):
            data[dice.randrange(len(data))] = dice.choice(b"0123456789:-[]<> \t\nA\xff\0")
        assert reason(bytes(data[dice.randrange(40) :]), path) in ("", *REASONS)
