"""The local Slack's Web API, asked by the real slack_sdk: answers, refusals, limits and faults."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import (
    PLAIN_MANIFEST,
    FakeSlack,
    Limits,
    hanging,
    late,
    never_arrived,
    rate_limited,
    refused,
    reply_lost,
    server_error,
)

KEYED = {"event_type": "alert", "event_payload": {"key": "k1"}}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(limits=Limits(messages_per_s=1000, burst=1000)) as running:
        yield running


def client_of(slack: FakeSlack, token: str | None = None, **more: Any) -> AsyncWebClient:
    """The client as our adapter shall use it: no blind retry."""
    return AsyncWebClient(
        token=token or slack.app.bot_token, base_url=slack.url, timeout=2, **{"retry_handlers": [], **more}
    )


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def granted(*scopes: str) -> dict[str, Any]:
    """The plain manifest with these bot scopes only."""
    manifest = deepcopy(PLAIN_MANIFEST)
    manifest["oauth_config"]["scopes"]["bot"] = [*scopes, "commands"]
    manifest["settings"].pop("event_subscriptions")
    return manifest


async def test_auth_test_says_who_the_bot_is_and_what_it_may(slack: FakeSlack) -> None:
    answer = await client_of(slack).auth_test()
    assert (answer["team"], answer["user"]) == ("Home", "lapwing")
    assert answer["bot_id"].startswith("B")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_tokens_are_told_apart(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    swapped = client_of(slack, slack.app.app_token)
    assert await error_of(swapped.chat_postMessage(channel=ops.id, text="x")) == "not_allowed_token_type"
    opening = client_of(slack).apps_connections_open(app_token=slack.app.bot_token)
    assert await error_of(opening) == "not_allowed_token_type"
    assert await error_of(client_of(slack, "xoxb-wrong").auth_test()) == "invalid_auth"
    assert await error_of(AsyncWebClient(base_url=slack.url).auth_test()) == "not_authed"


async def test_a_revoked_token_and_an_uninstalled_app_are_told_apart(slack: FakeSlack) -> None:
    slack.revoke_token()
    assert await error_of(client_of(slack).auth_test()) == "token_revoked"
    slack.uninstall()
    assert await error_of(client_of(slack).auth_test()) == "account_inactive"
    opening = await AsyncWebClient(base_url=slack.url).apps_connections_open(app_token=slack.app.app_token)
    assert opening["url"].startswith("ws://127.0.0.1:")
    slack.reinstall()
    assert (await client_of(slack).auth_test())["ok"]


async def test_a_missing_scope_is_named(slack: FakeSlack) -> None:
    slack.install(granted("chat:write", "channels:history"))
    ops = slack.channel("ops")
    closed = slack.channel("closed", is_private=True)
    with pytest.raises(SlackApiError) as caught:
        await client_of(slack).users_info(user="U1")
    assert caught.value.response["needed"] == "users:read"
    assert caught.value.response["provided"] == "chat:write,channels:history,commands"
    await client_of(slack).conversations_history(channel=ops.id)
    assert await error_of(client_of(slack).conversations_history(channel=closed.id)) == "missing_scope"


async def test_arguments_may_come_as_json_as_a_form_or_in_the_query(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    bearer = {"Authorization": f"Bearer {slack.app.bot_token}"}
    url = f"{slack.url}chat.postMessage"
    async with aiohttp.ClientSession() as session:
        await session.post(url, json={"channel": ops.id, "text": "json"}, headers=bearer)
        await session.post(url, data={"channel": ops.id, "text": "form", "token": slack.app.bot_token})
        await session.post(url, params={"channel": ops.id, "text": "query"}, headers=bearer)
        divider = '[{"type":"divider"}]'
        await session.post(url, data={"channel": ops.id, "text": "blocks", "blocks": divider}, headers=bearer)
        in_query = await session.post(url, params={"channel": ops.id, "text": "x", "token": slack.app.bot_token})
        assert (await in_query.json())["error"] == "not_authed"
    assert [message.text for message in ops.messages] == ["json", "form", "query", "blocks"]
    assert ops.messages[-1].blocks[0]["type"] == "divider"


async def test_where_the_bot_may_post(slack: FakeSlack) -> None:
    client = client_of(slack)
    outside = slack.channel("outside", bot=False)
    hidden = slack.channel("hidden", bot=False, is_private=True)
    old = slack.channel("old")
    old.is_archived = True
    assert await error_of(client.chat_postMessage(channel=outside.id, text="x")) == "not_in_channel"
    assert await error_of(client.chat_postMessage(channel=hidden.id, text="x")) == "channel_not_found"
    assert await error_of(client.chat_postMessage(channel=old.id, text="x")) == "is_archived"
    assert await error_of(client.chat_postMessage(channel="C404", text="x")) == "channel_not_found"
    assert not outside.messages + hidden.messages + old.messages


async def test_what_a_message_may_say(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    client = client_of(slack)
    assert await error_of(client.api_call("chat.postMessage", json={"channel": ops.id})) == "no_text"
    assert await error_of(client.chat_postMessage(channel=ops.id, text="x" * 40_001)) == "msg_too_long"
    many = [{"text": "x"}] * 101
    assert await error_of(client.chat_postMessage(channel=ops.id, text="x", attachments=many)) == "too_many_attachments"
    wide = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ops.id, text="x", blocks=wide)
    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]
    long = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 5
    assert await error_of(client.chat_postMessage(channel=ops.id, text="x", blocks=long)) == "msg_blocks_too_long"
    assert ops.messages == []


async def test_metadata_comes_back_only_when_asked_for_and_with_the_scope(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    client = client_of(slack)
    sent = await client.chat_postMessage(channel=ops.id, text="alert", metadata=KEYED)
    assert "metadata" not in (await client.conversations_history(channel=ops.id))["messages"][0]
    found = (await client.conversations_history(channel=ops.id, include_all_metadata=True))["messages"][0]
    assert (found["ts"], found["metadata"]) == (sent["ts"], KEYED)
    slack.install(granted("channels:history"))
    found = (await client.conversations_history(channel=ops.id, include_all_metadata=True))["messages"][0]
    assert "metadata" not in found


async def test_history_comes_newest_first_page_by_page_within_its_bounds(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    client = client_of(slack)
    sent = [(await client.chat_postMessage(channel=ops.id, text=str(number)))["ts"] for number in range(7)]
    assert len(set(sent)) == 7
    seen = []
    async for page in await client.conversations_history(channel=ops.id, limit=3):
        assert len(page["messages"]) <= 3
        seen += [message["ts"] for message in page["messages"]]
    assert seen == sent[::-1]
    within = await client.conversations_history(channel=ops.id, oldest=sent[1], latest=sent[4])
    assert [message["text"] for message in within["messages"]] == ["3", "2"]
    within = await client.conversations_history(channel=ops.id, oldest=sent[1], latest=sent[4], inclusive=True)
    assert [message["text"] for message in within["messages"]] == ["4", "3", "2", "1"]
    assert await error_of(client.conversations_history(channel=ops.id, oldest="yesterday")) == "invalid_ts_oldest"
    assert await error_of(client.conversations_history(channel=ops.id, cursor="%%")) == "invalid_cursor"


async def test_a_message_is_changed_only_by_its_author(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    client = client_of(slack)
    ts = (await client.chat_postMessage(channel=ops.id, text="first", metadata=KEYED, unfurl_links=False))["ts"]
    await client.chat_update(channel=ops.id, ts=ts, text="second")
    message = ops.messages[0]
    assert [form["text"] for form in message.revisions] == ["first", "second"]
    assert (message.metadata, message.options["unfurl_links"], message.options["parse"]) == (KEYED, False, "client")
    theirs = await ada.says(ops, "hello")
    assert await error_of(client.chat_update(channel=ops.id, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await error_of(client.chat_update(channel=ops.id, ts="1.000001", text="x")) == "message_not_found"
    assert await error_of(client.chat_update(channel=ops.id, ts=ts, text="x" * 4001)) == "msg_too_long"
    await ada.archives(ops)
    assert await error_of(client.chat_update(channel=ops.id, ts=ts, text="x")) == "is_inactive"
    assert message.text == "second"


async def test_people_are_shown_with_their_roles(slack: FakeSlack) -> None:
    guest = slack.person("guest", is_ultra_restricted=True)
    boss = slack.person("boss", is_owner=True)
    stranger = slack.person("stranger", team="T0OTHER000")
    client = client_of(slack)
    shown = (await client.users_info(user=guest.id))["user"]
    assert (shown["is_restricted"], shown["is_ultra_restricted"], shown["is_admin"]) == (True, True, False)
    assert (await client.users_info(user=boss.id))["user"]["is_admin"]
    shown = (await client.users_info(user=stranger.id))["user"]
    assert (shown["is_stranger"], shown["team_id"]) == (True, "T0OTHER000")
    assert await error_of(client.users_info(user="U404")) == "user_not_found"
    names = [user["name"] for user in (await client.users_list())["members"]]
    assert "guest" in names
    assert "stranger" not in names


async def test_channels_are_shown_as_the_bot_sees_them(slack: FakeSlack) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada, is_ext_shared=True)
    hidden = slack.channel("hidden", ada, bot=False, is_private=True)
    client = client_of(slack)
    info = (await client.conversations_info(channel=ops.id))["channel"]
    assert (info["is_member"], info["is_ext_shared"], info["is_private"]) == (True, True, False)
    assert await error_of(client.conversations_info(channel=hidden.id)) == "channel_not_found"
    members = (await client.conversations_members(channel=ops.id))["members"]
    assert ada.id in members
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert [channel["name"] for channel in listed["channels"]] == ["ops"]


async def test_reactions_are_read_with_their_people(slack: FakeSlack) -> None:
    ada, bob = slack.person("ada"), slack.person("bob")
    ops = slack.channel("ops", ada, bob)
    client = client_of(slack)
    ts = (await client.chat_postMessage(channel=ops.id, text="alert"))["ts"]
    await ada.reacts(ops.messages[0], "x")
    await bob.reacts(ops.messages[0], "x")
    await ada.unreacts(ops.messages[0], "x")
    got = await client.reactions_get(channel=ops.id, timestamp=ts, full=True)
    assert got["message"]["reactions"] == [{"name": "x", "users": [bob.id], "count": 1}]
    assert await error_of(client.reactions_get(channel=ops.id, timestamp="1.1")) == "message_not_found"


async def test_messages_come_one_a_second_a_channel_after_a_short_burst(slack: FakeSlack) -> None:
    slack.limits = Limits(messages_per_s=1, burst=2)
    ops, other = slack.channel("ops"), slack.channel("other")
    client = client_of(slack)
    for number in range(2):
        await client.chat_postMessage(channel=ops.id, text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ops.id, text="too soon")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel=other.id, text="another channel")
    waiting = client_of(slack, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)])
    await waiting.chat_postMessage(channel=ops.id, text="later")
    assert [message.text for message in ops.messages] == ["0", "1", "later"]
    assert slack.limits.refused == [f"chat.postMessage {ops.id}", f"chat.postMessage {ops.id}"]


async def test_other_methods_keep_their_tiers_on_demand(slack: FakeSlack) -> None:
    slack.limits = Limits(tiers=True)
    client = client_of(slack)
    for _ in range(20):
        await client.users_list()
    with pytest.raises(SlackApiError) as caught:
        await client.users_list()
    assert caught.value.response.headers["Retry-After"] == "3"  # tier 2: 20 a minute


async def test_faults_come_in_turn_and_one_by_one(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    client = client_of(slack)
    slack.faults.next("chat.postMessage", server_error(503), rate_limited(7), None, refused("internal_error"))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ops.id, text="1")
    assert caught.value.response.status_code == 503
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=ops.id, text="2")
    assert caught.value.response.headers["Retry-After"] == "7"
    await client.chat_postMessage(channel=ops.id, text="3")
    assert await error_of(client.chat_postMessage(channel=ops.id, text="4")) == "internal_error"
    assert [message.text for message in ops.messages] == ["3"]


async def test_a_lost_reply_is_posted_twice_by_the_default_client_and_once_by_ours(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    slack.faults.next("chat.postMessage", reply_lost())
    with pytest.raises(aiohttp.ClientError):
        await client_of(slack).chat_postMessage(channel=ops.id, text="ours")
    assert [message.text for message in ops.messages] == ["ours"]
    slack.faults.next("chat.postMessage", reply_lost())
    blind = AsyncWebClient(token=slack.app.bot_token, base_url=slack.url)
    await blind.chat_postMessage(channel=ops.id, text="blind")
    assert [message.text for message in ops.messages] == ["ours", "blind", "blind"]


async def test_a_call_that_never_arrived_did_nothing(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    slack.faults.next("chat.postMessage", never_arrived())
    with pytest.raises(aiohttp.ClientError):
        await client_of(slack).chat_postMessage(channel=ops.id, text="x")
    assert ops.messages == []


async def test_a_late_message_appears_after_its_client_has_gone(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    client = client_of(slack)
    slack.faults.next("chat.postMessage", late(0.2, cut=True))
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=ops.id, text="late")
    assert (await client.conversations_history(channel=ops.id))["messages"] == []
    await slack.until(lambda: ops.messages)
    assert ops.messages[0].text == "late"


async def test_a_hanging_call_ends_with_the_patience_of_its_client(slack: FakeSlack) -> None:
    ops = slack.channel("ops")
    slack.faults.next("chat.postMessage", hanging(commits=True))
    impatient = AsyncWebClient(token=slack.app.bot_token, base_url=slack.url, timeout=1, retry_handlers=[])
    with pytest.raises(asyncio.TimeoutError):
        await impatient.chat_postMessage(channel=ops.id, text="x")
    assert len(ops.messages) == 1


async def test_drawn_faults_are_the_same_with_the_same_seed() -> None:
    async def fates(seed: int) -> list[str]:
        async with FakeSlack.running(limits=Limits(messages_per_s=1000, burst=1000)) as slack:
            ops = slack.channel("ops")
            slack.faults.at_random("chat.postMessage", {server_error(): 0.3, refused("fatal_error"): 0.2}, seed=seed)
            for number in range(40):
                try:
                    await client_of(slack).chat_postMessage(channel=ops.id, text=str(number))
                except SlackApiError:
                    assert slack.faults.met
            return [call.answer for call in slack.calls]

    first = await fates(1)
    assert first == await fates(1)
    assert first != await fates(2)
    assert set(first) == {"ok", "503", "fatal_error"}
