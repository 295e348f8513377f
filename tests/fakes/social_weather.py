"""Bluesky and Mastodon below the Clock: the local servers without sockets, in weather that a seed decides."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from random import Random
from urllib.parse import parse_qs, urlsplit

from sources.bluesky.transport import Answer, CutError
from sources.clock import Clock
from sources.http import Fetched, UnreachableError
from tests.fakes.bluesky import FakeBluesky, Listener, update
from tests.fakes.mastodon import FakeMastodon

_ANSWER_S = 0.2


class ScriptedSocket:
    """A connection to a FakeBluesky: a Socket to the one side, what a Listener holds to the other."""

    def __init__(self, sky: FakeBluesky, cursor: int) -> None:
        self.dead = False
        """It says nothing more, not even that."""

        self.cursor = cursor
        """From where it was asked for, in microseconds since 1970."""

        self._sky = sky
        self._listener = Listener(self)
        self._waiting: asyncio.Queue[str | CutError] = asyncio.Queue()

    async def send(self, text: str) -> None:
        """An options_update; the first one starts the playback."""
        first = not self._listener.hello.is_set()
        assert update(self._listener, text)
        if first:
            self._sky.listeners.append(self._listener)
            await self._sky.play(self._listener, self.cursor)

    async def ping(self) -> None:
        """Answered at once, or never."""
        if not self.dead:
            self._waiting.put_nowait("")

    async def receive(self) -> str:
        message = await self._waiting.get()
        if isinstance(message, CutError):
            raise message
        return message

    async def close(self) -> None:
        if self._listener in self._sky.listeners:
            self._sky.listeners.remove(self._listener)

    async def send_str(self, data: str) -> None:
        """What Jetstream says."""
        if not self.dead:
            self._waiting.put_nowait(data)

    def cut(self) -> None:
        """It breaks."""
        self._waiting.put_nowait(CutError("it broke"))


class StormyBluesky:
    """A Transport on which connections break, die silently and are refused."""

    def __init__(self, sky: FakeBluesky, clock: Clock, random: Random) -> None:
        self.sockets: list[ScriptedSocket] = []
        self.connects: list[float] = []
        """When each was tried, in seconds since 1970."""

        self.outage = False
        self._sky = sky
        self._clock = clock
        self._random = random

    async def connect(self, url: str) -> ScriptedSocket:
        self.connects.append(self._clock.now().timestamp())
        await self._clock.sleep(_ANSWER_S)
        if self.outage:
            raise CutError("no connection")
        socket = ScriptedSocket(self._sky, int(parse_qs(urlsplit(url).query)["cursor"][0]))
        self.sockets.append(socket)
        return socket

    async def get(self, url: str, query: Mapping[str, str | list[str]]) -> Answer:
        raise NotImplementedError("nobody reposts here")

    async def rage(self) -> None:
        """A mishap every quarter of an hour or so, now and then an outage of up to an hour."""
        while True:
            await self._clock.sleep(self._random.expovariate(1 / 900))
            match self._random.choice(["cut", "die", "outage"] if self.sockets else [""]):
                case "cut":
                    self.sockets[-1].cut()
                case "die":
                    self.sockets[-1].dead = True
                case "outage":
                    self.outage = True
                    self.sockets[-1].cut()
                    await self._clock.sleep(self._random.uniform(1, 3600))
                    self.outage = False


class StormyMastodon:
    """A way out to several servers, any of which may not answer, or with anything."""

    def __init__(self, servers: Mapping[str, FakeMastodon], clock: Clock, random: Random) -> None:
        self.asked: dict[str, list[float]] = defaultdict(list)
        """Server -> when it was asked, in seconds since 1970."""

        self._servers = servers
        self._clock = clock
        self._random = random
        self._busy: set[str] = set()

    async def get(self, url: str) -> Fetched:
        parts = urlsplit(url)
        assert parts.netloc not in self._busy, "two requests to one server at once"
        self._busy.add(parts.netloc)
        self.asked[parts.netloc].append(self._clock.now().timestamp())
        try:
            await self._clock.sleep(_ANSWER_S)
            return self._answer(url, self._servers[parts.netloc], f"{parts.path}?{parts.query}")
        finally:
            self._busy.remove(parts.netloc)

    def _answer(self, url: str, server: FakeMastodon, path: str) -> Fetched:
        match self._random.choices(["well", "unreachable", "503", "429", "html"], [96, 1, 1, 1, 1])[0]:
            case "unreachable":
                raise UnreachableError(f"{urlsplit(url).netloc} did not answer in time")
            case "503":
                return _fetched(url, 503, b"<html>down</html>")
            case "429":
                return _fetched(url, 429, b"{}", {"Retry-After": "120"})
            case "html":
                return _fetched(url, 200, b"<html>an advertisement</html>")
        answer = server.answer(path)
        return _fetched(url, answer.status, answer.body.encode())


def _fetched(url: str, status: int, body: bytes, headers: Mapping[str, str] = {}) -> Fetched:
    return Fetched(url=url, status=status, headers=headers, body=body, moved_to="")
