"""Channels that cannot be sent to: suspended with their settings kept, told where somebody hears it, and resumed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot import wording
from bot.chat.base import ChatGoneError, ChatPlatform, DeliveryError
from bot.pipeline.supervise import words
from bot.pipeline.watch_list import WatchList
from sources.clock import Clock
from storage import audit, channels, outbox
from storage.database import Connection, Database
from storage.failpoints import Commit
from storage.types import Channel, ChannelKey, Delivery, DeliveryState

log = logging.getLogger(__name__)

_ASK_EVERY_S = 300.0
"""How often a suspended channel is asked whether it can be sent to again; a chat that tells us so itself is quicker."""

_ANSWER_WITHIN_S = 60.0
"""In real seconds: a question that hangs longer is asked again next time."""

_SAY_AGAIN_AFTER = timedelta(days=1)
"""Where a chat says that a channel can be sent to and then refuses, suspensions come and go: told once a day."""

_MOST_ASKED_AT_ONCE = 16

_LOOK_UP_EVERY = timedelta(minutes=5)


class Suspensions:
    """Which channels are suspended, and one task that finds out when they are not any more."""

    def __init__(
        self,
        database: Database,
        platforms: Mapping[str, ChatPlatform],
        watch_list: WatchList,
        clock: Clock,
        *,
        released: Callable[[], None],
    ) -> None:
        """`released` is called when something is owed that was not, or was held."""
        self._database = database
        self._platforms = platforms
        self._watch_list = watch_list
        self._clock = clock
        self._released = released
        self._places = asyncio.Semaphore(_MOST_ASKED_AT_ONCE)
        self.asked = asyncio.Event()
        """Set once every channel that was suspended at the start was asked."""

    async def run(self) -> None:
        """For ever: ask suspended channels whether they can be sent to again, first of all at the start."""
        while True:
            async with asyncio.TaskGroup() as asking:  # at once: one that hangs keeps no other waiting
                for channel in self._watch_list.channels():
                    if channel.suspended and channel.key.platform in self._platforms:
                        asking.create_task(self._ask(channel.key), name=f"question about {channel.key.channel}")
            self.asked.set()
            await self._clock.sleep(_ASK_EVERY_S)

    async def suspend(self, delivery: Delivery, problem: str) -> None:
        """The chat says that nothing can be sent to this delivery's channel until people change something there.

        What waits is held, and whoever changed the channel's settings last is told. A delivery with an unknown outcome
        is not held: nobody knows yet whether it is still owed.
        """
        now, key = self._clock.now(), delivery.channel

        def work(connection: Connection) -> bool:
            if delivery.state is DeliveryState.AMBIGUOUS:
                outbox.look_up(connection, delivery.key, problem, now + _LOOK_UP_EVERY)
            else:
                outbox.try_again(connection, delivery.key, problem, now)
            channel = channels.load(connection, key)
            outbox.hold(connection, key, problem)
            if channel is None or channel.suspended:
                return False
            channels.suspend(connection, key, problem)
            self._tell(connection, channel, problem, now)
            return True

        suspended = await self._database.transaction(work, Commit.SUSPEND)
        if suspended:
            log.error("suspended channel=%s reason=%r", key, problem)
            self._released()  # somebody is owed a notice
        known = self._watch_list.channel(key)
        if suspended or (
            known is not None and not known.suspended
        ):  # also where an earlier call was cut short in this place
            await self._watch_list.refresh(key)

    async def resume(self, key: ChannelKey) -> None:
        """The channel can be sent to again: go on with what was held."""

        def work(connection: Connection) -> int:
            channels.resume(connection, key)
            return outbox.release(connection, key, self._clock.now())

        held = await self._database.transaction(work, Commit.RESUME)
        log.info("resumed channel=%s held=%d", key, held)
        self._released()  # first: whatever becomes of the rest, what is owed again is looked into
        await self._watch_list.refresh(key)

    async def _ask(self, key: ChannelKey) -> None:
        try:
            async with self._places, asyncio.timeout(_ANSWER_WITHIN_S):
                problem = await self._platforms[key.platform].can_send(key)
        except (DeliveryError, TimeoutError) as error:  # the chat itself is away: asked again next time
            log.info("asked channel=%s reason=%r", key, words(error))
            return
        except ChatGoneError:
            raise
        except Exception:  # a fault of our own about one channel keeps no other from being asked
            log.exception("fault channel=%s", key)
            return
        if problem is None:
            await self.resume(key)

    def _tell(self, connection: Connection, channel: Channel, problem: str, now: datetime) -> None:
        changes = audit.log(connection, channel.key, 1)
        if not changes:
            return
        platform = self._platforms[channel.key.platform]
        where = platform.direct(channel.key.workspace, changes[0].actor)
        if where is None or where == channel.key:
            return
        if channels.load(connection, where) is None:
            channels.save(connection, Channel(key=where, name=changes[0].actor_name))
        text = wording.suspended(channel.name, problem)
        if not outbox.has_notice(connection, where, text, now - _SAY_AGAIN_AFTER):
            outbox.owe_notice(connection, where, text, now)
