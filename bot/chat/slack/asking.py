"""From a line that somebody said to the answer of the house, and how it is said."""

import asyncio
import logging
from collections.abc import Awaitable

from bot.chat.base import DeliveryError, Inbound
from bot.chat.slack import incoming, replies
from bot.chat.slack.incoming import Said
from bot.chat.slack.people import People
from bot.chat.slack.voice import Voice
from bot.commands.types import Asked, Reply

log = logging.getLogger(__name__)

SLOW_S = 2.0
"""After so long without an answer people are told that it is being worked on."""


class _NobodyError(Exception):
    """Somebody is named whom Slack does not know; the message says whom."""


class Asking:
    """Asks the house on behalf of people."""

    def __init__(self, people: People, inbound: Inbound) -> None:
        self._people = people
        self._inbound = inbound

    async def answered(self, said: Said, voice: Voice) -> Reply:
        """What the house answers; whoever waits for long is told so meanwhile."""
        asking = asyncio.ensure_future(self._ask(said))
        await asyncio.wait({asking}, timeout=SLOW_S)
        if not asking.done():
            await say(voice.wait(replies.reply(Reply(text="Working on it…"))))
        return await asking

    async def _ask(self, said: Said) -> Reply:
        try:
            async with self._people.turn(said.person):
                actor = await self._people.actor(said.channel.workspace, said.person)
        except DeliveryError as error:
            log.warning("unanswered person=%s reason=%r", said.person, str(error))
            return Reply(text=f"I could not find out who you are: {error}. Nothing was changed. Try again.")
        text = said.text
        if incoming.LOCK.match(text):
            try:
                text = await self._named(said)
            except _NobodyError as error:
                return Reply(
                    text=f"{error} Nothing was changed. Pick people from the list that Slack shows after an @."
                )
        return await self._inbound.answer(
            Asked(actor=actor, channel=said.channel, channel_name=said.channel_name, text=text)
        )

    async def _named(self, said: Said) -> str:
        """A line about people, with their names as Slack has them. Raises _NobodyError."""
        if strangers := incoming.strangers_in(said.text):
            raise _NobodyError(f"{', '.join(strangers)} is nobody whom I know here.")
        names = {}
        for person in incoming.people_in(said.text):
            try:
                names[person] = (await self._people.actor(said.channel.workspace, person)).name
            except DeliveryError as error:
                raise _NobodyError(f"I could not find out who {person} is: {error}.") from error
        return incoming.with_names(said.text, names)


async def tell(voice: Voice, reply: Reply, *, share: str = "") -> None:
    for page in replies.pages(reply):
        said = replies.reply(page, share=share)
        await say(voice.public(said) if reply.public else voice.private(said))


async def say(saying: Awaitable[None]) -> None:
    """What cannot be said is noted: whatever was asked for is done."""
    try:
        await saying
    except DeliveryError as error:
        log.warning("unanswered reason=%r", str(error))
