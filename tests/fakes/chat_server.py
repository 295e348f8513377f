"""A chat on 127.0.0.1 over real HTTP, as careless as a real one on a bad day.

It keeps every message it is sent: the same key posted twice is two messages, which is how doubled alerts are found.

    POST /channels/ops/messages {"key", "text"}     201 {"id"}
    PUT  /channels/ops/messages/7 {"text"}          200
    GET  /channels/ops/messages?key=abc             200 {"ids": [7]}
"""

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

SLOWEST_COMMIT_S = 0.25
"""After a request came, a message of it exists at most so much later: also when nobody waits for it any more."""

_MOST_RETRY_AFTER_S = 1.0
_HELD_AT_MOST = 1_000
"""Connections that wait to be accepted: a client killed in the crowd must have been heard all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a client wants; `text` is empty where it only asks."""

    method: str
    channel: str
    message: int = 0
    key: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What a request meets."""

    status: int = 200
    """From 400 on nothing is kept of the request."""

    retry_after_s: float | None = None
    cut: bool = False
    """The connection ends at once, without a reply; what was sent is kept all the same."""

    commit_after_s: float = 0.0


Treat = Callable[[Request], Treatment]


def kindly(_: Request) -> Treatment:
    """Every request is done at once."""
    return Treatment()


def on_a_bad_day(seed: str) -> Treat:
    """3% answer 503, 2% 429, 4% are kept but not answered, and whatever is kept is kept up to 250 ms late."""
    dice = random.Random(seed)

    def treat(request: Request) -> Treatment:
        thrown, late_s = dice.random(), dice.uniform(0, SLOWEST_COMMIT_S)
        if thrown < 0.03:
            return Treatment(status=503)
        if thrown < 0.05:
            return Treatment(status=429, retry_after_s=dice.uniform(0.05, _MOST_RETRY_AFTER_S))
        return Treatment(cut=thrown < 0.09, commit_after_s=0.0 if request.method == "GET" else late_s)

    return treat


@dataclass(slots=True)
class Message:
    """A message as the chat keeps it, with all that it said before."""

    id: int
    channel: str
    key: str
    text: str
    edits: list[str] = field(default_factory=list)


class ChatServer:
    """Serves on a thread of its own between `with` and its end; `messages` may be read at any time, and is whole after.

    What was asked before the end is done before it, however late.
    """

    def __init__(self, treat: Treat = kindly) -> None:
        self.url = ""
        self.messages: list[Message] = []
        self.answered: Counter[str] = Counter()
        """How many requests met what: "POST 200", "GET 503", "POST cut"."""

        self.slowest_commit_s = 0.0
        """How late a message was at worst: more than SLOWEST_COMMIT_S where this machine was too busy to keep to it."""

        self._by_key: dict[tuple[str, str], list[int]] = {}
        self._treat = treat
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="chat server")
        self._listening = threading.Event()
        self._ended = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=_HELD_AT_MOST) as server:
            host, port = server.sockets[0].getsockname()
            self.url = f"http://{host}:{port}"
            self._listening.set()
            await self._ended.wait()
            await asyncio.gather(*self._open)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking = asyncio.create_task(self._talk(reader, writer), name="chat connection")
        self._open.add(talking)
        talking.add_done_callback(self._open.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection. Whoever asked may be dead before it is answered, or before it has asked."""
        came = time.monotonic()
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read(reader)
            treatment = self._treat(request)
            self.answered[f"{request.method} {'cut' if treatment.cut else treatment.status}"] += 1
            if treatment.cut:
                writer.close()
            await asyncio.sleep(treatment.commit_after_s)
            status, answer = self._do(request, treatment)
            self.slowest_commit_s = max(self.slowest_commit_s, time.monotonic() - came)
            if not treatment.cut:
                writer.write(_reply(status, treatment.retry_after_s, answer))
                await writer.drain()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    def _do(self, request: Request, treatment: Treatment) -> tuple[int, dict[str, Any]]:
        """The status, and what is answered besides."""
        if treatment.status >= 400:
            return treatment.status, {}
        if request.method == "GET":
            return 200, {"ids": self._by_key.get((request.channel, request.key), [])}
        if request.method == "POST":
            message = Message(len(self.messages) + 1, request.channel, request.key, request.text)
            self.messages.append(message)
            self._by_key.setdefault((message.channel, message.key), []).append(message.id)
            return 201, {"id": message.id}
        if not 1 <= request.message <= len(self.messages):
            return 400, {}
        message = self.messages[request.message - 1]
        message.edits.append(message.text)
        message.text = request.text
        return 200, {"id": message.id}


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split("\r\n", 1)[0].split(" ")
    length = next((int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
    body = json.loads(await reader.readexactly(length)) if length else {}
    address = urlsplit(target)
    _, _, channel, _, *message = address.path.split("/")
    return Request(
        method=method,
        channel=unquote(channel),
        message=int(message[0]) if message else 0,
        key=body.get("key") or parse_qs(address.query).get("key", [""])[0],
        text=body.get("text", ""),
    )


def _reply(status: int, retry_after_s: float | None, answer: dict[str, Any]) -> bytes:
    body = json.dumps(answer).encode()
    wait = "" if retry_after_s is None else f"Retry-After: {retry_after_s:.3f}\r\n"
    return f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n{wait}Connection: close\r\n\r\n".encode() + body
