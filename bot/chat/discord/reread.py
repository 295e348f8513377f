"""Reactions given and taken back while nobody listened: read from the channels' histories when a session begins."""

import logging
from collections import defaultdict
from collections.abc import Sequence

import discord

from bot.chat.base import DeliveryError, Inbound, OutcomeUnknownError, Reaction, TryLaterError
from bot.chat.discord.errors import call
from bot.chat.discord.incoming import PLATFORM, judging
from bot.chat.discord.people import People
from sources.clock import Clock
from storage.types import ChannelKey, Receipt

log = logging.getLogger(__name__)

_WAIT_S = 30.0

_STORED_AFTER_S = (1.0, 60.0)
"""A receipt is stored at once, or when a message with an unknown outcome was looked up."""


class Reread:
    """Reads what Discord shows now under the messages that people may still judge."""

    def __init__(self, client: discord.Client, people: People, inbound: Inbound, clock: Clock) -> None:
        self._client = client
        self._people = people
        self._inbound = inbound
        self._clock = clock

    async def run(self) -> None:
        """Once through all channels. One that cannot be read keeps the others from nothing."""
        by_channel: dict[ChannelKey, list[Receipt]] = defaultdict(list)
        for channel, message in await self._inbound.recent_messages(PLATFORM):
            by_channel[channel].append(message)
        for channel, messages in by_channel.items():
            await self._patiently(channel, messages)

    async def later(self, channel: ChannelKey, message: Receipt, error: DeliveryError) -> None:
        """One message, once Discord answers again: what happened there could not be understood for now."""
        await self._clock.sleep(_wait_s(error))
        await self._patiently(channel, [message])

    async def once_stored(self, channel: ChannelKey, message: Receipt) -> None:
        """One message of ours that is no alert yet: it may be seen before we have heard that it was sent."""
        for wait_s in _STORED_AFTER_S:
            await self._clock.sleep(wait_s)
            if await self._inbound.alerts_of(channel, message):
                await self._patiently(channel, [message])
                return

    async def _patiently(self, channel: ChannelKey, messages: Sequence[Receipt]) -> None:
        """Nobody waits for this: as slowly as Discord likes, and none twice."""
        left = {int(message) for message in messages}
        while True:
            try:
                await self._channel(channel, left)
            except (TryLaterError, OutcomeUnknownError) as error:
                await self._clock.sleep(_wait_s(error))
            except DeliveryError as error:
                log.warning("unread reactions channel=%s reason=%r", channel.channel, str(error))
                return
            else:
                return

    async def _channel(self, channel: ChannelKey, left: set[int]) -> None:
        """All of `left` that are still there; each is taken out of it once it is done. Raises DeliveryError."""
        for shown in await call(self._shown(channel, frozenset(left))):
            found = [one for reaction in shown.reactions for one in await call(self._given(channel, reaction))]
            await self._inbound.reactions_found(channel, Receipt(str(shown.id)), found)
            left.discard(shown.id)

    async def _shown(self, channel: ChannelKey, wanted: frozenset[int]) -> list[discord.Message]:
        """These messages as they stand in the channel, those that are there, oldest first."""
        if not wanted:
            return []
        where = self._client.get_partial_messageable(int(channel.channel), guild_id=int(channel.workspace))
        first, last = discord.Object(min(wanted) - 1), discord.Object(max(wanted) + 1)
        history = where.history(limit=None, after=first, before=last, oldest_first=True)
        return [message async for message in history if message.id in wanted]

    async def _given(self, channel: ChannelKey, reaction: discord.Reaction) -> list[Reaction]:
        """Who gave this one, bots left out."""
        message = Receipt(str(reaction.message.id))
        name = reaction.emoji if isinstance(reaction.emoji, str) else reaction.emoji.name
        return [
            Reaction(
                actor=judging(await self._people.find(int(channel.workspace), person.id)),
                channel=channel,
                message=message,
                emoji=name,
                given=True,
            )
            async for person in reaction.users(limit=None)
            if not person.bot
        ]


def _wait_s(error: DeliveryError) -> float:
    """As long as Discord asks for."""
    asked_for = error.retry_after_s if isinstance(error, TryLaterError) else None
    return _WAIT_S if asked_for is None else asked_for
