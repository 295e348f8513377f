"""Deliver: what the outbox owes is sent once, in order; no channel waits for another, and no send for an edit."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.chat.base import ChatPlatform
from bot.pipeline.bell import Bell
from bot.pipeline.lanes import Lanes
from bot.pipeline.send import Sender
from sources.clock import Clock
from storage import outbox, summaries
from storage.database import Connection, Database
from storage.failpoints import Commit
from storage.inbox import Inbox
from storage.types import ChannelKey, Delivery, DeliveryKey, DeliveryKind, DeliveryState, DeliveryVerb, Lane

log = logging.getLogger(__name__)

_GATHER = timedelta(seconds=5)
"""How long a summary waits at a time while posts as old as its own are still to be decided."""

_GATHER_AT_MOST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was found in the lanes looked into."""

    begun: Sequence[Delivery]
    waiting: Mapping[Lane, datetime]
    """Lanes in which nothing can be sent yet."""


class Deliver:
    """One task that starts a short one for each lane something is due in."""

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        platforms: Mapping[str, ChatPlatform],
        sender: Sender,
        clock: Clock,
        *,
        owed: Bell,
        summary_after: timedelta,
    ) -> None:
        """`summary_after`: alerts of posts seen longer ago are summed up instead of sent one by one."""
        self._database = database
        self._inbox = inbox
        self._platforms = platforms
        self._sender = sender
        self._clock = clock
        self._owed = owed
        self._summary_after = summary_after
        self._lanes = Lanes()
        self._read_up_to = 0
        self._read_all = True
        self._own_rings = self._heard = 0
        self._gathering: dict[DeliveryKey, datetime] = {}
        """Since when each summary waits for alerts of posts that are still to be decided."""

        self._stopping = False

    async def run(self) -> None:
        """Until stopped. What an earlier life was sending when it died is looked up first."""
        self._lanes, self._read_all = Lanes(), True
        await self._recover()
        async with asyncio.TaskGroup() as sending:
            while not self._stopping:
                await self._read_news()
                for delivery in await self._take():
                    sending.create_task(self._deliver(delivery), name=f"delivery to {delivery.channel.channel}")
                if (wait_s := self._seconds_to_next()) != 0:
                    await self._owed.wait(wait_s)

    def stop(self) -> None:
        """Let `run` return once what is being sent has been."""
        self._stopping = True
        self._owed.ring()

    def look_again(self) -> None:
        """Something is owed again that was not: read the whole outbox."""
        self._read_all = True
        self._owed.ring()

    async def _recover(self) -> None:
        now = self._clock.now()
        for name, platform in self._platforms.items():
            work = partial(outbox.recover, platform=name, due_at=now + platform.grace)
            if interrupted := await self._database.transaction(work, Commit.RECOVER_DELIVERIES):
                log.info("recovered platform=%s deliveries=%d", name, interrupted)

    async def _read_news(self) -> None:
        rung_by_others = self._owed.rings - self._own_rings
        if rung_by_others == self._heard and not self._read_all:
            return  # only deliveries have ended: nothing is owed that was not
        self._heard = rung_by_others
        since, self._read_all = 0 if self._read_all else self._read_up_to, False
        found = await self._database.read(lambda connection: outbox.news(connection, since, self._platforms))
        self._read_up_to = found.newest
        self._lanes.owe(found.lanes, self._clock.now())

    def _seconds_to_next(self) -> float | None:
        """None: nothing to do before the bell rings."""
        due = self._lanes.next_at()
        return None if due is None else max((due - self._clock.now()).total_seconds(), 0)

    async def _take(self) -> Sequence[Delivery]:
        now = self._clock.now()
        lanes = self._lanes.ready(now)
        if not lanes:
            return []
        gathering = await self._gathers(lanes, now)
        taken = await self._database.transaction(
            lambda connection: self._look_into(connection, lanes, now, gathering), Commit.TAKE_DELIVERIES
        )
        for lane in set(lanes) - taken.waiting.keys() - {delivery.lane for delivery in taken.begun}:
            self._lanes.empty(lane)
        for lane, until in taken.waiting.items():
            self._lanes.waits(lane, until)
        for delivery in taken.begun:
            self._lanes.start(delivery.lane, now, self._platforms[delivery.channel.platform].pace)
        return taken.begun

    async def _gathers(self, lanes: Sequence[Lane], now: datetime) -> bool:
        """Whether more alerts may be on their way that belong into a summary that is due."""
        if not any(lane.kind is DeliveryKind.SUMMARY for lane in lanes):
            return False
        return await self._inbox.waits_from_before(now - self._summary_after)

    def _look_into(self, connection: Connection, lanes: Sequence[Lane], now: datetime, gathering: bool) -> _Taken:
        found = outbox.heads(connection, lanes)
        waiting = {one.lane: one.due_at for one in found if one.due_at > now}
        due = [one for one in found if one.due_at <= now and one.state is not DeliveryState.SENDING]
        pending = [one for one in due if one.state is DeliveryState.PENDING]
        ripe = [one for one in pending if one.kind is DeliveryKind.SUMMARY]
        waiting |= self._begin_summaries(connection, pending, now)
        early = [one for one in ripe if gathering and now < self._gathering_since(one, now) + _GATHER_AT_MOST]
        if early:
            outbox.postpone(connection, early, now + _GATHER)
        waiting |= {one.lane: now + _GATHER for one in early}
        waiting |= self._complete(connection, [one for one in ripe if one not in early], now)
        begun = outbox.mark_sending(connection, [one for one in pending if one.lane not in waiting])
        return _Taken([*begun, *(one for one in due if one.state is DeliveryState.AMBIGUOUS)], waiting)

    def _begin_summaries(
        self, connection: Connection, pending: Sequence[Delivery], now: datetime
    ) -> dict[Lane, datetime]:
        """Put what is old into summaries; returns the lanes to be looked into again, since their heads have changed."""
        seen_before = now - self._summary_after
        single = [one for one in pending if one.kind is DeliveryKind.ALERT and one.verb is DeliveryVerb.SEND]
        changed: dict[Lane, datetime] = {}
        for delivery in summaries.old(connection, single, seen_before):
            summaries.sum_up(connection, delivery.channel, seen_before)
            changed |= {_sends(delivery.channel, kind): now for kind in (DeliveryKind.ALERT, DeliveryKind.SUMMARY)}
        return changed

    def _gathering_since(self, summary: Delivery, now: datetime) -> datetime:
        return self._gathering.setdefault(summary.key, now)

    def _complete(self, connection: Connection, ripe: Sequence[Delivery], now: datetime) -> dict[Lane, datetime]:
        """Before a summary goes, put in what became old meanwhile behind alerts that are new; returns as above."""
        for summary in ripe:
            self._gathering.pop(summary.key, None)
            summaries.sum_up(connection, summary.channel, now - self._summary_after)
        return {_sends(summary.channel, DeliveryKind.ALERT): now for summary in ripe}

    async def _deliver(self, delivery: Delivery) -> None:
        failed = True
        try:
            failed = not await self._sender.deliver(delivery, speaking=partial(self._speaks, delivery.channel))
        finally:
            self._lanes.end(delivery.lane, self._clock.now(), failed=failed)
            self._own_rings += 1
            self._owed.ring()

    def _speaks(self, channel: ChannelKey) -> None:
        """Counted from here: between being taken and being sent a delivery has waited for the disk."""
        self._lanes.keep_quiet(channel, self._clock.now() + self._platforms[channel.platform].pace)


def _sends(channel: ChannelKey, kind: DeliveryKind) -> Lane:
    return Lane(channel=channel, verb=DeliveryVerb.SEND, kind=kind)
