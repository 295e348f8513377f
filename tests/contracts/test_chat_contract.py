"""What every chat platform promises the rest of the house."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cards import AlertCard, Mark, NoticeCard, Press
from bot.chat.base import ChannelGoneError, OutcomeUnknownError, TryLaterError
from bot.chat.console import Console
from bot.chat.transcript import Transcript
from storage.types import AlertId, ChannelKey, DeliveryKey
from tests.contracts.chats import ALL, FAR, Chat, Trouble
from tests.fakes.builders import NOW, an_account

CARD = NoticeCard(text="A first notice")
KEY = DeliveryKey("key-1")
"""No longer than a real one: it may have to fit into what a chat has for it."""


def alert(text: str, *, collapsed: bool = False) -> AlertCard:
    """An alert in which everything that people outside choose is this text."""
    return AlertCard(
        alert=AlertId(7),
        marks=(Mark(label=text, score=0.9),),
        author=an_account(text, name=text),
        text=text,
        published_at=NOW,
        url="https://example.org/1",
        context=text,
        judged=f"not relevant by {text}" if collapsed else "",
        removed="",
        collapsed=collapsed,
        buttons=(Press.SHOW, Press.UNDO) if collapsed else (Press.RELEVANT, Press.NOT_RELEVANT, Press.OPEN_POST),
        more=(),
    )


@pytest.fixture(params=ALL)
async def chat(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Chat]:
    async with ALL[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture(params=FAR)
async def far_chat(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Chat]:
    """A chat whose channels come and go, and on whose way something may happen."""
    async with FAR[request.param](tmp_path) as opened:
        yield opened


async def test_a_message_that_was_sent_is_found_by_its_key(chat: Chat) -> None:
    receipt = await chat.platform.send(chat.channel, CARD, KEY)
    assert await chat.platform.find(chat.channel, KEY) == receipt


async def test_a_message_that_was_not_sent_is_not_found(chat: Chat) -> None:
    await chat.platform.send(chat.channel, CARD, KEY)
    assert await chat.platform.find(chat.channel, DeliveryKey("key-2")) is None


async def test_nothing_is_found_where_nothing_was_ever_said(chat: Chat) -> None:
    assert await chat.platform.find(chat.channel, KEY) is None


async def test_each_message_has_a_receipt_of_its_own(chat: Chat) -> None:
    first = await chat.platform.send(chat.channel, CARD, KEY)
    second = await chat.platform.send(chat.channel, CARD, DeliveryKey("key-2"))
    assert first != second


async def test_a_message_that_was_edited_is_still_found(chat: Chat) -> None:
    receipt = await chat.platform.send(chat.channel, CARD, KEY)
    await chat.platform.edit(chat.channel, receipt, NoticeCard(text="Changed"), KEY)
    assert await chat.platform.find(chat.channel, KEY) == receipt


async def test_an_alert_that_collapses_is_still_found(chat: Chat) -> None:
    receipt = await chat.platform.send(chat.channel, alert("a post"), KEY)
    await chat.platform.edit(chat.channel, receipt, alert("a post", collapsed=True), KEY)
    assert await chat.platform.find(chat.channel, KEY) == receipt


async def test_its_own_channel_can_be_posted_in(chat: Chat) -> None:
    assert await chat.platform.can_send(chat.channel) is None


async def test_why_a_channel_that_is_not_its_own_cannot_be_posted_in_is_said_in_words(chat: Chat) -> None:
    elsewhere = ChannelKey(platform="elsewhere", workspace=chat.channel.workspace, channel="404404404404404404")
    if chat.platform.name == "fake":
        pytest.skip("the chat in memory has whatever channel it is asked for")
    assert is_sentence(await chat.platform.can_send(elsewhere))


def test_it_says_how_long_an_unknown_outcome_stays_unknown(chat: Chat) -> None:
    assert chat.platform.grace >= timedelta(0)
    assert chat.platform.name == chat.channel.platform


async def test_what_is_said_to_one_person_is_found_there_or_there_is_no_such_place(chat: Chat) -> None:
    where = chat.platform.direct(chat.channel.workspace, chat.person)
    if where is None:
        return
    assert where != chat.channel
    assert await chat.platform.can_send(where) is None
    receipt = await chat.platform.send(where, CARD, KEY)
    await chat.platform.edit(where, receipt, NoticeCard(text="Changed"), KEY)
    assert await chat.platform.find(where, KEY) == receipt
    assert await chat.platform.find(chat.channel, KEY) is None


async def test_text_from_outside_pings_nobody(chat: Chat) -> None:
    shouted = f"@everyone @here @channel <!channel> <!here> <@{chat.person}> <@!{chat.person}> @ada"
    receipt = await chat.platform.send(chat.channel, alert(shouted), KEY)
    await chat.platform.edit(chat.channel, receipt, alert(f"{shouted}!"), KEY)
    await chat.platform.send(chat.channel, NoticeCard(text=shouted), DeliveryKey("key-2"))
    assert chat.pinged() == []


async def test_a_channel_that_is_gone_is_told_apart_from_all_other_trouble(far_chat: Chat) -> None:
    await far_chat.close_channel()
    with pytest.raises(ChannelGoneError) as gone:
        await far_chat.platform.send(far_chat.channel, CARD, KEY)
    assert " " in str(gone.value)  # words, no code


async def test_why_nothing_can_be_posted_any_more_is_said_in_words(far_chat: Chat) -> None:
    if far_chat.platform.name == "http":
        pytest.skip("the careless chat believes in its channels until it posts")
    await far_chat.close_channel()
    assert is_sentence(await far_chat.platform.can_send(far_chat.channel))


async def test_a_message_whose_reply_is_lost_is_found_by_its_key(far_chat: Chat) -> None:
    far_chat.meet(Trouble.REPLY_LOST)
    with pytest.raises(OutcomeUnknownError):
        await far_chat.platform.send(far_chat.channel, CARD, KEY)
    receipt = await far_chat.platform.find(far_chat.channel, KEY)
    assert receipt is not None
    await far_chat.platform.edit(far_chat.channel, receipt, NoticeCard(text="Changed"), KEY)


async def test_a_chat_that_has_had_enough_is_waited_for_here_or_by_whoever_sends(far_chat: Chat) -> None:
    far_chat.meet(Trouble.ASKED_TO_WAIT)
    try:
        receipt = await far_chat.platform.send(far_chat.channel, CARD, KEY)
    except TryLaterError:
        assert await far_chat.platform.find(far_chat.channel, KEY) is None
        receipt = await far_chat.platform.send(far_chat.channel, CARD, KEY)
    assert await far_chat.platform.find(far_chat.channel, KEY) == receipt


async def test_the_console_finds_after_a_restart_what_it_showed_before(tmp_path: Path) -> None:
    with Transcript(tmp_path / "transcript") as transcript:
        before = Console("ops", transcript)
        receipt = await before.send(before.channel, CARD, KEY)
    with Transcript(tmp_path / "transcript") as transcript:
        after = Console("ops", transcript)
        assert await after.find(after.channel, KEY) == receipt


def is_sentence(problem: str | None) -> bool:
    """Whether this can be shown to people as it is."""
    return problem is not None and problem[:1].isupper() and problem.endswith(".") and " " in problem
