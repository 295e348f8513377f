"""A house to command without a program around it: a real database, a replay, a fake chat, a classifier of words."""

import asyncio
import json
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.chat.base import ChatPlatform
from bot.commands.handlers import answer
from bot.commands.house import House
from bot.commands.types import Actor, Asked, Reply
from bot.insight.health import Health
from bot.pipeline.bell import Bell
from bot.pipeline.classify import Classify
from bot.pipeline.deliver import Deliver
from bot.pipeline.ingest import Ingest
from bot.pipeline.outage import Outage
from bot.pipeline.send import Sender
from bot.pipeline.supervise import Supervisor
from bot.pipeline.suspend import Suspensions
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from classifier.types import Classifier
from sources.replay import Replay
from storage import channels, outbox
from storage.database import Database
from storage.inbox import SqlInbox
from storage.outbox import Owed
from storage.types import Channel, ChannelKey
from tests.fakes.chat import FakeChat
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.clock import FakeClock

OPS = ChannelKey(platform="fake", workspace="team", channel="ops")
ADA, BEN = Actor(id="U1", name="Ada"), Actor(id="U2", name="Ben")

_POLL_S = 0.005


@dataclass(frozen=True, kw_only=True, slots=True)
class Rig:
    """The house, with hands: people speak, posts are played, cards are delivered, all when a test says so."""

    house: House
    chat: FakeChat
    clock: FakeClock
    """Held: time passes in `advance` only."""

    ingest: Ingest
    classify: Classify
    deliver: Deliver
    suspensions: Suspensions
    inbox: SqlInbox
    stored: Bell

    async def say(self, text: str, *, actor: Actor = ADA, channel: ChannelKey = OPS) -> Reply:
        """What the house answers."""
        asked = Asked(actor=actor, channel=channel, channel_name=channel.channel, text=text)
        return await answer(self.house, asked)

    async def stored_channel(self, key: ChannelKey = OPS) -> Channel | None:
        """A channel as the database holds it."""
        return await self.house.database.read(lambda connection: channels.load(connection, key))

    async def play(self) -> None:
        """Play the file to its end, and decide what was watched of it. Somebody must watch somebody."""
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            await self.ingest.run()
            deciding = tasks.create_task(self.classify.run())
            await until(self._decided)
            deciding.cancel()

    async def advance(self, seconds: float) -> None:
        """Let time pass, and wake whoever waits for it in real seconds."""
        await self.clock.advance(seconds)
        self.house.owed.ring()

    async def owed(self) -> Owed:
        """What the outbox still owes."""
        return await self.house.database.read(lambda connection: outbox.owed(connection, [self.chat.name]))

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Deliver meanwhile."""
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            delivering = tasks.create_task(self.deliver.run())
            yield
            delivering.cancel()

    async def _decided(self) -> bool:
        return (await self.inbox.backlog()).waiting == 0


@asynccontextmanager
async def a_house(
    database: Database,
    path: Path,
    posts: Iterable[dict[str, Any]] = (),
    *,
    chat: FakeChat | None = None,
    classifier: Classifier | None = None,
) -> AsyncIterator[Rig]:
    """A house whose replay plays these posts, written to `path`."""
    _write(path, posts)
    engine, clock, talk = classifier or KeywordClassifier(), FakeClock(held=True), chat or FakeChat()
    replay = await Replay.open(path, clock=clock, speed=math.inf)
    batcher = Batcher(lambda: engine, engine.template, now=clock.now)
    watch_list, inbox = WatchList(database, [replay], engine.template), SqlInbox(database)
    stored, owed = Bell(clock), Bell(clock)
    platforms: dict[str, ChatPlatform] = {talk.name: talk}
    ingest = Ingest(replay, inbox, clock, stored=stored, owed=owed)
    outage = Outage(clock)
    await watch_list.refresh()
    health = Health(
        database=database,
        inbox=inbox,
        batcher=batcher,
        watch_list=watch_list,
        ingests=[ingest],
        platforms=platforms,
        supervisor=Supervisor(clock),
        clock=clock,
        outage=outage,
    )
    house = House(
        database=database,
        watch_list=watch_list,
        batcher=batcher,
        sources=dict.fromkeys(replay.serves, replay),
        missing={"mastodon": "REPLAY_FILE plays in place of the network. Ask whoever runs me"},
        platforms=platforms,
        clock=clock,
        health=health,
        owed=owed,
    )

    def look_again() -> None:
        deliver.look_again()

    suspensions = Suspensions(database, platforms, watch_list, clock, released=look_again)
    deliver = Deliver(
        database,
        inbox,
        platforms,
        Sender(database, platforms, suspensions, clock, chance=random.Random(0)),
        clock,
        owed=owed,
        summary_after=timedelta(minutes=30),
    )
    async with asyncio.TaskGroup() as tasks:
        answering = tasks.create_task(batcher.run())
        yield Rig(
            house=house,
            chat=talk,
            clock=clock,
            ingest=ingest,
            classify=Classify(database, inbox, batcher, watch_list, clock, stored=stored, owed=owed, outage=outage),
            deliver=deliver,
            suspensions=suspensions,
            inbox=inbox,
            stored=stored,
        )
        answering.cancel()


async def until(happened: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return once it has, looking again and again. A time-out around it ends what never does."""
    while True:
        found = happened()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(_POLL_S)


def _write(path: Path, posts: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
