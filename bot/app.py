"""Lapwing, ready to run: its rooms put together, its tasks kept, what people ask handed on. bot.build makes one."""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial

from bot.cards import AlertCard
from bot.chat.base import ChatGoneError, ChatPlatform, Reaction
from bot.chat.console import Console
from bot.commands.handlers import answer, is_public, judging
from bot.commands.house import House
from bot.commands.reactions import Emoji
from bot.commands.reactions import emoji as known_emoji
from bot.commands.suggest import Suggest, suggestions
from bot.commands.types import Asked, Reply
from bot.insight.health import Health
from bot.insight.vitals import Vitals
from bot.pipeline.bell import Bell
from bot.pipeline.classify import Classify
from bot.pipeline.deliver import Deliver
from bot.pipeline.ingest import Ingest
from bot.pipeline.keeping import Keeping
from bot.pipeline.outage import Outage
from bot.pipeline.resume import take_up_copy
from bot.pipeline.send import Sender
from bot.pipeline.supervise import Make, Supervisor
from bot.pipeline.suspend import Suspensions
from bot.pipeline.watch_list import WatchList
from bot.web.address import AddressUnusableError
from classifier.batching import Batcher
from classifier.types import ClassifierError
from sources.clock import Clock
from sources.types import Source, SourceUnreadableError
from storage import outbox
from storage.database import Database, DatabaseUnusableError
from storage.inbox import FRESH_FOR, SqlInbox
from storage.types import AlertId, Channel, ChannelKey, Receipt

_SETTLE_POLL_S = 0.02

_DRAIN_S = 20.0
"""A service manager kills what has not ended within 30 s or so of being told to."""

_FATAL = (ClassifierError, DatabaseUnusableError, SourceUnreadableError, ChatGoneError, AddressUnusableError)
"""What a new start would only meet again: people have to mend something first."""


class App:
    """Lapwing, ready to run. It is the Inbound of its platforms."""

    def __init__(  # noqa: PLR0913  (what the whole house is built from)
        self,
        *,
        database: Database,
        sources: Sequence[Source],
        batcher: Batcher,
        platforms: Sequence[ChatPlatform],
        clock: Clock,
        gate: asyncio.Event,
        console: Console | None = None,
        summary_after: timedelta = FRESH_FOR,
        retention_days: int = 0,
        chance: random.Random | None = None,
        emoji: Emoji | None = None,
        missing: Mapping[str, str] | None = None,
    ) -> None:
        """`gate`: while it is not set, a replay holds its first post back. `console`: the one among the platforms.

        `summary_after`: how long after it was seen a post is old, and goes after newer ones.
        `retention_days`: for how long posts are kept; 0: for ever. `chance`: spreads the retries of those who failed
        together; one of its own where none is given. `emoji`: what reactions mean. `missing`: why a source
        is not among them, in words.
        """
        self.console = console
        self.clock = clock
        self.database = database
        self._gate = gate
        self._batcher = batcher
        self._platforms = {platform.name: platform for platform in platforms}
        self._inbox = SqlInbox(database, fresh_for=summary_after)
        spread = chance or random.Random()  # noqa: S311  (spreads retries, keeps no secret)
        self._outage = Outage(clock, spread.random)
        self._watch_list = WatchList(database, sources, batcher.template)
        self._stored, self._owed = Bell(clock), Bell(clock)
        self._supervisor = Supervisor(clock, fatal=_FATAL)
        self._stopping = asyncio.Event()
        self._classify = Classify(
            database,
            self._inbox,
            batcher,
            self._watch_list,
            clock,
            stored=self._stored,
            owed=self._owed,
            outage=self._outage,
        )
        self._suspensions = Suspensions(database, self._platforms, self._watch_list, clock, released=self._look_again)
        self._deliver = Deliver(
            database,
            self._inbox,
            self._platforms,
            Sender(database, self._platforms, self._suspensions, clock, chance=spread),
            clock,
            owed=self._owed,
            summary_after=summary_after,
        )
        self._keeping = Keeping(database, clock, retention_days)
        self._ingests = [Ingest(source, self._inbox, clock, stored=self._stored, owed=self._owed) for source in sources]
        self._others: dict[str, Make] = {}
        self._health = Health(
            database=database,
            inbox=self._inbox,
            batcher=batcher,
            watch_list=self._watch_list,
            ingests=self._ingests,
            platforms=self._platforms,
            supervisor=self._supervisor,
            clock=clock,
            outage=self._outage,
        )
        self._house = House(
            database=database,
            watch_list=self._watch_list,
            batcher=batcher,
            sources={name: source for source in sources for name in source.serves},
            missing=missing or {},
            platforms=self._platforms,
            clock=clock,
            owed=self._owed,
            health=self._health,
            emoji=emoji or known_emoji(),
        )

    async def vitals(self) -> Vitals:
        """How the house fares, in numbers."""
        return await self._health.vitals()

    def also_run(self, name: str, make: Make) -> None:
        """Keep this task running beside the others, from the next `run` on."""
        self._others[name] = make

    async def answer(self, asked: Asked) -> Reply:
        """Do what someone asked."""
        return await answer(self._house, asked)

    def is_public(self, asked: Asked) -> bool:
        """Whether the answer is for the whole channel."""
        return is_public(self._house, asked)

    def suggest(self, channel: ChannelKey, wanted: Suggest, typed: str) -> list[str]:
        """What may be meant; nothing where nothing was ever set."""
        known = self._watch_list.channel(channel)
        return suggestions(known or Channel(key=channel, name=""), wanted, typed)

    def _look_again(self) -> None:
        self._deliver.look_again()

    async def reacted(self, reaction: Reaction) -> None:
        """Take a reaction as a judgement, where it means one."""
        await judging.reacted(self._house, reaction)

    async def reactions_found(self, channel: ChannelKey, message: Receipt, found: Collection[Reaction]) -> None:
        """Take up what was given and taken back while nobody listened."""
        await judging.reactions_found(self._house, channel, message, found)

    async def recent_messages(self, platform: str) -> list[tuple[ChannelKey, Receipt]]:
        """The messages that people may still judge."""
        return await judging.recent_messages(self._house, platform)

    async def alerts_of(self, channel: ChannelKey, message: Receipt) -> list[AlertId]:
        """The alerts that a message carries."""
        return await judging.alerts_of(self._house, channel, message)

    async def alert_card(self, channel: ChannelKey, alert: AlertId) -> AlertCard | None:
        """An alert of this channel as it stands, never collapsed."""
        return await judging.whole_card(self._house, channel, alert)

    async def reachable(self, channel: ChannelKey) -> None:
        """The channel can be sent to again."""
        known = self._watch_list.channel(channel)
        if known is not None and known.suspended:
            await self._suspensions.resume(channel)

    async def run(self) -> None:
        """Until a platform ends (a terminal that the person left), or `stop`. Raises TaskDiedError."""
        await take_up_copy(self.database, self.clock, self._platforms.values())
        await self._watch_list.refresh()
        try:
            for name, make in self._tasks().items():
                self._supervisor.start(name, make)
            await self._supervisor.until_one_ends(self._platforms, self._stopping)
            await self._drain()
        finally:
            await self._supervisor.end_all()

    def stop(self) -> None:
        """Let `run` finish what is under way, within 25 s, and return."""
        self._stopping.set()

    def _tasks(self) -> dict[str, Make]:
        return {
            "model": self._batcher.run,
            **{_ingest_name(ingest): ingest.run for ingest in self._ingests},
            "classify": self._classify.run,
            "deliver": self._deliver.run,
            "suspensions": self._suspensions.run,
            "keeping": self._keeping.run,
            **self._others,
            **{name: partial(platform.run, self) for name, platform in self._platforms.items()},
        }

    async def _drain(self) -> None:
        """Nothing new is begun; what is being decided and sent gets its time. What waits stays on the disk."""
        await self._supervisor.end(*map(_ingest_name, self._ingests))
        self._classify.stop()
        self._deliver.stop()
        await self._supervisor.end("classify", "deliver", within_s=_DRAIN_S)

    async def settle(self) -> None:
        """Let replays play, and return once what they give is stored, decided and delivered.

        What is held for a suspended channel is not waited for, once that channel was asked whether it is well again.
        """
        self._gate.set()
        await self._suspensions.asked.wait()
        await self._batcher.ready()  # a model that cannot be loaded is never passed over in silence
        while not await self._is_settled():
            await self.clock.sleep(_SETTLE_POLL_S)

    async def _is_settled(self) -> bool:
        """Asked in the direction posts move, so that none is missed between two rooms."""
        for ingest in self._ingests:
            listens = bool(self._watch_list.accounts(ingest.source.serves))
            if ingest.source.finite and listens and not ingest.ended:
                return False
        if (await self._inbox.backlog()).waiting:
            return False
        owed = await self.database.read(lambda connection: outbox.owed(connection, self._platforms))
        return owed.waiting == 0


def _ingest_name(ingest: Ingest) -> str:
    return f"ingest {ingest.source.name}"
