"""The way to Bluesky by aiohttp. Its addresses are the operator's settings, so nothing guards them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp

from sources.bluesky.transport import Answer, CutError, NoAnswerError
from sources.http import MOST_BYTES, USER_AGENT, retry_after_s

_CONNECT_S = 20.0
_ANSWER_S = 10.0
_CLOSE_S = 2.0
_MOST_MESSAGE_BYTES = 4 * 1024 * 1024

_ENDS = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)
_LIFE = (aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG)


@asynccontextmanager
async def open_web() -> AsyncIterator["Web"]:
    """A Transport on connections of its own, which it closes at the end."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)
    async with aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}, timeout=timeout) as session:
        yield Web(session)


class Web:
    """A Transport."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def connect(self, url: str) -> "WebSocket":
        """Open a websocket; an answer that is no websocket says how long to stay away. Raises CutError."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                socket = await self._session.ws_connect(
                    url,
                    autoping=False,
                    max_msg_size=_MOST_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            wait_s = retry_after_s(error.headers or {}, datetime.now(UTC))
            raise CutError(f"the server answered {error.status}", wait_s) from error
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise CutError(_reason(error)) from error
        return WebSocket(socket)

    async def get(self, url: str, query: Mapping[str, str | list[str]]) -> Answer:
        """Up to 2 MiB within 10 s. Raises NoAnswerError."""
        pairs = [(name, one) for name, said in query.items() for one in ([said] if isinstance(said, str) else said)]
        try:
            async with (
                asyncio.timeout(_ANSWER_S),
                self._session.get(url, params=pairs, allow_redirects=False) as response,
            ):
                body = await response.content.read(MOST_BYTES + 1)
                while len(body) <= MOST_BYTES and (more := await response.content.read(MOST_BYTES)):
                    body += more
                if len(body) > MOST_BYTES:
                    raise NoAnswerError(f"Bluesky's answer is longer than {MOST_BYTES:,} bytes")
                return Answer(status=response.status, body=body)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswerError(f"Bluesky could not be asked: {_reason(error)}") from error


class WebSocket:
    """A Socket."""

    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        """Raises CutError."""
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            raise CutError(_reason(error)) from error

    async def ping(self) -> None:
        """Raises CutError."""
        try:
            await self._socket.ping()
        except (aiohttp.ClientError, OSError) as error:
            raise CutError(_reason(error)) from error

    async def receive(self) -> str:
        """Answers pings on the way. Raises CutError."""
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        if message.type in _LIFE:
            if message.type is aiohttp.WSMsgType.PING:
                await self._pong(message.data)
            return ""
        if message.type in _ENDS:
            raise CutError(f"the server closed the connection ({self._socket.close_code or message.data or 'no code'})")
        raise CutError(_reason(self._socket.exception() or ValueError("a message that is no text")))

    async def close(self) -> None:
        """Says goodbye, for two seconds at most."""
        await self._socket.close()

    async def _pong(self, said: bytes) -> None:
        try:
            await self._socket.pong(said)
        except (aiohttp.ClientError, OSError) as error:
            raise CutError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    """One short line: what a library says of an error may hold what a server sent."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "there is no such host"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    return str(error)[:100] if isinstance(error, ValueError) else type(error).__name__
