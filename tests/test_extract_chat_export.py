"""Chats and conversations with assistants exported as JSON."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from ask.indexer.documents import REASONS, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

LINK = "https://example.org/kettle"
EVENING = datetime(2021, 5, 4, 12, 0, tzinfo=UTC)
SECONDS = EVENING.timestamp()
LATER = SECONDS + 24 * 3600


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def mojibake(text: str) -> str:
    return text.encode().decode("latin-1")


def telegram_message(seconds: float, who: str, text: Any) -> dict[str, Any]:
    at = str(int(seconds))
    return {"id": 1, "type": "message", "date_unixtime": at, "from": who, "from_id": "user1", "text": text}


def said_by(role: str, seconds: float, text: str, parent: str) -> dict[str, Any]:
    message = {"author": {"role": role}, "create_time": seconds, "content": {"parts": [text]}}
    return {"message": message, "parent": parent}


TELEGRAM: dict[str, Any] = {
    "name": "Kotle",
    "type": "private_group",
    "id": 1,
    "messages": [
        {"id": 0, "type": "service", "date_unixtime": "0", "actor": "Petr", "action": "create_group", "text": ""},
        telegram_message(SECONDS, "Petr", ["podívej\nna ", {"type": "link", "text": LINK}, " prosím"]),
        telegram_message(SECONDS + 60, "Jana", "díky, žluťoučký"),
        telegram_message(LATER, "Jana", "ráno"),
    ],
}
DISCORD: dict[str, Any] = {
    "guild": {"id": "1", "name": "Dům"},
    "channel": {"id": "2", "type": "GuildTextChat", "category": "x", "name": "Kotle", "topic": None},
    "messages": [
        {
            "id": "1",
            "timestamp": stamp(SECONDS),
            "content": f"podívej {LINK}",
            "author": {"name": "p", "nickname": "Petr"},
        },
        {"id": "2", "timestamp": stamp(SECONDS + 60), "content": "díky, žluťoučký", "author": {"name": "Jana"}},
        {"id": "3", "timestamp": stamp(LATER), "content": "ráno", "author": {"name": "Jana"}},
    ],
}
MESSENGER: dict[str, Any] = {
    "participants": [{"name": "Petr"}, {"name": "Jana"}],
    "messages": [
        {"sender_name": "Jana", "timestamp_ms": int(LATER * 1000), "content": mojibake("ráno")},
        {"sender_name": "Jana", "timestamp_ms": int(SECONDS * 1000 + 60_000), "content": mojibake("díky, žluťoučký")},
        {"sender_name": "Petr", "timestamp_ms": int(SECONDS * 1000), "content": "podívej", "share": {"link": LINK}},
    ],
    "title": "Kotle",
}
MESSENGER["messages"][2]["content"] = mojibake("podívej")
MATRIX: dict[str, Any] = {
    "room_name": "Kotle",
    "messages": [
        {"sender": f"@{who}:example.org", "origin_server_ts": int(at * 1000), "content": {"body": text}}
        for who, at, text in [
            ("Petr", SECONDS, f"podívej {LINK}"),
            ("Jana", SECONDS + 60, "díky, žluťoučký"),
            ("Jana", LATER, "ráno"),
        ]
    ],
}
SLACK: list[dict[str, Any]] = [
    {"type": "message", "subtype": "channel_join", "user": "U1", "text": "joined", "ts": f"{SECONDS}"},
    {"type": "message", "user_profile": {"real_name": "Petr"}, "text": f"podívej &amp; <{LINK}>", "ts": f"{SECONDS}"},
    {"type": "message", "user": "Jana", "text": "díky, žluťoučký", "ts": f"{SECONDS + 60}"},
    {"type": "message", "user": "Jana", "text": "ráno", "ts": f"{LATER}"},
]
TEAMS: dict[str, Any] = {
    "userId": "8:jana",
    "conversations": [{"id": "19:x", "displayName": "Kotle", "MessageList": [
        {"displayName": who, "from": f"8:{who}", "originalarrivaltime": stamp(at), "content": text, "messagetype": kind}
        for who, at, text, kind in [
            ("Jana", LATER, "ráno", "Text"),
            ("Petr", SECONDS + 90, "<addmember>x</addmember>", "ThreadActivity/AddMember"),
            ("Jana", SECONDS + 60, "díky, <b>žluťoučký</b>", "RichText"),
            ("Petr", SECONDS, f'podívej <a href="{LINK}">{LINK}</a>', "RichText/Html"),
        ]
    ]}],
}  # fmt: skip
SIGTOP: list[dict[str, Any]] = [
    {"conversationId": "c", "sent_at": int(at * 1000), "type": "incoming", "source": who, "body": text}
    for who, at, text in [("Petr", SECONDS, f"podívej {LINK}"), ("Jana", SECONDS + 60, "díky, žluťoučký"),
                          ("Jana", LATER, "ráno")]
]  # fmt: skip
EXPORTS: dict[str, Any] = {
    "messages.json": TEAMS,
    "Kotle/signal.json": SIGTOP,
    "result.json": TELEGRAM,
    "Dům - Kotle [2].json": DISCORD,
    "message_1.json": MESSENGER,
    "export.json": MATRIX,
    "Kotle/2021-05-04.json": SLACK,
}
CHATGPT: list[dict[str, Any]] = [
    {
        "title": "Oprava kotle",
        "create_time": SECONDS,
        "mapping": {
            "a": {"message": None, "parent": None},
            "b": said_by("user", SECONDS, "Proč nejede kotel?", "a"),
            "x": said_by("assistant", SECONDS, "Zahozeno.", "b"),
            "c": said_by("assistant", SECONDS + 5, "Nemá vodu.\nDoplňte ji.", "b"),
        },
        "current_node": "c",
    }
]
CLAUDE: list[dict[str, Any]] = [
    {
        "uuid": "1",
        "name": "Oprava kotle",
        "created_at": stamp(SECONDS),
        "chat_messages": [
            {"uuid": "2", "sender": "human", "created_at": stamp(SECONDS), "text": "Proč nejede kotel?", "content": []},
            {
                "uuid": "3",
                "sender": "assistant",
                "created_at": stamp(SECONDS + 5),
                "content": [{"type": "text", "text": "Nemá vodu.\nDoplňte ji."}],
            },
        ],
    }
]


def documents(value: Any, path: str, **how: Any) -> tuple[list[Document], list[str]]:
    text = json.dumps(value, **{"ensure_ascii": False, "indent": 1, **how})
    return list(read(Source(text.encode(), path.rpartition("/")[2], f"/home/a/{path}"))), text.splitlines()


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("path", EXPORTS)
def test_the_link_that_petr_posted(path: str, ascii_only: bool) -> None:
    (first, second), rows = documents(EXPORTS[path], path, ensure_ascii=ascii_only)
    assert first.kind == "chat"
    assert first.facts["channel"] == "Kotle"
    assert first.facts["links"] == LINK
    assert first.people == ("Petr", "Jana")
    assert first.date == EVENING
    assert first.member == EVENING.astimezone().strftime("%Y-%m-%d")
    assert "podívej" in first.text
    assert "Jana: díky, žluťoučký" in first.text
    at = first.text.index(LINK)
    assert LINK in rows[(first.line_at(at) or 0) - 1]
    assert second.text.endswith("Jana: ráno")
    assert "r" in rows[(second.line_at(len(second.text) - 1) or 0) - 1]


def test_signal_one_message_below_the_other() -> None:
    """As signal-export writes it, in a folder for each conversation."""
    rows = [{"date": stamp(at), "sender": who, "body": text, "quote": "", "reactions": [], "attachments": []}
            for who, at, text in [("Petr", SECONDS, f"podívej {LINK}"), ("Me", LATER, "ráno")]]  # fmt: skip
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    first, second = read(Source(text.encode(), "data.json", "/home/a/export/Kotle/data.json"))
    assert (first.facts["channel"], first.people, first.facts["links"]) == ("Kotle", ("Petr",), LINK)
    assert (second.people, second.line_at(0)) == (("Me",), 2)


def test_all_chats_of_telegram_in_one_file() -> None:
    other = {**TELEGRAM, "name": "Jiní", "messages": [telegram_message(SECONDS, "Eva", "ahoj")]}
    contacts = {"list": [{"name": "Nobody", "type": "private"}]}
    whole = {"about": "…", "frequent_contacts": contacts, "chats": {"about": "…", "list": [TELEGRAM, other]}}
    found, _ = documents(whole, "result.json")
    assert [document.facts["channel"] for document in found] == ["Kotle", "Kotle", "Jiní"]
    assert found[2].text.endswith("Eva: ahoj")
    assert len({document.member for document in found}) == 3


@pytest.mark.parametrize("value", [CHATGPT, CLAUDE])
def test_conversations_with_assistants(value: Any) -> None:
    (chat,), rows = documents(value, "conversations.json")
    assert (chat.kind, chat.title, chat.member, chat.date) == ("chat", "Oprava kotle", "1", EVENING)
    assert "Zahozeno" not in chat.text
    assert chat.text.endswith("Nemá vodu.\nDoplňte ji.")
    assert "Nemá" in rows[(chat.line_at(chat.text.index("Nemá")) or 0) - 1]


@pytest.mark.parametrize("value", [{"messages": [], "from_id": 1}, {"type": "message", "text": "x"}, [{"ts": 1}]])
def test_other_json_is_data(value: Any) -> None:
    (document,), _ = documents(value, "a.json")
    assert document.kind in ("data", "config")


def reason(data: bytes, path: str) -> str:
    """Why an export cannot be read; empty when it can, and then its documents are sound."""
    try:
        for document in read(Source(data, path.rpartition("/")[2], path)):
            assert document.text.strip()
            assert [at for at, _ in document.lines or ()] == sorted({at for at, _ in document.lines or ()})
    except Unreadable as problem:
        return problem.reason
    return ""


@pytest.mark.parametrize("path", [*EXPORTS, "chatgpt.json", "claude.json"])
def test_damage_is_refused_or_read(path: str) -> None:
    dice = random.Random(path)
    value = EXPORTS.get(path, CHATGPT if "gpt" in path else CLAUDE)
    whole = json.dumps(value, indent=dice.choice([None, 1])).encode()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 15)):
            data[dice.randrange(len(data))] = dice.choice(b'0123456789:-[]{}<>"\\ \n,tn\xff')
        assert reason(bytes(data), path) in ("", *REASONS)


@pytest.mark.parametrize("path", EXPORTS)
def test_fields_of_other_types_do_no_harm(path: str) -> None:
    dice = random.Random(path)
    odd = [None, 1, 1e300, -1, True, "x", [], {}, [{}], {"a": []}, "\ud800", "9" * 50]

    def spoiled(value: Any) -> Any:
        if dice.random() < 0.15:
            return dice.choice(odd)
        if isinstance(value, dict):
            return {key: spoiled(inner) for key, inner in value.items()}
        return [spoiled(inner) for inner in value] if isinstance(value, list) else value

    for _ in range(150):
        assert reason(json.dumps(spoiled(EXPORTS[path])).encode(), path) in ("", *REASONS)


def test_json_without_end() -> None:
    text = '{"messages": [{"from_id": ' + "[" * 100_000
    assert reason(text.encode(), "result.json") in ("", *REASONS)
