"""The local Slack over HTTP, with the real slack-bolt behind aiohttp: signatures, redelivery, URL verification."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import PLAIN_MANIFEST, FakeSlack

PUBLIC = "https://lapwing.example.com"
EVENTS_URL = f"{PUBLIC}/slack/events"


def http_manifest() -> dict[str, Any]:
    manifest = deepcopy(PLAIN_MANIFEST)
    manifest["settings"]["socket_mode_enabled"] = False
    manifest["settings"]["event_subscriptions"]["request_url"] = EVENTS_URL
    manifest["settings"]["interactivity"]["request_url"] = EVENTS_URL
    for command in manifest["features"]["slash_commands"]:
        command["url"] = EVENTS_URL
    return manifest


class Listener:
    """A bolt app behind a web server, which first takes its naps and answers these statuses instead of asking it."""

    def __init__(self, slack: FakeSlack) -> None:
        client = AsyncWebClient(token=slack.app.bot_token, base_url=slack.url)
        self.app = AsyncApp(client=client, signing_secret=slack.app.signing_secret)
        self.heard: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.naps_s: list[float] = []
        self.app.command("/watch")(self._command)
        self.app.event("app_mention")(self._event)
        self.app.shortcut("classify")(self._command)

    async def _command(self, ack: Any, body: dict[str, Any]) -> None:
        self.heard.append(body)
        await ack()

    async def _event(self, body: dict[str, Any]) -> None:
        self.heard.append(body)

    @asynccontextmanager
    async def listening(self, slack: FakeSlack) -> AsyncIterator[None]:
        site = self.app.server(path="/slack/events").web_app
        site.middlewares.append(self._note)
        runner = web.AppRunner(site)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.app.reached_at[PUBLIC] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await runner.cleanup()

    @property
    def _note(self) -> Any:
        @web.middleware
        async def note(request: web.Request, handler: Any) -> web.StreamResponse:
            self.headers.append(dict(request.headers))
            if self.naps_s:
                await asyncio.sleep(self.naps_s.pop(0))
            if self.statuses:
                return web.Response(status=self.statuses.pop(0))
            answer = await handler(request)
            assert isinstance(answer, web.StreamResponse)
            return answer

        return note


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(http_manifest()) as running:
        running.courier.retry_after_s = (0.0, 0.05, 0.05)
        running.http.acknowledge_within_s = 1.0
        yield running


async def test_the_request_url_is_verified_by_its_challenge(slack: FakeSlack) -> None:
    async with Listener(slack).listening(slack):
        assert await slack.http.verify()


async def test_a_command_comes_as_a_signed_form(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    listener = Listener(slack)
    async with listener.listening(slack):
        delivery = await ada.types(ops, "/watch @vendor_sec -label:a&b")
    assert delivery.acknowledged
    (body,) = listener.heard
    assert (body["text"], body["user_id"]) == ("@vendor_sec -label:a&amp;b", ada.id)
    assert listener.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"


async def test_a_shortcut_comes_as_one_field_of_a_form(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    message = await ada.says(ops, "what is this about?")
    listener = Listener(slack)
    async with listener.listening(slack):
        assert (await ada.uses_shortcut(message, "classify")).acknowledged
    assert listener.heard[0]["message"]["text"] == "what is this about?"


async def test_an_event_answered_badly_comes_again_with_its_number_and_reason(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    listener = Listener(slack)
    listener.statuses = [500, 500]
    async with listener.listening(slack):
        delivery = await ada.mentions(ops, "<@BOT> watch")
        assert delivery is not None
        await slack.until(lambda: delivery.acknowledged)
    assert [headers.get("X-Slack-Retry-Num") for headers in listener.headers] == [None, "1", "2"]
    assert listener.headers[2]["X-Slack-Retry-Reason"] == "http_error"
    assert len(listener.heard) == 1


async def test_an_event_answered_too_late_comes_again(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    slack.http.acknowledge_within_s = 0.2
    listener = Listener(slack)
    listener.naps_s = [0.4]
    async with listener.listening(slack):
        delivery = await ada.mentions(ops, "<@BOT> watch")
        assert delivery is not None
        assert delivery.last.problem == "timeout"
        await slack.until(lambda: delivery.acknowledged)
    assert listener.headers[1]["X-Slack-Retry-Reason"] == "http_timeout"


async def test_nothing_leaves_this_machine(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    with pytest.raises(LookupError, match="nothing is sent to https://lapwing"):
        await ada.mentions(ops, "<@BOT> watch")


async def test_a_command_is_never_brought_again(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    listener = Listener(slack)
    listener.statuses = [500]
    async with listener.listening(slack):
        delivery = await ada.types(ops, "/watch @x")
        await slack.settled()
    assert len(delivery.attempts) == 1
    assert ada.ephemerals(ops)[0].text == '/watch failed with the error "dispatch_failed"'


async def test_bolt_refuses_what_is_stale_or_signed_by_another(slack: FakeSlack) -> None:
    listener = Listener(slack)
    body = json.dumps({"type": "event_callback", "event": {"type": "app_mention", "text": "x", "user": "U1"}})
    async with listener.listening(slack):
        url = slack.app.url_for("events_api", {})
        good, _, _ = await slack.http.post(url, body, "application/json")
        stale, _, _ = await slack.http.post(url, body, "application/json", age_s=301)
        ahead, _, _ = await slack.http.post(url, body, "application/json", age_s=-301)
        forged, _, _ = await slack.http.post(url, body, "application/json", secret="0" * 32)
    assert (good, stale, ahead, forged) == (200, 401, 401, 401)
    assert len(listener.heard) == 1


async def test_an_app_that_is_away_gets_its_events_later(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    slack.app.reached_at[PUBLIC] = "http://127.0.0.1:9"
    slack.courier.retry_after_s = (0.3,)
    delivery = await ada.mentions(ops, "<@BOT> watch")
    assert delivery is not None
    assert delivery.last.problem == "connection_failed"
    listener = Listener(slack)
    async with listener.listening(slack):
        await slack.until(lambda: delivery.acknowledged)
    assert len(listener.heard) == 1
