"""Reactions: each that is heard is taken up at once, and those that were not heard are read from the chat.

What a reading finds is all that stands under a message, so whoever is not in it has taken their reaction back. Somebody
may react while it is read: what is told of a message from the beginning of a reading on makes that reading old.
"""

import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from typing import TypeAlias

from bot.chat.base import DeliveryError, Inbound, OutcomeUnknownError, Reaction, TryLaterError
from sources.clock import Clock
from storage.types import ChannelKey, Receipt

log = logging.getLogger(__name__)

Read: TypeAlias = Callable[[ChannelKey, Collection[Receipt]], AsyncGenerator[tuple[Receipt, list[Reaction]], None]]
"""Those of the messages that are still there, each with the reactions of people under it. Raises DeliveryError."""

_WAIT_S = 30.0

_STORED_AFTER_S = (1.0, 60.0)
"""A receipt is stored at once, or when a message with an unknown outcome was looked up."""


class Reread:
    """Takes up the reactions of one platform."""

    def __init__(self, platform: str, read: Read, inbound: Inbound, clock: Clock) -> None:
        self._platform = platform
        self._read = read
        self._inbound = inbound
        self._clock = clock
        self._old: list[set[tuple[ChannelKey, Receipt]]] = []
        """For each reading under way the messages about which something was heard meanwhile."""

    async def run(self) -> None:
        """Once through all channels. One that cannot be read keeps the others from nothing."""
        by_channel: dict[ChannelKey, list[Receipt]] = defaultdict(list)
        for channel, message in await self._inbound.recent_messages(self._platform):
            by_channel[channel].append(message)
        for channel, messages in by_channel.items():
            await self._patiently(channel, messages)

    async def heard(
        self, channel: ChannelKey, message: Receipt, take: Callable[[], Awaitable[None]], *, ours: bool
    ) -> None:
        """Something was told of the reactions under a message: `take` does what it means, and raises DeliveryError
        where that cannot be found out now; then the message is read once the chat answers again.

        `ours`: a message of ours. It may be seen before we have heard that it was sent, and is read when we have.
        """
        self._is_old(channel, message)
        known = not ours or bool(await self._inbound.alerts_of(channel, message))
        try:
            await take()
        except DeliveryError as error:
            log.warning("later reaction channel=%s message=%s reason=%r", channel.channel, message, str(error))
            await self._clock.sleep(wait_s(error))
            await self._patiently(channel, [message])
        else:
            if not known:
                await self._once_stored(channel, message)

    async def cleared(self, channel: ChannelKey, message: Receipt) -> None:
        """Somebody took away what others gave under a message: what is left is read."""
        self._is_old(channel, message)
        if await self._inbound.alerts_of(channel, message):
            await self._patiently(channel, [message])

    def _is_old(self, channel: ChannelKey, message: Receipt) -> None:
        for old in self._old:
            old.add((channel, message))

    async def _once_stored(self, channel: ChannelKey, message: Receipt) -> None:
        for after_s in _STORED_AFTER_S:
            await self._clock.sleep(after_s)
            if await self._inbound.alerts_of(channel, message):
                await self._patiently(channel, [message])
                return

    async def _patiently(self, channel: ChannelKey, messages: Collection[Receipt]) -> None:
        """Nobody waits for this: as slowly as the chat likes, and again what has become old while it was read."""
        left = set(messages)
        while left:
            try:
                left = await self._once(channel, left)
            except (TryLaterError, OutcomeUnknownError) as error:
                await self._clock.sleep(wait_s(error))
            except DeliveryError as error:
                log.warning("unread reactions channel=%s reason=%r", channel.channel, str(error))
                return

    async def _once(self, channel: ChannelKey, left: set[Receipt]) -> set[Receipt]:
        """Those that have to be read again; each of `left` is taken out of it once it is done. Raises DeliveryError."""
        old: set[tuple[ChannelKey, Receipt]] = set()
        self._old.append(old)
        again = set()
        try:
            async with aclosing(self._read(channel, frozenset(left))) as reading:
                async for message, found in reading:
                    if (channel, message) in old:
                        again.add(message)
                    else:
                        await self._inbound.reactions_found(channel, message, found)
                        left.discard(message)
        finally:
            self._old.remove(old)
        return again


def wait_s(error: DeliveryError) -> float:
    """How long to wait after an error that nobody waits for: what the chat asks for, if anything."""
    asked_for = error.retry_after_s if isinstance(error, TryLaterError) else None
    return _WAIT_S if asked_for is None else asked_for
