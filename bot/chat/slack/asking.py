"""From a line that somebody said to the answer of the house, and how it is said."""

import logging
from dataclasses import replace

from bot.chat.answers import Shareable, say, say_all
from bot.chat.base import DeliveryError, Inbound
from bot.chat.patience import WORKING, alerts_in, answered
from bot.chat.slack import incoming, replies
from bot.chat.slack.incoming import Said
from bot.chat.slack.people import People
from bot.chat.slack.voice import Voice
from bot.commands.catalogue import usage_line
from bot.commands.types import Asked, Reply
from storage.types import AlertId, Receipt

log = logging.getLogger(__name__)


class _NotUnderstoodError(Exception):
    """A line names what Slack does not know; the message says what."""


class Asking:
    """Asks the house on behalf of people."""

    def __init__(self, people: People, inbound: Inbound) -> None:
        self._people = people
        self._inbound = inbound
        self.shareable = Shareable()

    async def answer(self, said: Said, voice: Voice) -> None:
        """Ask, and say what the house answers."""
        reply = await self.answered(said, voice)
        await tell(voice, reply, share=self.shareable.keep(reply))

    async def answered(self, said: Said, voice: Voice) -> Reply:
        """What the house answers; whoever waits for long is told so meanwhile."""
        return await answered(self._ask(said), lambda: say(voice.wait(replies.reply(WORKING))))

    async def _ask(self, said: Said) -> Reply:
        try:
            async with self._people.turn(said.person):
                actor = await self._people.actor(said.channel.workspace, said.person)
        except DeliveryError as error:
            log.warning("unanswered person=%s reason=%r", said.person, str(error))
            return Reply(text=f"I could not find out who you are: {error}. Nothing was changed. Try again.")
        try:
            text = await self._understood(said)
        except _NotUnderstoodError as error:
            return Reply(text=f"{error} Nothing was changed.")
        reply = await self._inbound.answer(
            Asked(actor=actor, channel=said.channel, channel_name=said.channel_name, text=text)
        )
        usage = usage_line(text.strip())  # a group's bare word is its list, and here nobody sees its verbs otherwise
        return replace(reply, text=f"{reply.text}\n{usage}") if usage else reply

    async def _understood(self, said: Said) -> str:
        """The line with what only Slack knows put in: names of people, the alert that a message is."""
        if incoming.LOCK.match(said.text):
            return await self._named(said)
        if (linked := incoming.linked_message(said.text)) is not None:
            return f"/why {await self._alert_in(said, *linked)}"
        return said.text

    async def _named(self, said: Said) -> str:
        """A line about people, with their names as Slack has them."""
        if strangers := incoming.strangers_in(said.text):
            raise _NotUnderstoodError(
                f"{', '.join(strangers)} is nobody I know here. Pick people from the list that Slack shows after @."
            )
        names = {}
        for person in incoming.people_in(said.text):
            try:
                names[person] = (await self._people.actor(said.channel.workspace, person)).name
            except DeliveryError as error:
                raise _NotUnderstoodError(f"I could not find out who {person} is: {error}.") from error
        return incoming.with_names(said.text, names)

    async def _alert_in(self, said: Said, channel: str, message: Receipt) -> AlertId:
        if channel != said.channel.channel:
            raise _NotUnderstoodError("That message is in another channel: ask there.")
        if alerts := await alerts_in(self._inbound, said.channel, message):
            return alerts[0]
        raise _NotUnderstoodError("That message is no alert of mine.")


async def tell(voice: Voice, reply: Reply, *, share: str = "") -> None:
    """Say an answer to whom it is for, on as many pages as it takes."""
    pages = (replies.reply(page, share=share) for page in replies.pages(reply))
    await say_all(voice, pages, public=reply.public)
