"""The platform that speaks to `tests/fakes/chat_server.py`. A small client of its own, since a start of it counts."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from bot.cards import Card
from bot.chat.base import ChannelGoneError, Inbound, MessageRefusedError, OutcomeUnknownError, TryLaterError
from storage.types import ChannelKey, DeliveryKey, Receipt
from tests.fakes.chat_server import SLOWEST_COMMIT_S

REQUEST_TIMEOUT_S = 0.23
"""Less than the slowest commit: one request in twelve times out, and is done all the same."""

_MARGIN_S = 0.35
"""For a machine that is busy with other things: the server's own clock may be late."""

GRACE_S = REQUEST_TIMEOUT_S + SLOWEST_COMMIT_S + _MARGIN_S

WORKSPACE = "team"


class HttpChat:
    """ChatPlatform over HTTP, a connection a request; nobody speaks there."""

    name = "http"
    pace = timedelta(0)

    def __init__(self, url: str, *, grace_s: float = GRACE_S, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self.grace = timedelta(seconds=grace_s)
        host, _, port = url.removeprefix("http://").partition(":")
        self._host, self._port = host, int(port)
        self._timeout_s = timeout_s

    async def run(self, inbound: Inbound) -> None:
        """Until it is ended."""
        await asyncio.Event().wait()

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        answer = await self._ask("POST", _path(channel), {"key": key, "text": card.fallback})
        return Receipt(str(answer["id"]))

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        await self._ask("PUT", f"{_path(channel)}/{receipt}", {"text": card.fallback})

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        found = await self._ask("GET", f"{_path(channel)}?key={quote(key)}", None)
        return Receipt(str(found["ids"][0])) if found["ids"] else None

    async def can_send(self, channel: ChannelKey) -> str | None:
        return None if channel.platform == self.name else f"There is no #{channel.channel} here."

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        return None

    async def _ask(self, method: str, target: str, body: dict[str, str] | None) -> dict[str, Any]:
        """What was answered. Raises DeliveryError."""
        sent = b"" if body is None else json.dumps(body).encode()
        request = f"{method} {target} HTTP/1.1\r\nHost: chat\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(self._host, self._port), self._timeout_s)
        except OSError as error:  # TimeoutError is one
            raise TryLaterError(f"cannot connect: {str(error) or 'time-out'}") from error
        try:
            async with asyncio.timeout(self._timeout_s):
                writer.write(request)
                head, _, answer = (await reader.read()).partition(b"\r\n\r\n")
        except OSError as error:
            raise OutcomeUnknownError(f"{method} was not answered: {str(error) or 'time-out'}") from error
        finally:
            writer.close()
        if not head:
            raise OutcomeUnknownError(f"{method} was not answered: the connection was cut")
        return _understood(head.decode("latin-1"), answer)


def _understood(head: str, answer: bytes) -> dict[str, Any]:
    status, *lines = head.split("\r\n")
    number = int(status.split(" ")[1])
    if number == 404:
        raise ChannelGoneError("there is no such channel")
    if number == 429 or number >= 500:
        wait = next((float(line[13:]) for line in lines if line.startswith("Retry-After: ")), None)
        raise TryLaterError(f"the chat answers {number}", wait)
    if number >= 400:
        raise MessageRefusedError(f"the chat answers {number}")
    found: dict[str, Any] = json.loads(answer)
    return found


def _path(channel: ChannelKey) -> str:
    return f"/channels/{quote(channel.channel, safe='')}/messages"
