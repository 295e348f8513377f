"""Deliver: what the outbox owes is sent once, each channel in order, no channel behind another."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from bot.cards import Card, alert_card
from bot.chat.base import ChatPlatform, DeliveryError
from bot.pipeline.bell import Bell
from bot.pipeline.retry import GiveUp, LookUp, SendAgain, Suspend, next_step
from bot.pipeline.watch_list import WatchList
from sources.clock import Clock
from storage import alerts, channels, outbox
from storage.database import Connection, Database
from storage.types import ChannelKey, Delivery, DeliveryState, Receipt

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 32
_LOOK_UP_WHERE_SUSPENDED = timedelta(minutes=5)


class Deliver:
    """One task that starts a short one for each channel something is due in."""

    def __init__(
        self,
        database: Database,
        platforms: Mapping[str, ChatPlatform],
        watch_list: WatchList,
        clock: Clock,
        *,
        owed: Bell,
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._watch_list = watch_list
        self._clock = clock
        self._owed = owed
        self._busy: set[ChannelKey] = set()

    async def run(self) -> None:
        """For ever. What an earlier life was sending when it died is looked up first."""
        await self._recover()
        async with asyncio.TaskGroup() as sending:
            while True:
                for delivery in await self._take():
                    self._busy.add(delivery.channel)
                    sending.create_task(self._deliver(delivery), name=f"delivery to {delivery.channel.channel}")
                await self._owed.wait(await self._seconds_to_next())

    async def _recover(self) -> None:
        now = self._clock.now()
        for name, platform in self._platforms.items():
            work = partial(outbox.recover, platform=name, due_at=now + platform.grace)
            if interrupted := await self._database.transaction(work):
                log.info("recovered platform=%s deliveries=%d", name, interrupted)

    def _room(self) -> int:
        return _MOST_AT_ONCE - len(self._busy)

    async def _take(self) -> list[Delivery]:
        room = self._room()
        if room <= 0:
            return []
        now, busy = self._clock.now(), frozenset(self._busy)
        return await self._database.transaction(
            lambda connection: outbox.take_due(connection, now, busy, room, self._platforms)
        )

    async def _seconds_to_next(self) -> float | None:
        """None: nothing to do before the bell rings."""
        if self._room() <= 0:
            return None
        busy = frozenset(self._busy)
        due = await self._database.read(lambda connection: outbox.next_due(connection, busy, self._platforms))
        return None if due is None else max((due - self._clock.now()).total_seconds(), 0)

    async def _deliver(self, delivery: Delivery) -> None:
        platform = self._platforms[delivery.channel.platform]
        try:
            if delivery.state is DeliveryState.AMBIGUOUS:
                await self._look_up(delivery, platform)
            else:
                await self._send(delivery, platform)
        finally:
            self._busy.discard(delivery.channel)
            self._owed.ring()

    async def _look_up(self, delivery: Delivery, platform: ChatPlatform) -> None:
        try:
            receipt = await platform.find(delivery.channel, delivery.key)
        except DeliveryError as error:
            await self._plan(delivery, error, platform.grace, looking_up=True)
            return
        if receipt is not None:
            await self._sent(delivery, receipt)
            return
        now, problem = self._clock.now(), "not there when looked up"
        await self._database.transaction(lambda connection: outbox.try_again(connection, delivery.key, problem, now))

    async def _send(self, delivery: Delivery, platform: ChatPlatform) -> None:
        card = await self._card(delivery)
        try:
            receipt = await platform.send(delivery.channel, card, delivery.key)
        except DeliveryError as error:
            await self._plan(delivery, error, platform.grace)
        else:
            await self._sent(delivery, receipt)

    async def _card(self, delivery: Delivery) -> Card:
        carried = await self._database.read(lambda connection: alerts.carried_by(connection, delivery.key))
        return alert_card(carried[0])

    async def _sent(self, delivery: Delivery, receipt: Receipt) -> None:
        now = self._clock.now()
        await self._database.transaction(lambda connection: outbox.settle_sent(connection, delivery.key, receipt, now))

    async def _plan(
        self, delivery: Delivery, error: DeliveryError, grace: timedelta, *, looking_up: bool = False
    ) -> None:
        now, problem = self._clock.now(), str(error)
        step = next_step(error, attempts=delivery.attempts, now=now, grace=grace, looking_up=looking_up)
        next_name = type(step).__name__
        log.warning(
            "failed delivery=%s attempts=%d next=%s problem=%r", delivery.key, delivery.attempts, next_name, problem
        )
        key = delivery.key
        match step:
            case SendAgain(due_at):
                await self._database.transaction(lambda connection: outbox.try_again(connection, key, problem, due_at))
            case LookUp(due_at):
                await self._database.transaction(lambda connection: outbox.look_up(connection, key, problem, due_at))
            case GiveUp():
                await self._database.transaction(lambda connection: outbox.settle_failed(connection, key, problem, now))
            case Suspend():
                await self._suspend(delivery.channel, problem)
                if looking_up:  # not held: nobody knows yet whether it is still owed
                    later = now + _LOOK_UP_WHERE_SUSPENDED
                    await self._database.transaction(lambda connection: outbox.look_up(connection, key, problem, later))

    async def _suspend(self, channel: ChannelKey, problem: str) -> None:
        def work(connection: Connection) -> None:
            channels.suspend(connection, channel, problem)
            outbox.hold(connection, channel, problem)

        await self._database.transaction(work)
        await self._watch_list.refresh()
