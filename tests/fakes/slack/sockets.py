"""Socket Mode: tickets used once, hello, envelopes, acknowledgements, and every way a socket ends."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import WSMsgType, web

from tests.fakes.slack.courier import ACKNOWLEDGE_WITHIN_S, Attempt, Delivery, Retry, now
from tests.fakes.slack.world import APP_ID, Json

MOST_SOCKETS = 10
DisconnectReason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


@dataclass(eq=False, kw_only=True)
class Socket:
    """One open connection. A silenced one neither answers pings nor reads, and does not say so."""

    websocket: web.WebSocketResponse
    request: web.Request
    retiring: bool = False
    silenced: bool = False
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    envelopes: list[str] = field(default_factory=list)

    async def say(self, message: Json) -> bool:
        """False when the connection turned out to be gone."""
        if self.silenced:
            return True  # the bytes leave, nobody will answer
        try:
            await self.websocket.send_str(json.dumps(message))
        except ConnectionError:
            return False
        return True


class SocketMode:
    """The road over websockets. Each payload goes to one of the open sockets, in turn."""

    timeout_reason = "timeout"

    def __init__(self, complaints: list[str]) -> None:
        self.acknowledge_within_s = ACKNOWLEDGE_WITHIN_S
        self.refresh_grace_s = 1.0  # between the disconnect message and the end of the socket
        self.enabled = True
        self.open: list[Socket] = []
        self.opened = 0
        self.tickets_refused = 0
        self._complaints = complaints
        self._tickets: set[str] = set()
        self._waiting: dict[str, tuple[Attempt, asyncio.Event]] = {}
        self._turn = 0

    def new_ticket(self) -> str:
        """A ticket for one connection."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One socket from hello to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            self.tickets_refused += 1
            return web.Response(status=403, text="ticket unknown or already used")
        self._tickets.remove(ticket)
        websocket = web.WebSocketResponse(autoping=False, timeout=0.5)
        await websocket.prepare(request)
        socket = Socket(websocket=websocket, request=request)
        if not self.enabled or len(self.open) >= MOST_SOCKETS:
            await socket.say(_goodbye("too_many_websockets" if self.enabled else "link_disabled"))
            await websocket.close()
            return websocket
        self.open.append(socket)
        self.opened += 1
        try:
            await socket.say(self._hello())
            await self._listen(socket)
        finally:
            if socket in self.open:
                self.open.remove(socket)
        return websocket

    async def attempt(self, delivery: Delivery, retry: Retry | None) -> Attempt:
        """Send it over one socket and wait for its acknowledgement on any."""
        attempt = Attempt(envelope_id=secrets.token_hex(16), sent_at=now())
        socket = self._next_socket()
        if socket is None:
            attempt.problem = "no_connection"
            return attempt
        heard = asyncio.Event()
        self._waiting[attempt.envelope_id] = (attempt, heard)
        socket.envelopes.append(attempt.envelope_id)
        await socket.say(_envelope(attempt.envelope_id, delivery, retry))
        try:
            await asyncio.wait_for(heard.wait(), self.acknowledge_within_s)
        except TimeoutError:
            attempt.problem = "timeout"
        return attempt

    async def refresh(self, socket: Socket, reason: DisconnectReason = "refresh_requested") -> None:
        """Say goodbye, then end the socket after the grace. After a warning it lives on and gets payloads still."""
        socket.retiring = reason != "warning"
        await socket.say(_goodbye(reason))
        if reason != "warning":
            await asyncio.sleep(self.refresh_grace_s)
            await socket.websocket.close()

    async def disable(self) -> None:
        """Socket Mode is switched off in the app's settings: every socket hears link_disabled, a new one at once."""
        self.enabled = False
        for socket in list(self.open):
            await socket.say(_goodbye("link_disabled"))
            await socket.websocket.close()

    def drop(self, socket: Socket) -> None:
        """Cut the connection without a word."""
        self.open.remove(socket)
        socket.let_go.set()
        transport = socket.request.transport
        if transport is not None:
            transport.abort()

    def silence(self, socket: Socket) -> None:
        """The connection stays and nothing comes through any more: payloads sent over it are lost."""
        socket.silenced = True

    async def close(self) -> None:
        """End every socket."""
        for socket in list(self.open):
            socket.let_go.set()
            socket.silenced = False
            await socket.websocket.close()

    async def _listen(self, socket: Socket) -> None:
        async for message in socket.websocket:
            if socket.silenced:
                await _until_abandoned(socket)
                return
            if message.type == WSMsgType.PING:
                await socket.websocket.pong(message.data)
            elif message.type == WSMsgType.TEXT:
                self._acknowledge(message.data)

    def _acknowledge(self, raw: str) -> None:
        try:
            said = json.loads(raw)
        except json.JSONDecodeError:
            self._complaints.append(f"not JSON over the socket: {raw[:200]}")
            return
        attempt, heard = self._waiting.pop(said.get("envelope_id", ""), (None, None))
        if attempt is None or heard is None:
            self._complaints.append(f"an envelope acknowledged that is not open: {raw[:200]}")
            return
        attempt.acknowledged_at = now()
        attempt.response = said.get("payload") or None
        heard.set()

    def _next_socket(self) -> Socket | None:
        ready = [socket for socket in self.open if not socket.retiring and not socket.websocket.closed]
        if not ready:
            return None
        self._turn += 1
        return ready[self._turn % len(ready)]

    def _hello(self) -> Json:
        host = {"host": "applink-local", "build_number": 1, "approximate_connection_time": 18060}
        return {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": host,
            "connection_info": {"app_id": APP_ID},
        }


async def _until_abandoned(socket: Socket) -> None:
    """Until the app has closed its end, which is all that Slack notices of a silenced socket."""
    while not socket.let_go.is_set():
        transport = socket.request.transport
        if transport is None or transport.is_closing():
            return
        await asyncio.sleep(0.05)


def _goodbye(reason: DisconnectReason) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local"}}


def _envelope(envelope_id: str, delivery: Delivery, retry: Retry | None) -> Json:
    envelope: Json = {
        "envelope_id": envelope_id,
        "type": delivery.kind,
        "accepts_response_payload": delivery.accepts_response,
        "payload": delivery.payload,
    }
    if delivery.kind == "events_api":
        envelope |= {"retry_attempt": retry.number if retry else 0, "retry_reason": retry.reason if retry else ""}
    return envelope
