"""The connection over which Discord tells what people do: kept for ever, mended when it breaks."""

import asyncio
import logging
from typing import TYPE_CHECKING, cast

import discord

from bot.chat.base import ChatGoneError
from bot.chat.discord.client import TOKEN_REFUSED, Client
from sources.clock import Clock

if TYPE_CHECKING:
    from discord.gateway import DiscordWebSocket

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 60.0
"""Discord takes one IDENTIFY in 5 s, and 1,000 a day."""

LONGEST_AWAY_S = 60.0
"""So long discord.py mends a connection by itself, and takes its session up again. Its own waits grow to 17 minutes."""

_LOOK_EVERY_S = 0.5

_BAD_TOKEN, _BAD_INTENTS, _FORBIDDEN_INTENTS = 4004, 4013, 4014

_INTENTS = (
    "Discord refuses the intents that I ask for, guilds and guild_reactions (4014). Neither is privileged: does "
    "DISCORD_TOKEN belong to the app that you mean? Look at your app at discord.com/developers/applications, Bot."
)


class Gateway:
    """Keeps a client connected that is logged in."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        logging.getLogger("discord.client").addFilter(_in_one_line)

    async def run(self) -> None:
        """For ever. Raises ChatGoneError when Discord says that it will never let us in."""
        wait_s = FIRST_WAIT_S
        while True:
            began = self._clock.now()
            try:
                await self._connect()
                problem = f"away for {LONGEST_AWAY_S:.0f} s"
            except (discord.ConnectionClosed, discord.PrivilegedIntentsRequired) as error:
                raise ChatGoneError(words(error)) from error
            except Exception as error:  # a first connect refused, a payload that discord.py does not understand
                log.debug("the connection to Discord ended", exc_info=error)
                problem = f"{type(error).__name__}: {error}"
            if (self._clock.now() - began).total_seconds() > LONGEST_WAIT_S:
                wait_s = FIRST_WAIT_S
            log.warning("waiting for=discord seconds=%.0f reason=%r", wait_s, problem)
            await self._clock.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _connect(self) -> None:
        """Until discord.py has been away for too long. Raises what it gives up for."""
        self._client.away_since = None
        connecting = asyncio.create_task(self._client.connect(), name="Discord's gateway")
        try:
            while not connecting.done() and self._away_s() < LONGEST_AWAY_S:
                await asyncio.wait({connecting}, timeout=_LOOK_EVERY_S)
            if connecting.done():
                await connecting
        finally:
            await _end(connecting)
            await self._hang_up()

    def _away_s(self) -> float:
        since = self._client.away_since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    async def _hang_up(self) -> None:
        """discord.py leaves a connection that it stumbled over open, and beats on; requests go on without it."""
        socket = cast("DiscordWebSocket | None", self._client.ws)  # none before the first, whatever its type says
        if socket is not None and socket.open:
            await socket.close(code=1000)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel it until it has ended. discord.py connects inside of `wait_for`, which in Python 3.11 forgets that it was
    cancelled when what it waits for is there at that moment; and then it would listen for ever."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_LOOK_EVERY_S)
    await asyncio.gather(task, return_exceptions=True)


def _in_one_line(record: logging.LogRecord) -> bool:
    """That a connection is mended is no fault: discord.py tells it with a traceback, again and again in an outage."""
    if record.exc_info and record.getMessage().startswith("Attempting a reconnect"):
        said, reason = record.getMessage(), record.exc_info[1]
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        record.msg, record.args = "%s reason=%r", (said, str(reason) or type(reason).__name__)
        record.exc_info = None
    return True


def words(error: discord.ConnectionClosed | discord.PrivilegedIntentsRequired) -> str:
    """Why Discord will never let us in, and the way out. Pure."""
    code = error.code if isinstance(error, discord.ConnectionClosed) else _FORBIDDEN_INTENTS
    if code == _BAD_TOKEN:
        return TOKEN_REFUSED
    if code in {_BAD_INTENTS, _FORBIDDEN_INTENTS}:
        return _INTENTS
    return f"Discord closed the connection for good ({code}). See docs.discord.com, Gateway Close Event Codes."
