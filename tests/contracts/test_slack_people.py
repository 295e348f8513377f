"""What people do in the local Slack and what they see, through a real slack-bolt app that answers them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import BOT_USER, FakeSlack, Message

MODAL = {
    "type": "modal",
    "callback_id": "reason",
    "private_metadata": "alert-1",
    "title": {"type": "plain_text", "text": "Why not?"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "optional": True,
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text", "max_length": 20},
        }
    ],
}


def card(block_id: str = "row-1") -> list[dict[str, Any]]:
    def button(action_id: str, text: str) -> dict[str, Any]:
        return {"type": "button", "action_id": action_id, "value": "a1", "text": {"type": "plain_text", "text": text}}

    options = [
        {"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("Wrong label", "Unwatch")
    ]
    more = {"type": "overflow", "action_id": "more", "options": options}
    return [{"type": "actions", "block_id": block_id, "elements": [button("relevant", "Relevant"), more]}]


class Bot:
    """An app that answers in all the ways there are."""

    def __init__(self, slack: FakeSlack) -> None:
        self.client = AsyncWebClient(token=slack.app.bot_token, base_url=slack.url, retry_handlers=[])
        self.app = AsyncApp(client=self.client)
        self.heard: list[dict[str, Any]] = []
        self.response_urls: list[str] = []
        self.app.command("/watch")(self._watch)
        self.app.command("/test")(self._test)
        self.app.action("relevant")(self._open_modal)
        self.app.action("more")(self._note)
        self.app.view("reason")(self._submitted)
        self.app.shortcut("classify")(self._note)
        for event in ("app_mention", "message", "reaction_added", "member_joined_channel", "channel_left"):
            self.app.event(event)(self._event)

    async def _watch(self, ack: Any, respond: Any, body: dict[str, Any]) -> None:
        await ack()
        self.heard.append(body)
        self.response_urls.append(body["response_url"])
        await respond("Watching", response_type="in_channel")

    async def _test(self, ack: Any, body: dict[str, Any]) -> None:
        self.heard.append(body)
        await ack(text="scores", blocks=card())

    async def _open_modal(self, ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        self.heard.append(body)
        self.response_urls.append(body["response_url"])
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    async def _submitted(self, ack: Any, body: dict[str, Any]) -> None:
        self.heard.append(body)
        if body["view"]["state"]["values"]["reason"]["text"]["value"] == "bad":
            await ack(response_action="errors", errors={"reason": "Say more"})
        else:
            await ack()

    async def _note(self, ack: Any, body: dict[str, Any]) -> None:
        await ack()
        self.heard.append(body)

    async def _event(self, body: dict[str, Any]) -> None:
        self.heard.append(body)

    @asynccontextmanager
    async def connected(self, slack: FakeSlack) -> AsyncIterator["Bot"]:
        handler = AsyncSocketModeHandler(self.app, slack.app.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        await slack.until(lambda: slack.sockets.open)
        try:
            yield self
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]
            tasks = [handler.client.message_processor, handler.client.message_receiver]
            await asyncio.gather(*[task for task in tasks if task is not None], return_exceptions=True)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running() as running:
        yield running
        assert running.complaints == []


@pytest.fixture
async def bot(slack: FakeSlack) -> AsyncIterator[Bot]:
    async with Bot(slack).connected(slack) as bot:
        yield bot


async def posted(slack: FakeSlack, bot: Bot, channel: str) -> Message:
    await bot.client.chat_postMessage(channel=channel, text="alert", blocks=card())
    return slack.workspace.channels[channel].messages[-1]


async def test_a_public_answer_by_response_url_is_seen_by_all(slack: FakeSlack, bot: Bot) -> None:
    ada, bob = slack.person("ada"), slack.person("bob")
    ops = slack.channel("ops", ada, bob)
    await ada.types(ops, "/watch @x")
    await slack.until(lambda: ops.messages)
    assert [message.text for message in bob.sees(ops)] == ["Watching"]


async def test_a_response_url_answers_five_times_within_thirty_minutes(slack: FakeSlack, bot: Bot) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    await ada.types(ops, "/watch @x")
    await slack.until(lambda: ops.messages)
    async with aiohttp.ClientSession() as session:
        url = bot.response_urls[0]
        statuses = [(await session.post(url, json={"text": str(number)})).status for number in range(5)]
        assert statuses == [200, 200, 200, 200, 404]
        assert [message.text for message in ada.ephemerals(ops)] == ["0", "1", "2", "3"]
        await ada.types(ops, "/watch @y")
        await slack.until(lambda: len(bot.response_urls) == 2)
        slack.responses.expire()
        late = await session.post(bot.response_urls[1], json={"text": "late"})
        assert (await late.json())["error"] == "expired_url"


async def test_a_private_answer_in_the_acknowledgement_has_buttons_for_its_reader_only(
    slack: FakeSlack, bot: Bot
) -> None:
    ada, bob = slack.person("ada"), slack.person("bob")
    ops = slack.channel("ops", ada, bob)
    await ada.types(ops, "/test some text")
    (answer,) = ada.ephemerals(ops)
    await ada.chooses(answer, "Unwatch")
    body = bot.heard[-1]
    assert (body["container"]["is_ephemeral"], "message" in body) == (True, False)
    assert body["actions"][0]["selected_option"]["value"] == "unwatch"
    with pytest.raises(AssertionError):
        await bob.chooses(answer, "Unwatch")
    async with aiohttp.ClientSession() as session:
        await session.post(body["response_url"], json={"replace_original": True, "text": "done"})
        assert [message.text for message in ada.ephemerals(ops)] == ["done"]
        await session.post(body["response_url"], json={"delete_original": True})
    assert ada.ephemerals(ops) == []


async def test_a_button_opens_a_modal_that_is_filled_in_and_sent(slack: FakeSlack, bot: Bot) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    message = await posted(slack, bot, ops.id)
    pressed = await ada.presses(message, "Relevant")
    assert pressed.payload["actions"][0]["value"] == "a1"
    (view,) = await slack.until(lambda: ada.views)
    with pytest.raises(ValueError, match="at most 20"):
        await ada.submits(view, {"Reason": "x" * 21})
    await ada.submits(view, {"text": "bad"})
    assert (ada.view_errors[view.id], len(ada.views)) == ({"reason": "Say more"}, 1)
    await ada.submits(view, {"reason": "too old"})
    assert ada.views == []
    sent = bot.heard[-1]["view"]
    assert (sent["private_metadata"], sent["state"]["values"]["reason"]["text"]["value"]) == ("alert-1", "too old")


async def test_a_trigger_opens_one_modal_and_soon(slack: FakeSlack, bot: Bot) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    message = await posted(slack, bot, ops.id)
    pressed = await ada.presses(message, "relevant")
    await slack.until(lambda: ada.views)
    with pytest.raises(SlackApiError) as caught:
        await bot.client.views_open(trigger_id=pressed.payload["trigger_id"], view=MODAL)
    assert caught.value.response["error"] == "exchanged_trigger_id"
    fresh = slack.new_trigger(ada.user)
    slack.triggers[fresh].made_at -= 3.1
    with pytest.raises(SlackApiError) as caught:
        await bot.client.views_open(trigger_id=fresh, view=MODAL)
    assert caught.value.response["error"] == "expired_trigger_id"
    with pytest.raises(SlackApiError) as caught:
        await bot.client.views_open(trigger_id=slack.new_trigger(ada.user), view=MODAL | {"title": "plain"})
    assert "json-pointer:/view/title" in caught.value.response["response_metadata"]["messages"][0]


async def test_the_app_hears_mentions_in_threads_only_where_it_is_a_member(slack: FakeSlack, bot: Bot) -> None:
    ada = slack.person("ada")
    ops, other = slack.channel("ops", ada), slack.channel("other", ada, bot=False)
    message = await ada.says(ops, "look")
    await ada.mentions(ops, "<@BOT> why https://x.com/a/status/1", thread_ts=message.ts)
    assert await ada.mentions(other, "<@BOT> watch") is None
    await slack.until(lambda: bot.heard)
    (body,) = bot.heard
    assert body["event"]["text"] == f"<@{BOT_USER}> why <https://x.com/a/status/1>"
    assert body["event"]["thread_ts"] == message.ts
    invited = await ada.invites_bot(other)
    assert invited is not None
    assert await ada.mentions(other, "<@BOT> watch") is not None


async def test_a_direct_message_reaches_the_app(slack: FakeSlack, bot: Bot) -> None:
    ada = slack.person("ada")
    await ada.tells_the_bot("hello")
    await slack.until(lambda: bot.heard)
    assert bot.heard[0]["event"]["channel_type"] == "im"
    opened = await bot.client.conversations_open(users=ada.id)
    assert opened["channel"]["id"] == bot.heard[0]["event"]["channel"]


async def test_a_stranger_is_known_by_their_team(slack: FakeSlack, bot: Bot) -> None:
    stranger = slack.person("eve", team="T0OTHER000")
    shared = slack.channel("shared", stranger, is_ext_shared=True)
    message = await posted(slack, bot, shared.id)
    pressed = await stranger.chooses(message, "Unwatch")
    assert pressed.payload["user"]["team_id"] == "T0OTHER000"
    await stranger.mentions(shared, "<@BOT> unwatch all")
    await slack.until(lambda: len(bot.heard) == 2)
    assert bot.heard[1]["event"]["user_team"] == "T0OTHER000"
    assert bot.heard[1]["is_ext_shared_channel"]


async def test_removed_and_invited_back(slack: FakeSlack, bot: Bot) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    await ada.removes_bot(ops)
    await ada.invites_bot(ops)
    await slack.until(lambda: len(bot.heard) == 2)
    assert [body["event"]["type"] for body in bot.heard] == ["channel_left", "member_joined_channel"]


async def test_an_action_nobody_wrote_can_be_sent(slack: FakeSlack, bot: Bot) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    message = await posted(slack, bot, ops.id)
    unknown = {"action_id": "unknown", "block_id": "b", "type": "button", "value": "?"}
    slack.sockets.acknowledge_within_s = 0.2
    delivery = await ada.sends_action(message, unknown)
    assert not delivery.acknowledged  # bolt leaves what it has no listener for


async def test_people_cannot_do_what_a_client_does_not_offer(slack: FakeSlack, bot: Bot) -> None:
    ada, bob = slack.person("ada"), slack.person("bob")
    ops = slack.channel("ops", ada)
    message = await posted(slack, bot, ops.id)
    with pytest.raises(LookupError, match="Relevant"):
        await ada.presses(message, "Irrelevant")
    with pytest.raises(LookupError, match="not a valid command"):
        await ada.types(ops, "/unknown")
    with pytest.raises(AssertionError, match="bob is not in"):
        await bob.types(ops, "/watch @x")
    with pytest.raises(LookupError, match="no shortcut"):
        await ada.uses_shortcut(message, "unknown")
