"""Who reacted, where Discord's event does not say it: looked up by the id that stands in it."""

import asyncio
import time
from weakref import WeakValueDictionary

import discord

from bot.chat.base import ChannelGoneError
from bot.chat.discord.errors import call

Person = discord.User | discord.Member

_REMEMBERED_S = 300.0
_MOST_REMEMBERED = 10_000


class People:
    """The people of all servers, each asked for once in five minutes."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._known: dict[tuple[int, int], tuple[float, Person]] = {}
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def turn(self, person: int) -> asyncio.Lock:
        """What somebody does is done in the order they did it, however long each look-up takes."""
        return self._turns.setdefault(person, asyncio.Lock())

    async def find(self, guild: int, person: int) -> Person:
        """A member of a server, or whoever was one once. Raises DeliveryError when Discord does not answer."""
        known = self._known.get((guild, person))
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1]
        found = await self._ask(guild, person)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[guild, person] = (time.monotonic(), found)
        return found

    async def _ask(self, guild: int, person: int) -> Person:
        home = self._client.get_guild(guild)
        if home is not None:
            try:
                return await call(home.fetch_member(person))
            except ChannelGoneError:  # has left the server
                pass
        return await call(self._client.fetch_user(person))
