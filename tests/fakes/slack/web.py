"""The Web API over HTTP: reads arguments, checks token, scope and rate, meets the faults, calls the method."""

import asyncio
import json
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.slack.faults import Fault, Faults
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.methods import WRITING, Office
from tests.fakes.slack.reading import READING, kind_of
from tests.fakes.slack.scopes import METHODS
from tests.fakes.slack.world import APP_ID, Json, SlackRefusalError

Spawn = Callable[[Coroutine[Any, Any, Json], str], asyncio.Task[Json]]


@dataclass(frozen=True)
class Call:
    """A call that arrived, as a test may look at it afterwards."""

    method: str
    arguments: Json
    answer: str  # "ok", the error, or what became of the connection


@dataclass(kw_only=True)
class WebApi:
    """`POST /api/<method>`. `spawn` starts work that goes on when its client has gone."""

    office: Office
    limits: Limits
    faults: Faults
    spawn: Spawn
    open_ticket: Callable[[], str]
    calls: list[Call] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)  # those left hanging let go

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            arguments, token = await _read(request)
        except SlackRefusalError as refusal:
            return self._answer(method, {}, _refusal(refusal))
        fault = self.faults.draw(method)
        if fault is not None:
            return await self._fail(request, fault, method, arguments, token)
        return self._answer(method, arguments, self._work(method, arguments, token))

    def _work(self, method: str, arguments: Json, token: str | None) -> Json:
        """Authorise and do it: the body of the answer."""
        try:
            kind = self._authorise(method, arguments, token)
            wait = self.limits.take(method, str(arguments.get("channel", "")))
            if wait:
                return {"ok": False, "error": "ratelimited", "retry_after": wait}
            if method == "apps.connections.open":
                return {"ok": True, "url": self.open_ticket()}
            if kind == "xapp":  # only auth.test comes here
                return {"ok": True, "app_name": "Lapwing", "app_id": APP_ID}
            answer = (WRITING.get(method) or READING[method])(self.office, arguments)
        except SlackRefusalError as refusal:
            return _refusal(refusal)
        return {"ok": True, **answer}

    def _authorise(self, method: str, arguments: Json, token: str | None) -> str:
        """The kind of token. Raises what Slack answers for a wrong one or a missing scope."""
        app = self.office.app
        rules = METHODS.get(method)
        if rules is None:
            raise SlackRefusalError("unknown_method", req_method=method)
        if token is None:
            raise SlackRefusalError("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise SlackRefusalError("invalid_auth")
        kind = "xapp" if token == app.app_token else "xoxb"
        if kind == "xoxb" and app.standing != "ok":  # an app-level token outlives the installation
            raise SlackRefusalError(app.standing)
        if rules.token not in (kind, "any"):
            raise SlackRefusalError("not_allowed_token_type")
        held = list(app.app_scopes) if kind == "xapp" else app.scopes
        for needed in self._needed(rules.scope, arguments):
            if needed not in held:
                raise SlackRefusalError("missing_scope", needed=needed, provided=",".join(held))
        return kind

    def _needed(self, scope: str | None, arguments: Json) -> list[str]:
        if scope is None:
            return []
        if "types" in arguments:  # conversations.list asks for the scope of each type
            kinds = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
            asked = str(arguments["types"]).replace(" ", "").split(",")
            return [f"{kinds[kind]}:read" for kind in asked if kind in kinds]
        return [scope.format(kind=kind_of(self.office, arguments))]

    async def _fail(
        self, request: web.Request, fault: Fault, method: str, arguments: Json, token: str | None
    ) -> web.StreamResponse:
        """Do the work if the fault lets it be done, whoever still listens, and reply as it says."""

        async def late_work() -> Json:
            await asyncio.sleep(fault.commit_after_s)
            return self._work(method, arguments, token)

        body: Json = {"ok": False, "error": fault.error or "internal_error"}
        if fault.commits:
            working = self.spawn(late_work(), f"late {method}")
            if fault.reply == "given" or not fault.commit_after_s:
                done = await asyncio.shield(working)
                body = body if fault.error else done
        await asyncio.sleep(fault.reply_after_s)
        if fault.reply == "given":
            return self._answer(method, arguments, body, fault)
        self.calls.append(Call(method, arguments, fault.reply))
        if fault.reply == "never":
            await self.ended.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)  # goes nowhere: the connection is gone

    def _answer(self, method: str, arguments: Json, body: Json, fault: Fault | None = None) -> web.Response:
        status = fault.status if fault is not None and fault.status is not None else 200
        headers = {"X-Slack-Req-Id": secrets.token_hex(16)}
        wait = fault.retry_after_s if status == 429 and fault is not None else body.pop("retry_after", None)
        if wait is not None:
            status, headers["Retry-After"] = 429, str(wait)
            body = {"ok": False, "error": "ratelimited"}
        if status >= 500:
            self.calls.append(Call(method, arguments, str(status)))
            page = "<!DOCTYPE html><html><body>Service Unavailable</body></html>"
            return web.Response(status=status, text=page, content_type="text/html", headers=headers)
        self.calls.append(Call(method, arguments, "ok" if body["ok"] else str(body["error"])))
        if body.get("error") not in ("not_authed", "invalid_auth"):
            headers["X-OAuth-Scopes"] = ",".join(self.office.app.scopes)
            if method in METHODS and METHODS[method].scope:
                headers["X-Accepted-OAuth-Scopes"] = str(METHODS[method].scope).format(kind="channels")
        return web.json_response(body, status=status, headers=headers)


def _refusal(refusal: SlackRefusalError) -> Json:
    return {"ok": False, "error": refusal.error, **refusal.fields}


async def _read(request: web.Request) -> tuple[Json, str | None]:
    """The arguments and the token.

    A token may stand in the Authorization header or among the fields of a form. In a query string or in JSON Slack
    no longer takes it. Raises invalid_json, json_not_object and the like.
    """
    arguments: Json = {name: value for name, value in request.query.items() if name != "token"}
    token: str | None = None
    kind = request.content_type
    if request.method == "POST" and request.can_read_body:
        if kind == "application/json":
            try:
                body = json.loads(await request.text())
            except json.JSONDecodeError:
                raise SlackRefusalError("invalid_json") from None
            if not isinstance(body, dict):
                raise SlackRefusalError("json_not_object")
            arguments |= {name: value for name, value in body.items() if name != "token" and value is not None}
        elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            form = {name: str(value) for name, value in (await request.post()).items()}
            token = form.pop("token", None)
            arguments |= form
        else:
            raise SlackRefusalError("invalid_post_type")
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return arguments, bearer.strip() if scheme.lower() == "bearer" and bearer else token
