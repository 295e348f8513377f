"""What Discord tells without being asked: reactions, new servers, and that a session has begun."""

import asyncio
import logging
from typing import Any

import discord

from bot.chat.base import DeliveryError, Inbound, Reaction
from bot.chat.discord.incoming import channel_key, emoji, judging
from bot.chat.discord.people import People
from bot.chat.discord.reread import Reread
from bot.chat.discord.tree import Tree, sync
from sources.clock import Clock
from storage.types import ChannelKey, Receipt

log = logging.getLogger(__name__)

_WAIT_S = 60.0


class Ears:
    """Hears for one client, and what it hears tells to the house."""

    def __init__(self, client: discord.Client, tree: Tree, inbound: Inbound, clock: Clock) -> None:
        self._client = client
        self._tree = tree
        self._inbound = inbound
        self._clock = clock
        self._people = People(client)
        self._reread = Reread(client, self._people, inbound, clock)
        self._one_at_a_time = asyncio.Lock()

    async def connected(self) -> None:
        """A session has begun: tell Discord our commands, and take up what was reacted before it."""
        async with self._one_at_a_time:
            await self._sync()
            await self._reread.run()

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
        try:
            async with self._people.turn(event.user_id):
                await self._take(event, channel, message)
        except DeliveryError as error:
            log.warning("later reaction person=%s reason=%r", event.user_id, str(error))
            await self._reread.later(channel, message, error)
            return
        if event.message_author_id == ourselves.id and not await self._inbound.alerts_of(channel, message):
            await self._reread.once_stored(channel, message)

    async def _take(self, event: Any, channel: ChannelKey, message: Receipt) -> None:
        given = event.event_type == "REACTION_ADD"
        person = event.member or await self._people.find(event.guild_id, event.user_id)
        if not person.bot:
            await self._inbound.reacted(
                Reaction(actor=judging(person), channel=channel, message=message, emoji=emoji(event.emoji), given=given)
            )

    async def _sync(self) -> None:
        """People can use the commands that Discord has; it is told of ours until it takes them."""
        while True:
            try:
                await sync(self._tree)
            except DeliveryError as error:
                log.warning("waiting for=commands seconds=%.0f reason=%r", _WAIT_S, str(error))
                await self._clock.sleep(_WAIT_S)
            else:
                return
