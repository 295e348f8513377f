"""Which posts hold text at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.premise import encodable, has_text

LINKS_AND_HANDLES = [
    "https://example.org/a/b?c=d#e",
    "http://t.co/x…",
    "HTTPS://EXAMPLE.ORG",
    "www.example.org/news",
    "@user",
    "@user_1:",
    "@user@host.example",
    "@team.bsky.social",
    "＠user",
    ".@user",
    "RT @user: https://example.org/x",
    "(@user)",
]


@pytest.mark.parametrize(
    "text", ["fire", "火事です", "пожар", "حريق", "πυρκαγιά", "7 é", "🔥 a", "#fire", "#Feuer2024"]
)
def test_a_letter_of_any_script_is_text(text: str) -> None:
    assert has_text(text)


@pytest.mark.parametrize("text", ["", " \n\t", "123 456", "🔥🔥", "¯\\_()_/¯ !!!", "\x00\x1b[31;1", "+1 💯 #1", "ℹ️ Ⓜ️"])
def test_digits_signs_and_emoji_are_not_text(text: str) -> None:
    assert not has_text(text)


@pytest.mark.parametrize("text", LINKS_AND_HANDLES)
def test_links_and_handles_are_not_text_but_what_stands_beside_them_is(text: str) -> None:
    assert not has_text(text)
    assert not has_text(f"🔥 {text} {text}\n{text}")
    assert has_text(f"{text} now")
    assert has_text(f"now {text}")


@pytest.mark.parametrize(
    "text", ["https://t.co/abc火事です", "@user火事です", "mail fire@station.example", "RT if you agree"]
)
def test_what_only_touches_a_link_or_a_handle_is_text(text: str) -> None:
    assert has_text(text)


@pytest.mark.parametrize("text", ["@" * 100_000, "http://" * 20_000, "@a" * 50_000, "RT " * 40_000, "a.@" * 30_000])
def test_a_hundred_kilobytes_of_anything_are_decided_at_once(text: str) -> None:
    has_text(text)  # a pattern that backtracks would run into the time-out


@given(st.lists(st.sampled_from([*LINKS_AND_HANDLES, "🔥", "7", "\n"])))
def test_no_mixture_of_links_handles_and_emoji_is_text(parts: list[str]) -> None:
    assert not has_text(" ".join(parts))


@given(st.text(st.characters(codec=None)))
def test_whatever_json_can_carry_can_be_encoded_and_other_text_stays_as_it_is(text: str) -> None:
    arrived = json.loads(json.dumps(text))

    encodable(arrived).encode("utf-8")
    assert len(encodable(arrived)) == len(arrived)
    if all(not 0xD800 <= ord(character) <= 0xDFFF for character in arrived):
        assert encodable(arrived) == arrived


def test_half_an_emoji_becomes_the_sign_for_what_cannot_be_shown() -> None:
    assert encodable("fire \ud83d!") == "fire \ufffd!"
