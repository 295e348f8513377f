"""Response URLs: five messages within thirty minutes, and acknowledgements that carry a message."""

import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from tests.fakes.slack.content import content_of
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.world import BOT_ID, BOT_USER, Channel, Json, Message, SlackRefusalError, Workspace

USES = 5
LIVES_S = 30 * 60.0


@dataclass(kw_only=True)
class _ResponseUrl:
    channel: str
    person: str
    original: Message | None
    made_at: float
    used: int = 0


class Responses:
    """`POST /response/<secret>`, and the same done with the payload of an acknowledgement."""

    def __init__(self, workspace: Workspace, faults: Faults) -> None:
        self.answered: list[tuple[int, Json]] = []
        self._workspace = workspace
        self._faults = faults
        self._urls: dict[str, _ResponseUrl] = {}

    def new(self, channel: Channel, person: str, original: Message | None = None) -> str:
        """The secret of a new URL."""
        secret = secrets.token_urlsafe(18)
        self._urls[secret] = _ResponseUrl(
            channel=channel.id, person=person, original=original, made_at=time.monotonic()
        )
        return secret

    def expire(self) -> None:
        """Let thirty minutes pass for every URL given so far."""
        for url in self._urls.values():
            url.made_at -= LIVES_S

    async def handle(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.draw("response_url")
        if fault is not None and fault.reply == "given" and fault.status is not None:
            return web.Response(status=fault.status, text="server_error")
        if fault is None or fault.commits:
            status, error = self._take(request.match_info["secret"], await request.text())
        else:
            status, error = 500, "server_error"
        if fault is not None and fault.reply == "cut" and request.transport is not None:
            request.transport.abort()
        return (
            web.Response(text="ok")
            if status == 200
            else web.json_response({"ok": False, "error": error}, status=status)
        )

    def say(self, channel: str, person: str, body: Json, original: Message | None = None) -> None:
        """Post, replace or delete as the body says. Raises SlackRefusalError."""
        if body.get("delete_original"):
            self._replaceable(original).deleted = True
        elif body.get("replace_original"):
            message = self._replaceable(original)
            content_of(body).write(message)
            message.edited = True
        else:
            message = Message(ts=self._workspace.new_ts(), channel=channel, user=BOT_USER, bot_id=BOT_ID)
            message.thread_ts = body.get("thread_ts")
            content_of(body).write(message)
            if body.get("response_type") == "in_channel":
                self._workspace.channels[channel].messages.append(message)
            else:
                message.ephemeral_to = person
                self._workspace.channels[channel].ephemerals.append(message)

    def _take(self, secret: str, raw: str) -> tuple[int, str]:
        """Status and error of one use."""
        url = self._urls.get(secret)
        try:
            body = json.loads(raw)
        except json.JSONDecodeError:
            return 400, "invalid_payload"
        status, error = self._use(url, body)
        self.answered.append((status, body))
        return status, error

    def _use(self, url: _ResponseUrl | None, body: Json) -> tuple[int, str]:
        if url is None:
            return 404, "no_such_url"
        if time.monotonic() - url.made_at > LIVES_S:
            return 404, "expired_url"
        if url.used >= USES:
            return 404, "used_url"
        try:
            self.say(url.channel, url.person, body, url.original)
        except SlackRefusalError as refusal:
            return 400, refusal.error
        url.used += 1
        return 200, ""

    def _replaceable(self, original: Message | None) -> Message:
        if original is None or original.deleted:
            raise SlackRefusalError("message_not_found")
        return original
