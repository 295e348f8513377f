"""From a line that somebody said to the answer of the house, and how it is said."""

import logging
import secrets
from collections.abc import Awaitable
from dataclasses import replace

from bot.chat.base import DeliveryError, Inbound
from bot.chat.discord import incoming, replies
from bot.chat.discord.voice import Voice
from bot.chat.patience import WORKING, Remembered, alerts_in, answered
from bot.commands.types import Asked, ButtonKind, Reply

log = logging.getLogger(__name__)


class Asking:
    """Asks the house on behalf of people."""

    def __init__(self, inbound: Inbound) -> None:
        self._inbound = inbound
        self._shareable: Remembered[Reply] = Remembered()

    async def answer(self, asked: Asked, voice: Voice) -> None:
        """Ask, and say what the house answers."""
        reply = await self.answered(asked, voice)
        await tell(voice, reply, share=self._keep(reply))

    def shared(self, name: str) -> Reply | None:
        """The private answer that its button Share names; None where it was forgotten."""
        return self._shareable.get(name)

    async def answered(self, asked: Asked, voice: Voice) -> Reply:
        """What the house answers; whoever waits for long is told so meanwhile."""
        return await answered(self._ask(asked), lambda: say(voice.wait(replies.message(WORKING))))

    async def _ask(self, asked: Asked) -> Reply:
        linked = incoming.linked_message(asked.text)
        if linked is None:
            return await self._inbound.answer(asked)
        if (linked.guild, linked.channel) != (asked.channel.workspace, asked.channel.channel):
            return Reply(text="That message is in another channel: ask there. Nothing was changed.")
        alerts = await alerts_in(self._inbound, asked.channel, linked.message)
        if not alerts:
            return Reply(text="That message is no alert of mine. Nothing was changed.")
        return await self._inbound.answer(replace(asked, text=f"/why {alerts[0]}"))

    def _keep(self, reply: Reply) -> str:
        """Remember an answer that may be shared, under a name that its button carries."""
        if reply.public or not any(button.kind is ButtonKind.SHARE for button in reply.buttons):
            return ""
        name = secrets.token_urlsafe(9)
        self._shareable.put(name, reply)
        return name


async def tell(voice: Voice, reply: Reply, *, share: str = "") -> None:
    """Say an answer to whom it is for, on as many pages as it takes."""
    for page in replies.pages(reply):
        said = replies.message(page, share=share)
        await say(voice.public(said) if reply.public else voice.private(said))


async def say(saying: Awaitable[None]) -> None:
    """What cannot be said is noted: whatever was asked for is done."""
    try:
        await saying
    except DeliveryError as error:
        log.warning("unanswered reason=%r", str(error))
