"""The reactions that Discord shows under messages now."""

from collections.abc import AsyncGenerator, Collection, Iterator

import discord
from discord import ReactionType

from bot.chat.base import Reaction
from bot.chat.discord.errors import call
from bot.chat.discord.incoming import judging
from bot.chat.discord.people import People, Person
from storage.types import ChannelKey, Receipt


class Reactions:
    """Reads them from the channels' histories."""

    def __init__(self, client: discord.Client, people: People) -> None:
        self._client = client
        self._people = people

    async def read(
        self, channel: ChannelKey, messages: Collection[Receipt]
    ) -> AsyncGenerator[tuple[Receipt, list[Reaction]], None]:
        """Those of the messages that are still there, oldest first, with what people gave. Raises DeliveryError."""
        for shown in await call(self._shown(channel, {int(message) for message in messages})):
            message = Receipt(str(shown.id))
            given = [
                Reaction(actor=judging(person), channel=channel, message=message, emoji=_name(reaction), given=True)
                for reaction in shown.reactions
                for person in await self._who(channel.workspace, reaction)
            ]
            yield message, given

    async def _shown(self, channel: ChannelKey, wanted: Collection[int]) -> list[discord.Message]:
        where = self._client.get_partial_messageable(int(channel.channel), guild_id=int(channel.workspace))
        first, last = discord.Object(min(wanted) - 1), discord.Object(max(wanted) + 1)
        history = where.history(limit=None, after=first, before=last, oldest_first=True)
        return [message async for message in history if message.id in wanted]

    async def _who(self, guild: str, reaction: discord.Reaction) -> list[Person]:
        """The people who gave this one, bots left out."""
        ids = [one for kind in _kinds(reaction) for one in await call(_people_of(reaction, kind))]
        return [await self._people.find(guild, str(person)) for person in dict.fromkeys(ids)]


async def _people_of(reaction: discord.Reaction, kind: ReactionType) -> list[int]:
    return [person.id async for person in reaction.users(limit=None, type=kind) if not person.bot]


def _kinds(reaction: discord.Reaction) -> Iterator[ReactionType]:
    """Discord lists those who gave a super reaction apart from the others."""
    if reaction.normal_count:
        yield ReactionType.normal
    if reaction.burst_count:
        yield ReactionType.burst


def _name(reaction: discord.Reaction) -> str:
    return reaction.emoji if isinstance(reaction.emoji, str) else reaction.emoji.name
