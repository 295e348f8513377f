"""The house, built from its settings: the one place that names concrete sources and chats."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app import App
from bot.chat.base import ChatPlatform
from bot.chat.console import Console
from bot.chat.transcript import Transcript
from bot.commands.reactions import emoji as known_emoji
from bot.extras import needing
from bot.settings import Settings
from bot.sources import missing_sources, open_sources
from classifier.batching import Batcher
from classifier.registry import Choice, choose
from sources.clock import Clock, SystemClock
from sources.types import Source
from storage.database import open_database
from storage.owner import owning

if TYPE_CHECKING:
    from bot.chat.discord.platform import Discord
    from bot.chat.slack.platform import Slack
    from bot.web.server import Handler, WebServer


def model_choice(settings: Settings) -> Choice:
    """The model that is set up; nothing is loaded. Raises ChoiceError."""
    return choose(
        settings.classifier,
        template=settings.classifier_template,
        threads=settings.classifier_threads or max(1, (os.cpu_count() or 1) - 1),
        access=settings.endpoints,
        precision=settings.classifier_dtype,
        calibration=settings.classifier_calibration,
    )


@asynccontextmanager
async def build(
    settings: Settings,
    *,
    scripted: bool,
    platforms: Sequence[ChatPlatform] = (),
    choice: Choice | None = None,
    sources: Sequence[Source] | None = None,
) -> AsyncIterator[App]:
    """Everything that `settings` ask for, opened, and closed at the end.

    `platforms`: what it talks through; the terminal when there are none. `choice`: the model, in place of the one that
    the settings name. `sources`: what it reads, in place of what the settings name; whoever opened them closes them.
    `scripted`: a replay plays nothing before `App.settle` is first called, and then at full speed unless a speed is
    set. What is cheap to find wrong is found before a database is made. Raises SourceUnreadableError, ClassifierError,
    DatabaseUnusableError; DatabaseInUseError where another process owns the file.
    """
    clock = SystemClock()
    gate = asyncio.Event()
    if not scripted:
        gate.set()
    receivers: Mapping[str, Handler] = {}
    if not platforms:
        platforms, receivers = _chats(settings, clock)
        if platforms:
            gate.set()  # nobody types /wait there
    emoji = known_emoji(settings.reactions_relevant.split(","), settings.reactions_not_relevant.split(","))
    choice = choice or model_choice(settings)
    speed = math.inf if scripted else 1.0
    async with AsyncExitStack() as opened:
        if sources is None:
            sources = await opened.enter_async_context(open_sources(settings, clock, gate, default_speed=speed))
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
                missing=missing_sources(settings),
            )
            if settings.http_port:
                app.also_run("web server", _web_server(settings, app, receivers).run)
            yield app


def _chats(settings: Settings, clock: Clock) -> "tuple[Sequence[ChatPlatform], Mapping[str, Handler]]":
    """Every chat that is set up, served by this one process; and who takes what they post to our web server."""
    platforms: list[ChatPlatform] = []
    receivers: Mapping[str, Handler] = {}
    if settings.slack_wanted:
        slack = _slack(settings, clock)
        platforms, receivers = [slack], slack.receivers()
    if settings.discord_wanted:
        platforms.append(_discord(settings, clock))
    return platforms, receivers


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


def _discord(settings: Settings, clock: Clock) -> "Discord":
    with needing("Discord", "discord"):
        from bot.chat.discord.platform import Discord  # noqa: PLC0415  (nor for discord.py)

    return Discord(
        token=settings.discord_token.get_secret_value(),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        clock=clock,
    )


def _web_server(settings: Settings, app: App, receivers: "Mapping[str, Handler]") -> "WebServer":
    with needing("HTTP_PORT", "web"):
        from bot.web.server import WebServer  # noqa: PLC0415  (only who wants one waits for aiohttp)

    return WebServer(host=settings.http_host, port=settings.http_port, vitals=app.vitals, receivers=receivers)


def _open_console(settings: Settings, opened: AsyncExitStack) -> Console:
    transcript = opened.enter_context(Transcript(Path(f"{settings.database}.console")))
    return Console(settings.console_channel, transcript)
