"""What Slack's marks are turned back into, and which requests are believed to be Slack's."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.chat.slack.incoming import command_line, linked_message, strangers_in, with_names
from bot.chat.slack.replies import MOST_MESSAGE, pages
from bot.chat.slack.signatures import problem
from bot.chat.slack.text import unescape
from bot.commands.types import Button, ButtonKind, Reply
from tests.fakes.slack.http_mode import signature
from tests.fakes.slack.typed import as_command_text
from tests.fakes.slack.world import Workspace

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.mark.parametrize(
    "typed",
    [
        "@news@mastodon.social",
        "@team.bsky.social -retweets",
        "@vendor_sec, @news@mastodon.social @team.bsky.social",
        "https://x.com/vendor_sec/status/1?a=1&b=2",
        "x.com/vendor_sec",
        "a & b <c> &amp; d",
    ],
)
def test_a_line_comes_back_as_it_was_typed(typed: str) -> None:
    assert unescape(as_command_text(typed, Workspace(), should_escape=True)) == typed


def test_a_colleagues_name_is_an_accounts_handle_but_for_the_lock() -> None:
    assert command_line("watch <@U1|ada>") == "/watch @ada"
    assert command_line("config lock <@U1|ada>") == "/config lock <@U1|ada>"


def test_names_in_a_lock_are_those_that_slack_has() -> None:
    assert with_names("/config lock <@U1|The boss> <@U2>", {"U1": "ada", "U2": "b|<e>n"}) == (
        "/config lock <@U1|ada> <@U2|b e n>"
    )
    assert strangers_in("/config lock <@U1|ada@home> @ben, @cem") == ["@ben", "@cem"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/why https://a.slack.com/archives/C1/p1700000000123456", ("C1", "1700000000.123456")),
        ("/why https://a.slack.com/archives/C1/p1700000000123456?thread_ts=1.2", ("C1", "1700000000.123456")),
        ("/why https://a.slack.com.example.org/archives/C1/p1700000000123456", None),
        ("/why https://x.com/a/status/1700000000123456", None),
        ("/test https://a.slack.com/archives/C1/p1700000000123456", None),
    ],
)
def test_the_link_of_a_message(line: str, found: tuple[str, str] | None) -> None:
    assert linked_message(line) == found


def test_a_long_answer_has_its_buttons_under_the_last_part() -> None:
    text = "\n".join(f"line {number:05}" for number in range(3_000))
    answer = Reply(text=text, buttons=(Button(label="Share", kind=ButtonKind.SHARE),))
    parts = pages(answer)
    assert "\n".join(part.text for part in parts) == text
    assert all(len(part.text) <= MOST_MESSAGE for part in parts)
    assert [len(part.buttons) for part in parts] == [0] * (len(parts) - 1) + [1]


def signed(body: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature(secret, stamp, body)}


def test_what_slack_signed_within_five_minutes_is_believed() -> None:
    body = "text=caf\u00e9"
    for minutes in (-5, 0, 5):
        assert problem(body.encode(), signed(body, NOW + timedelta(minutes=minutes)), SECRET, NOW) == ""


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "not signed"),
        ({"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=1"}, "not signed"),
        ({"X-Slack-Request-Timestamp": "9" * 5_000, "X-Slack-Signature": "v0=1"}, "not signed"),
        (signed("a", NOW - timedelta(seconds=301)), "this machine's clock is wrong"),
        (signed("a", NOW + timedelta(seconds=301)), "this machine's clock is wrong"),
        (signed("b", NOW), "signed by somebody else"),
        (signed("a", NOW, "0" * 32), "signed by somebody else"),
    ],
)
def test_what_is_not_believed_is_named(headers: dict[str, str], words: str) -> None:
    assert words in problem(b"a", headers, SECRET, NOW)
