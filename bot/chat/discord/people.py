"""Who reacted, where Discord's event does not say it: looked up by the id that stands in it."""

import discord

from bot.chat.base import ChannelGoneError
from bot.chat.discord.errors import call
from bot.chat.lookups import Lookups

Person = discord.User | discord.Member


class People(Lookups[Person]):
    """The members of all servers, and whoever was one once."""

    def __init__(self, client: discord.Client) -> None:
        super().__init__(self._who)
        self._client = client

    async def _who(self, guild: str, person: str) -> Person:
        home = self._client.get_guild(int(guild))
        if home is not None:
            try:
                return await call(home.fetch_member(int(person)))
            except ChannelGoneError:  # has left the server
                pass
        return await call(self._client.fetch_user(int(person)))
