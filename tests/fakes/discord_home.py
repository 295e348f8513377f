"""Our platform in a local Discord, with a house that only listens; and what is looked at there."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.chat.base import Inbound
from bot.chat.discord.platform import Discord
from sources.clock import Clock, SystemClock
from storage.types import ChannelKey
from tests.fakes.discord import Channel, FakeDiscord, Interaction, Message, Person
from tests.fakes.discord_server import QuickDiscord

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


class Hurried(SystemClock):
    """Sleeps a hundredth of what it is asked to, and writes down what that was."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await super().sleep(seconds / 100)


@asynccontextmanager
async def serving(local: FakeDiscord, house: Inbound, clock: Clock | None = None) -> AsyncIterator[Discord]:
    """Our platform connected, and its commands known to Discord. Raises what it ends with."""
    platform = QuickDiscord(local.api_url, clock=clock)
    running = asyncio.create_task(platform.run(house), name="Discord")
    try:
        await local.until(lambda: running.done() or (local.gateway.ready and local.commands.all()))
        if running.done():
            running.result()
        yield platform
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.sleep(0.02)  # aiohttp takes two turns of the loop to let its connections go


def key(channel: Channel) -> ChannelKey:
    """What the house calls it."""
    return ChannelKey(platform="discord", workspace=str(channel.guild), channel=channel.id)


def said(message: Message) -> str:
    """All words that a message shows, as people read them."""
    embeds = [
        part
        for embed in message.embeds
        for part in (
            embed.get("title"),
            embed.get("author", {}).get("name"),
            embed.get("description"),
            embed.get("footer", {}).get("text"),
        )
        if part
    ]
    return read("\n".join([message.content, *embeds]))


def read(markdown: str) -> str:
    """A text without the backslashes and blanks of no width that keep it literal."""
    return _ESCAPED.sub(r"\1", markdown).replace("\N{ZERO WIDTH SPACE}", "")


async def answered(local: FakeDiscord, interaction: Interaction) -> list[str]:
    """What an interaction came to, message by message; it was acknowledged in time."""
    assert interaction.acknowledged, interaction.problem
    await local.until(lambda: interaction.answers and not any(one.thinking for one in interaction.answers), 10.0)
    return [said(message) for message in interaction.answers]


async def asks(local: FakeDiscord, person: Person, channel: Channel, command: str, **options: object) -> str:
    """What a command is answered, on its first page."""
    return (await answered(local, await person.uses(channel, command, **options)))[0]
