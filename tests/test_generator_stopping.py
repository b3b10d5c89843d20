"""Bytes to text: whole characters, no stop words."""

from __future__ import annotations

from ask.generator.stopping import Stopper
from hypothesis import given
from hypothesis import strategies as st


def fed(pieces: list[bytes], stop: list[str]) -> str:
    stopper = Stopper(stop)
    return "".join([stopper.feed(piece) for piece in pieces] + [stopper.rest()])


def test_a_character_split_between_tokens_comes_whole() -> None:
    stopper = Stopper([])
    assert stopper.feed("ž".encode()[:1]) == ""
    assert stopper.feed("ž".encode()[1:]) == "ž"


def test_nothing_of_a_stop_word_is_shown_before_it_is_known() -> None:
    stopper = Stopper(["User:"])
    assert stopper.feed(b"Hello Us") == "Hello "
    assert stopper.feed(b"e less") == "Use less"
    assert stopper.feed(b" User: hi") == " "
    assert stopper.stopped
    assert stopper.rest() == ""


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=4), max_size=3), st.integers(1, 5))
def test_the_text_ends_before_the_first_stop_word_however_it_is_cut(text: str, stop: list[str], size: int) -> None:
    data = text.encode("utf-8", "ignore")
    whole = data.decode()
    found = [at for word in stop if (at := whole.find(word)) >= 0]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    shown = fed(pieces, stop)
    assert whole.startswith(shown)
    if not found:
        assert shown == whole
    else:
        assert not any(word in shown for word in stop)
