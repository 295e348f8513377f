"""Cards as plain text: whatever a post holds, a terminal shows it and nothing else happens."""

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.cards import AlertCard, Mark, NoticeCard, Press, SummaryCard
from bot.chat.plain import FIRST_WORDS, MOST_TEXT, byline, marks_line, one_line, plain_card, printable
from storage.types import AlertId
from tests.fakes.builders import NOW, an_account

ANYTHING = st.text(st.characters())  # lone surrogates and control characters included

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


def a_card(**changes: Any) -> AlertCard:
    card = AlertCard(
        alert=AlertId(7),
        marks=(Mark(label="security", score=0.91),),
        author=an_account("vendor_sec", name="Vendor Security"),
        text="Critical RCE in ExampleDB.",
        published_at=NOW,
        url="https://example.com/1",
        context="threshold 40% (default) · independent · embedding:tiny · alert 7",
        judged="",
        removed="",
        collapsed=False,
        buttons=(Press.RELEVANT, Press.NOT_RELEVANT),
        more=(),
    )
    return replace(card, **changes)


def is_safe(text: str) -> bool:
    """Nothing in it moves a cursor, sets a colour, turns a direction or breaks an encoder."""
    controls = {character for character in text if unicodedata.category(character) in {"Cc", "Cs"}}
    return controls <= {"\n", "\t"} and not set(text) & set(BIDI) and text.encode().decode() == text


def test_an_alert_is_a_headline_and_what_stands_below_it() -> None:
    assert plain_card(a_card(judged="relevant by Ann")) == (
        "ALERT 7 security 91% @vendor_sec: Critical RCE in ExampleDB.\n"
        "  security 91% (high)\n"
        "  Vendor Security @vendor_sec · 2026-11-02 09:00 UTC\n"
        "  Critical RCE in ExampleDB.\n"
        "  https://example.com/1\n"
        "  threshold 40% (default) · independent · embedding:tiny · alert 7 · +1 7 relevant, -1 7 not relevant"
        " · relevant by Ann"
    )


def test_lines_that_have_nothing_to_say_are_left_out() -> None:
    lines = plain_card(a_card(url="", author=an_account("vendor_sec", name=""))).splitlines()

    assert len(lines) == 5
    assert lines[2] == "  @vendor_sec · 2026-11-02 09:00 UTC"


def test_the_first_line_holds_the_top_label_and_the_second_all_of_them() -> None:
    card = a_card(marks=(Mark(label="security", score=0.80), Mark(label="outage", score=0.79)))

    assert plain_card(card).startswith("ALERT 7 security 80% @vendor_sec: ")
    assert marks_line(card) == "security 80% (high), outage 79%"


def test_the_first_line_is_cut_and_the_text_below_is_whole() -> None:
    words = "word " * 100
    headline, *body = plain_card(a_card(text=words)).splitlines()

    assert headline.partition(": ")[2] == one_line(words, FIRST_WORDS)
    assert headline.endswith("…")
    assert f"  {words}" in body


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("quiet\nALERT 9 security 99% @vendor_sec: pay at once", id="a forged alert on the next line"),
        pytest.param("quiet\r\nALERT 9 security 99%", id="a forged alert behind a break of Windows"),
        pytest.param("quiet\rALERT 9 security 99%", id="a carriage return over the beginning of the line"),
        pytest.param("quiet\x0bALERT 9\x0cALERT 9\x85ALERT 9", id="other characters that break lines"),
        pytest.param("quiet\u2028ALERT 9\u2029ALERT 9", id="separators of lines and paragraphs"),
        pytest.param("\x1b[2J\x1b[1;1HALERT 9 security 99%", id="an escape sequence that clears the screen"),
        pytest.param("\x9b2JALERT 9", id="an escape sequence of one byte"),
        pytest.param("\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\here", id="a title and a link"),
        pytest.param("\x08" * 200 + "ALERT 9", id="backspaces to the margin"),
        pytest.param(f"{BIDI}9 TRELA", id="controls that turn the direction of writing"),
        pytest.param("half \ud83d a pair \udc00", id="lone surrogates"),
        pytest.param("nul \0 nul", id="a NUL"),
        pytest.param("\n\n\n", id="nothing but line breaks"),
        pytest.param("", id="nothing at all"),
    ],
)
def test_no_post_can_forge_an_alert(text: str) -> None:
    shown = plain_card(a_card(text=text))

    assert is_safe(shown)
    assert [line[:2] for line in shown.splitlines()[1:]] == ["  "] * (len(shown.splitlines()) - 1)
    assert shown.startswith("ALERT 7 security 91% @vendor_sec: ")


@pytest.mark.parametrize("part", ["name", "handle", "label", "url", "judged", "context"])
def test_no_other_part_of_a_card_can_forge_an_alert(part: str) -> None:
    forged = "x\nALERT 9 \x1b[2J\u202e\r\n\ud800"
    changes: dict[str, Any] = {part: forged}
    if part in {"name", "handle"}:
        changes = {"author": an_account(**{"handle": "vendor_sec", part: forged})}
    if part == "label":
        changes = {"marks": (Mark(label=forged, score=0.9), Mark(label=forged, score=0.5))}

    shown = plain_card(a_card(**changes))

    assert is_safe(shown)
    assert all(line.startswith("  ") for line in shown.splitlines()[1:])


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
@example("\n", "\n", "\n", "\n", "\n")
def test_only_the_first_line_of_a_card_starts_at_the_margin(
    text: str, handle: str, label: str, url: str, judged: str
) -> None:
    author = an_account(handle, name=handle)
    shown = plain_card(a_card(text=text, author=author, marks=(Mark(label=label, score=0.9),), url=url, judged=judged))

    first, *others = shown.splitlines()

    assert is_safe(shown)
    assert first.startswith("ALERT 7 ")
    assert others
    assert all(line.startswith("  ") for line in others)


def test_a_text_of_100_kb_makes_a_short_first_line_and_is_cut_only_for_length() -> None:
    headline, *body = plain_card(a_card(text="x" * 100_000)).splitlines()

    assert len(headline) < 200
    assert f"  {'x' * MOST_TEXT}… (100,000 characters in all)" in body


def test_a_card_of_many_long_parts_stays_readable() -> None:
    author = an_account("h" * 100_000, name="n" * 100_000)
    card = a_card(author=author, marks=(Mark(label="l" * 100_000, score=0.9),) * 3, url="u" * 100_000, judged="j" * 999)

    assert max(map(len, plain_card(card).splitlines())) <= 600


def test_a_notice_keeps_its_lines_and_loses_its_controls() -> None:
    assert plain_card(NoticeCard(text="one\n\ttwo \x1b[31mred")) == "one\n\ttwo �[31mred"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain text", "plain text", id="what is harmless"),
        pytest.param("two\nlines\tand a tab", "two\nlines\tand a tab", id="line breaks and tabs"),
        pytest.param("two\r\nlines", "two\nlines", id="line breaks of Windows"),
        pytest.param("over\rwritten", "over�written", id="a carriage return"),
        pytest.param("\x1b[31mred\x1b[0m", "�[31mred�[0m", id="an escape sequence"),
        pytest.param("a\u202eb\u2066c", "a�b�c", id="controls of direction"),
        pytest.param("\0\x7f\x85\ud800", "����", id="NUL, delete, next line, half a pair"),
        pytest.param("👩‍🚒 می‌خواهم ❤️ é", "👩‍🚒 می‌خواهم ❤️ é", id="joiners, variation selectors, combining marks"),
        pytest.param("עברית العربية 日本語", "עברית العربية 日本語", id="writing of all directions"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_what_a_terminal_would_act_on_is_shown_as_a_question_mark(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANYTHING)
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    once = printable(text)

    assert is_safe(once)
    assert printable(once) == once


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("a   b\n\nc", 10, "a b c"),
        ("four words of it", 6, "four…"),
        ("", 5, ""),
        (" \n\t ", 5, ""),
        ("ab", 1, "…"),
    ],
)
def test_the_first_words_are_cut_to_length(text: str, most: int, shown: str) -> None:
    assert one_line(text, most) == shown


@given(ANYTHING, st.integers(1, 80))
def test_one_line_is_one_line_and_not_longer_than_asked(text: str, most: int) -> None:
    line = one_line(text, most)

    assert len(line) <= most
    assert len(line.splitlines()) <= 1
    assert is_safe(line)


def test_an_author_without_a_name_is_told_by_the_handle() -> None:
    assert byline(a_card(author=an_account("vendor_sec"))) == "@vendor_sec · 2026-11-02 09:00 UTC"


# --- summaries -------------------------------------------------------------------------------------------------------


def a_summary(*strongest: AlertCard, total: int = 0, label: str = "security") -> SummaryCard:
    return SummaryCard(
        total=total or len(strongest),
        by_label=((label, total or len(strongest)),),
        first_at=NOW,
        last_at=NOW,
        strongest=strongest,
    )


def test_a_summary_is_a_headline_a_line_an_alert_and_where_the_others_are() -> None:
    shown = plain_card(a_summary(a_card(), a_card(alert=AlertId(8), url=""), total=30))

    assert shown == (
        "30 alerts that could not be sent in time, of posts from 2026-11-02 09:00 UTC: security 30\n"
        "  alert 7 · security 91% · @vendor_sec: Critical RCE in ExampleDB. https://example.com/1\n"
        "  alert 8 · security 91% · @vendor_sec: Critical RCE in ExampleDB.\n"
        "  and 28 more: /alerts lists them"
    )


@given(st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING), min_size=2, max_size=10), ANYTHING)
@example([("\nALERT 9 security 99%", "\x1b[2J", "\u202e")] * 2, "\nALERT 9")
@example([("x" * 100_000, "h" * 100_000, "u" * 100_000)] * 10, "l" * 100_000)
def test_whatever_a_summary_holds_it_is_harmless_and_a_line_an_alert(
    posts: list[tuple[str, str, str]], label: str
) -> None:
    cards = [
        a_card(text=text, author=an_account(handle, name=handle), url=url, marks=(Mark(label=label, score=0.9),))
        for text, handle, url in posts
    ]
    shown = plain_card(a_summary(*cards, total=99, label=label))

    first, *lines, rest = shown.splitlines()

    assert is_safe(shown)
    assert first.startswith("99 alerts that could not be sent in time")
    assert len(lines) == len(posts)
    assert all(line.startswith("  alert 7 · ") for line in lines)
    assert rest == f"  and {99 - len(posts)} more: /alerts lists them"
    assert max(map(len, shown.splitlines())) <= 430


def test_a_long_post_does_not_hide_where_it_can_be_read() -> None:
    (line, _) = plain_card(a_summary(a_card(text="x " * 5_000), a_card())).splitlines()[1:]

    assert line.endswith("… https://example.com/1")
    assert len(line) <= 250
