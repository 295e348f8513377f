"""The local X over HTTP: one server on 127.0.0.1, one app with one bearer token."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from aiohttp import web

from sources.clock import Clock
from tests.fakes.x import faults
from tests.fakes.x.answers import Answer, Answers
from tests.fakes.x.scripted import KEEP_ALIVE_S, Cut
from tests.fakes.x.world import Json, World, as_line

TOKEN = "AAAA-the-bearer-token"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeX:
    """Start it with `async with FakeX.running(clock) as x`; the real client finds it at `x.url`."""

    def __init__(self, clock: Clock) -> None:
        self.world = World(clock.now)
        self.answers = Answers(self.world)
        self.url = ""
        self.next_streams: list[Answer | bytes] = []
        """What the next connects are answered with: an error, or a stream that says this and ends."""

        self.requests: list[web.Request] = []
        self.on_connected: Callable[[], Awaitable[None]] | None = None
        """Called each time somebody has connected to the stream."""

        self._clock = clock
        self._stream: asyncio.Queue[bytes | Cut] | None = None
        self._is_stalled = False
        self._ending = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()
        self.world.listeners.append(self._streamed)

    @classmethod
    @asynccontextmanager
    async def running(cls, clock: Clock) -> "AsyncIterator[FakeX]":
        """A started one, closed at the end."""
        x = cls(clock)
        app = web.Application(middlewares=[x._checked])
        app.add_routes(
            [
                web.get("/2/tweets/search/stream/rules", x._rules),
                web.post("/2/tweets/search/stream/rules", x._change_rules),
                web.get("/2/tweets/search/stream", x._connect),
                web.get("/2/tweets/search/recent", x._search),
                web.get("/2/tweets", x._lookup),
                web.get("/2/users/by/username/{handle}", x._user),
                web.get("/2/users/search", x._find_users),
                web.get("/2/users/{id}/tweets", x._timeline),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        x.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield x
        finally:
            x._ending.set()
            await runner.cleanup()
            for call in x._calls:
                call.cancel()

    @property
    def is_connected(self) -> bool:
        """Whether somebody listens to the stream."""
        return self._stream is not None

    def say(self, raw: bytes | Cut) -> None:
        """Put something on the stream."""
        assert self._stream is not None, "nobody listens"
        self._stream.put_nowait(raw)

    def stall(self) -> None:
        """From now on this connection brings nothing, and does not end."""
        self._is_stalled = True

    def _streamed(self, payload: Json) -> None:
        if self._stream is not None:
            self.answers.billed.append(payload["data"]["id"])
            self._stream.put_nowait(as_line(payload))

    @web.middleware
    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _response(faults.UNAUTHORIZED)
        return await handler(request)

    def _answered(self, kind: str, request: web.Request, answer: Callable[[], Answer]) -> web.Response:
        given = self.answers.limit(kind, request.query) or answer()
        return _response(replace(given, headers=self.answers.headers(kind) | given.headers))

    async def _rules(self, request: web.Request) -> web.Response:
        return self._answered("rules", request, self.answers.rules)

    async def _change_rules(self, request: web.Request) -> web.Response:
        body = await request.json()
        return self._answered("change rules", request, lambda: self.answers.change_rules(body))

    async def _search(self, request: web.Request) -> web.Response:
        return self._answered("search", request, lambda: self.answers.search(request.query))

    async def _lookup(self, request: web.Request) -> web.Response:
        ids = request.query["ids"].split(",")
        return self._answered("lookup", request, lambda: self.answers.lookup(ids, request.query))

    async def _timeline(self, request: web.Request) -> web.Response:
        return self._answered(
            "timeline", request, lambda: self.answers.timeline(request.match_info["id"], request.query)
        )

    async def _user(self, request: web.Request) -> web.Response:
        return self._answered("user", request, lambda: self.answers.user(request.match_info["handle"]))

    async def _find_users(self, request: web.Request) -> web.Response:
        return self._answered("find users", request, lambda: self.answers.find_users(request.query))

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        refused = self.next_streams.pop(0) if self.next_streams else self.answers.limit("stream", request.query)
        if isinstance(refused, Answer):
            return _response(refused)
        if refused is None and not self.world.rules.held:
            return _response(faults.CONFLICT)
        if refused is None and self._stream is not None:
            refused = as_line(faults.TOO_MANY_CONNECTIONS)
        response = web.StreamResponse(headers={"Content-Type": "application/json"} | self.answers.headers("stream"))
        response.enable_chunked_encoding()
        await response.prepare(request)
        if refused is not None:
            await response.write(refused)
            return response
        self._stream, self._is_stalled = asyncio.Queue(), False
        try:
            await self._feed(request, response, self._stream)
        finally:
            self._stream = None
        return response

    async def _feed(
        self, request: web.Request, response: web.StreamResponse, stream: asyncio.Queue[bytes | Cut]
    ) -> None:
        """Until it is cut, or the other side is gone."""
        if self.on_connected:
            call = asyncio.ensure_future(self.on_connected())
            self._calls.add(call)
        while True:
            item = await self._next(stream, request)
            if item is Cut.ABORT:
                return _reset(request)
            if not isinstance(item, bytes):
                return None
            if not self._is_stalled:
                with suppress(ConnectionError):
                    await response.write(item)

    async def _next(self, stream: asyncio.Queue[bytes | Cut], request: web.Request) -> bytes | Cut:
        """What is to be sent next, a keep-alive when there was nothing for 20 s; a close when nobody listens."""
        getting = asyncio.ensure_future(stream.get())
        quiet = asyncio.ensure_future(self._clock.sleep(KEEP_ALIVE_S))
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait((getting, quiet, ending), return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            gone = request.transport is None or request.transport.is_closing()
            return Cut.CLOSE if gone or ending.done() else b"\r\n"
        finally:
            for task in (getting, quiet, ending):
                task.cancel()


def _response(answer: Answer) -> web.Response:
    kind = "text/html" if isinstance(answer.body, str) else "application/json"
    return web.Response(status=answer.status, text=faults.text_of(answer), content_type=kind, headers=answer.headers)


def _reset(request: web.Request) -> None:
    """End the connection as a crash does: no last chunk, no farewell."""
    assert request.transport is not None
    its = request.transport.get_extra_info("socket")
    its.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
