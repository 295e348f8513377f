"""The real adapter in the local Discord, with nobody listening: what is sent, found, redrawn, and where it may be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.cards import NoticeCard
from bot.chat.base import ChannelGoneError, ChatGoneError, MessageRefusedError, OutcomeUnknownError, TryLaterError
from sources.clock import SystemClock
from storage.types import ChannelKey, DeliveryKey, Receipt
from tests.fakes.clock import FakeClock
from tests.fakes.discord import (
    EMBED_LINKS,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    Channel,
    FakeDiscord,
    Fault,
    banned,
    hanging,
    never_arrived,
    rate_limited,
    server_error,
)
from tests.fakes.discord.permissions import MANAGE_THREADS, SEND_MESSAGES_IN_THREADS
from tests.fakes.discord.world import FORUM
from tests.fakes.discord_home import serving
from tests.fakes.discord_server import QuickDiscord
from tests.fakes.inbound import Listener

SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
KEY = DeliveryKey("key-1")
CARD = NoticeCard(text="hello")


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        yield running
        assert running.complaints == []


@pytest.fixture
async def platform(local: FakeDiscord) -> AsyncIterator[QuickDiscord]:
    local.channel("ops")
    made = QuickDiscord(local.api_url)
    yield made
    await made.close()


def key_of(channel: Channel) -> ChannelKey:
    return ChannelKey(platform="discord", workspace=str(channel.guild), channel=channel.id)


def ops(local: FakeDiscord) -> ChannelKey:
    return key_of(local.channel("ops"))


# --- sent once -------------------------------------------------------------------------------------------------------


async def test_the_same_key_within_minutes_is_the_same_message(local: FakeDiscord, platform: QuickDiscord) -> None:
    first = await platform.send(ops(local), CARD, KEY)
    assert await platform.send(ops(local), CARD, KEY) == first
    assert len(local.channel("ops").standing()) == 1


@pytest.mark.parametrize("fault", [server_error(503, commits=True), server_error(503)], ids=["kept", "not kept"])
async def test_a_failure_says_nothing_about_the_message(
    local: FakeDiscord, platform: QuickDiscord, fault: Fault
) -> None:
    local.faults.next(SEND, fault)
    with pytest.raises(OutcomeUnknownError):
        await platform.send(ops(local), CARD, KEY)
    assert (await platform.find(ops(local), KEY) is not None) is fault.commits


async def test_discord_py_repeats_some_failures_and_the_message_is_one(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    local.faults.next(SEND, server_error(502, commits=True))
    receipt = await platform.send(ops(local), CARD, KEY)
    assert [message.id for message in local.channel("ops").standing()] == [receipt]


@pytest.mark.parametrize("then", [rate_limited(120.0), never_arrived()], ids=["asked to wait", "cut"])
async def test_a_failure_that_was_repeated_in_vain_is_still_one(
    local: FakeDiscord, platform: QuickDiscord, then: Fault
) -> None:
    local.faults.next(SEND, server_error(502, commits=True), then)
    with pytest.raises(OutcomeUnknownError):
        await platform.send(ops(local), CARD, KEY)
    assert await platform.find(ops(local), KEY) is not None


async def test_a_request_that_hangs_ends_in_time_and_holds_up_no_other(
    local: FakeDiscord, platform: QuickDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.discord.client.TIMEOUT_S", 0.2)
    local.faults.next(SEND, hanging(commits=True))
    with pytest.raises(OutcomeUnknownError):
        await platform.send(ops(local), CARD, KEY)
    assert await platform.find(ops(local), KEY) is not None
    await platform.send(ops(local), CARD, DeliveryKey("key-2"))


async def test_a_wait_too_long_to_be_waited_out_is_told(local: FakeDiscord, platform: QuickDiscord) -> None:
    local.faults.next(SEND, rate_limited(120.0))
    with pytest.raises(TryLaterError) as later:
        await platform.send(ops(local), CARD, KEY)
    assert later.value.retry_after_s == 120.0


async def test_a_wait_for_all_is_waited_out_by_all(local: FakeDiscord, platform: QuickDiscord) -> None:
    local.faults.next(SEND, rate_limited(0.3, is_global=True))
    receipts = await asyncio.gather(*(platform.send(ops(local), CARD, DeliveryKey(f"key-{it}")) for it in range(3)))
    assert len(set(receipts)) == 3


async def test_whoever_gives_up_waiting_for_all_keeps_nobody_else_waiting(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    local.faults.next("GET /guilds/{guild_id}", rate_limited(1.0, is_global=True))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await platform.can_send(ops(local))
    async with asyncio.timeout(5.0):
        await platform.send(ops(local), CARD, KEY)


async def test_a_ban_is_tried_later(local: FakeDiscord, platform: QuickDiscord) -> None:
    local.faults.next(SEND, banned())
    with pytest.raises(TryLaterError):
        await platform.send(ops(local), CARD, KEY)


async def test_too_many_redrawn_old_messages_are_waited_for(local: FakeDiscord, platform: QuickDiscord) -> None:
    receipt = await platform.send(ops(local), CARD, KEY)
    local.world.advance(hours=2)
    local.faults.next(EDIT, rate_limited(60.0))
    with pytest.raises(TryLaterError) as later:
        await platform.edit(ops(local), receipt, NoticeCard(text="later"), KEY)
    assert later.value.retry_after_s == 60.0


async def test_a_message_that_somebody_deleted_cannot_be_redrawn_and_the_channel_is_still_there(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    receipt = await platform.send(ops(local), CARD, KEY)
    local.channel("ops").messages[0].deleted = True
    with pytest.raises(MessageRefusedError, match="not there any more"):
        await platform.edit(ops(local), receipt, CARD, KEY)


async def test_what_was_sent_is_found_by_the_next_life(local: FakeDiscord, platform: QuickDiscord) -> None:
    receipt = await platform.send(ops(local), CARD, KEY)
    another = QuickDiscord(local.api_url)
    assert await another.find(ops(local), KEY) == receipt
    await another.close()


async def test_it_is_found_behind_hundreds_of_others(local: FakeDiscord, platform: QuickDiscord) -> None:
    receipt = await platform.send(ops(local), CARD, KEY)
    ada = local.person("ada")
    for number in range(250):
        await ada.says(local.channel("ops"), f"{number} {KEY} lw1|health|0|{KEY}")
    assert await platform.find(ops(local), KEY) == receipt


async def test_a_search_ends_where_the_last_week_begins(local: FakeDiscord, platform: QuickDiscord) -> None:
    await platform.send(ops(local), CARD, KEY)
    ada = local.person("ada")
    for number in range(150):
        await ada.says(local.channel("ops"), str(number))
    later = QuickDiscord(local.api_url, clock=FakeClock(SystemClock().now() + timedelta(days=8)))
    assert await later.find(ops(local), KEY) is None
    await later.close()
    pages = [call for call in local.calls if call.route == "GET /channels/{channel_id}/messages"]
    assert len(pages) == 1


async def test_a_history_that_may_not_be_read_is_not_taken_for_an_empty_one(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    await platform.send(ops(local), CARD, KEY)
    await local.denies(local.channel("ops"), None, READ_MESSAGE_HISTORY)
    with pytest.raises(ChannelGoneError, match="Read Message History"):
        await platform.find(ops(local), KEY)


# --- where it may post -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("denied", "named"),
    [
        (SEND_MESSAGES, "Send Messages"),
        (EMBED_LINKS, "Embed Links"),
        (READ_MESSAGE_HISTORY, "Read Message History"),
        (VIEW_CHANNEL, "View Channel"),
    ],
)
async def test_a_permission_that_is_missing_is_named(
    local: FakeDiscord, platform: QuickDiscord, denied: int, named: str
) -> None:
    await local.denies(local.channel("ops"), None, denied)
    problem = await platform.can_send(ops(local))
    assert problem is not None
    assert named in problem
    await local.allows(local.channel("ops"), None, denied)
    assert await platform.can_send(ops(local)) is None


async def test_a_server_that_removed_us_is_told_apart_from_a_channel(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    await local.removes_bot(local.guild())
    problem = await platform.can_send(ops(local))
    assert problem is not None
    assert "server" in problem
    with pytest.raises(ChannelGoneError):
        await platform.send(ops(local), CARD, KEY)


async def test_discord_is_asked_about_no_channel_of_a_server_that_removed_us(local: FakeDiscord) -> None:
    async with serving(local, Listener()) as platform:
        await local.removes_bot(local.guild())
        await asyncio.sleep(0.1)
        calls = len(local.calls)
        assert "server" in str(await platform.can_send(ops(local)))
        assert len(local.calls) == calls
        await local.adds_bot(local.guild())
        await asyncio.sleep(0.1)
        assert await platform.can_send(ops(local)) is None


async def test_a_thread_has_the_rights_of_its_channel(local: FakeDiscord, platform: QuickDiscord) -> None:
    thread = local.thread("incident", local.channel("ops"))
    assert await platform.can_send(key_of(thread)) is None
    receipt = await platform.send(key_of(thread), CARD, KEY)
    assert await platform.find(key_of(thread), KEY) == receipt
    await local.denies(local.channel("ops"), None, SEND_MESSAGES)  # in the channel itself
    assert await platform.can_send(key_of(thread)) is None
    await local.denies(local.channel("ops"), None, SEND_MESSAGES_IN_THREADS)
    assert "Send Messages in Threads" in str(await platform.can_send(key_of(thread)))


async def test_a_message_in_an_archived_thread_is_redrawn(local: FakeDiscord, platform: QuickDiscord) -> None:
    thread = local.thread("incident", local.channel("ops"))
    receipt = await platform.send(key_of(thread), CARD, KEY)
    thread.archived = True
    await platform.edit(key_of(thread), receipt, NoticeCard(text="redrawn"), KEY)
    assert [message.content for message in thread.standing()] == ["redrawn"]


async def test_a_message_in_a_locked_thread_that_is_archived_stays_as_it_is(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    thread = local.thread("incident", local.channel("ops"))
    receipt = await platform.send(key_of(thread), CARD, KEY)
    thread.archived = thread.locked = True
    with pytest.raises(ChannelGoneError):
        await platform.edit(key_of(thread), receipt, NoticeCard(text="redrawn"), KEY)


async def test_a_locked_thread_is_for_those_who_keep_it(local: FakeDiscord, platform: QuickDiscord) -> None:
    thread = local.thread("incident", local.channel("ops"))
    thread.locked = True
    assert "locked" in str(await platform.can_send(key_of(thread)))
    with pytest.raises(ChannelGoneError, match="locked"):
        await platform.send(key_of(thread), CARD, KEY)
    await local.allows(local.channel("ops"), None, MANAGE_THREADS)
    assert await platform.can_send(key_of(thread)) is None


async def test_a_forum_itself_takes_no_messages(local: FakeDiscord, platform: QuickDiscord) -> None:
    forum = local.channel("questions")
    forum.type = FORUM
    assert "forum" in str(await platform.can_send(key_of(forum)))
    with pytest.raises(ChannelGoneError):
        await platform.send(key_of(forum), CARD, KEY)


async def test_a_kind_of_channel_of_tomorrow_is_told_in_words(local: FakeDiscord, platform: QuickDiscord) -> None:
    local.channel("hologram").type = 99
    assert "kind of channel" in str(await platform.can_send(key_of(local.channel("hologram"))))


async def test_a_discord_that_does_not_answer_says_nothing_about_a_channel(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    await platform.can_send(ops(local))
    local.faults.next("GET /guilds/{guild_id}", server_error(503))
    with pytest.raises(OutcomeUnknownError):
        await platform.can_send(ops(local))


async def test_a_person_who_takes_no_messages_is_a_channel_that_is_gone(
    local: FakeDiscord, platform: QuickDiscord
) -> None:
    ada = local.person("ada")
    local.world.users[ada.id].takes_messages = False
    where = platform.direct(local.guild().id, ada.id)
    assert where is not None
    with pytest.raises(ChannelGoneError, match="takes no messages"):
        await platform.send(where, CARD, KEY)


@pytest.mark.parametrize("channel", ["ops", "@ada", "", "@", "12e3", "１２"])
async def test_a_channel_that_cannot_be_discords_is_gone(
    local: FakeDiscord, platform: QuickDiscord, channel: str
) -> None:
    nowhere = ChannelKey(platform="discord", workspace=local.guild().id, channel=channel)
    assert await platform.can_send(nowhere) is not None
    with pytest.raises(ChannelGoneError):
        await platform.send(nowhere, CARD, KEY)


# --- logging in ------------------------------------------------------------------------------------------------------


async def test_many_first_messages_log_in_once(local: FakeDiscord, platform: QuickDiscord) -> None:
    await asyncio.gather(*(platform.send(ops(local), CARD, DeliveryKey(f"key-{it}")) for it in range(3)))
    assert sum(call.route == "GET /users/@me" for call in local.calls) == 1


async def test_whoever_cannot_log_in_now_tries_later(local: FakeDiscord, platform: QuickDiscord) -> None:
    local.faults.next("GET /users/@me", server_error(503))
    with pytest.raises(TryLaterError):
        await platform.send(ops(local), CARD, KEY)
    assert await platform.send(ops(local), CARD, KEY)


async def test_a_wrong_token_is_the_end_of_the_whole_chat(local: FakeDiscord) -> None:
    wrong = QuickDiscord(local.api_url, token="wrong")
    for asked in (
        wrong.send(ops(local), CARD, KEY),
        wrong.edit(ops(local), Receipt("1"), CARD, KEY),
        wrong.find(ops(local), KEY),
        wrong.can_send(ops(local)),
    ):
        with pytest.raises(ChatGoneError, match="DISCORD_TOKEN"):
            await asked
