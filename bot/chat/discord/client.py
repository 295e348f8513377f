"""Our discord.py client: what it may hear, what it may never do, and where Discord is."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, TypeAlias

import aiohttp
import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.chat.base import ChatGoneError, OutcomeUnknownError, TryLaterError
from bot.chat.discord.errors import call, note_failure

TIMEOUT_S = 10.0
"""Of one attempt of a request."""

MOST_WAIT_S = 30.0
"""discord.py waits this long by itself when Discord asks it to; what takes longer is tried later. It takes no less."""

HEARTBEAT_S = 60.0
"""A connection over which nothing came for so long is mended; Discord says something every 41 s."""

INTENTS = discord.Intents(guilds=True, guild_reactions=True)
"""Commands, buttons and menus come without any; none of these is privileged."""

TOKEN_REFUSED = (
    "Discord does not take DISCORD_TOKEN. Copy it again: your app at discord.com/developers/applications, Bot, "  # noqa: S105  (no token)
    "Reset Token."
)

Cleared: TypeAlias = discord.RawReactionClearEvent | discord.RawReactionClearEmojiEvent

_OWN_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY


class Desk(Protocol):
    """Who hears what people do. Commands and buttons find their way there by themselves."""

    async def heard(self, interaction: discord.Interaction[Any]) -> None:
        """Somebody typed, pressed or filled in something: for what finds no way by itself."""

    async def connected(self) -> None:
        """A session has begun: what was done before it was not heard."""

    async def reacted(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody gave a reaction or took it back."""

    async def cleared(self, event: Cleared) -> None:
        """Somebody took away the reactions that others gave."""

    async def joined(self, guild: discord.Guild) -> None:
        """We were added to a server."""


class Client(discord.Client):
    """One of them serves requests and people alike. Nothing it says pings anybody; no member is remembered."""

    def __init__(self, **more: Any) -> None:
        """`more`: as discord.py's own client takes it."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(_note)
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody misses what voice would need
        super().__init__(
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            heartbeat_timeout=HEARTBEAT_S,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=MOST_WAIT_S,
            http_trace=trace,
            **more,
        )
        self.desk: Desk | None = None
        self.away_since: float | None = None
        """When the connection was lost, by the event loop's time; None while it stands."""

        self._ending = False
        self._under_way: set[asyncio.Task[Any]] = set()

        ask = self.http.request

        async def ask_in_time(route: Route, **more: Any) -> Any:
            """aiohttp's own limit is five minutes. Whoever is cancelled from outside would leave discord.py waiting for
            ever: it shuts its global limit before it sleeps, and opens it after."""
            try:
                return await ask(route, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), **more)
            except asyncio.CancelledError:
                self.http._global_over.set()  # noqa: SLF001  (whoever goes on too early is told to wait again)
                raise

        self.http.request = ask_in_time  # type: ignore[method-assign]

    def dispatch(self, event: str, /, *args: Any, **more: Any) -> None:
        """discord.py goes on with a session that it has just begun when its client is closed already."""
        if not self._ending:
            super().dispatch(event, *args, **more)

    async def close(self) -> None:
        """Give up all connections, and what was begun because of something that was heard over them."""
        self._ending = True
        under_way = [task for task in self._under_way if task is not asyncio.current_task()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await super().close()

    async def on_connect(self) -> None:
        """A session has begun."""
        self.away_since = None

    async def on_resumed(self) -> None:
        """A session goes on; what was missed meanwhile has been heard."""
        self.away_since = None

    async def on_disconnect(self) -> None:
        """Also each time that it cannot be mended."""
        if self.away_since is None:
            self.away_since = asyncio.get_running_loop().time()

    async def on_ready(self) -> None:
        """A session has begun, and what there is in it is known."""
        if self.desk is not None:
            await self.until_closed(self.desk.connected())

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Every one, those that discord.py hands on by itself among them."""
        if self.desk is not None:
            await self.until_closed(self.desk.heard(interaction))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Also under messages that nobody here remembers."""
        if self.desk is not None:
            await self.until_closed(self.desk.reacted(event))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """The same; Discord does not tell who it was but by an id."""
        if self.desk is not None:
            await self.until_closed(self.desk.reacted(event))

    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        """All at once: Discord tells of none by itself then."""
        await self._cleared(event)

    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        """All with one emoji."""
        await self._cleared(event)

    async def _cleared(self, event: Cleared) -> None:
        if self.desk is not None:
            await self.until_closed(self.desk.cleared(event))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server that invited us while we listened."""
        if self.desk is not None:
            await self.until_closed(self.desk.joined(guild))

    async def until_closed(self, doing: Coroutine[Any, Any, None]) -> None:
        """Work of the desk, which may wait for Discord for long, in the task that discord.py made for it."""
        task = asyncio.current_task()
        assert task is not None, "discord.py tells each event in a task"
        if self._ending:  # told before the end, and begun after
            doing.close()
            return
        self._under_way.add(task)
        try:
            await doing
        finally:
            self._under_way.discard(task)


def point_at(api_url: str, gateway_url: str) -> None:
    """Say where Discord is, for the whole process: discord.py knows one. An empty gateway is Discord's own."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url) if gateway_url else _OWN_GATEWAY


async def log_in(client: Client, token: str) -> None:
    """Ask Discord who we are; from then on requests can be made, with a gateway or without.

    Raises ChatGoneError where it does not take the token; TryLaterError where it could not be asked, and then the
    client is of no more use.
    """
    try:
        await call(client.login(token))
    except discord.LoginFailure as error:
        await client.close()
        raise ChatGoneError(TOKEN_REFUSED) from error
    except OutcomeUnknownError as error:  # nothing was to be done but to answer
        await client.close()
        raise TryLaterError(str(error)) from error
    except BaseException:
        await client.close()
        raise


async def _note(_session: Any, _context: Any, ended: aiohttp.TraceRequestEndParams) -> None:
    note_failure(ended.response.status)
