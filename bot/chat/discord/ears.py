"""What Discord tells without being asked: reactions, new servers, and that a session has begun."""

import asyncio
import logging
from functools import partial
from typing import Any

import discord

from bot.chat.base import DeliveryError, Inbound, Reaction
from bot.chat.discord.client import Cleared
from bot.chat.discord.incoming import PLATFORM, channel_key, emoji, judging
from bot.chat.discord.people import People
from bot.chat.discord.reactions import Reactions
from bot.chat.discord.tree import Tree, sync
from bot.chat.reread import Reread, wait_s
from sources.clock import Clock
from storage.types import ChannelKey, Receipt

log = logging.getLogger(__name__)


class Ears:
    """Hears for one client, and what it hears tells to the house."""

    def __init__(self, client: discord.Client, tree: Tree, inbound: Inbound, clock: Clock) -> None:
        self._client = client
        self._tree = tree
        self._inbound = inbound
        self._clock = clock
        self._people = People(client)
        self._reread = Reread(PLATFORM, Reactions(client, self._people).read, inbound, clock)
        self._one_at_a_time = asyncio.Lock()

    async def connected(self) -> None:
        """A session has begun: tell Discord our commands, and take up what was reacted before it."""
        async with self._one_at_a_time:  # neither waits for the other, nor ends with it
            ends = await asyncio.gather(self._sync(), self._reread.run(), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def joined(self, guild: discord.Guild) -> None:
        """We were added to a server: whoever was suspended there goes on."""
        for channel in (*guild.channels, *guild.threads):
            await self._inbound.reachable(channel_key(guild.id, channel.id))

    async def reacted(self, event: discord.RawReactionActionEvent) -> None:
        """A reaction given or taken back, by people, in a server."""
        ourselves = self._client.user
        if event.guild_id is None or ourselves is None or event.user_id == ourselves.id:
            return
        channel, message = channel_key(event.guild_id, event.channel_id), Receipt(str(event.message_id))
        ours = event.message_author_id == ourselves.id
        await self._reread.heard(channel, message, partial(self._take, event, channel, message), ours=ours)

    async def cleared(self, event: Cleared) -> None:
        """All reactions, or all of one emoji, taken away from a message by whoever keeps order there."""
        if event.guild_id is not None:
            await self._reread.cleared(channel_key(event.guild_id, event.channel_id), Receipt(str(event.message_id)))

    async def _take(self, event: Any, channel: ChannelKey, message: Receipt) -> None:
        given = event.event_type == "REACTION_ADD"
        async with self._people.turn(str(event.user_id)):
            person = event.member or await self._people.find(channel.workspace, str(event.user_id))
            if person.bot:
                return
            await self._inbound.reacted(
                Reaction(actor=judging(person), channel=channel, message=message, emoji=emoji(event.emoji), given=given)
            )

    async def _sync(self) -> None:
        """People can use the commands that Discord has; it is told of ours until it takes them."""
        while True:
            try:
                await sync(self._tree)
            except DeliveryError as error:
                log.warning("waiting for=commands seconds=%.0f reason=%r", wait_s(error), str(error))
                await self._clock.sleep(wait_s(error))
            else:
                return
