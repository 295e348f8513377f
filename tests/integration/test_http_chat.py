"""The chat that the kill loop speaks to errs as real ones do, and its platform says so in the house's words."""

import pytest

from bot.cards import NoticeCard
from bot.chat.base import (
    ChannelGoneError,
    DeliveryError,
    MessageRefusedError,
    OutcomeUnknownError,
    TryLaterError,
)
from storage.types import ChannelKey, DeliveryKey
from tests.fakes.chat_server import ChatServer, Request, Treatment, on_a_bad_day
from tests.fakes.http_chat import WORKSPACE, HttpChat

OPS = ChannelKey(platform="http", workspace=WORKSPACE, channel="ops & co")
CARD = NoticeCard(text="A first notice\r\n\r\nin two parts ✓")
KEY = DeliveryKey("key-1")


@pytest.mark.parametrize(
    ("treatment", "error", "kept"),
    [
        (Treatment(status=503), TryLaterError, 0),
        (Treatment(status=429, retry_after_s=0.5), TryLaterError, 0),
        (Treatment(status=404), ChannelGoneError, 0),
        (Treatment(status=400), MessageRefusedError, 0),
        (Treatment(cut=True, commit_after_s=0.05), OutcomeUnknownError, 1),
        (Treatment(commit_after_s=0.2), OutcomeUnknownError, 1),
    ],
    ids=["broken", "limited", "gone", "refused", "cut", "late"],
)
async def test_each_fault_is_told_apart_and_only_an_unknown_outcome_may_leave_a_message(
    treatment: Treatment, error: type[DeliveryError], kept: int
) -> None:
    with ChatServer(lambda _: treatment) as server:
        with pytest.raises(error) as raised:
            await HttpChat(server.url, timeout_s=0.1).send(OPS, CARD, KEY)
        assert not server.messages, "whatever comes, comes later"
    assert len(server.messages) == kept
    if isinstance(raised.value, TryLaterError):
        assert raised.value.retry_after_s == treatment.retry_after_s


async def test_where_nobody_listens_the_message_was_not_sent() -> None:
    with ChatServer() as server:
        url = server.url
    with pytest.raises(TryLaterError, match="cannot connect"):
        await HttpChat(url).send(OPS, CARD, KEY)


async def test_the_same_key_twice_is_two_messages_and_the_first_is_found() -> None:
    with ChatServer() as server:
        chat = HttpChat(server.url, timeout_s=5)
        first = await chat.send(OPS, CARD, KEY)
        await chat.send(OPS, CARD, KEY)
        assert await chat.find(OPS, KEY) == first
    assert [(one.channel, one.key, one.text) for one in server.messages] == [(OPS.channel, KEY, CARD.text)] * 2


async def test_an_edited_message_keeps_what_it_said_before() -> None:
    with ChatServer() as server:
        chat = HttpChat(server.url, timeout_s=5)
        await chat.edit(OPS, await chat.send(OPS, CARD, KEY), NoticeCard(text="changed"), KEY)
    (message,) = server.messages
    assert (message.text, message.edits) == ("changed", [CARD.text])


def test_a_bad_day_has_every_fault_and_the_same_seed_has_the_same_one() -> None:
    def day(seed: str) -> list[Treatment]:
        treat = on_a_bad_day(seed)
        return [treat(Request(method="POST", channel="ops")) for _ in range(1_000)]

    treatments = day("a")
    assert treatments == day("a") != day("b")
    assert 15 <= sum(one.status == 503 for one in treatments) <= 50
    assert 8 <= sum(one.status == 429 for one in treatments) <= 40
    assert 20 <= sum(one.cut for one in treatments) <= 65
    assert max(one.commit_after_s for one in treatments) <= 0.25
