"""The local Slack over Socket Mode, with the real slack-bolt: sockets, acknowledgements, redelivery, reconnection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import BOT_USER, FakeSlack

PING_S = 0.2  # how quickly slack_sdk notices a dead socket: within four of these


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running() as running:
        running.sockets.acknowledge_within_s = 0.5
        running.sockets.refresh_grace_s = 0.05
        running.courier.retry_after_s = (0.05, 0.05, 0.05)
        yield running


class Listener:
    """A small bolt app that writes down what it hears."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.app = AsyncApp(client=AsyncWebClient(token=slack.app.bot_token, base_url=slack.url, retry_handlers=[]))
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.patience_s = 0.0
        self.app.command("/watch")(self._command)
        self.app.event("app_mention")(self._event)
        self.app.event("reaction_added")(self._event)
        self.app.action("why")(self._action)

    async def _command(self, ack: Any, body: dict[str, Any]) -> None:
        await asyncio.sleep(self.patience_s)
        self.heard.append(("command", body))
        await ack(f"seen: {body['text']}")

    async def _event(self, body: dict[str, Any]) -> None:
        self.heard.append((body["event"]["type"], body))

    async def _action(self, ack: Any, body: dict[str, Any]) -> None:
        await ack()
        self.heard.append(("action", body))

    def texts(self) -> list[str]:
        return [body["text"] for kind, body in self.heard if kind == "command"]

    @asynccontextmanager
    async def connected(self, sockets: int = 1) -> AsyncIterator[list[AsyncSocketModeHandler]]:
        handlers = [
            AsyncSocketModeHandler(self.app, self.slack.app.app_token, ping_interval=PING_S) for _ in range(sockets)
        ]
        for handler in handlers:
            await handler.connect_async()  # type: ignore[no-untyped-call]
        await self.slack.until(lambda: len(self.slack.sockets.open) == sockets)
        try:
            yield handlers
        finally:
            for handler in handlers:
                await handler.close_async()  # type: ignore[no-untyped-call]
                tasks = [handler.client.message_processor, handler.client.message_receiver]
                await asyncio.gather(*[task for task in tasks if task is not None], return_exceptions=True)


async def test_a_command_reaches_the_app_and_its_answer_is_shown_to_the_person_only(slack: FakeSlack) -> None:
    ada, bob = slack.person("ada"), slack.person("bob")
    ops = slack.channel("ops", ada, bob)
    async with Listener(slack).connected():
        delivery = await ada.types(ops, "/watch @vendor_sec")
    assert delivery.acknowledged
    assert delivery.latency_s is not None
    assert delivery.latency_s < 0.5
    assert [message.text for message in ada.ephemerals(ops)] == ["seen: @vendor_sec"]
    assert bob.sees(ops) == []
    assert slack.complaints == []


async def test_each_payload_goes_to_one_socket_and_both_are_used(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    listener = Listener(slack)
    async with listener.connected(sockets=2):
        for number in range(6):
            await ada.types(ops, f"/watch @a{number}")
        assert [len(socket.envelopes) for socket in slack.sockets.open] == [3, 3]
    assert listener.texts() == [f"@a{number}" for number in range(6)]


async def test_hello_counts_the_connections(slack: FakeSlack) -> None:
    client = AsyncWebClient(base_url=slack.url)
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(2):
            url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
            sockets.append(await session.ws_connect(url))
        hellos = [await socket.receive_json() for socket in sockets]
    assert [hello["num_connections"] for hello in hellos] == [1, 2]
    assert hellos[0]["debug_info"]["approximate_connection_time"] > 0


async def test_a_ticket_opens_one_socket_only(slack: FakeSlack) -> None:
    client = AsyncWebClient(base_url=slack.url)
    url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        await session.ws_connect(url)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
    assert slack.sockets.tickets_refused == 1


async def test_an_eleventh_socket_is_sent_away(slack: FakeSlack) -> None:
    client = AsyncWebClient(base_url=slack.url)
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(11):
            url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
            sockets.append(await session.ws_connect(url))
        first = [(await socket.receive_json())["type"] for socket in sockets]
        assert first == ["hello"] * 10 + ["disconnect"]
        assert len(slack.sockets.open) == 10


async def test_a_command_acknowledged_too_late_timed_out_for_the_person(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    listener = Listener(slack)
    listener.patience_s = 0.7
    async with listener.connected():
        delivery = await ada.types(ops, "/watch @x")
        assert (delivery.acknowledged, delivery.last.problem) == (False, "timeout")
        assert [message.text for message in ada.ephemerals(ops)] == ['/watch failed with the error "operation_timeout"']
        late_s = await slack.until(lambda: delivery.latency_s or 0.0)
    assert late_s > 0.5
    assert listener.texts() == ["@x"]


async def test_a_command_without_any_socket_fails_at_once(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    await ada.types(ops, "/watch @x")
    assert [message.text for message in ada.ephemerals(ops)] == ['/watch failed with the error "dispatch_failed"']


async def test_an_event_that_nobody_heard_comes_again_with_the_same_id(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    slack.courier.retry_after_s = (0.3, 0.3)
    delivery = await ada.mentions(ops, "<@BOT> watch @x")
    assert delivery is not None
    assert delivery.last.problem == "no_connection"
    listener = Listener(slack)
    async with listener.connected():
        await slack.until(lambda: delivery.acknowledged)
    assert len(delivery.attempts) == 2
    assert len({attempt.envelope_id for attempt in delivery.attempts}) == 2
    (body,) = [body for kind, body in listener.heard if kind == "app_mention"]
    assert body["event"]["text"] == f"<@{BOT_USER}> watch @x"


async def test_an_acknowledged_event_can_come_twice_marked_as_a_retry(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    message = await ada.says(ops, "hello")
    listener = Listener(slack)
    retries: list[Any] = []

    async def note_retry(req: Any, next_: Any) -> None:
        retries.append(req.headers.get("x-slack-retry-num"))
        await next_()

    listener.app.use(note_retry)
    async with listener.connected():
        delivery = await ada.reacts(message, "x")
        assert delivery is not None
        await slack.bring_again(delivery)
    assert len({body["event_id"] for _, body in listener.heard}) == 1
    assert len(listener.heard) == 2
    assert retries[1] == ["1"]


async def test_after_a_refresh_the_app_is_back_and_hears_again(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    listener = Listener(slack)
    async with listener.connected():
        old = slack.sockets.open[0]
        await slack.sockets.refresh(old)
        await slack.until(lambda: slack.sockets.open and slack.sockets.open[0] is not old)
        await ada.types(ops, "/watch @x")
    assert listener.texts() == ["@x"]
    assert slack.sockets.opened == 2


async def test_a_warning_leaves_the_socket_open_until_the_app_moves(slack: FakeSlack) -> None:
    client = AsyncWebClient(base_url=slack.url)
    url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(url)
        await socket.receive_json()
        await slack.sockets.refresh(slack.sockets.open[0], "warning")
        goodbye = await socket.receive_json()
        assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "warning")
        assert slack.sockets.open[0].retiring is False
        assert not socket.closed


async def test_a_dropped_socket_is_opened_again(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    listener = Listener(slack)
    async with listener.connected(sockets=2):
        slack.sockets.drop(slack.sockets.open[0])
        await ada.types(ops, "/watch @while_one_is_left")
        await slack.until(lambda: len(slack.sockets.open) == 2)
        await ada.types(ops, "/watch @x")
        await ada.types(ops, "/watch @y")
    assert listener.texts() == ["@while_one_is_left", "@x", "@y"]


async def test_presses_on_a_silenced_socket_are_lost_and_events_come_again(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    slack.courier.retry_after_s = (2.0,)
    listener = Listener(slack)
    async with listener.connected():
        client = AsyncWebClient(token=slack.app.bot_token, base_url=slack.url)
        button = {"type": "button", "action_id": "why", "text": {"type": "plain_text", "text": "Why?"}}
        blocks = [{"type": "actions", "block_id": "row", "elements": [button]}]
        await client.chat_postMessage(channel=ops.id, text="alert", blocks=blocks)
        old = slack.sockets.open[0]
        slack.sockets.silence(old)
        pressed, reacted = await asyncio.gather(ada.presses(ops.messages[0], "Why?"), ada.reacts(ops.messages[0], "x"))
        assert reacted is not None
        assert (pressed.acknowledged, reacted.acknowledged) == (False, False)
        await slack.until(lambda: slack.sockets.open and slack.sockets.open[-1] is not old)
        await slack.until(lambda: reacted.acknowledged)
    assert [kind for kind, _ in listener.heard] == ["reaction_added"]
    assert len(pressed.attempts) == 1


async def test_with_socket_mode_switched_off_no_socket_stays(slack: FakeSlack) -> None:
    client = AsyncWebClient(base_url=slack.url)
    url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(url)
        await socket.receive_json()
        await slack.sockets.disable()
        assert (await socket.receive_json())["reason"] == "link_disabled"
        url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
        again = await session.ws_connect(url)
        assert (await again.receive_json())["reason"] == "link_disabled"
    assert slack.sockets.open == []


async def test_an_acknowledgement_of_nothing_is_noted(slack: FakeSlack) -> None:
    client = AsyncWebClient(base_url=slack.url)
    url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(url)
        await socket.send_json({"envelope_id": "never sent"})
        await slack.until(lambda: slack.complaints)
    assert "never sent" in slack.complaints[0]
