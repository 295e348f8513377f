"""Gateway sessions with their numbered events, and the sockets they are heard over."""

import json
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.discord.world import Json

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11,
)  # fmt: skip
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, BAD_TOKEN, ALREADY_AUTHENTICATED = 4001, 4002, 4003, 4004, 4005
BAD_SEQUENCE, RATE_LIMITED, TIMED_OUT, BAD_VERSION, BAD_INTENTS, DISALLOWED_INTENTS = 4007, 4008, 4009, 4012, 4013, 4014
KNOWN_INTENTS = 0b1_1111_1111_1111_1111 | 0b11 << 20 | 0b11 << 24
PAYLOAD_MOST = 4096  # bytes from the app
SENT_MOST = (120, 60.0)  # messages from the app, in so many seconds


@dataclass(eq=False, kw_only=True)
class Session:
    """What one IDENTIFY began. It goes on hearing events while its socket is away, until it is invalidated."""

    id: str
    intents: int
    sequence: int = 0
    sent: list[Json] = field(default_factory=list)  # every dispatch, to be replayed
    socket: "Socket | None" = None
    left_at: float | None = None  # when its last socket ended

    def number(self, name: str, data: Json) -> Json:
        self.sequence += 1
        event = {"op": DISPATCH, "s": self.sequence, "t": name, "d": data}
        self.sent.append(event)
        return event


@dataclass(eq=False, kw_only=True)
class Socket:
    """One connection. `compressor` is shared by all its messages; None sends plain JSON."""

    websocket: web.WebSocketResponse
    request: web.Request
    resumed_url: bool  # it came by the address READY gave
    compressor: Any = None
    session: Session | None = None
    heard_at: deque[float] = field(default_factory=deque)
    beat_at: float = field(default_factory=time.monotonic)
    beats: int = 0
    silenced: bool = False
    closed_with: int | None = None  # by Discord

    async def say(self, op: int, data: Any) -> None:
        await self.send({"op": op, "d": data, "s": None, "t": None})

    async def send(self, message: Json) -> None:
        """Nothing when the connection turns out to be gone: a session keeps what it could not say."""
        if self.silenced or self.websocket.closed:
            return
        text = json.dumps(message)
        try:
            if self.compressor is None:
                await self.websocket.send_str(text)
            else:
                packed = self.compressor.compress(text.encode()) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
                await self.websocket.send_bytes(packed)
        except ConnectionError:
            return

    async def close(self, code: int) -> None:
        if not self.websocket.closed:
            self.closed_with = code
        await self.websocket.close(code=code, message=_REASONS.get(code, "").encode())

    def cut(self) -> None:
        """End the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


async def catch_up(socket: Socket, session: Session, *, after: int) -> None:
    """Say everything since `after`, in order, also what happens meanwhile; from then on events come by themselves."""
    socket.session = session
    while session.sequence > after:
        event = session.sent[after]
        await socket.send(event)
        after = event["s"]
    session.socket, session.left_at = socket, None


def too_often(socket: Socket) -> bool:
    most, per_s = SENT_MOST
    now = time.monotonic()
    socket.heard_at.append(now)
    while socket.heard_at[0] < now - per_s:
        socket.heard_at.popleft()
    return len(socket.heard_at) > most


_REASONS = {
    UNKNOWN_OPCODE: "Unknown opcode.", DECODE_ERROR: "Error while decoding payload.",
    NOT_AUTHENTICATED: "Not authenticated.", BAD_TOKEN: "Authentication failed.",
    ALREADY_AUTHENTICATED: "Already authenticated.", BAD_SEQUENCE: "Invalid seq.",
    RATE_LIMITED: "Rate limited.", TIMED_OUT: "Session timed out.", BAD_VERSION: "Invalid API version.",
    BAD_INTENTS: "Invalid intent(s).", DISALLOWED_INTENTS: "Disallowed intent(s).",
}  # fmt: skip
