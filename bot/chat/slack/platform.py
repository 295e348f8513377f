"""Slack as a ChatPlatform: one workspace, over Socket Mode or over HTTP."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.cards import Card
from bot.chat.base import ChannelGoneError, Inbound
from bot.chat.reread import Reread
from bot.chat.slack.cards import key_in, metadata, said
from bot.chat.slack.desk import Desk
from bot.chat.slack.incoming import PLATFORM, channel_key
from bot.chat.slack.people import People
from bot.chat.slack.reactions import Reactions
from bot.chat.slack.signatures import problem
from bot.chat.slack.start import check_app_token, identity
from bot.chat.slack.web import call, client
from sources.clock import Clock
from storage.types import ChannelKey, DeliveryKey, Receipt

log = logging.getLogger(__name__)

SOCKETS = 2
"""Each payload goes to one of them; while one is refreshed the other listens."""

EVENTS_PATH = "/slack/events"
"""Where Slack reaches us in HTTP mode."""

NOT_A_MEMBER = "I am not in this channel yet. Type /invite @lapwing, then repeat."

PING_EVERY_S = 3.0
"""A socket that is cut is found out about this fast; one that hangs, after four times as long."""

_PEOPLE = ("U", "W")
"""What people's ids begin with; a message to one goes to the conversation with that person."""

_CONVERSATION = "D"

_PAGE = 200
_LOOK_BACK_S = 7 * 24 * 3600.0


class Slack:
    """ChatPlatform for one workspace."""

    name = PLATFORM

    pace = timedelta(seconds=1)

    grace = timedelta(seconds=40)
    """The time-out of a request and the slowest commit that was ever seen (30 s) together."""

    def __init__(
        self, *, bot_token: str, app_token: str = "", signing_secret: str = "", api_url: str, prefix: str, clock: Clock
    ) -> None:
        """With an `app_token` Slack is listened to over sockets, else over HTTP, proved by the `signing_secret`."""
        self._bot_token = bot_token
        self._app_token = app_token
        self._signing_secret = signing_secret
        self._web = client(bot_token, api_url)
        self._prefix = prefix
        self._clock = clock
        self._people = People(self._web)
        self._sockets: list[AsyncSocketModeHandler] = []
        self._app: AsyncApp | None = None

    async def run(self, inbound: Inbound) -> None:
        """Serve people for ever; wait while Slack is away. Raises ChatGoneError for a token that it does not take."""
        reread = Reread(self.name, Reactions(self._web, self._people, self._clock).read, inbound, self._clock)
        app = self._app = await self._build(inbound, reread)
        if not self._app_token:
            await reread.run()
            await asyncio.Event().wait()
        async with self._listening(app):
            await reread.run()
            await asyncio.Event().wait()

    def receivers(self) -> dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]:
        """Who takes what Slack posts to a path of our web server: nobody over Socket Mode."""
        return {} if self._app_token else {EVENTS_PATH: self.receive}

    def connections(self) -> int:
        """How many sockets are open; over HTTP there are none."""
        sessions = (socket.client.current_session for socket in self._sockets)
        return sum(session is not None and not session.closed for session in sessions)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """What Slack sends to EVENTS_PATH in HTTP mode. What is not signed, or was long ago, is not even read."""
        if fault := problem(await request.read(), request.headers, self._signing_secret, self._clock.now()):
            log.warning("refused request reason=%r", fault)
            return web.Response(status=401, text="refused")
        if self._app is None:
            return web.Response(status=503, text="starting")
        try:
            asked = await to_bolt_request(request)
        except ValueError:
            return web.Response(status=400, text="neither JSON nor a form")
        return await to_aiohttp_response(await self._app.async_dispatch(asked))

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        sending = self._web.chat_postMessage(channel=channel.channel, **said(card), metadata=metadata(key))
        return Receipt(str((await call(sending))["ts"]))

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:  # noqa: ARG002
        """The metadata with the key stays as it is. Without `parse` an update would link what looks like an address."""
        where = await self._conversation(channel)
        await call(self._web.chat_update(channel=where, ts=receipt, **said(card)))

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        """Among the channel's messages of the last days, newest first."""
        where = await self._conversation(channel)
        cursor: str | None = None
        oldest = f"{time.time() - _LOOK_BACK_S:.6f}"
        while True:
            page = await call(
                self._web.conversations_history(
                    channel=where, include_all_metadata=True, limit=_PAGE, oldest=oldest, cursor=cursor
                )
            )
            for found in page.get("messages", []):
                if key_in(found) == key:
                    return Receipt(str(found["ts"]))
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    async def can_send(self, channel: ChannelKey) -> str | None:
        name = channel.channel
        try:
            if name[:1] in _PEOPLE:
                await call(self._web.conversations_open(users=name))
                return None
            if name[:1] == _CONVERSATION:  # conversations.info would need one more scope for these
                await call(self._web.conversations_open(channel=name))
                return None
            found = (await call(self._web.conversations_info(channel=name)))["channel"]
        except ChannelGoneError:
            return NOT_A_MEMBER
        if found.get("is_archived"):
            return "This channel is archived."
        return None if found.get("is_member") else NOT_A_MEMBER

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        """Slack opens a conversation by the id of the person in it."""
        return channel_key(workspace, person)

    async def _conversation(self, channel: ChannelKey) -> str:
        """Where messages stand: by the id of a person they can be sent, but neither read nor changed."""
        name = channel.channel
        if name[:1] not in _PEOPLE:
            return name
        return str((await call(self._web.conversations_open(users=name)))["channel"]["id"])

    async def _build(self, inbound: Inbound, reread: Reread) -> AsyncApp:
        """A bolt app in which everything that people can do is registered."""
        who = await identity(self._web, self._clock)
        if self._app_token:
            await check_app_token(self._web, self._app_token, self._clock)
        workspace, bot = str(who["team_id"]), str(who["user_id"])
        granted = AuthorizeResult(
            enterprise_id=who.get("enterprise_id"),
            team_id=workspace,
            bot_id=who.get("bot_id"),
            bot_user_id=bot,
            bot_token=self._bot_token,
        )

        async def authorize(**_: Any) -> AuthorizeResult:
            """Known already: to ask Slack at each press would delay its acknowledgement."""
            return granted

        app = AsyncApp(
            client=client(None, self._web.base_url),  # with a token of its own bolt warns that it uses the other
            authorize=authorize,
            signing_secret=self._signing_secret or None,
            request_verification_enabled=False,  # `receive` looks before bolt reads the body; a socket needs no proof
            logger=_bolt_log(),
        )
        desk = Desk(self._web, self._people, inbound, reread, workspace=workspace, bot=bot)
        desk.register(app, prefix=self._prefix)
        return app

    @asynccontextmanager
    async def _listening(self, app: AsyncApp) -> AsyncIterator[None]:
        self._sockets = [
            AsyncSocketModeHandler(app, self._app_token, ping_interval=PING_EVERY_S) for _ in range(SOCKETS)
        ]
        try:
            await asyncio.gather(*(socket.client.connect() for socket in self._sockets))  # type: ignore[no-untyped-call]
            yield
        finally:
            ends = await asyncio.gather(*(socket.client.close() for socket in self._sockets), return_exceptions=True)  # type: ignore[no-untyped-call]
            for end in ends:
                if isinstance(end, Exception):  # a socket that is broken already needs no goodbye
                    log.info("closed socket reason=%r", str(end))


def _bolt_log() -> logging.Logger:
    """bolt's log, without its wonder that SLACK_BOT_TOKEN is set and it is not the one to use it."""
    found = logging.getLogger("slack_bolt")
    found.addFilter(_is_news)
    return found


def _is_news(record: logging.LogRecord) -> bool:
    return "`token` will be unused" not in record.getMessage()
