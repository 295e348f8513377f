"""What is taken from Slack's payloads, and what is not."""

from typing import Any

import pytest

from bot.chat.slack.incoming import (
    Place,
    Reacted,
    channel_key,
    command_line,
    emoji,
    first_link,
    mention,
    message_receipt,
    message_text,
    place,
    pressed,
    reacted,
    shortcut,
    slash,
)
from storage.types import Receipt
from tests.fakes.hostile import HOSTILE

OPS = channel_key("T1", "C1")


def a_slash(command: str, text: str | None = "", **changes: Any) -> dict[str, Any]:
    payload = {"command": command, "text": text, "team_id": "T1", "channel_id": "C1", "channel_name": "ops"}
    return payload | {"user_id": "U1", "user_name": "admin"} | changes


def a_press(**action: Any) -> dict[str, Any]:
    return {
        "actions": [{"action_id": "do:Why?", "value": "/why 7"} | action],
        "team": {"id": "T1"},
        "user": {"id": "U1", "name": "admin", "team_id": "T2"},
        "channel": {"id": "C1", "name": "ops"},
        "message": {"ts": "1.5", "thread_ts": "1.0"},
    }


@pytest.mark.parametrize(
    ("command", "text", "prefix", "line"),
    [
        ("/watch", "@vendor_sec", "", "/watch @vendor_sec"),
        ("/watch", "", "", "/watch"),
        ("/watch", None, "", "/watch"),
        ("/acme-watch", "@vendor_sec", "acme", "/watch @vendor_sec"),
        ("/lapwing", "watch @vendor_sec", "", "/watch @vendor_sec"),
        ("/lapwing", "/watch @vendor_sec", "", "/watch @vendor_sec"),
        ("/lapwing", "watch @vendor_sec", "acme", "/watch @vendor_sec"),
        ("/lapwing", "+1 7", "", "+1 7"),
        ("/lapwing", "-1 7 a drill", "", "-1 7 a drill"),
        ("/lapwing", "0 7", "", "0 7"),
        ("/lapwing", "  ", "", "/help"),
        ("/watch", "@<http://a.bsky.social|a.bsky.social>", "", "/watch @a.bsky.social"),
        ("/watch", "<@U7|ada>", "", "/watch @ada"),
        ("/config", "lock <@U7|ada>", "", "/config lock <@U7|ada>"),
        ("/lapwing", "Config  Lock <@U7>", "", "/Config  Lock <@U7>"),
        ("/test", "5 &lt; 6", "", "/test 5 < 6"),
    ],
)
def test_a_slash_command_is_the_line_that_was_meant(command: str, text: str | None, prefix: str, line: str) -> None:
    said = slash(a_slash(command, text), prefix)
    assert (said.text, said.channel, said.channel_name, said.person) == (line, OPS, "ops", "U1")


def test_only_ids_are_believed() -> None:
    said = slash(a_slash("/watch", user_name="owner", channel_name=""), "")
    assert (said.person, said.channel_name) == ("U1", "C1")
    press = pressed(a_press())
    assert press is not None
    assert press.channel == OPS  # the workspace that signed it, not the one the person says they are of


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<@UBOT> watch @vendor_sec", "/watch @vendor_sec"),
        ("<@UBOT>", "/help"),
        ("<@UBOT|lapwing>   labels", "/labels"),
        ("<@UBOT> config lock <@U7>", "/config lock <@U7>"),
        ("<@UBOT> -1 7", "-1 7"),
        ("", "/help"),
    ],
)
def test_a_mention_is_the_line_behind_the_name(text: str, line: str) -> None:
    said = mention({"text": text, "channel": "C1", "user": "U1", "thread_ts": "1.5"}, "T1")
    assert (said.text, said.thread, said.channel) == (line, "1.5", OPS)


def test_every_hostile_string_is_some_line_and_breaks_nothing() -> None:
    for text in HOSTILE:
        for line in (command_line(text), slash(a_slash("/test", text), "").text):
            assert line
            line.encode()
        assert slash(a_slash("/test", text), "").text.startswith("/test")
        payload = a_press() | {"message": {"ts": "1.5", "text": text}}
        message_text(payload).encode()
        assert not set(first_link(payload)) & set(" \n|>")


def test_a_button_or_an_option_runs_its_command() -> None:
    by_button, by_option = (
        pressed(a_press()),
        pressed(a_press(value=None, selected_option={"value": "/unwatch @vendor_sec"})),
    )
    assert by_button is not None
    assert by_option is not None
    assert (by_button.text, by_button.thread, by_button.channel_name) == ("/why 7", "1.0", "ops")
    assert by_option.text == "/unwatch @vendor_sec"


@pytest.mark.parametrize(
    "action",
    [
        {"action_id": "other"},
        {"action_id": ""},
        {"action_id": "xdo:Why?"},
        {"action_id": "share"},
        {"value": ""},
        {"value": None},
        {"value": None, "selected_option": None},
    ],
)
def test_a_button_that_is_none_of_ours_runs_nothing(action: dict[str, Any]) -> None:
    assert pressed(a_press(**action)) is None


def test_where_something_was_pressed_is_found_in_the_message_or_its_container() -> None:
    assert place(a_press()) == Place(channel="C1", name="ops", thread="1.0")
    private = {"container": {"channel_id": "C2", "thread_ts": "2.0"}, "channel": None}
    assert place(private) == Place(channel="C2", name="C2", thread="2.0")


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see <https://example.org/a?b=1&amp;c=2> now", "https://example.org/a?b=1&c=2"),
        ("<https://example.org/a|our page>", "https://example.org/a"),
        ("<mailto:a@b.example|a@b.example>", ""),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_a_shortcut_finds_the_link_in_its_message(text: str, link: str) -> None:
    payload = a_press() | {"message": {"ts": "1.5", "text": text}}
    assert first_link(payload) == link
    assert message_receipt(payload) == Receipt("1.5")
    assert shortcut(payload, "/why 7").text == "/why 7"


def a_reaction(**changes: Any) -> dict[str, Any]:
    item = {"type": "message", "channel": "C1", "ts": "1.5"}
    return {"type": "reaction_added", "user": "U1", "reaction": "x", "item": item} | changes


def test_a_reaction_is_given_or_taken_back_whatever_the_tone_of_its_skin() -> None:
    given, taken = (
        reacted(a_reaction(reaction="+1::skin-tone-3"), "T1"),
        reacted(a_reaction(type="reaction_removed"), "T1"),
    )
    assert given == Reacted(channel=OPS, message=Receipt("1.5"), person="U1", emoji="+1", given=True)
    assert taken == Reacted(channel=OPS, message=Receipt("1.5"), person="U1", emoji="x", given=False)


@pytest.mark.parametrize("item", [{"type": "file", "file": "F1"}, {"type": "file_comment"}, {}])
def test_a_reaction_to_something_else_is_none(item: dict[str, str]) -> None:
    assert reacted(a_reaction(item=item), "T1") is None


def test_the_tone_of_a_skin_is_no_part_of_the_name() -> None:
    assert [emoji(name) for name in ("x", "+1::skin-tone-6", "")] == ["x", "+1", ""]
