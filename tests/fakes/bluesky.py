"""A local Bluesky: Jetstream's /subscribe and the public API's methods that Lapwing uses, as their pages describe them.

https://github.com/bluesky-social/jetstream and https://docs.bsky.app/docs/api. A cursor replays inclusively; an absent
one, or one from the future, listens from now on; `requireHello` waits for an options_update, an invalid one ends the
connection, and a wantedDids that holds what is no DID is answered with 400; identity and account events pass whatever
the wantedCollections are, and as far as the wantedDids name their account.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.ear import holds

Json = dict[str, Any]

POSTS, REPOSTS = "app.bsky.feed.post", "app.bsky.feed.repost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody on Bluesky."""

    handle: str
    name: str = ""

    @property
    def did(self) -> str:
        return f"did:plc:{self.handle.partition('.')[0]}"


@dataclass
class Listener:
    """One open connection."""

    socket: Any
    """A web.WebSocketResponse, or whatever sends a string."""

    collections: set[str] = field(default_factory=set)
    dids: set[str] = field(default_factory=set)
    hello: asyncio.Event = field(default_factory=asyncio.Event)
    updates: int = 0
    sent_us: int = 0

    def wants(self, event: Json) -> bool:
        collection = event.get("commit", {}).get("collection", "")
        by_collection = not self.collections or not collection or collection in self.collections
        return by_collection and (not self.dids or event["did"] in self.dids)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """How a request is turned away."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeBluesky:
    """What happened stands in `events`; whoever listens hears of it."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`now` dates what happens."""
        self._now = now
        self.events: list[Json] = []
        self.people: dict[str, Person] = {}
        self.listeners: list[Listener] = []
        self.connects: list[Mapping[str, str]] = []
        self.asked: list[str] = []
        self.refuse_stream: Refusal | None = None
        self.refuse_api: Refusal | None = None
        self.mute = False
        """Neither events nor pongs: a connection that is dead without saying so."""

        self.port = 0
        self._records: dict[str, Json] = {}  # address -> record, of what was not deleted
        self._time_us = 0

    @property
    def stream_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/subscribe"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def join(self, handle: str, name: str = "") -> Person:
        """Somebody new."""
        person = Person(handle=handle, name=name)
        self.people[person.did] = person
        return person

    async def write(self, by: Person, rkey: str, text: str, *, update: bool = False, **record: object) -> str:
        """A post; its address."""
        value = {"$type": POSTS, "createdAt": self._date(), "langs": ["en"], "text": text} | record
        return await self._commit(by, "update" if update else "create", POSTS, rkey, value)

    async def repost(self, by: Person, rkey: str, subject: str) -> str:
        """Pass a post on; the repost's address."""
        value = {"$type": REPOSTS, "createdAt": self._date(), "subject": {"uri": subject, "cid": "bafy"}}
        return await self._commit(by, "create", REPOSTS, rkey, value)

    async def like(self, by: Person, rkey: str) -> None:
        """What nobody asked for."""
        await self._commit(by, "create", "app.bsky.feed.like", rkey, {"$type": "app.bsky.feed.like"})

    async def delete(self, address: str) -> None:
        """Take a record back."""
        did, collection, rkey = address.removeprefix("at://").split("/")
        self._records.pop(address, None)
        commit = {"operation": "delete", "collection": collection, "rkey": rkey, "rev": "3l"}
        await self._happens({"did": did, "kind": "commit", "commit": commit})

    async def rename(self, who: Person, handle: str) -> None:
        """The account goes by another handle from now on."""
        self.people[who.did] = Person(handle=handle, name=who.name)
        identity = {"did": who.did, "handle": handle, "seq": 1, "time": self._date()}
        await self._happens({"did": who.did, "kind": "identity", "identity": identity})

    async def account(self, who: Person, *, active: bool, status: str = "") -> None:
        """The account goes, or comes back."""
        account = {"active": active, "did": who.did, "seq": 1, "time": self._date()} | (
            {"status": status} if status else {}
        )
        await self._happens({"did": who.did, "kind": "account", "account": account})

    async def babble(self, raw: str) -> None:
        """A message that is no event, to everyone who listens."""
        for listener in self.listeners:
            await listener.socket.send_str(raw)

    async def cut(self) -> None:
        """Every connection ends without a word."""
        for listener in list(self.listeners):
            if (transport := listener.socket._req.transport if listener.socket._req else None) is not None:
                transport.abort()
        await holds(lambda: not self.listeners)

    async def close(self) -> None:
        """Every connection is closed in good order."""
        for listener in list(self.listeners):
            await listener.socket.close(code=1001, message=b"going away")

    async def followed(self, *people: Person) -> None:
        """Return once somebody listens to exactly these."""
        dids = {person.did for person in people}
        await holds(lambda: any(listener.dids == dids for listener in self.listeners))

    def message(self, event: Json) -> str:
        """An event as it goes over the wire."""
        return json.dumps(event)

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """Jetstream."""
        self.connects.append(dict(request.query))
        if refusal := self.refuse_stream:
            return web.Response(status=refusal.status, text=refusal.body, headers=refusal.headers)
        dids = set(request.query.getall("wantedDids", []))
        if not _are_dids(dids):
            return web.Response(status=400, text="invalid did")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        listener = Listener(socket, set(request.query.getall("wantedCollections", [])), dids)
        self.listeners.append(listener)
        if request.query.get("requireHello") != "true":
            listener.hello.set()
        cursor = int(request.query.get("cursor", "0"))
        player = asyncio.create_task(self.play(listener, cursor), name="playback")
        try:
            await self._obey(listener)
        finally:
            self.listeners.remove(listener)
            player.cancel()
        return socket

    async def call(self, request: web.Request) -> web.Response:
        """The public API."""
        method = request.match_info["method"]
        self.asked.append(method)
        if refusal := self.refuse_api:
            return web.Response(status=refusal.status, text=refusal.body, headers=refusal.headers)
        answers = {
            "app.bsky.actor.getProfile": self._profile,
            "app.bsky.actor.searchActorsTypeahead": self._search,
            "app.bsky.feed.getAuthorFeed": self._feed,
            "app.bsky.feed.getPosts": self._posts,
        }
        if method not in answers:
            return _error(501, "MethodNotImplemented", "Method Not Implemented")
        return answers[method](request)

    async def _obey(self, listener: Listener) -> None:
        async for message in listener.socket:
            if message.type is WSMsgType.PING and not self.mute:
                await listener.socket.pong(message.data)
            if message.type is WSMsgType.TEXT and not update(listener, message.data):
                await listener.socket.close(message=b"invalid options_update")

    async def play(self, listener: Listener, cursor: int) -> None:
        """What is in the past from the cursor on; the rest comes as it happens."""
        await listener.hello.wait()
        if not 0 < cursor <= self._now_us():
            listener.sent_us = self._time_us
            return
        for event in [one for one in self.events if one["time_us"] >= cursor]:
            await self._send(listener, event)

    async def _happens(self, event: Json) -> None:
        self._time_us = max(self._time_us + 1, self._now_us())
        event["time_us"] = self._time_us
        self.events.append(event)
        for listener in list(self.listeners):
            if listener.hello.is_set():
                await self._send(listener, event)

    async def _send(self, listener: Listener, event: Json) -> None:
        if self.mute or event["time_us"] <= listener.sent_us or not listener.wants(event):
            return
        listener.sent_us = event["time_us"]
        await listener.socket.send_str(self.message(event))

    async def _commit(self, by: Person, operation: str, collection: str, rkey: str, value: Json) -> str:
        address = f"at://{by.did}/{collection}/{rkey}"
        self._records[address] = value
        commit = {"operation": operation, "collection": collection, "rkey": rkey, "rev": "3l", "record": value}
        await self._happens({"did": by.did, "kind": "commit", "commit": commit | {"cid": "bafy"}})
        return address

    def _now_us(self) -> int:
        return round(self._now().timestamp() * 1_000_000)

    def _date(self) -> str:
        return self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _person(self, actor: str) -> Person | None:
        return next((one for one in self.people.values() if actor in (one.did, one.handle)), None)

    def _profile(self, request: web.Request) -> web.Response:
        person = self._person(request.query.get("actor", ""))
        return web.json_response(_view(person)) if person else _error(400, "InvalidRequest", "Profile not found")

    def _search(self, request: web.Request) -> web.Response:
        start = request.query["q"][:2]
        found = [_view(one) for one in self.people.values() if one.handle.startswith(start)]
        return web.json_response({"actors": found[: int(request.query.get("limit", "10"))]})

    def _posts(self, request: web.Request) -> web.Response:
        uris = request.query.getall("uris")
        if len(uris) > 25:
            return _error(400, "InvalidRequest", "uris must not have more than 25 elements")
        return web.json_response({"posts": [self._post(uri) for uri in uris if uri in self._records]})

    def _feed(self, request: web.Request) -> web.Response:
        person = self._person(request.query["actor"])
        if person is None:
            return _error(400, "InvalidRequest", "Profile not found")
        mine = [uri for uri in reversed(self._records) if uri.startswith(f"at://{person.did}/app.bsky.feed.")]
        feed = [self._entry(uri, person) for uri in mine if uri.split("/")[3] in (POSTS, REPOSTS)]
        return web.json_response({"feed": feed[: int(request.query.get("limit", "50"))]})

    def _entry(self, uri: str, person: Person) -> Json:
        if uri.split("/")[3] == POSTS:
            return {"post": self._post(uri)}
        subject = self._records[uri]["subject"]["uri"]
        reason = {
            "$type": "app.bsky.feed.defs#reasonRepost",
            "by": _view(person),
            "indexedAt": self._date(),
            "uri": uri,
        }
        return {"post": self._post(subject), "reason": reason}

    def _post(self, uri: str) -> Json:
        author = self.people[uri.split("/")[2]]
        return {
            "uri": uri,
            "cid": "bafy",
            "author": _view(author),
            "record": self._records[uri],
            "indexedAt": self._date(),
        }


@asynccontextmanager
async def bluesky() -> AsyncIterator[FakeBluesky]:
    """A Bluesky on a port of its own."""
    fake = FakeBluesky()
    app = web.Application()
    app.router.add_get("/subscribe", fake.subscribe)
    app.router.add_get("/xrpc/{method}", fake.call)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.port = runner.addresses[0][1]
    try:
        yield fake
    finally:
        await runner.cleanup()


def update(listener: Listener, raw: str) -> bool:
    """Whether an options_update was one."""
    payload = json.loads(raw).get("payload", {})
    dids = set(payload.get("wantedDids", []))
    if len(dids) > 10_000 or not _are_dids(dids):
        return False
    listener.dids, listener.collections = dids, set(payload.get("wantedCollections", []))
    listener.updates += 1
    listener.hello.set()
    return True


def _are_dids(names: set[str]) -> bool:
    return all(re.fullmatch(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]", name) for name in names)


def _view(person: Person) -> Json:
    return {"did": person.did, "handle": person.handle, "displayName": person.name}


def _error(status: int, error: str, message: str) -> web.Response:
    return web.json_response({"error": error, "message": message}, status=status)
