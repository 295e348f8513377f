"""Discord's interactions and events -> what someone asked. Pure.

Who may do what stands in the interaction itself, which Discord computes for the channel it comes from: nothing has to
be looked up, and nothing that people call themselves decides anything.
"""

import re
from dataclasses import dataclass
from typing import Any

import discord

from bot.commands.types import Actor, Asked
from storage.types import ChannelKey, Receipt

PLATFORM = "discord"

_WHY_MESSAGE = re.compile(
    r"/why\s+<?https://(?:(?:canary|ptb)\.)?discord(?:app)?\.com"
    r"/channels/(?P<guild>[0-9]+|@me)/(?P<channel>[0-9]+)/(?P<message>[0-9]+)/?>?",
    re.IGNORECASE | re.ASCII,
)
_LINK = re.compile(r"https?://[^\s|<>()\[\]]+")


def channel_key(guild: int, channel: int) -> ChannelKey:
    """A channel, or a thread: both have ids of their own, and settings of their own."""
    return ChannelKey(platform=PLATFORM, workspace=str(guild), channel=str(channel))


def place(interaction: discord.Interaction[Any]) -> ChannelKey:
    """Where something was typed or pressed. Our commands and buttons are in guilds only."""
    assert interaction.guild_id is not None, "commands are for guilds only, and so is what comes of them"
    assert interaction.channel_id is not None, "every command and every button is in a channel"
    return channel_key(interaction.guild_id, interaction.channel_id)


def asked(interaction: discord.Interaction[Any], text: str) -> Asked:
    """A line that somebody said by whatever they typed, pressed or filled in."""
    channel = place(interaction)
    return Asked(
        actor=actor(interaction.user, interaction.permissions),
        channel=channel,
        channel_name=str(getattr(interaction.channel, "name", None) or channel.channel),
        text=text,
    )


def actor(person: discord.User | discord.Member, permissions: discord.Permissions) -> Actor:
    """A person with what they may do in the channel: settings are for those with Manage Channels."""
    member = permissions.manage_channels or permissions.administrator
    return Actor(
        id=str(person.id),
        name=person.display_name,
        member=member,
        lacks="" if member else "the permission Manage Channels",
        admin=permissions.manage_guild or permissions.administrator,
    )


def judging(person: discord.User | discord.Member) -> Actor:
    """A person who judges, which is everyone's: what else they may do is not known, and not said."""
    return actor(person, discord.Permissions.none())


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    """A message whose link somebody asks why about."""

    guild: str
    channel: str
    message: Receipt


def linked_message(line: str) -> Linked | None:
    """The message in `/why` and a link to it; None for any other line."""
    found = _WHY_MESSAGE.fullmatch(line.strip())
    if found is None:
        return None
    return Linked(guild=found["guild"], channel=found["channel"], message=Receipt(found["message"]))


def message_text(message: discord.Message) -> str:
    """The words of a message: its own, those of the embeds that a feed or another bot posted in their place, or those
    of the message that it forwards."""
    shown = [part for embed in _embeds(message) for part in (embed.title, embed.description) if part]
    forwarded = next((one.content for one in message.message_snapshots if one.content), "")
    return message.content or forwarded or "\n".join(shown)


def _embeds(message: discord.Message) -> list[discord.Embed]:
    return [*message.embeds, *(embed for forwarded in message.message_snapshots for embed in forwarded.embeds)]


def first_link(message: discord.Message) -> str:
    """The first address in a message or of its embeds; empty where there is none."""
    texts = (message_text(message), *(embed.url or "" for embed in _embeds(message)))
    return next((found[0] for text in texts if (found := _LINK.search(text))), "")


def emoji(reaction: discord.PartialEmoji) -> str:
    """A reaction's emoji: the character itself, or the name of one of the guild's own. None has no name any more."""
    return str(reaction.name or "")
