"""The local Slack sees what a message would do to its readers, hostile or not."""

from typing import Any

import pytest

from tests.fakes.slack import Channel, Message, Workspace, effects, effects_of_blocks, pings
from tests.fakes.slack.world import User


@pytest.fixture
def workspace() -> Workspace:
    made = Workspace()
    made.users["U1"] = User(id="U1", name="ada")
    made.channels["C1"] = Channel(id="C1", name="general")
    made.user_groups["oncall"] = "S1"
    return made


def said(text: str = "alert", blocks: list[dict[str, Any]] | None = None, **options: Any) -> Message:
    return Message(ts="1.000001", channel="C1", user="U0", text=text, blocks=blocks or [], options=options)


def section(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text, **more}}]


def plain(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "plain_text", "text": text, **more}}]


def done(message: Message, workspace: Workspace) -> set[tuple[str, str]]:
    return {(effect.kind, effect.what) for effect in effects(message, workspace)}


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("<!channel> read this", ("group", "channel")),
        ("<!here|here>", ("group", "here")),
        ("<!everyone>", ("group", "everyone")),
        ("<@U1> hi", ("mention", "U1")),
        ("<@U1|ada> hi", ("mention", "U1")),
        ("<@W12AB> hi", ("mention", "W12AB")),
        ("<!subteam^S1|@oncall>", ("group", "S1")),
        ("<#C1|general>", ("channel", "C1")),
        ("<https://evil.example|your bank>", ("link", "https://evil.example")),
        ("<mailto:a@b.example|write>", ("link", "mailto:a@b.example")),
        ("<!date^1700000000^{date}^https://evil.example|then>", ("link", "https://evil.example")),
        ("*bold*", ("format", "bold")),
        ("this is _it_.", ("format", "italic")),
        ("~gone~", ("format", "strike")),
        ("run `rm`", ("format", "code")),
        ("```\nrm\n```", ("format", "preformatted")),
        ("&gt; a quote", ("format", "quote")),
        ("line\n> a quote", ("format", "quote")),
        (":tada:", ("emoji", "tada")),
        (":+1::skin-tone-3:", ("emoji", "+1")),
        ("https://evil.example/x", ("link", "https://evil.example/x")),
        ("mail a.b@c.example", ("link", "a.b@c.example")),
        ("@channel", ("group", "channel")),
        ("hello @here!", ("group", "here")),
        ("@oncall", ("group", "S1")),
        ("@ada.", ("mention", "U1")),
        ("#general", ("channel", "C1")),
    ],
)
def test_in_a_mrkdwn_section_this_does_something(text: str, effect: tuple[str, str], workspace: Workspace) -> None:
    assert effect in done(said(blocks=section(text)), workspace)


@pytest.mark.parametrize(
    "text",
    [
        "&lt;!channel&gt; &amp; &lt;@U1&gt;",
        "2 * 3 * 4 and a*b*c, snake_case_name, 10:30:45",
        "a < b and c > d",
        "~5 or ~6",
        "#nowhere and C#",
        "@nobody",
        "nothing at all",
    ],
)
def test_in_a_mrkdwn_section_this_does_nothing(text: str, workspace: Workspace) -> None:
    assert done(said(blocks=section(text)), workspace) == set()


def test_verbatim_stops_what_is_found_and_not_what_is_written(workspace: Workspace) -> None:
    text = "@here #general https://evil.example <!channel>"
    kinds = {effect.kind for effect in effects(said(blocks=section(text, verbatim=True)), workspace)}
    assert kinds == {"group"}
    assert pings(said(blocks=section(text, verbatim=True)), workspace)[0].what == "channel"


def test_plain_text_does_nothing_but_show_emoji_unless_told_not_to(workspace: Workspace) -> None:
    hostile = "<!channel> <@U1> *bold* https://evil.example @here :tada:"
    assert done(said(blocks=plain(hostile)), workspace) == {("emoji", "tada")}
    assert done(said(blocks=plain(hostile, emoji=False)), workspace) == set()


def test_rich_text_does_what_its_elements_say_and_nothing_else(workspace: Workspace) -> None:
    def rich(*elements: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}]

    hostile = {"type": "text", "text": "<!channel> <@U1> *bold* https://evil.example :tada:"}
    assert effects_of_blocks(rich(hostile), workspace) == []
    named = rich(
        {"type": "user", "user_id": "U1"},
        {"type": "broadcast", "range": "here"},
        {"type": "text", "text": "x", "style": {"bold": True}},
    )
    assert {effect.kind for effect in effects_of_blocks(named, workspace)} == {"mention", "group", "format"}


def test_the_fallback_text_notifies_although_blocks_are_shown(workspace: Workspace) -> None:
    message = said("*x* <!channel> :tada:", blocks=plain("safe"), unfurl_links=False, unfurl_media=False)
    assert done(message, workspace) == {("group", "channel")}


@pytest.mark.parametrize("options", [{"link_names": True}, {"link_names": "1"}, {"parse": "full"}, {"parse": "client"}])
def test_names_in_a_text_are_found_with_link_names_or_parse(options: dict[str, Any], workspace: Workspace) -> None:
    assert pings(said("@channel"), workspace) == []
    assert [effect.what for effect in pings(said("@channel", **options), workspace)] == ["channel"]


def test_links_unfurl_unless_both_flags_say_no(workspace: Workspace) -> None:
    def unfurls(**options: Any) -> bool:
        message = said(blocks=section("<https://x.example>", verbatim=True), **options)
        return any(effect.kind == "unfurl" for effect in effects(message, workspace))

    assert unfurls()
    assert unfurls(unfurl_links=False)
    assert not unfurls(unfurl_links=False, unfurl_media=False)


def test_buttons_options_headers_and_attachments_are_looked_through(workspace: Workspace) -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": ":one:"}},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "url": "https://b.example", "text": {"type": "plain_text", "text": ":two:"}},
                {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": ":three:"}, "value": "1"}]},
            ],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "<@U1>"}]},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*four*"}]},
    ]
    message = said(blocks=blocks, unfurl_links=False, unfurl_media=False)
    message.attachments = [{"text": "<!here>", "title_link": "https://c.example", "fields": [{"value": "_five_"}]}]
    assert done(message, workspace) == {
        ("emoji", "one"),
        ("emoji", "two"),
        ("emoji", "three"),
        ("link", "https://b.example"),
        ("mention", "U1"),
        ("format", "bold"),
        ("group", "here"),
        ("link", "https://c.example"),
        ("format", "italic"),
    }
    where = {effect.what: effect.where for effect in effects(message, workspace)}
    assert where["U1"] == "/blocks/2/elements/0"
