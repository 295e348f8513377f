"""A house that notes what a platform tells it."""

import asyncio
from collections.abc import Collection

from bot.cards import AlertCard
from bot.chat.base import Reaction
from bot.commands.suggest import Suggest
from bot.commands.types import Asked, Reply
from storage.types import AlertId, ChannelKey, Receipt


class Listener:
    """Inbound. Answers everything with the same reply, and knows of no alerts but those it is given."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply = reply or Reply(text="")
        self.promised_public: bool | None = None
        """What is said of an answer beforehand, where that is not what comes of it."""

        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked: list[Asked] = []
        self.settled = 0
        self.suggestions: list[str] = []
        self.reactions: list[Reaction] = []
        self.found: dict[Receipt, Collection[Reaction]] = {}
        self.reached: list[ChannelKey] = []
        self.alerts: dict[Receipt, list[AlertId]] = {}
        self.cards: dict[tuple[ChannelKey, AlertId], AlertCard] = {}
        self.messages: list[tuple[ChannelKey, Receipt]] = []

    async def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        await self.may_answer.wait()
        return self.reply

    def is_public(self, asked: Asked) -> bool:
        return self.reply.public if self.promised_public is None else self.promised_public

    def suggest(self, channel: ChannelKey, wanted: Suggest, typed: str) -> list[str]:
        return [one for one in self.suggestions if one.startswith(typed)]

    async def settle(self) -> None:
        self.settled += 1

    async def reacted(self, reaction: Reaction) -> None:
        self.reactions.append(reaction)

    async def reactions_found(self, channel: ChannelKey, message: Receipt, found: Collection[Reaction]) -> None:
        self.found[message] = found

    async def recent_messages(self, platform: str) -> list[tuple[ChannelKey, Receipt]]:
        return [(channel, message) for channel, message in self.messages if channel.platform == platform]

    async def alerts_of(self, channel: ChannelKey, message: Receipt) -> list[AlertId]:
        return self.alerts.get(message, [])

    async def alert_card(self, channel: ChannelKey, alert: AlertId) -> AlertCard | None:
        return self.cards.get((channel, alert))

    async def reachable(self, channel: ChannelKey) -> None:
        self.reached.append(channel)
