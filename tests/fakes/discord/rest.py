"""The REST API over HTTP: finds the route, meets the faults, checks token and rate, does the work, answers as JSON."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import hdrs, web

from tests.fakes.discord import account, messages
from tests.fakes.discord.account import Asked, Office
from tests.fakes.discord.answers import Answers
from tests.fakes.discord.attachments import PATH, give_out, with_files
from tests.fakes.discord.errors import NO_ROUTE, NOT_JSON, UNAUTHORIZED, WRONG_METHOD, DiscordRefusalError, refusal
from tests.fakes.discord.faults import Fault, Faults
from tests.fakes.discord.limits import Taken
from tests.fakes.discord.world import Json

PREFIX = "/api/v10"
Spawn = Callable[[Coroutine[Any, Any, "Answer"], str], "asyncio.Task[Answer]"]
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_REACTION = f"{_MESSAGE}/reactions/{{emoji}}"
_COMMANDS = "/applications/{application_id}/commands"
_GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
CALLBACK = "POST /interactions/{interaction_id}/{token}/callback"
_WEBHOOK = "/webhooks/{webhook_id}/{token}"

_WITH_TOKEN: dict[str, Callable[[Office, Asked], Any]] = {
    "GET /gateway/bot": account.gateway,
    "GET /users/@me": account.me,
    "GET /users/@me/guilds": account.my_guilds,
    "POST /users/@me/channels": account.open_direct_channel,
    "GET /users/{user_id}": account.user,
    "GET /oauth2/applications/@me": account.application,
    "GET /applications/@me": account.application,
    f"GET {_COMMANDS}": account.commands,
    f"PUT {_COMMANDS}": account.write_commands,
    f"GET {_GUILD_COMMANDS}": account.commands,
    f"PUT {_GUILD_COMMANDS}": account.write_commands,
    "GET /guilds/{guild_id}": account.guild,
    "GET /guilds/{guild_id}/channels": account.guild_channels,
    "GET /guilds/{guild_id}/roles": account.guild_roles,
    "GET /guilds/{guild_id}/members/{user_id}": account.member,
    "GET /channels/{channel_id}": account.channel,
    "PATCH /channels/{channel_id}": account.open_thread,
    "GET /channels/{channel_id}/messages": messages.history,
    "POST /channels/{channel_id}/messages": messages.send,
    f"GET {_MESSAGE}": messages.one,
    f"PATCH {_MESSAGE}": messages.edit,
    f"DELETE {_MESSAGE}": messages.delete,
    f"GET {_REACTION}": messages.who_reacted,
    f"PUT {_REACTION}/@me": messages.add_reaction,
    f"DELETE {_REACTION}/{{user_id}}": messages.remove_reaction,
}
_BY_INTERACTION = (
    CALLBACK, f"POST {_WEBHOOK}", f"GET {_WEBHOOK}/messages/{{message_id}}",
    f"PATCH {_WEBHOOK}/messages/{{message_id}}", f"DELETE {_WEBHOOK}/messages/{{message_id}}",
)  # fmt: skip
ROUTES = frozenset([*_WITH_TOKEN, *_BY_INTERACTION])


@dataclass(frozen=True)
class Call:
    """A request that arrived, as a test may look at it afterwards. `status` 0: the connection was cut or left."""

    route: str
    parts: dict[str, str]
    query: dict[str, str]
    body: Any
    status: int


@dataclass(frozen=True)
class Answer:
    """What is sent: a status, a body (None: 204) and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class RestApi:
    """Everything under /api/v10. `spawn` starts work that goes on when its client has gone."""

    office: Office
    answers: Answers
    faults: Faults
    spawn: Spawn
    calls: list[Call] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)  # those left hanging let go

    def add_to(self, site: web.Application) -> None:
        for route in sorted(ROUTES, key=lambda it: ("{" in it, it)):  # the exact ones first: aiohttp takes the first
            method, path = route.split()
            site.router.add_route(method, PREFIX + path, self._handler(route))
        site.router.add_get(PATH, give_out(self.office.world))
        site.router.add_route(hdrs.METH_ANY, "/{rest:.*}", self._no_route)

    async def _no_route(self, request: web.Request) -> web.Response:
        known = any(request.path == PREFIX + route.split()[1] for route in ROUTES)
        return self._send(
            f"{request.method} {request.path}", Asked(parts={}), _refused(refusal(WRONG_METHOD if known else NO_ROUTE))
        )

    def _handler(self, route: str) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(route, request)

        return handle

    async def _handle(self, route: str, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "")
        try:
            asked = Asked(parts=dict(request.match_info), query=dict(request.query), body=await self._body(request))
        except DiscordRefusalError as refused:
            return self._send(route, Asked(parts=dict(request.match_info)), _refused(refused))
        if self.office.limits.banned:
            return self._send(route, asked, None)
        fault = self.faults.draw(route)
        if fault is not None:
            return await self._fail(request, fault, route, asked, token)
        return self._send(route, asked, self._work(route, asked, token))

    async def _body(self, request: web.Request) -> Any:
        """The JSON of the request, also where it comes as payload_json beside files. Raises 50109."""
        if request.content_type != "multipart/form-data":
            return _parsed(await request.text())
        form = await request.post()
        return with_files(self.office.world, _parsed(str(form.get("payload_json", "{}"))), form)

    def _work(self, route: str, asked: Asked, token: str) -> Answer:
        """Authorise, count and do it."""
        needs_token = route in _WITH_TOKEN
        if needs_token and token != f"Bot {self.office.app.token}":
            return _refused(refusal(UNAUTHORIZED))
        parts = asked.parts
        major = next((parts[it] for it in ("channel_id", "guild_id", "token") if it in parts), "")
        taken = self.office.limits.take(route, major, counts_globally=needs_token)
        if taken.wait_s:
            return _limited(taken)
        try:
            body = _WITH_TOKEN[route](self.office, asked) if needs_token else self._by_interaction(route, asked)
        except DiscordRefusalError as refused:
            answer = _refused(refused)
            return Answer(answer.status, answer.body, {**taken.headers, **answer.headers})
        return Answer(204 if body is None else 200, body, taken.headers)

    def _by_interaction(self, route: str, asked: Asked) -> Json | None:
        """The routes that an interaction's token opens, without the bot's."""
        parts, body = asked.parts, asked.body or {}
        if route == CALLBACK:
            wanted = asked.query.get("with_response", "").lower() in ("1", "true")
            return self.answers.callback(parts["interaction_id"], parts["token"], body, with_response=wanted)
        whose = (parts["webhook_id"], parts["token"])
        if "message_id" not in parts:
            return self.answers.follow_up(*whose, body)
        if route.startswith("GET"):
            return self.answers.read(*whose, parts["message_id"])
        if route.startswith("PATCH"):
            return self.answers.edit(*whose, parts["message_id"], body)
        self.answers.delete(*whose, parts["message_id"])
        return None

    async def _fail(
        self, request: web.Request, fault: Fault, route: str, asked: Asked, token: str
    ) -> web.StreamResponse:
        """Do the work if the fault lets it be done, whoever still listens, and reply as it says."""

        async def late_work() -> Answer:
            await asyncio.sleep(fault.commit_after_s)
            return self._work(route, asked, token)

        answer: Answer | None = _failure(fault)
        if fault.commits:
            working = self.spawn(late_work(), f"late {route}")
            if fault.reply == "given" or not fault.commit_after_s:
                done = await asyncio.shield(working)
                answer = answer if fault.status else done
        await asyncio.sleep(fault.reply_after_s)
        if fault.reply == "given":
            return self._send(route, asked, answer)
        self.calls.append(Call(route, asked.parts, asked.query, asked.body, 0))
        if fault.reply == "never":
            await self.ended.wait()
        reset(request)
        return web.Response(status=500)  # goes nowhere: the connection is gone

    def _send(self, route: str, asked: Asked, answer: Answer | None) -> web.Response:
        """None: Cloudflare answers in Discord's place."""
        status = 429 if answer is None else answer.status
        self.calls.append(Call(route, asked.parts, asked.query, asked.body, status))
        self.office.limits.note_status(status)
        if answer is None:
            return web.Response(status=429, text="error code: 1015", headers={"Server": "cloudflare"})
        headers = {"Via": "1.1 google", "Server": "cloudflare", **answer.headers}
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        # exactly application/json, without a charset, as discord.py compares it
        body = json.dumps(answer.body).encode()
        return web.Response(status=answer.status, body=body, headers={**headers, "Content-Type": "application/json"})


def _refused(refused: DiscordRefusalError) -> Answer:
    headers = {}
    if refused.status == 429:
        headers = {"Retry-After": str(refused.fields["retry_after"]), "X-RateLimit-Scope": "shared"}
    return Answer(refused.status, refused.body, headers)


def _limited(taken: Taken) -> Answer:
    wait = round(taken.wait_s, 3)
    headers = {**taken.headers, "Retry-After": str(wait), "X-RateLimit-Scope": taken.scope}
    if taken.scope == "global":
        headers = {"Retry-After": str(wait), "X-RateLimit-Scope": "global", "X-RateLimit-Global": "true"}
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": taken.scope == "global"}
    return Answer(429, body, headers)


def _failure(fault: Fault) -> Answer | None:
    if not fault.via:
        return None
    if fault.status == 429:
        return _limited(Taken(fault.retry_after_s or 1.0, "global" if fault.is_global else "user", {}))
    return Answer(fault.status or 500, {"message": f"{fault.status or 500}: Internal Server Error", "code": 0})


def reset(request: web.Request) -> None:
    """End the connection so that the other end reads errno 104, connection reset by peer."""
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


def _parsed(raw: str) -> Any:
    """The JSON of a request. Raises 50109."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except json.JSONDecodeError:
        raise refusal(NOT_JSON) from None
