"""HTTP mode: signed requests to the app's URLs, as docs.slack.dev/authentication/verifying-requests-from-slack says."""

import hashlib
import hmac
import json
import secrets
import time
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack.app import InstalledApp
from tests.fakes.slack.courier import ACKNOWLEDGE_WITHIN_S, Attempt, Delivery, Retry, now
from tests.fakes.slack.world import Json


def signature(secret: str, timestamp: str, body: str) -> str:
    """X-Slack-Signature: HMAC-SHA256 of version, timestamp and body."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return f"v0={digest}"


class HttpMode:
    """The road over HTTP, to this machine only."""

    timeout_reason = "http_timeout"

    def __init__(self, app: InstalledApp, complaints: list[str]) -> None:
        self.acknowledge_within_s = ACKNOWLEDGE_WITHIN_S
        self._app = app
        self._complaints = complaints

    async def attempt(self, delivery: Delivery, retry: Retry | None) -> Attempt:
        """Post it and wait for a 200."""
        attempt = Attempt(envelope_id=secrets.token_hex(16), sent_at=now())
        url = self._app.url_for(delivery.kind, delivery.payload)
        again = {} if retry is None else {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
        try:
            status, headers, text = await self.post(url, *written(delivery), headers=again)
        except TimeoutError:
            attempt.problem = "timeout"
            return attempt
        except aiohttp.ClientError:
            attempt.problem = "connection_failed"
            return attempt
        attempt.acknowledged_at = now()
        attempt.do_not_retry = headers.get("X-Slack-No-Retry") == "1"
        if status != 200:
            attempt.problem = "http_error"
        elif text and delivery.accepts_response:
            attempt.response = self._response(headers.get("Content-Type", ""), text)
        return attempt

    async def verify(self) -> bool:
        """url_verification, as when the Request URL is saved: does the app echo the challenge?"""
        challenge = secrets.token_hex(16)
        payload = {"type": "url_verification", "token": self._app.verification_token, "challenge": challenge}
        url = self._app.url_for("events_api", payload)
        status, headers, text = await self.post(url, json.dumps(payload), "application/json")
        if headers.get("Content-Type", "").startswith("application/json"):
            return status == 200 and json.loads(text).get("challenge") == challenge
        return status == 200 and text == challenge

    async def post(
        self, url: str, body: str, content_type: str, *, age_s: float = 0.0, secret: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], str]:  # fmt: skip
        """A signed request; `age_s` makes it stale, another `secret` forges it. Status, headers and text of the reply.

        Raises TimeoutError and aiohttp.ClientError.
        """
        timestamp = str(int(time.time() - age_s))
        signed = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(secret or self._app.signing_secret, timestamp, body),
            **(headers or {}),
        }
        timeout = aiohttp.ClientTimeout(total=self.acknowledge_within_s)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body.encode(), headers=signed, allow_redirects=False) as reply,
        ):
            return reply.status, dict(reply.headers), await reply.text()

    def _response(self, content_type: str, text: str) -> Json | None:
        if not content_type.startswith("application/json"):
            return {"text": text}
        try:
            body = json.loads(text)
        except json.JSONDecodeError:
            self._complaints.append(f"a reply that says it is JSON and is not: {text[:200]}")
            return None
        return body if isinstance(body, dict) and body else None


def written(delivery: Delivery) -> tuple[str, str]:
    """Body and content type: commands as a form, interaction as one form field, events as JSON."""
    if delivery.kind == "slash_commands":
        return urlencode(delivery.payload), "application/x-www-form-urlencoded"
    if delivery.kind == "interactive":
        return urlencode({"payload": json.dumps(delivery.payload)}), "application/x-www-form-urlencoded"
    return json.dumps(delivery.payload), "application/json"
