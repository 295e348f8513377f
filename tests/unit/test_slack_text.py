"""Text on its way into Slack and out of it."""

import pytest
from hypothesis import given, settings

from bot.chat.plain import printable
from bot.chat.slack.text import cut, escape, fallback, plain_text, unescape
from tests.fakes.hostile import HOSTILE, hostile_texts
from tests.fakes.slack import Channel, Workspace
from tests.fakes.slack.typed import as_command_text, as_message_text
from tests.fakes.slack.world import User


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    made = Workspace()
    made.users["U1"] = User(id="U1", name="ada")
    made.channels["C1"] = Channel(id="C1", name="general")
    return made


@pytest.mark.parametrize(
    ("arrives", "typed"),
    [
        ("@vendor_sec -retweets", "@vendor_sec -retweets"),
        ("<@U1|ada>", "@ada"),
        ("<@U1>", "@U1"),
        ("<#C1|general>", "#general"),
        ("<#C1|>", "#C1"),
        ("<!here>", "@here"),
        ("<!here|here>", "@here"),
        ("<!subteam^S1|@oncall>", "@oncall"),
        ("<!date^1700000000^{date}^https://example.org|3 November>", "3 November"),
        ("<http://example.org|example.org>", "example.org"),
        ("<http://example.org/a|example.org/a>", "example.org/a"),
        ("<https://bank.example|evil.example>", "https://bank.example"),
        ("<https://x.com/a?s=20&amp;t=b>", "https://x.com/a?s=20&t=b"),
        ("@<mailto:news@mastodon.social|news@mastodon.social>", "@news@mastodon.social"),
        ("@<http://team.bsky.social|team.bsky.social>", "@team.bsky.social"),
        ("<tel:+15551234|+15551234>", "tel:+15551234"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("&amp;amp;amp;", "&amp;amp;"),
        ("a < b", "a < b"),
        ("<>", "<>"),
        ("<@", "<@"),
        ("\ud800", "�"),
    ],
)
def test_what_slack_made_of_it_is_unmade(arrives: str, typed: str) -> None:
    assert unescape(arrives) == typed


def test_people_stay_people_where_a_command_is_about_people() -> None:
    assert unescape("lock <@U1|ada> <@U2> <#C1|general>", people=True) == "lock <@U1|ada> <@U2> #general"


@given(hostile_texts())
@settings(max_examples=500, derandomize=True)
def test_what_was_escaped_reads_as_it_was(text: str) -> None:
    sound = text.encode("utf-8", "replace").decode()
    assert unescape(escape(sound)) == sound


@pytest.mark.parametrize(
    "typed",
    [
        "@vendor_sec -retweets", "#general @ada", "x.com/vendor_sec", "@news@mastodon.social", "@team.bsky.social",
        "https://example.org/feed.xml?a=1&b=2", "set a, b, “supply chain”", "<b>5 < 6 & 7 > 4</b>", "&lt; &amp;",
        "<!channel> <@nobody>", "team@example.org", "import\nlabels:\n  - a\n",
    ],
)  # fmt: skip
def test_what_people_type_arrives_as_they_typed_it(typed: str, workspace: Workspace) -> None:
    assert unescape(as_command_text(typed, workspace, should_escape=True)) == typed
    assert unescape(as_command_text(typed, workspace, should_escape=False)) == typed
    if "@ada" not in typed:  # a message names people by their id alone
        assert unescape(as_message_text(typed, workspace)) == typed


def test_no_hostile_string_breaks_what_is_read() -> None:
    for text in HOSTILE:
        unescape(text).encode()
        unescape(text, people=True).encode()


def test_plain_text_is_never_empty_and_never_formatted() -> None:
    for text in HOSTILE:
        made = plain_text(text)
        assert set(made) == {"type", "text", "emoji"}
        assert made["type"] == "plain_text"
        assert made["emoji"] is False
        assert 0 < len(made["text"]) <= 3_000
        made["text"].encode()
        if text.strip() and len(text) <= 3_000:
            assert made["text"] == printable(text)


def test_cut_text_says_so() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
    assert cut("a bcd", 3) == "a…"


def test_the_fallback_is_one_line_without_control_characters() -> None:
    assert fallback("a\n<!here>  & \x00", 300) == "a &lt;!here&gt; &amp; �"
    assert fallback("&" * 10, 3) == "&amp;&amp;…"
