"""The gateway: who may connect, what a session hears, and every way it ends."""

import asyncio
import json
import secrets
import time
import zlib

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.discord.app import Application
from tests.fakes.discord.events import events_for, ready
from tests.fakes.discord.sessions import (
    ACK,
    ALREADY_AUTHENTICATED,
    BAD_INTENTS,
    BAD_SEQUENCE,
    BAD_TOKEN,
    BAD_VERSION,
    DECODE_ERROR,
    DISALLOWED_INTENTS,
    HEARTBEAT,
    HELLO,
    IDENTIFY,
    INVALID,
    KNOWN_INTENTS,
    MEMBERS,
    NOT_AUTHENTICATED,
    PAYLOAD_MOST,
    PRESENCE,
    RATE_LIMITED,
    RECONNECT,
    RESUME,
    TIMED_OUT,
    UNKNOWN_OPCODE,
    VOICE,
    Session,
    Socket,
    catch_up,
    too_often,
)
from tests.fakes.discord.world import Json, World


class Gateway:
    """wss://gateway.discord.gg, as ws on this machine. `Discord: …` beside a setting is what the service does."""

    def __init__(self, world: World, app: Application, complaints: list[str]) -> None:
        self.heartbeat_interval_s = 41.25  # Discord: about this
        self.acknowledges = True  # heartbeats
        self.identify_every_s = 0.0  # Discord: 5.0; an IDENTIFY that comes sooner hears INVALID_SESSION
        self.resumable_for_s = 90.0  # after its socket has ended; Discord names no time
        self.refusing_connects = False  # by cutting each connection off before any answer
        self.refused_connects = 0
        self.resume_url = ""
        self.open: list[Socket] = []
        self.sessions: dict[str, Session] = {}
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.closed_with: list[int | None] = []  # the code each socket ended with
        self._world = world
        self._app = app
        self._complaints = complaints
        self._identified_at = float("-inf")

    @property
    def ready(self) -> bool:
        """Is an app there that hears events now?"""
        return any(session.socket is not None for session in self.sessions.values())

    # --- what happens to the app ---------------------------------------------------------------------------------

    async def emit(self, name: str, data: Json) -> bool:
        """An event, to every session that asked for its kind. False when no session will ever hear it."""
        heard = False
        for session in list(self.sessions.values()):
            if session.left_at is not None and time.monotonic() - session.left_at > self.resumable_for_s:
                self.forget(session)
                continue
            if events_for(name, data, session.intents):
                event = session.number(name, data)
                heard = True
                if session.socket is not None:
                    await session.socket.send(event)
        return heard

    async def ask_to_reconnect(self) -> None:
        """Op 7 to every socket."""
        for socket in list(self.open):
            await socket.say(RECONNECT, None)

    async def invalidate(self, *, resumable: bool) -> None:
        """Op 9 to every session. One that is not resumable is gone."""
        for session in list(self.sessions.values()):
            socket = session.socket
            if not resumable:
                self.forget(session)
            if socket is not None:
                await socket.say(INVALID, resumable)

    async def close_all(self, code: int) -> None:
        """Close every socket with this code; 4004, 4007, 4009 and the like end their sessions, too."""
        for socket in list(self.open):
            if socket.session is not None and code in (1000, BAD_TOKEN, BAD_SEQUENCE, TIMED_OUT):
                self.forget(socket.session)
            await socket.close(code)

    def cut_all(self) -> None:
        """Every connection ends without a word; the sessions can be resumed."""
        for socket in list(self.open):
            socket.cut()

    def silence(self) -> None:
        """The connections stay, and nothing comes through any more, no acknowledgement either."""
        for socket in self.open:
            socket.silenced = True

    def forget(self, session: Session) -> None:
        self.sessions.pop(session.id, None)
        session.socket = None

    async def close(self) -> None:
        for socket in list(self.open):
            socket.silenced = False
            await socket.close(WSCloseCode.GOING_AWAY)

    # --- one socket ----------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One socket from HELLO to its end."""
        if self.refusing_connects:
            self.refused_connects += 1
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)  # goes nowhere
        websocket = web.WebSocketResponse(timeout=0.5, max_msg_size=0)
        await websocket.prepare(request)
        asked = request.query.get("compress")
        if asked not in (None, "zlib-stream"):
            self._complaints.append(f"this local Discord has no transport compression {asked!r}")
        compressor = zlib.compressobj() if asked == "zlib-stream" else None
        resumed = request.path.endswith("/resume/")
        socket = Socket(websocket=websocket, request=request, compressor=compressor, resumed_url=resumed)
        if request.query.get("v", "10") not in ("9", "10") or request.query.get("encoding", "json") != "json":
            await socket.close(BAD_VERSION)
            return websocket
        self.open.append(socket)
        watch = asyncio.create_task(self._watch_heartbeats(socket), name="discord: heartbeats")
        try:
            await socket.say(HELLO, {"heartbeat_interval": int(self.heartbeat_interval_s * 1000), "_trace": ["[]"]})
            await self._listen(socket)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            self._ended(socket)
        return websocket

    async def _listen(self, socket: Socket) -> None:
        async for frame in socket.websocket:
            if socket.silenced:
                continue
            if frame.type != WSMsgType.TEXT:
                break
            code = await self._take(socket, frame.data)
            if code is not None:
                await socket.close(code)
                break

    async def _take(self, socket: Socket, raw: str) -> int | None:
        """Act on one message of the app; the code to close with, or None."""
        if too_often(socket):
            return RATE_LIMITED
        message = _decoded(raw)
        if message is None:
            return DECODE_ERROR
        op, data = message["op"], message.get("d")
        if op == HEARTBEAT:
            await self._beat(socket)
        elif op in (IDENTIFY, RESUME):
            return await self._authenticate(socket, op, data)
        elif op not in (PRESENCE, VOICE, MEMBERS):
            return UNKNOWN_OPCODE
        elif socket.session is None:
            return NOT_AUTHENTICATED
        return None

    async def _authenticate(self, socket: Socket, op: int, data: object) -> int | None:
        if not isinstance(data, dict):
            return DECODE_ERROR
        if socket.session is not None:
            return ALREADY_AUTHENTICATED
        return await (self._identify(socket, data) if op == IDENTIFY else self._resume(socket, data))

    async def _beat(self, socket: Socket) -> None:
        socket.beat_at = time.monotonic()
        socket.beats += 1
        if self.acknowledges:
            await socket.say(ACK, None)

    async def _identify(self, socket: Socket, data: Json) -> int | None:
        self.identifies.append({**data, "token": "…"})
        if data.get("token") != self._app.token:
            return BAD_TOKEN
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return BAD_INTENTS
        if intents & self._app.forbidden_intents:
            return DISALLOWED_INTENTS
        if time.monotonic() - self._identified_at < self.identify_every_s:
            await socket.say(INVALID, False)
            return None
        self._identified_at = time.monotonic()
        session = Session(id=secrets.token_hex(16), intents=intents)
        self.sessions[session.id] = session
        for name, event in ready(self._world, self._app, session.id, self.resume_url):
            if events_for(name, event, intents):
                session.number(name, event)
        await catch_up(socket, session, after=0)
        return None

    async def _resume(self, socket: Socket, data: Json) -> int | None:
        self.resumes.append({**data, "token": "…", "by_resume_url": socket.resumed_url})
        if data.get("token") != self._app.token:
            return BAD_TOKEN
        session = self.sessions.get(data.get("session_id") or "")
        if session is None:
            await socket.say(INVALID, False)
            return None
        after = data.get("seq") or 0
        if after > session.sequence:
            self.forget(session)
            return BAD_SEQUENCE
        old, session.socket = session.socket, None
        if old is not None:
            old.session = None
            await old.close(4000)
        await catch_up(socket, session, after=after)
        await socket.send(session.number("RESUMED", {"_trace": ["[]"]}))
        return None

    async def _watch_heartbeats(self, socket: Socket) -> None:
        """Who stops beating is sent away, the session with it."""
        while not socket.websocket.closed:
            await asyncio.sleep(self.heartbeat_interval_s / 4)
            if time.monotonic() - socket.beat_at > self.heartbeat_interval_s * 1.5 and not socket.silenced:
                if socket.session is not None:
                    self.forget(socket.session)
                await socket.close(TIMED_OUT)

    def _ended(self, socket: Socket) -> None:
        if socket in self.open:
            self.open.remove(socket)
        code = socket.closed_with or socket.websocket.close_code
        self.closed_with.append(code)
        session = socket.session
        if session is not None and session.socket is socket:
            session.socket, session.left_at = None, time.monotonic()
            if code in (1000, 1001):  # the app said goodbye for good
                self.forget(session)


def _decoded(raw: str) -> Json | None:
    """A message of the app, or None for what is too big or none."""
    if len(raw.encode()) > PAYLOAD_MOST:
        return None
    try:
        message = json.loads(raw)
    except json.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and "op" in message else None
