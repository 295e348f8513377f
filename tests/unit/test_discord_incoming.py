"""What is taken from Discord's interactions, and what is not."""

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.chat.discord.incoming import (
    Linked,
    actor,
    channel_key,
    emoji,
    first_link,
    judging,
    linked_message,
    message_text,
)
from bot.commands.types import Actor
from storage.types import ChannelKey, Receipt

ADA = cast("Any", SimpleNamespace(id=17, display_name="Ada (on call)", bot=False))
LINK = "https://discord.com/channels/11/22/33"


def a_message(content: str = "", *embeds: discord.Embed, forwards: discord.Message | None = None) -> discord.Message:
    forwarded = [] if forwards is None else [forwards]
    return cast("discord.Message", SimpleNamespace(content=content, embeds=list(embeds), message_snapshots=forwarded))


@pytest.mark.parametrize(
    ("permissions", "member", "admin"),
    [
        (discord.Permissions.none(), False, False),
        (discord.Permissions(send_messages=True, manage_messages=True), False, False),
        (discord.Permissions(manage_channels=True), True, False),
        (discord.Permissions(manage_guild=True), False, True),
        (discord.Permissions(administrator=True), True, True),
    ],
)
def test_settings_are_for_those_with_manage_channels(
    permissions: discord.Permissions, member: bool, admin: bool
) -> None:
    lacks = "" if member else "the permission Manage Channels"
    assert actor(ADA, permissions) == Actor(id="17", name="Ada (on call)", member=member, lacks=lacks, admin=admin)


def test_whoever_judges_may_nothing_else() -> None:
    assert judging(ADA).member is judging(ADA).admin is False


def test_a_channel_is_named_by_its_ids() -> None:
    assert channel_key(11, 22) == ChannelKey(platform="discord", workspace="11", channel="22")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"/why {LINK}", True),
        (f"/why <{LINK}>", True),
        (f"/WHY  {LINK}/", True),
        ("/why https://ptb.discord.com/channels/11/22/33", True),
        ("/why https://discordapp.com/channels/11/22/33", True),
        ("/why https://discord.com.example.org/channels/11/22/33", False),
        ("/why https://evil.example/discord.com/channels/11/22/33", False),
        ("/why https://discord.com/channels/11/22", False),
        (f"/test {LINK}", False),
        (f"/why {LINK} please", False),
        ("/why 7", False),
    ],
)
def test_the_link_of_a_message(line: str, found: bool) -> None:
    expected = Linked(guild="11", channel="22", message=Receipt("33")) if found else None
    assert linked_message(line) == expected


def test_the_words_of_a_message_are_its_own_or_those_of_its_embeds() -> None:
    embed = discord.Embed(title="A flaw", description="in ExampleDB", url="https://x.com/a/status/1")
    assert message_text(a_message("its own", embed)) == "its own"
    assert message_text(a_message("", embed, discord.Embed(title="more"))) == "A flaw\nin ExampleDB\nmore"
    assert message_text(a_message()) == ""


def test_a_forwarded_message_says_what_it_forwards() -> None:
    assert message_text(a_message(forwards=a_message("outage in EU https://x.com/a/status/1"))).startswith("outage in")
    post = a_message("", discord.Embed(description="hello", url="https://x.com/a/status/1"))
    assert message_text(a_message(forwards=post)) == "hello"
    assert first_link(a_message(forwards=post)) == "https://x.com/a/status/1"


@pytest.mark.parametrize(
    ("message", "link"),
    [
        (a_message("see https://x.com/a/status/1?b=2 and https://example.org"), "https://x.com/a/status/1?b=2"),
        (a_message("see <https://x.com/a/status/1>"), "https://x.com/a/status/1"),
        (a_message("[here](https://x.com/a/status/1)"), "https://x.com/a/status/1"),
        (a_message("", discord.Embed(url="https://x.com/a/status/1")), "https://x.com/a/status/1"),
        (a_message("nothing", discord.Embed(title="nothing")), ""),
    ],
)
def test_the_first_link_of_a_message(message: discord.Message, link: str) -> None:
    assert first_link(message) == link


def test_an_emoji_is_a_character_or_a_name() -> None:
    assert emoji(discord.PartialEmoji(name="👎🏽")) == "👎🏽"
    assert emoji(discord.PartialEmoji(name="thumbsdown", id=5)) == "thumbsdown"
    assert emoji(discord.PartialEmoji.from_dict({"id": 5, "name": None})) == ""
