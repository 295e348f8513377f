"""Our platform in a local Discord, with a house that only listens; and what is looked at there."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.chat.base import Inbound
from bot.chat.discord.client import Client
from bot.chat.discord.platform import Discord
from sources.clock import Clock, SystemClock
from storage.types import ChannelKey
from tests.fakes.discord import Channel, FakeDiscord, Interaction, Message, Person

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


class QuickClient(Client):
    """Waits neither 5 s before it says again who it is, nor 2 s for another guild: the local Discord has no need."""

    def __init__(self) -> None:
        super().__init__(guild_ready_timeout=0.01)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """At once."""


class QuickDiscord(Discord):
    """As the program's own, for tests that do not wait."""

    client_type: type[Client] = QuickClient


@asynccontextmanager
async def serving(local: FakeDiscord, house: Inbound, clock: Clock | None = None) -> AsyncIterator[Discord]:
    """Our platform connected, and its commands known to Discord. Raises what it ends with."""
    platform = QuickDiscord(
        token=local.app.token, api_url=local.api_url, gateway_url=local.gateway_url, clock=clock or SystemClock()
    )
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
