"""Text on its way into Discord: as it was, and doing nothing."""

from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.chat.discord.text import BLANK, MOST_CONTENT, counted, cut, escape, fitting, literal, plain, units
from bot.chat.plain import printable
from tests.fakes.drawn import HOSTILE_ID, as_read, done
from tests.fakes.hostile import HOSTILE, hostile_texts

MARKS = st.text(st.sampled_from("\\*_~`|<>[]()#-+.:/@&!1aZ \n\u200b\ufeff\u2028é字🔥"), max_size=60)
"""Nothing but what means something to Discord, and what may stand beside it."""


def effects(text: str) -> list[str]:
    """What this does as a message's content and as an embed's description, pings allowed."""
    found = done({"content": text, "embeds": [{"title": text, "description": text}]})
    return [f"{one.kind} {one.what}" for one in found]


@pytest.mark.parametrize("text", HOSTILE, ids=count())
def test_a_hostile_string_does_nothing(text: str) -> None:
    assert effects(literal(text)) == []


@given(MARKS | hostile_texts())
@settings(max_examples=1_000, derandomize=True, deadline=None)
def test_made_up_strings_do_nothing(text: str) -> None:
    assert effects(literal(text)) == []


@given(MARKS | hostile_texts(), st.integers(1, 30))
@settings(max_examples=1_000, derandomize=True, deadline=None)
def test_a_text_that_was_cut_does_nothing_either_and_is_no_longer_than_allowed(text: str, most: int) -> None:
    shown = escape(text, most)
    assert units(shown) <= most
    assert effects(shown) == []
    shown.encode()  # no half of a character goes out


@given(MARKS | hostile_texts() | st.text())
@settings(max_examples=1_000, derandomize=True)
def test_people_read_what_was_written(text: str) -> None:
    def without_blanks(read: str) -> str:
        return read.replace(f"@{BLANK}", "@")

    assert without_blanks(as_read(literal(text))) == without_blanks(printable(text))


@given(MARKS | hostile_texts(), st.integers(1, 30))
@settings(max_examples=1_000, derandomize=True)
def test_no_cut_text_ends_in_half_an_escape(text: str, most: int) -> None:
    shown = escape(text, most, end="")
    assert (len(shown) - len(shown.rstrip("\\"))) % 2 == 0
    assert as_read(literal(text)).startswith(as_read(shown))


def test_the_check_would_find_what_does_something() -> None:
    careless = f"<@{HOSTILE_ID}> @here **b** https://evil.example [x](http://evil.example) discord.gg/a\n# x"
    kinds = {effect.partition(" ")[0] for effect in effects(careless)}
    assert kinds >= {"ping", "mention", "format", "link", "masked", "invite", "unfurl"}


@pytest.mark.parametrize(
    "text",
    [
        "security 91% · (CVE-2026-1), 10 & 11: well-known, 3.14, 24/7!",
        "#ai and #databases at @vendor",
        "Ärger, 字, eg this; “so” — 'x' = y + z?",
    ],
)
def test_what_means_nothing_stays_without_backslashes(text: str) -> None:
    assert literal(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@vendor_sec", "@vendor\\_sec"),
        ("@everyone @Here", "@\u200beveryone @\u200bHere"),
        ("<@1> <@!1> <@&1>", "\\<\\@1\\> \\<\\@!1\\> \\<\\@&1\\>"),
        ("https://a.example/x", "https\\://a\\.example/x"),
        ("# head", "\\# head"),
        ("-# small", "\\-\\# small"),
        ("- item", "\\- item"),
        ("1. one", "1\\. one"),
        ("1.\ufeffone", "1\\.\ufeffone"),
        ("a\u2028# head", "a\u2028\\# head"),
        ("\\", "\\\\"),
        ("a\r\nb\x00", "a\nb�"),
    ],
)
def test_what_means_something_gets_a_backslash(text: str, shown: str) -> None:
    assert literal(text) == shown


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("aaaa", 4, "aaaa"),
        ("aaaaa", 4, "aaa…"),
        ("a🔥🔥", 4, "a🔥…"),
        ("a🔥🔥", 3, "a…"),
        ("ab\\*", 4, "ab\\*"),
        ("ab\\*c", 4, "ab…"),
        ("a\\\\bc", 4, "a\\\\…"),
        ("ae\u0301e\u0301x", 4, "ae\u0301…"),
        ("aae\u0301xx", 4, "aa…"),
        ("a👩‍👩‍👧‍👦", 8, "a…"),
        ("a👍🏿x", 4, "a…"),
        ("a🇩🇪x", 4, "a…"),
        ("a☠️x", 3, "a…"),
        ("one two", 5, "one…"),
    ],
)
def test_a_cut_breaks_nothing_that_is_shown_as_one(text: str, most: int, shown: str) -> None:
    assert cut(text, most) == shown


def test_a_character_of_very_many_parts_is_cut_all_the_same() -> None:
    assert units(cut("e" + "\u0301" * 10_000, 100)) == 100
    assert units(cut("🇩" * 10_000, 101)) == 101


def test_a_text_that_was_cut_can_say_how_long_it_is() -> None:
    assert counted("*" * 10, 20) == "\\*" * 10
    shown = counted("*" * 1_234, 60)
    assert shown.endswith("\\*… (1,234 characters in all)")
    assert units(shown) <= 60
    assert effects(shown) == []


def test_plain_text_is_one_line_without_backslashes_and_never_empty() -> None:
    assert plain("  @vendor_sec \n **x** ", 80) == "@vendor_sec **x**"
    for text in HOSTILE:
        shown = plain(text, 80)
        assert shown.strip()
        assert units(shown) <= 80
        assert "\n" not in shown


@given(MARKS | hostile_texts(), st.integers(2, 40))
@example("*" * 4_000, MOST_CONTENT)
@example("a" * 4_000, MOST_CONTENT)
@example("🔥" * 4_000, MOST_CONTENT)
@settings(max_examples=1_000, derandomize=True)
def test_what_fits_fits_and_is_more_than_nothing(text: str, most: int) -> None:
    shown = printable(text)
    kept = fitting(shown, most)
    assert units(literal(shown[:kept])) <= most
    assert kept > 0 or not shown
    assert (kept == len(shown)) == (units(literal(shown)) <= most)


def test_all_that_fits_is_kept() -> None:
    assert fitting("a" * 4_000, MOST_CONTENT) == MOST_CONTENT
    assert fitting("*" * 4_000, MOST_CONTENT) == MOST_CONTENT / 2
    assert fitting("a" * 1_999 + "*", MOST_CONTENT) == 1_999
