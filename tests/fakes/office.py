"""Deliver with chats that have their troubles, on a clock that stands still: what is owed is put there by the test."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from itertools import count

import sqlalchemy as sa

from bot.cards import AlertCard, Card, SummaryCard
from bot.chat.base import ChannelGoneError, OutcomeUnknownError, TryLaterError
from bot.pipeline.bell import Bell
from bot.pipeline.deliver import Deliver
from bot.pipeline.send import Sender
from bot.pipeline.suspend import Suspensions
from bot.pipeline.watch_list import WatchList
from sources.clock import Clock
from sources.types import Cursor, Source
from storage import alerts, channels, decisions, logits, outbox
from storage import posts as posts_storage
from storage.database import Database, T, Work
from storage.failpoints import Commit
from storage.inbox import SqlInbox
from storage.outbox import Owed
from storage.schema import alerts as alerts_table
from storage.schema import deliveries
from storage.types import Alert, AlertId, ChannelKey, DeliveryKey, DeliveryKind, DeliveryState, PostId, Receipt
from tests.fakes.builders import MODEL, TEMPLATE, a_channel, a_decision, a_post, a_score
from tests.fakes.chat import FakeChat
from tests.fakes.clock import FakeClock

SUMMARY_AFTER = timedelta(minutes=30)

_ROUNDS = 50  # of the event loop, with nothing asked of the database: then nothing moves


class TroubledChat(FakeChat):
    """A chat that is away, hangs, or has lost channels, as long as it is told to."""

    def __init__(self, clock: Clock, name: str = "fake", grace: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(name=name, grace=grace)
        self.away = False
        self.gone: dict[ChannelKey, str] = {}
        """What sends and look-ups in these channels are answered with."""

        self.hanging: set[ChannelKey] = set()
        """Sends to these end after 20 s, and nobody knows how."""

        self.keeps_what_hangs = False
        self.attempts: Counter[ChannelKey] = Counter()
        self.tried: Counter[DeliveryKey] = Counter()
        self.finds: list[DeliveryKey] = []
        self.edits = 0
        self.under_way = 0
        self.most_under_way = 0
        self.clock = clock

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        self.attempts[channel] += 1
        self.tried[key] += 1
        self._refuse(channel)
        if channel in self.hanging:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                await self.clock.sleep(20)
            finally:
                self.under_way -= 1
            if self.keeps_what_hangs:
                await super().send(channel, card, key)
            raise OutcomeUnknownError("timed out")
        return await super().send(channel, card, key)

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        self._refuse(channel)
        self.edits += 1
        await super().edit(channel, receipt, card, key)

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        self.finds.append(key)
        self._refuse(channel)
        return await super().find(channel, key)

    async def can_send(self, channel: ChannelKey) -> str | None:
        if self.away:
            raise TryLaterError("503")
        return self.gone.get(channel)

    def _refuse(self, channel: ChannelKey) -> None:
        if self.away:
            raise TryLaterError("503")
        if channel in self.gone:
            raise ChannelGoneError(self.gone[channel])

    def cards(self, channel: ChannelKey) -> list[Card]:
        """What a channel shows, in order."""
        return [message.card for message in self.messages.values() if message.channel == channel]

    def singles(self, channel: ChannelKey) -> list[AlertCard]:
        return [card for card in self.cards(channel) if isinstance(card, AlertCard)]

    def summaries(self, channel: ChannelKey) -> list[SummaryCard]:
        return [card for card in self.cards(channel) if isinstance(card, SummaryCard)]


class WatchedDatabase(Database):
    """A database that knows whether anybody waits for it: all else that happens here takes a few rounds of the loop."""

    def __init__(self, watched: Database) -> None:
        self.path = watched.path
        self.busy = 0
        self.asked = 0
        """How many transactions and reads there were."""

        self._watched = watched
        self._failures: dict[Commit, Exception] = {}
        self._after: dict[Commit, Callable[[], Awaitable[None]]] = {}

    def fail_next(self, commit: Commit, error: Exception) -> None:
        """Let the next transaction of this kind raise that, with nothing stored."""
        self._failures[commit] = error

    def after_next(self, commit: Commit, then: Callable[[], Awaitable[None]]) -> None:
        """Do this once the next transaction of that kind is on the disk, before whoever asked for it knows."""
        self._after[commit] = then

    async def transaction(self, work: Work[T], commit: Commit | None = None) -> T:
        with self._counted():
            if commit in self._failures:
                raise self._failures.pop(commit)
            result = await self._watched.transaction(work, commit)
            if commit in self._after:
                await self._after.pop(commit)()
            return result

    async def read(self, work: Work[T]) -> T:
        with self._counted():
            return await self._watched.read(work)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.busy += 1
        self.asked += 1
        try:
            yield
        finally:
            self.busy -= 1


class Office:
    """What delivers, and hands to put in what is to be delivered."""

    def __init__(
        self, file: Database, clock: FakeClock, chats: Sequence[TroubledChat], sources: Sequence[Source] = ()
    ) -> None:
        self.database = database = WatchedDatabase(file)
        self.clock = clock
        self.chats = {chat.name: chat for chat in chats}
        self.inbox = SqlInbox(database)
        self.watch_list = WatchList(database, sources, TEMPLATE)
        self.owed = Bell(clock)
        self.suspensions = Suspensions(database, self.chats, self.watch_list, clock, released=self._look_again)
        self.deliver = self.new_deliver()
        self._numbers = count(1)

    def new_deliver(self) -> Deliver:
        """As a new life of the program would have it."""
        sender = Sender(self.database, self.chats, self.suspensions, self.clock, chance=random.Random(0))
        return Deliver(
            self.database,
            self.inbox,
            self.chats,
            sender,
            self.clock,
            owed=self.owed,
            summary_after=SUMMARY_AFTER,
        )

    def _look_again(self) -> None:
        self.deliver.look_again()

    async def open_channels(self, *keys: ChannelKey) -> None:
        """Channels that somebody has set up."""

        def work(connection: sa.Connection) -> None:
            for key in keys:
                channels.save(connection, a_channel(key.channel, key=key))

        await self.database.transaction(work)
        await self.watch_list.refresh()

    async def alert(self, *keys: ChannelKey, count: int = 1, seen_at: datetime | None = None, text: str = "") -> None:
        """Decide that many posts, seen now unless told, to alert in each of these channels, and see what happens."""
        await self.alert_quietly(*keys, count=count, seen_at=seen_at, text=text)
        await self.still()

    async def alert_quietly(
        self, *keys: ChannelKey, count: int = 1, seen_at: datetime | None = None, text: str = ""
    ) -> None:
        """The same without waiting for anything."""
        numbers = [next(self._numbers) for _ in range(count)]
        now = self.clock.now()
        new = [
            a_post(id=str(number), published_at=now, text=f"{text or 'A patch is out.'} ({number})")
            for number in numbers
        ]

        def work(connection: sa.Connection) -> None:
            ids = posts_storage.add(connection, new, seen_at or now)
            model = logits.model_number(connection, MODEL, TEMPLATE)
            made = [
                a_decision(PostId(post), key, matched=(a_score(score=0.5 + number % 50 / 100),))
                for post, number in zip(ids, numbers, strict=True)
                for key in keys
            ]
            assert decisions.add(connection, model, made, now) == len(made)

        await self.database.transaction(work)
        self.owed.ring()

    async def wait_to_be_decided(self, count: int = 1) -> list[PostId]:
        """Posts seen now that stay in the inbox."""
        numbers = [next(self._numbers) for _ in range(count)]
        new = [a_post(id=f"undecided {number}", published_at=self.clock.now()) for number in numbers]
        await self.inbox.put(new, source="x", positions={"": Cursor(str(numbers))}, seen_at=self.clock.now())
        return [stored.id for stored in await self.inbox.claim(count, lease=timedelta(days=9), now=self.clock.now())]

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Deliver meanwhile, and ask suspended channels."""
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self.deliver.run()), tasks.create_task(self.suspensions.run())]
            await self.still()
            yield
            for one in running:
                one.cancel()

    async def still(self) -> None:
        """Return once nothing moves any more before time does."""
        quiet = 0
        while quiet < _ROUNDS:
            quiet = 0 if self.database.busy else quiet + 1
            await asyncio.sleep(0.001 if self.database.busy else 0)

    async def advance(self, seconds: float, *, steps: int = 1) -> None:
        """Let time pass, step by step, and all that comes of it happen."""
        for _ in range(steps):
            await self.clock.advance(seconds / steps)
            self.owed.ring()
            await self.still()

    async def settled(self, *, within_s: float = 3600, step_s: float = 5) -> None:
        """Let time pass until nothing is owed."""
        passed = 0.0
        while (await self.count()).waiting:
            assert passed < within_s, f"still owed after {within_s} s: {await self.count()}"
            await self.advance(step_s)
            passed += step_s

    async def count(self) -> Owed:
        return await self.database.read(lambda connection: outbox.owed(connection, self.chats))

    async def carried(self) -> dict[AlertId, DeliveryKey]:
        """Which delivery carries each alert."""
        rows = await self.database.read(
            lambda connection: connection.execute(sa.select(alerts_table.c.id, alerts_table.c.delivery)).all()
        )
        return {AlertId(row.id): DeliveryKey(row.delivery) for row in rows}

    async def carried_by(self, key: DeliveryKey) -> list[Alert]:
        return await self.database.read(lambda connection: alerts.carried_by(connection, key))

    async def rows(self, *kinds: DeliveryKind) -> list[tuple[ChannelKey, DeliveryKey, DeliveryState]]:
        """The deliveries of these kinds as they stand."""
        found = await self.database.read(
            lambda connection: connection.execute(
                sa.select(deliveries).where(deliveries.c.kind.in_(kinds)).order_by(deliveries.c.id)
            ).all()
        )
        return [
            (
                ChannelKey(platform=row.platform, workspace=row.workspace, channel=row.channel),
                DeliveryKey(row.key),
                DeliveryState(row.state),
            )
            for row in found
        ]

    async def assert_nothing_lost_nothing_twice(self) -> None:
        """Every alert is carried by one delivery that one message shows, and no message shows anything else."""
        carried, shown = await self.carried(), Counter[DeliveryKey]()
        for chat in self.chats.values():
            for message in chat.messages.values():
                shown[message.key] += 1
                said = message.card
                numbers = {alert for alert, key in carried.items() if key == message.key}
                if isinstance(said, SummaryCard):
                    assert said.total == len(numbers), "a summary shows what it carries, no less and no more"
                    assert {one.alert for one in said.strongest} <= numbers
                elif isinstance(said, AlertCard):
                    assert numbers == {said.alert}
        assert set(shown.values()) <= {1}, f"sent twice: {[key for key, times in shown.items() if times > 1]}"
        assert not (lost := [alert for alert, key in carried.items() if key not in shown]), f"lost: {lost}"
