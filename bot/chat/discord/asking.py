"""From a line that somebody said to the answer of the house, and how it is said."""

from dataclasses import replace

from bot.chat.answers import Shareable, say, say_all
from bot.chat.base import Inbound
from bot.chat.discord import incoming, replies
from bot.chat.discord.voice import Voice
from bot.chat.patience import WORKING, alerts_in, answered
from bot.commands.types import Asked, Reply


class Asking:
    """Asks the house on behalf of people."""

    def __init__(self, inbound: Inbound) -> None:
        self._inbound = inbound
        self.shareable = Shareable()

    async def answer(self, asked: Asked, voice: Voice) -> None:
        """Ask, and say what the house answers."""
        reply = await self.answered(asked, voice)
        await tell(voice, reply, share=self.shareable.keep(reply))

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


async def tell(voice: Voice, reply: Reply, *, share: str = "") -> None:
    """Say an answer to whom it is for, on as many pages as it takes."""
    pages = (replies.message(page, share=share) for page in replies.pages(reply))
    await say_all(voice, pages, public=reply.public)
