"""Deliver: what the outbox owes is sent once, in order; no channel waits for another, and no send for an edit."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from bot.cards import Card, alert_card
from bot.chat.base import ChatPlatform, DeliveryError, OutcomeUnknownError, TryLaterError
from bot.pipeline.bell import Bell
from bot.pipeline.retry import GiveUp, LookUp, SendAgain, Suspend, next_step
from bot.pipeline.watch_list import WatchList
from sources.clock import Clock
from storage import alerts, channels, failpoints, outbox
from storage.database import Connection, Database
from storage.failpoints import Commit, Word
from storage.types import ChannelKey, Delivery, DeliveryKey, DeliveryState, DeliveryVerb, Lane, Receipt

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 32
_LOOK_UP_WHERE_SUSPENDED = timedelta(minutes=5)
_SENT_SOON = timedelta(seconds=1)


class Deliver:
    """One task that starts a short one for each lane something is due in."""

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
        self._busy: set[Lane] = set()

    async def run(self) -> None:
        """For ever. What an earlier life was sending when it died is looked up first."""
        await self._recover()
        async with asyncio.TaskGroup() as sending:
            while True:
                for delivery in await self._take():
                    self._busy.add(delivery.lane)
                    sending.create_task(self._deliver(delivery), name=f"delivery to {delivery.channel.channel}")
                await self._owed.wait(await self._seconds_to_next())

    async def _recover(self) -> None:
        now = self._clock.now()
        for name, platform in self._platforms.items():
            work = partial(outbox.recover, platform=name, due_at=now + platform.grace)
            if interrupted := await self._database.transaction(work, Commit.RECOVER_DELIVERIES):
                log.info("recovered platform=%s deliveries=%d", name, interrupted)

    def _room(self) -> int:
        return _MOST_AT_ONCE - len(self._busy)

    async def _take(self) -> list[Delivery]:
        room = self._room()
        if room <= 0:
            return []
        now, busy = self._clock.now(), frozenset(self._busy)
        return await self._database.transaction(
            lambda connection: outbox.take_due(connection, now, busy, room, self._platforms),
            Commit.TAKE_DELIVERIES,
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
            if delivery.verb is DeliveryVerb.EDIT:
                await self._edit(delivery, platform)
            elif delivery.state is DeliveryState.AMBIGUOUS:
                await self._look_up(delivery, platform)
            else:
                await self._send(delivery, platform)
        finally:
            self._busy.discard(delivery.lane)
            self._owed.ring()

    async def _look_up(self, delivery: Delivery, platform: ChatPlatform) -> None:
        try:
            failpoints.reach(failpoints.before(Word.FIND))
            receipt = await platform.find(delivery.channel, delivery.key)
            failpoints.reach(failpoints.after(Word.FIND))
        except DeliveryError as error:
            await self._plan(delivery, error, platform.grace, looking_up=True)
            return
        if receipt is not None:
            await self._sent(delivery, receipt)
            return
        now, problem = self._clock.now(), "not there when looked up"
        await self._database.transaction(
            lambda connection: outbox.try_again(connection, delivery.key, problem, now), Commit.TRY_AGAIN
        )

    async def _send(self, delivery: Delivery, platform: ChatPlatform) -> None:
        card = await self._card(delivery.key)
        try:
            failpoints.reach(failpoints.before(Word.SEND))
            receipt = await platform.send(delivery.channel, card, delivery.key)
            failpoints.reach(failpoints.after(Word.SEND))
        except DeliveryError as error:
            await self._plan(delivery, error, platform.grace)
        else:
            await self._sent(delivery, receipt)

    async def _edit(self, delivery: Delivery, platform: ChatPlatform) -> None:
        """Redraw a message as its alert stands now. Done twice it does no harm, so nothing is looked up."""
        assert delivery.edits is not None, "an edit names what it redraws"
        original = delivery.edits
        receipt = await self._database.read(lambda connection: outbox.receipt_of(connection, original))
        if receipt is None:
            await self._nothing_to_redraw(delivery, original, platform.grace)
            return
        try:
            card = await self._card(original)
            failpoints.reach(failpoints.before(Word.EDIT))
            await platform.edit(delivery.channel, receipt, card)
            failpoints.reach(failpoints.after(Word.EDIT))
        except OutcomeUnknownError as error:
            await self._plan(delivery, TryLaterError(str(error)), platform.grace)
        except DeliveryError as error:
            await self._plan(delivery, error, platform.grace)
        else:
            await self._sent(delivery, receipt)

    async def _nothing_to_redraw(self, delivery: Delivery, original: DeliveryKey, grace: timedelta) -> None:
        """A message not sent yet is drawn as its alert stands when it is; one under way may show less, so try again."""
        progress = await self._database.read(lambda connection: outbox.progress_of(connection, original))
        if progress is None or progress.state in {DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.FAILED}:
            await self._sent(delivery, Receipt(""))
            return
        due_at, problem = self._clock.now() + max(grace, _SENT_SOON), "what it redraws is still being sent"
        await self._database.transaction(
            lambda connection: outbox.try_again(connection, delivery.key, problem, due_at), Commit.TRY_AGAIN
        )

    async def _card(self, key: DeliveryKey) -> Card:
        carried = await self._database.read(lambda connection: alerts.carried_by(connection, key))
        return alert_card(carried[0])

    async def _sent(self, delivery: Delivery, receipt: Receipt) -> None:
        now = self._clock.now()
        await self._database.transaction(
            lambda connection: outbox.settle_sent(connection, delivery.key, receipt, now), Commit.SETTLE_SENT
        )

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
                await self._database.transaction(
                    lambda connection: outbox.try_again(connection, key, problem, due_at), Commit.TRY_AGAIN
                )
            case LookUp(due_at):
                await self._database.transaction(
                    lambda connection: outbox.look_up(connection, key, problem, due_at), Commit.LOOK_UP_LATER
                )
            case GiveUp():
                await self._database.transaction(
                    lambda connection: outbox.settle_failed(connection, key, problem, now), Commit.SETTLE_FAILED
                )
            case Suspend():
                await self._suspend(delivery.channel, problem)
                if looking_up:  # not held: nobody knows yet whether it is still owed
                    later = now + _LOOK_UP_WHERE_SUSPENDED
                    await self._database.transaction(
                        lambda connection: outbox.look_up(connection, key, problem, later), Commit.LOOK_UP_LATER
                    )

    async def _suspend(self, channel: ChannelKey, problem: str) -> None:
        def work(connection: Connection) -> None:
            channels.suspend(connection, channel, problem)
            outbox.hold(connection, channel, problem)

        await self._database.transaction(work, Commit.SUSPEND)
        await self._watch_list.refresh()
