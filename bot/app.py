"""The house, built: the one place that names concrete classes and puts the rooms together."""

import asyncio
import math
import os
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cards import AlertCard
from bot.chat.base import ChatGoneError, ChatPlatform, Reaction
from bot.chat.console import Console
from bot.chat.transcript import Transcript
from bot.commands.handlers import answer, is_public, judging
from bot.commands.house import House
from bot.commands.reactions import Emoji
from bot.commands.reactions import emoji as known_emoji
from bot.commands.suggest import Suggest, suggestions
from bot.commands.types import Asked, Reply
from bot.extras import needing
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
from bot.settings import Settings
from bot.web.address import AddressUnusableError
from classifier.batching import Batcher
from classifier.registry import Choice, choose
from classifier.types import ClassifierError
from sources.clock import Clock, SystemClock
from sources.replay import Replay
from sources.types import Source, SourceUnreadableError
from storage import outbox
from storage.database import Database, DatabaseUnusableError, open_database
from storage.inbox import FRESH_FOR, SqlInbox
from storage.owner import owning
from storage.types import AlertId, Channel, ChannelKey, Receipt

if TYPE_CHECKING:
    from bot.chat.slack.platform import Slack
    from bot.web.server import Handler, WebServer

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
    ) -> None:
        """`gate`: while it is not set, a replay holds its first post back. `console`: the one among the platforms.

        `summary_after`: how long after it was seen a post is old, and goes after newer ones.
        `retention_days`: for how long posts are kept; 0: for ever. `chance`: spreads the retries of those who failed
        together; one of its own where none is given. `emoji`: what reactions mean.
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
        """Let replays play, and return once what they give is stored, decided and delivered."""
        self._gate.set()
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


async def open_sources(
    settings: Settings, clock: Clock, gate: asyncio.Event | None = None, *, default_speed: float = 1.0
) -> list[Source]:
    """Every source that is set up. Raises SourceUnreadableError."""
    if settings.replay_file is None:
        return []
    speed = default_speed if settings.replay_speed is None else settings.replay_speed
    return [await Replay.open(settings.replay_file, clock=clock, speed=speed, gate=gate)]


def model_choice(settings: Settings) -> Choice:
    """The model that is set up; nothing is loaded. Raises ChoiceError."""
    return choose(
        settings.classifier,
        template=settings.classifier_template,
        threads=settings.classifier_threads or max(1, (os.cpu_count() or 1) - 1),
        access=settings.endpoints,
    )


@asynccontextmanager
async def build(
    settings: Settings, *, scripted: bool, platforms: Sequence[ChatPlatform] = (), choice: Choice | None = None
) -> AsyncIterator[App]:
    """Everything that `settings` ask for, opened, and closed at the end.

    `platforms`: what it talks through; the terminal when there are none. `choice`: the model, in place of the one that
    the settings name.
    `scripted`: a replay plays nothing before `App.settle` is first called, and then at full speed unless a speed is
    set. What is cheap to find wrong is found before a database is made. Raises SourceUnreadableError, ClassifierError,
    DatabaseUnusableError; DatabaseInUseError where another process owns the file.
    """
    clock = SystemClock()
    gate = asyncio.Event()
    if not scripted:
        gate.set()
    receivers: Mapping[str, Handler] = {}
    if not platforms and settings.slack_bot_token.get_secret_value():
        slack = _slack(settings, clock)
        platforms, receivers = [slack], slack.receivers()
        gate.set()  # nobody types /wait in Slack
    emoji = known_emoji(settings.reactions_relevant.split(","), settings.reactions_not_relevant.split(","))
    choice = choice or model_choice(settings)
    sources = await open_sources(settings, clock, gate, default_speed=math.inf if scripted else 1.0)
    with ExitStack() as opened:
        opened.enter_context(owning(settings.database, clock.now()))  # before anything there is opened for writing
        async with open_database(settings.database) as database:
            console = None if platforms else _open_console(settings, opened)
            app = App(
                database=database,
                sources=sources,
                batcher=Batcher(choice.load, choice.template, now=clock.now),
                platforms=platforms if console is None else [console],
                clock=clock,
                gate=gate,
                console=console,
                summary_after=timedelta(minutes=settings.summary_after_minutes),
                retention_days=settings.retention_days,
                emoji=emoji,
            )
            if settings.http_port:
                app.also_run("web server", _web_server(settings, app, receivers).run)
            yield app


def _slack(settings: Settings, clock: Clock) -> "Slack":
    with needing("Slack", "slack"):
        from bot.chat.slack.platform import Slack  # noqa: PLC0415  (a terminal need not wait for bolt)

    return Slack(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        api_url=settings.slack_api_url,
        prefix=settings.slack_command_prefix,
        clock=clock,
    )


def _web_server(settings: Settings, app: App, receivers: "Mapping[str, Handler]") -> "WebServer":
    with needing("HTTP_PORT", "web"):
        from bot.web.server import WebServer  # noqa: PLC0415  (only who wants one waits for aiohttp)

    return WebServer(host=settings.http_host, port=settings.http_port, vitals=app.vitals, receivers=receivers)


def _open_console(settings: Settings, opened: ExitStack) -> Console:
    transcript = opened.enter_context(Transcript(Path(f"{settings.database}.console")))
    return Console(settings.console_channel, transcript)
