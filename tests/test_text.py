from __future__ import annotations

import codecs

import pytest
from ask.indexer.text import decode, encoding, looks_binary, normalise
from hypothesis import given
from hypothesis import strategies as st

CZECH = (
    "Příliš žluťoučký kůň úpěl ďábelské ódy. Ještě že šťastné léto končí až v září, kdy dozrávají švestky.\n"
    "Účetní uzávěrka se koná každé čtvrtletí; přílohy zašlete ředitelství společnosti.\n"
)
SLOVAK = (
    "Kŕdeľ ďatľov učí koňa žrať kôru. Včera večer sme šli domov cez les a stretli sme líšku s mláďaťom.\n"
    "Ľudia, ktorí prišli, už vedeli, že dážď čoskoro ustane.\n"
)
GERMAN = "Die Bücher über größere Städte kosten für Schüler fünf Euro. Schöne Grüße aus München, Jürgen.\n" * 2
FRENCH = "L'été dernier, nous avons déjeuné près de la forêt; où êtes-vous passés après le goûter?\n" * 2
POLISH = "Zażółć gęślą jaźń. Książki są już spakowane, więc możemy iść na dworzec kolejowy.\n" * 2
RUSSIAN = "Съешь же ещё этих мягких французских булок да выпей чаю. Завтра будет дождь.\n" * 2
GREEK = "Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί και τρέχει στο δάσος.\n" * 2
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n" * 3
KOREAN = "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.\n" * 3
CHINESE = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心。\n" * 3


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *[(CZECH, name) for name in ("cp1250", "iso8859-2", "cp852", "mac-latin2")],
        *[(SLOVAK, name) for name in ("cp1250", "iso8859-2")],
        *[(POLISH, name) for name in ("cp1250", "iso8859-2")],
        *[(GERMAN, name) for name in ("cp1252", "cp850")],
        *[(FRENCH, name) for name in ("cp1252", "iso8859-15")],
        *[(RUSSIAN, name) for name in ("cp1251", "koi8-r", "cp866", "iso8859-5")],
        *[(GREEK, name) for name in ("cp1253", "iso8859-7")],
        *[(JAPANESE, name) for name in ("cp932", "euc-jp", "iso2022-jp")],
        (KOREAN, "cp949"),
        (CHINESE, "gb18030"),
    ],
)
def test_legacy_encodings_are_told_apart(text: str, name: str) -> None:
    data = text.encode(name)
    assert decode(data) == text
    assert not looks_binary(data)


@pytest.mark.parametrize("text", [CZECH, GERMAN, JAPANESE, "plain\n"])
@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_with_and_without_marks(text: str, name: str) -> None:
    data = text.encode(name)
    assert decode(data) == text
    assert not looks_binary(data)


@pytest.mark.parametrize("text", [CZECH, GERMAN])
@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_unicode_needs_no_mark(text: str, name: str) -> None:
    data = text.encode(name)
    assert encoding(data) == name
    assert decode(data) == text
    assert not looks_binary(data)


@pytest.mark.parametrize(
    "text", ["Pokud již ovládáš vaření, přejdi na pečení.", "Před odchodem vypni sporák a zalij květiny, prosím tě!"]
)
def test_short_czech_in_latin2_is_not_taken_for_windows(text: str) -> None:
    # chardet alone calls these windows-1250.
    assert decode(text.encode("iso8859-2")) == text
    assert decode(text.encode("cp1250")) == text


def test_a_declared_encoding_is_believed_where_it_fits() -> None:
    assert decode("čáp".encode("iso8859-2"), "iso-8859-2") == "čáp"
    assert decode("čáp".encode(), "iso-8859-2") == "čáp"
    assert decode(CZECH.encode("cp1250"), "ascii") == CZECH
    assert decode(CZECH.encode("cp1250"), "no-such-encoding") == CZECH
    assert decode(CZECH.encode("cp1250"), "base64") == CZECH


def test_a_log_in_two_encodings_is_read_line_by_line() -> None:
    lines = [CZECH.splitlines()[0], "12:05 <jana> příští týden přijedu", "12:06 <petr> žádný problém, těším se"]
    data = lines[0].encode() + b"\n" + lines[1].encode() + b"\n" + lines[2].encode("cp1250")
    assert decode(data) == "\n".join(lines)


def test_one_wrong_byte_does_not_spoil_a_file() -> None:
    data = CZECH.encode() * 3 + b"\xff" + CZECH.encode()
    assert decode(data) == CZECH * 3 + "\ufffd" + CZECH


def test_a_late_first_special_character_is_found() -> None:
    text = "only ascii here\n" * 10_000 + CZECH * 3
    assert decode(text.encode("cp1250")) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\r\nb\r\n", "a\nb\n"), ("a\rb\rc", "a\nb\nc"), ("10%\r20%\nend\n", "10% 20%\nend\n"), ("a\0b", "ab")],
)
def test_line_ends(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_terminal_colours_are_text() -> None:
    data = "\x1b[31mchyba\x1b[0m: soubor nenalezen, příště lépe\n".encode() * 20
    assert not looks_binary(data)
    assert decode(data) == data.decode()


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 40, b"\x7fELF\x02\x01\x01" + bytes(100), b"text and then\n" * 2000 + bytes(20_000) + b"end"],
)
def test_binary_data_is_recognised(data: bytes) -> None:
    assert looks_binary(data)


@given(st.binary(max_size=400))
def test_any_bytes_give_text_that_can_be_stored(data: bytes) -> None:
    text = decode(data)
    text.encode("utf-8")
    assert "\0" not in text
    assert "\r" not in text
    looks_binary(data)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r\x1b\ufeff")))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode(text.encode()) == text
    assert decode(codecs.BOM_UTF8 + text.encode()) == text


@given(st.lists(st.text(alphabet="abcř ", max_size=8), min_size=2, max_size=20), st.sampled_from(["\r\n", "\r", "\n"]))
def test_lines_keep_their_numbers(lines: list[str], end: str) -> None:
    assert decode(end.join(lines).encode()).split("\n") == lines
