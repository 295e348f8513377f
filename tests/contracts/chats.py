"""Every chat platform with a channel it can post in, and what the tests of their contract can do to it."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.chat.base import ChannelGoneError, ChatPlatform, OutcomeUnknownError, TryLaterError
from bot.chat.console import Console
from bot.chat.discord.platform import Discord
from bot.chat.slack.manifest import manifest
from bot.chat.slack.platform import Slack
from bot.chat.transcript import Transcript
from sources.clock import SystemClock
from storage.types import ChannelKey
from tests.fakes import discord, slack
from tests.fakes.chat import FakeChat
from tests.fakes.chat_server import ChatServer, Request, Treatment
from tests.fakes.http_chat import WORKSPACE, HttpChat


class Trouble(StrEnum):
    """What a message may meet on its way."""

    REPLY_LOST = "it is kept, and nobody says so"
    ASKED_TO_WAIT = "the chat has had enough for the moment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """A platform with a channel that it can post in, and a person there."""

    platform: ChatPlatform
    channel: ChannelKey
    person: str = "ada"
    meet: Callable[[Trouble], None]
    """The next message meets this."""

    close_channel: Callable[[], Awaitable[None]]
    """From now on nothing can be posted there."""

    pinged: Callable[[], list[str]]
    """Whom the messages in the channel have notified."""


def _nothing_to_meet(trouble: Trouble) -> None:
    raise NotImplementedError(f"a terminal meets no trouble: {trouble}")


async def _never_closed() -> None:
    raise NotImplementedError("a terminal has one channel, which is there as long as it is")


def _nobody() -> list[str]:
    return []


@asynccontextmanager
async def console(folder: Path) -> AsyncIterator[Chat]:
    """A terminal."""
    with Transcript(folder / "transcript") as transcript:
        platform = Console("ops", transcript)
        yield Chat(
            platform=platform,
            channel=platform.channel,
            meet=_nothing_to_meet,
            close_channel=_never_closed,
            pinged=_nobody,
        )


@asynccontextmanager
async def fake(_: Path) -> AsyncIterator[Chat]:
    """The chat in memory."""
    platform, channel = FakeChat(), ChannelKey(platform="fake", workspace="team", channel="ops")
    errors = {
        Trouble.REPLY_LOST: OutcomeUnknownError("delivered"),
        Trouble.ASKED_TO_WAIT: TryLaterError("not now", 0.0),
    }

    async def close_channel() -> None:
        platform.closed[channel] = "This channel is archived."
        platform.fail_next(ChannelGoneError("this channel is archived"))

    yield Chat(
        platform=platform,
        channel=channel,
        meet=lambda trouble: platform.fail_next(errors[trouble]),
        close_channel=close_channel,
        pinged=_nobody,
    )


@asynccontextmanager
async def http(_: Path) -> AsyncIterator[Chat]:
    """The careless chat of the kill loop."""
    scripted: deque[Treatment] = deque()
    closed: list[str] = []
    treatments = {
        Trouble.REPLY_LOST: Treatment(cut=True),
        Trouble.ASKED_TO_WAIT: Treatment(status=429, retry_after_s=0.05),
    }

    def treat(asked: Request) -> Treatment:
        if asked.channel in closed:
            return Treatment(status=404)
        return scripted.popleft() if asked.method == "POST" and scripted else Treatment()

    async def close_channel() -> None:
        closed.append("ops")

    with ChatServer(treat) as server:
        yield Chat(
            platform=HttpChat(server.url),
            channel=ChannelKey(platform="http", workspace=WORKSPACE, channel="ops"),
            meet=lambda trouble: scripted.append(treatments[trouble]),
            close_channel=close_channel,
            pinged=_nobody,
        )


@asynccontextmanager
async def in_slack(_: Path) -> AsyncIterator[Chat]:
    """The local Slack, spoken to by the real adapter."""
    faults = {Trouble.REPLY_LOST: slack.reply_lost(), Trouble.ASKED_TO_WAIT: slack.rate_limited(1)}
    limits = slack.Limits(messages_per_s=1_000, burst=1_000)
    async with slack.FakeSlack.running(manifest(), limits=limits) as local:
        ada = local.person("ada")
        ops = local.channel("ops", ada)

        async def close_channel() -> None:
            ops.is_archived = True

        yield Chat(
            platform=Slack(
                bot_token=local.app.bot_token, app_token=local.app.app_token, api_url=local.url, prefix="",
                clock=SystemClock(),
            ),
            channel=ChannelKey(platform="slack", workspace=slack.HOME_TEAM, channel=ops.id),
            person=ada.id,
            meet=lambda trouble: local.faults.next("chat.postMessage", faults[trouble]),
            close_channel=close_channel,
            pinged=lambda: [
                ping.what for message in ops.standing() for ping in slack.pings(message, local.workspace)
            ],
        )  # fmt: skip


@asynccontextmanager
async def in_discord(_: Path) -> AsyncIterator[Chat]:
    """The local Discord, spoken to by the real adapter, which may ping everybody there."""
    faults = {Trouble.REPLY_LOST: discord.reply_lost(), Trouble.ASKED_TO_WAIT: discord.rate_limited(0.2)}
    async with discord.FakeDiscord.running() as local:
        ada = local.person("ada")
        home = local.guild(bot_permissions=discord.EVERYBODY | discord.MENTION_EVERYONE)
        ops = local.channel("ops")
        platform = Discord(
            token=local.app.token, api_url=local.api_url, gateway_url=local.gateway_url, clock=SystemClock()
        )
        try:
            yield Chat(
                platform=platform,
                channel=ChannelKey(platform="discord", workspace=home.id, channel=ops.id),
                person=ada.id,
                meet=lambda trouble: local.faults.next("POST /channels/{channel_id}/messages", faults[trouble]),
                close_channel=lambda: local.deletes_channel(ops),
                pinged=lambda: [
                    ping.what for message in ops.standing() for ping in discord.pings(message, local.world)
                ],
            )
        finally:
            await platform.close()
            assert local.complaints == []


FAR = {"fake": fake, "http": http, "slack": in_slack, "discord": in_discord}
"""Those that something lies between."""

ALL = {"console": console, **FAR}
