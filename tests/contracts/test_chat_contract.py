"""What every chat platform promises the rest of the house."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cards import NoticeCard
from bot.chat.base import ChatPlatform
from bot.chat.console import Console
from bot.chat.transcript import Transcript
from storage.types import ChannelKey, DeliveryKey
from tests.fakes.chat import FakeChat
from tests.fakes.chat_server import ChatServer
from tests.fakes.http_chat import WORKSPACE, HttpChat

CARD = NoticeCard(text="A first notice")
KEY = DeliveryKey("key-1")


@dataclass
class Chat:
    """A platform with a channel that it can post in."""

    platform: ChatPlatform
    channel: ChannelKey


@pytest.fixture(params=["console", "fake", "http"])
def chat(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chat]:
    if request.param == "fake":
        yield Chat(FakeChat(), ChannelKey(platform="fake", workspace="team", channel="ops"))
        return
    if request.param == "http":
        with ChatServer() as server:
            yield Chat(HttpChat(server.url), ChannelKey(platform="http", workspace=WORKSPACE, channel="ops"))
        return
    with Transcript(tmp_path / "transcript") as transcript:
        console = Console("ops", transcript)
        yield Chat(console, console.channel)


async def test_a_message_that_was_sent_is_found_by_its_key(chat: Chat) -> None:
    receipt = await chat.platform.send(chat.channel, CARD, KEY)
    assert await chat.platform.find(chat.channel, KEY) == receipt


async def test_a_message_that_was_not_sent_is_not_found(chat: Chat) -> None:
    await chat.platform.send(chat.channel, CARD, KEY)
    assert await chat.platform.find(chat.channel, DeliveryKey("key-2")) is None


async def test_each_message_has_a_receipt_of_its_own(chat: Chat) -> None:
    first = await chat.platform.send(chat.channel, CARD, KEY)
    second = await chat.platform.send(chat.channel, CARD, DeliveryKey("key-2"))
    assert first != second


async def test_a_message_that_was_edited_is_still_found(chat: Chat) -> None:
    receipt = await chat.platform.send(chat.channel, CARD, KEY)
    await chat.platform.edit(chat.channel, receipt, NoticeCard(text="Changed"), KEY)
    assert await chat.platform.find(chat.channel, KEY) == receipt


async def test_its_own_channel_can_be_posted_in(chat: Chat) -> None:
    assert await chat.platform.can_send(chat.channel) is None


def test_it_says_how_long_an_unknown_outcome_stays_unknown(chat: Chat) -> None:
    assert chat.platform.grace >= timedelta(0)
    assert chat.platform.name == chat.channel.platform


async def test_the_console_finds_after_a_restart_what_it_showed_before(tmp_path: Path) -> None:
    with Transcript(tmp_path / "transcript") as transcript:
        before = Console("ops", transcript)
        receipt = await before.send(before.channel, CARD, KEY)
    with Transcript(tmp_path / "transcript") as transcript:
        after = Console("ops", transcript)
        assert await after.find(after.channel, KEY) == receipt
