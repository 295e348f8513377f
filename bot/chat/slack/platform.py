"""Slack as a ChatPlatform."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.cards import Card
from bot.chat.base import ChannelGoneError, Inbound
from bot.chat.slack.cards import key_in, metadata, said
from bot.chat.slack.desk import Desk
from bot.chat.slack.incoming import PLATFORM, channel_key
from bot.chat.slack.people import People
from bot.chat.slack.web import call, client
from storage.types import ChannelKey, DeliveryKey, Receipt

log = logging.getLogger(__name__)

SOCKETS = 2
"""Each payload goes to one of them; while one is refreshed the other listens."""

_PAGE = 200
_LOOK_BACK_S = 7 * 24 * 3600.0


class Slack:
    """ChatPlatform for one workspace."""

    name = PLATFORM

    pace = timedelta(seconds=1)

    grace = timedelta(seconds=40)
    """The time-out of a request and the slowest commit that was ever seen (30 s) together."""

    def __init__(self, *, bot_token: str, app_token: str, api_url: str, prefix: str = "") -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._web = client(bot_token, api_url)
        self._prefix = prefix
        self._people = People(self._web)
        self._sockets: list[AsyncSocketModeHandler] = []

    async def run(self, inbound: Inbound) -> None:
        """Serve people over Socket Mode for ever. Raises DeliveryError when Slack takes the tokens no more."""
        app = await self.app(inbound)
        async with self._listening(app):
            await asyncio.Event().wait()

    async def app(self, inbound: Inbound) -> AsyncApp:
        """A bolt app in which everything that people can do is registered."""
        who = await call(self._web.auth_test())
        workspace, bot = str(who["team_id"]), str(who["user_id"])
        granted = AuthorizeResult(
            enterprise_id=who.get("enterprise_id"),
            team_id=workspace,
            bot_id=who.get("bot_id"),
            bot_user_id=bot,
            bot_token=self._bot_token,
        )

        async def authorize(**_: Any) -> AuthorizeResult:
            """Known already: asking Slack at each press would come before its acknowledgement."""
            return granted

        app = AsyncApp(client=self._web, authorize=authorize, logger=logging.getLogger("slack_bolt"))
        Desk(self._web, self._people, inbound, workspace=workspace, bot=bot).register(app, prefix=self._prefix)
        return app

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        answer = await call(
            self._web.chat_postMessage(
                channel=channel.channel, **said(card), metadata=metadata(key), unfurl_links=False, unfurl_media=False
            )
        )
        return Receipt(str(answer["ts"]))

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card) -> None:
        """The metadata with the key stays as it is."""
        await call(self._web.chat_update(channel=channel.channel, ts=receipt, **said(card)))

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        """Among the channel's messages of the last days, newest first."""
        cursor, oldest = "", f"{time.time() - _LOOK_BACK_S:.6f}"
        while True:
            page = await call(
                self._web.conversations_history(
                    channel=channel.channel,
                    include_all_metadata=True,
                    limit=_PAGE,
                    oldest=oldest,
                    **({"cursor": cursor} if cursor else {}),
                )
            )
            for found in page.get("messages", []):
                if key_in(found) == key:
                    return Receipt(str(found["ts"]))
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return None

    async def can_send(self, channel: ChannelKey) -> str | None:
        try:
            found = (await call(self._web.conversations_info(channel=channel.channel)))["channel"]
        except ChannelGoneError:
            return "I am not in this channel yet. Type /invite @lapwing, then repeat"
        if found.get("is_archived"):
            return "This channel is archived"
        is_member = found.get("is_member") or found.get("is_im")
        return None if is_member else "I am not in this channel yet. Type /invite @lapwing, then repeat"

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        """Slack opens a conversation by the id of the person in it."""
        return channel_key(workspace, person)

    @asynccontextmanager
    async def _listening(self, app: AsyncApp) -> AsyncIterator[None]:
        self._sockets = [AsyncSocketModeHandler(app, self._app_token) for _ in range(SOCKETS)]
        try:
            await asyncio.gather(*(socket.connect_async() for socket in self._sockets))
            yield
        finally:
            for socket in self._sockets:
                with contextlib.suppress(Exception):  # a socket that is broken already needs no goodbye
                    await socket.close_async()
