"""Where in Discord a channel of ours is, and whether we may post there."""

import asyncio
from collections.abc import Mapping
from typing import TypeAlias

import discord

from bot.chat.base import ChannelGoneError
from bot.chat.discord.client import Client
from bot.chat.discord.errors import call
from bot.chat.discord.permissions import POSTING, POSTING_IN_THREADS, missing
from storage.types import ChannelKey

Place: TypeAlias = discord.DMChannel | discord.PartialMessageable

_PERSON = "@"
"""What the name of a channel begins with that is the conversation with one person; their id follows."""


_REMOVED = "This server has removed me, or does not exist any more."


def direct(person: str) -> str:
    """The name of the conversation with a person: it is opened when something is said there."""
    return f"{_PERSON}{person}"


async def place(client: Client, channel: ChannelKey) -> Place:
    """Where a message goes. Raises DeliveryError."""
    name = channel.channel
    number = name.removeprefix(_PERSON)
    if not (number.isascii() and number.isdecimal()):
        raise ChannelGoneError(f'Discord has no channel "{name}": its channels are numbers')
    if name != number:
        return await call(client.create_dm(discord.Object(int(number))))
    return client.get_partial_messageable(int(number))


async def problem(client: Client, channel: ChannelKey) -> str | None:
    """Why we cannot post in a channel, in words for people; None when we can. Asks Discord, gateway or not.

    Raises DeliveryError where Discord does not answer.
    """
    try:
        if client.is_ready() and client.get_guild(int(channel.workspace)) is None:
            return _REMOVED  # asked of Discord for every channel again and again, that could come to a ban
        where = await place(client, channel)
        if isinstance(where, discord.DMChannel):
            return None  # whether somebody takes messages shows only when one is sent
        return await _problem_in_guild(client, channel)
    except discord.InvalidData as error:  # a kind of channel that is newer than discord.py, or another server's
        return f"I do not know this kind of channel: {str(error).removesuffix('.')}."
    except ChannelGoneError as error:
        said = str(error)
        return f"{said[:1].upper()}{said[1:]}."


async def _problem_in_guild(client: Client, channel: ChannelKey) -> str | None:
    guild = await call(client.fetch_guild(int(channel.workspace), with_counts=False))
    assert client.user is not None, "who is logged in knows itself"
    found, me = await asyncio.gather(
        call(guild.fetch_channel(int(channel.channel))), call(guild.fetch_member(client.user.id))
    )
    if not isinstance(found, discord.Thread):
        return no_place(found) or lacking(found.permissions_for(me), POSTING)
    parent = await call(guild.fetch_channel(found.parent_id))
    assert not isinstance(parent, discord.Thread), "no thread is in a thread"
    # what the parent forbids to say is no matter in a thread: only the rights themselves count
    rights = discord.abc.GuildChannel.permissions_for(parent, me)
    if found.locked and not rights.manage_threads:
        return "This thread is locked."
    return lacking(rights, POSTING_IN_THREADS)


def no_place(channel: discord.abc.GuildChannel) -> str | None:
    """Why a kind of channel takes no messages of ours; None where it does. Pure."""
    if isinstance(channel, discord.abc.Messageable):
        return None
    if isinstance(channel, discord.ForumChannel):
        return "This is a forum: I can post in its threads only. Type the command in one."
    return "This is no channel for messages."


def lacking(rights: discord.Permissions, needed: Mapping[str, str] = POSTING) -> str | None:
    """Which permissions are missing, and the way out; None where there are all. Pure."""
    if not (names := missing(rights, needed)):
        return None
    return f"I lack {', '.join(names)} here. Give my role these in the channel's settings, Permissions, then repeat."
