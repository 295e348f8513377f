"""Lapwing, built as the program builds it, in the local Discord: with a replay as its source and a model of words."""

import asyncio
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bot.chat.discord.buttons import parse_custom_id
from tests.fakes.discord import BOT_USER, Channel, FakeDiscord, Message, Person
from tests.fakes.discord.components import buttons
from tests.fakes.discord_home import asks, said
from tests.fakes.lookout import Dwelling, until


@dataclass(kw_only=True)
class Home(Dwelling):
    """In a local Discord."""

    discord: FakeDiscord

    @property
    def _chat(self) -> dict[str, Any]:
        return {
            "discord_token": SecretStr(self.discord.app.token),
            "discord_api_url": self.discord.api_url,
            "discord_gateway_url": self.discord.gateway_url,
        }

    async def _listens(self, running: "asyncio.Task[None]") -> None:
        await until(lambda: running.done() or (self.discord.gateway.ready and self.discord.commands.all()))
        if running.done():
            running.result()


def posted(channel: Channel) -> list[Message]:
    """What Lapwing shows everybody there, oldest first."""
    return [message for message in channel.standing() if message.author == BOT_USER and not message.thinking]


def keys(message: Message) -> set[str]:
    """The keys of deliveries that its buttons carry: one where it is a card, none under answers."""
    pressed = (parse_custom_id(button.get("custom_id", "")) for button in buttons(message.components))
    return {one.key for one in pressed if one is not None and one.key}


def cards(channel: Channel) -> list[Message]:
    """Its alerts there."""
    return [message for message in posted(channel) if keys(message)]


def labels(message: Message) -> list[str]:
    """What stands on its buttons."""
    return [button["label"] for button in buttons(message.components)]


def whispers(person: Person, channel: Channel) -> list[str]:
    """What only this person was told there."""
    return [said(message) for message in person.ephemerals(channel)]


async def heard(person: Person, channel: Channel, words: str) -> Message:
    """The message with these words that only this person sees."""

    def look() -> Message | None:
        return next((message for message in person.ephemerals(channel) if words in said(message)), None)

    found: Message = await until(look)
    return found


async def first_card(discord: FakeDiscord, person: Person, channel: Channel) -> Message:
    """Settings that alert of security, and the first alert."""
    await asks(discord, person, channel, "/labels set", labels="security")
    await asks(discord, person, channel, "/watch", accounts="@vendor_sec")
    card: Message = (await until(lambda: cards(channel)))[0]
    return card
