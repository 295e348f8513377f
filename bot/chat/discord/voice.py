"""Where an answer goes: to the one who asked, or to the whole channel. And that it was heard at all, said at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import discord

from bot.chat.base import DeliveryError, MessageRefusedError
from bot.chat.discord.errors import call
from bot.chat.discord.message import Message

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


_ANSWER_WITHIN_S = 30.0
"""discord.py itself tries again within this, and has no limit of its own here."""


_IN_PRIVATE, _FOR_ALL = Message(content="Answered in private."), Message(content="Answered in the channel.")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A message that stands where the first answer goes. Whether all see it was settled when it was made."""

    edit: Callable[..., Awaitable[Any]]
    delete: Callable[[], Awaitable[Any]]
    public: bool


class Voice:
    """Speaks in answer to one interaction. All raise DeliveryError.

    Discord takes answers for 15 minutes. What all were to see is said in the channel itself after that.
    """

    def __init__(self, interaction: discord.Interaction[Any], place: _Place | None = None) -> None:
        self._interaction = interaction
        self._place = place

    async def wait(self, said: Message) -> None:
        """Only whoever asked sees it, until the answer takes its place. Where Discord shows that we think: nothing."""
        if self._place is None:
            message = await self._follow_up(said, public=False)
            self._place = _Place(edit=message.edit, delete=message.delete, public=False)

    async def private(self, said: Message) -> None:
        """Only whoever asked sees it."""
        await self._say(said, public=False)

    async def public(self, said: Message) -> None:
        """The whole channel sees it."""
        try:
            await self._say(said, public=True)
        except MessageRefusedError as error:
            log.info("answering in the channel reason=%r", str(error))
            await _in_time(self._channel.send(**said.arguments(), files=said.files()))

    async def _say(self, said: Message, *, public: bool) -> None:
        """What waits for this answer becomes it; where others would see something else of it, it goes first."""
        place, self._place = self._place, None
        if place is not None and place.public == public and await self._became(place, said):
            return
        if place is not None and place.public != public:
            await self._goes(place)
        await self._follow_up(said, public=public)

    async def _became(self, place: _Place, said: Message) -> bool:
        """False where it is not there any more: people dismiss what only they see."""
        try:
            await _in_time(place.edit(**said.arguments(), attachments=said.files()))
        except MessageRefusedError as error:
            log.info("answering anew reason=%r", str(error))
            return False
        return True

    async def _goes(self, place: _Place) -> None:
        """Where it stays it has to say something: Discord puts what is said next into what still shows that we think,
        and shows it to those who see that."""
        try:
            await _in_time(place.delete())
        except DeliveryError as error:
            log.warning("left behind reason=%r", str(error))
            await self._became(place, _IN_PRIVATE if place.public else _FOR_ALL)

    async def _follow_up(self, said: Message, *, public: bool) -> discord.WebhookMessage:
        sending = self._interaction.followup.send
        return await _in_time(sending(**said.arguments(), files=said.files(), ephemeral=not public, wait=True))

    @property
    def _channel(self) -> discord.PartialMessageable:
        number = self._interaction.channel_id
        assert number is not None, "every command and every button is in a channel"
        client: discord.Client = self._interaction.client
        return client.get_partial_messageable(number, guild_id=self._interaction.guild_id)


async def of_command(interaction: discord.Interaction[Any], *, public: bool) -> Voice:
    """Acknowledge a command: "Lapwing is thinking…", for all to see or for one. What it shows becomes the answer."""
    await _acknowledge(interaction.response.defer(ephemeral=not public, thinking=True))
    return Voice(interaction, _original(interaction, public=public))


async def of_press(interaction: discord.Interaction[Any]) -> Voice:
    """Acknowledge a button, which shows nothing; every answer is a message of its own."""
    await _acknowledge(interaction.response.defer())
    return Voice(interaction)


async def of_dialog(interaction: discord.Interaction[Any]) -> Voice:
    """Acknowledge what was filled into a dialog. The private word whose button opened it becomes the answer."""
    if interaction.message is None:
        return await of_command(interaction, public=False)
    await _acknowledge(interaction.response.defer())
    return Voice(interaction, _original(interaction, public=False))


def _original(interaction: discord.Interaction[Any], *, public: bool) -> _Place:
    return _Place(edit=interaction.edit_original_response, delete=interaction.delete_original_response, public=public)


async def _acknowledge(acknowledging: Awaitable[Any]) -> None:
    """People see at once that they were heard. Where that fails, what they want is done all the same.

    Too late (10062), twice (40060: discord.py tried again what had come through), or on a connection that broke.
    """
    try:
        await _in_time(acknowledging)
    except DeliveryError as error:
        log.warning("unacknowledged reason=%r", str(error))


async def _in_time(asked: Awaitable[Answer]) -> Answer:
    """What Discord answers. Raises DeliveryError, also where it does not answer at all."""
    return await call(asyncio.wait_for(asked, _ANSWER_WITHIN_S))
