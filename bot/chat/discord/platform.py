"""Discord as a ChatPlatform: every server that invited the app, over one connection."""

import asyncio
import logging
from datetime import timedelta

from bot.cards import Card
from bot.chat.base import ChannelGoneError, DeliveryError, Inbound, TryLaterError
from bot.chat.discord import places
from bot.chat.discord.buttons import OurButton, key_in
from bot.chat.discord.cards import said
from bot.chat.discord.client import Client, log_in, point_at
from bot.chat.discord.desk import Desk
from bot.chat.discord.errors import ThreadArchivedError, call
from bot.chat.discord.gateway import Gateway
from sources.clock import Clock
from storage.types import ChannelKey, DeliveryKey, Receipt

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Before Discord is asked again who we are."""

_LOOK_BACK = timedelta(days=7)


class Discord:
    """ChatPlatform for all servers that the app is in."""

    name = "discord"

    pace = timedelta(seconds=1.25)
    """Four messages in 5 s: with a fifth discord.py holds back its answer until the 5 s are over."""

    grace = timedelta(seconds=40)
    """The time-out of a request and the slowest commit that was ever seen (30 s) together."""

    client_type: type[Client] = Client
    """A test's waits less before it says again who it is."""

    def __init__(self, *, token: str, api_url: str, gateway_url: str = "", clock: Clock) -> None:
        """Only one Discord is known to a process: the last that was made. An empty `gateway_url` is Discord's own."""
        point_at(api_url, gateway_url)
        self._token = token
        self._clock = clock
        self._client: Client | None = None
        self._logging_in = asyncio.Lock()

    async def run(self, inbound: Inbound) -> None:
        """Serve people for ever; wait while Discord is away. Raises ChatGoneError for a token that it does not take."""
        try:
            client = await self._patiently_logged_in()
            self._open_desk(client, inbound)
            await Gateway(client, self._clock).run()
        finally:
            await self.close()

    async def close(self) -> None:
        """Give up the connections; what is asked next makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        """The key is the nonce as well: within some minutes Discord itself answers a repeated one with the first."""
        client = await self._logged_in()
        where = await places.place(client, channel)
        message = said(card, key)
        sent = await call(where.send(**message.arguments(), nonce=key))
        return Receipt(str(sent.id))

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        client = await self._logged_in()
        where = await places.place(client, channel)
        message, shown = where.get_partial_message(int(receipt)), said(card, key).arguments()
        try:
            await call(message.edit(**shown))
        except ThreadArchivedError:  # Discord archives threads in which nobody speaks; what has to go, goes there, too
            await call(client.http.edit_channel(where.id, archived=False))
            await call(message.edit(**shown))

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        """Among the channel's messages of the last days, newest first."""
        client = await self._logged_in()
        where = await places.place(client, channel)
        found, seen = await call(self._look_through(client, where, key))
        if found is None and not seen and (problem := await places.problem(client, channel)):
            raise ChannelGoneError(problem)  # to whom history is forbidden Discord shows an empty one
        return found

    async def can_send(self, channel: ChannelKey) -> str | None:
        return await places.problem(await self._logged_in(), channel)

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        """The conversation with one person, which is opened when something is said there."""
        return ChannelKey(platform=self.name, workspace=workspace, channel=places.direct(person))

    async def _look_through(self, client: Client, where: places.Place, key: DeliveryKey) -> tuple[Receipt | None, int]:
        """The message with this key, and how many were looked at."""
        oldest = self._clock.now() - _LOOK_BACK
        seen = 0
        async for message in where.history(limit=None):
            seen += 1
            if message.created_at < oldest:
                break
            if message.author == client.user and key_in(message.components) == key:
                return Receipt(str(message.id)), seen
        return None, seen

    async def _logged_in(self) -> Client:
        """Requests need no gateway: they are made before there is one, and while it is away. Raises DeliveryError."""
        async with self._logging_in:
            if self._client is None:
                client = self.client_type()
                await log_in(client, self._token)
                self._client = client
            return self._client

    async def _patiently_logged_in(self) -> Client:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return await self._logged_in()
            except DeliveryError as error:
                asked_for = error.retry_after_s if isinstance(error, TryLaterError) else None
                log.warning("waiting for=discord seconds=%.0f reason=%r", asked_for or wait_s, str(error))
                await self._clock.sleep(asked_for or wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _open_desk(self, client: Client, inbound: Inbound) -> None:
        """Everything that people can do, put where the client finds it."""
        client.add_dynamic_items(OurButton)
        client.desk = Desk(client, inbound, self._clock)
