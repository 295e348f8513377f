"""The whole way of a post, with a real database and replay, a fake chat and a fake classifier."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.chat.base import (
    ChannelGoneError,
    DeliveryError,
    Inbound,
    MessageRefusedError,
    OutcomeUnknownError,
    TryLaterError,
)
from bot.commands.types import Actor, Asked
from bot.pipeline.supervise import TaskDiedError
from classifier.batching import Batcher
from classifier.types import Classifier, ModelUnusableError
from sources.clock import SystemClock
from sources.replay import Replay
from storage import channels, outbox
from storage.database import Database, open_database
from storage.types import ChannelKey
from tests.fakes.chat import FakeChat
from tests.fakes.classifier import KeywordClassifier

OPS = ChannelKey(platform="fake", workspace="team", channel="ops")
DEV = ChannelKey(platform="fake", workspace="team", channel="dev")

POSTS = [
    {"id": "1", "author": "sec", "text": "A security hole in ExampleDB"},
    {"id": "2", "author": "sec", "text": "Lunch was good"},
    {"id": "3", "author": "sec", "text": "Security again: rotate your keys"},
    {"id": "4", "author": "other", "text": "Security, said someone nobody watches"},
    {"id": "5", "author": "sec", "text": "https://example.org/a-link-alone"},
]


class Talk:
    """A fake chat whose people type these lines, then wait, and leave."""

    def __init__(self, chat: FakeChat, lines: Iterable[tuple[ChannelKey, str]]) -> None:
        self.name, self.grace = chat.name, chat.grace
        self.send, self.edit, self.find, self.can_send = chat.send, chat.edit, chat.find, chat.can_send
        self.replies: list[str] = []
        self._lines = list(lines)

    async def run(self, inbound: Inbound) -> None:
        for channel, text in self._lines:
            if text == "/wait":
                await inbound.settle()
                continue
            asked = Asked(actor=Actor(id="U1", name="Ada"), channel=channel, channel_name=channel.channel, text=text)
            self.replies.append((await inbound.answer(asked)).text)
        await inbound.settle()


def replay_file(tmp_path: Path, posts: Iterable[dict[str, Any]] = POSTS) -> Path:
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
    return path


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "lapwing.db") as database:
        yield database


async def converse(
    database: Database,
    path: Path,
    chat: FakeChat,
    lines: Iterable[tuple[ChannelKey, str]],
    classifier: Classifier | None = None,
) -> list[str]:
    """One life of the program: the lines are typed, everything is settled, the program ends."""
    engine = classifier or KeywordClassifier()
    gate = asyncio.Event()
    clock = SystemClock()
    talk = Talk(chat, lines)
    app = App(
        database=database,
        sources=[await Replay.open(path, clock=clock, speed=math.inf, gate=gate)],
        batcher=Batcher(lambda: engine, engine.template),
        platforms=[talk],
        clock=clock,
        gate=gate,
    )
    async with asyncio.timeout(20):
        await app.run()
    return talk.replies


STEER = [(OPS, "/watch @sec"), (OPS, "/labels set security")]


async def test_posts_that_fit_a_label_alert_once_in_the_order_they_came(tmp_path: Path) -> None:
    chat = FakeChat()
    async with opened(tmp_path) as database:
        await converse(database, replay_file(tmp_path), chat, STEER)
    assert [text.partition(": ")[2] for text in chat.texts()] == [POSTS[0]["text"], POSTS[2]["text"]]


async def test_a_second_life_sends_nothing_again(tmp_path: Path) -> None:
    chat = FakeChat()
    async with opened(tmp_path) as database:
        await converse(database, replay_file(tmp_path), chat, STEER)
        await converse(database, replay_file(tmp_path), chat, [(OPS, "/wait")])
    assert chat.sends == 2


async def test_each_channel_is_decided_by_its_own_labels_and_the_model_is_asked_once(tmp_path: Path) -> None:
    chat = FakeChat()
    asked: list[int] = []

    class Counting(KeywordClassifier):
        def logits(self, texts: Any, hypotheses: Any) -> Any:
            asked.append(len(texts) * len(hypotheses))
            return super().logits(texts, hypotheses)

    lines = [*STEER, (DEV, "/watch @sec"), (DEV, "/labels set lunch, security")]
    async with opened(tmp_path) as database:
        await converse(database, replay_file(tmp_path), chat, lines, Counting())
    by_channel = {channel: sum(m.channel == channel for m in chat.messages.values()) for channel in (OPS, DEV)}
    assert by_channel == {OPS: 2, DEV: 3}
    assert sum(asked) == 3 * 2, "three posts with text, two hypotheses in the union"


async def test_a_watch_decides_only_what_is_played_after_it(tmp_path: Path) -> None:
    chat = FakeChat()
    lines = [*STEER, (OPS, "/wait"), (OPS, "/watch @other"), (OPS, "/wait")]
    async with opened(tmp_path) as database:
        await converse(database, replay_file(tmp_path), chat, lines)
    assert not any("nobody watches" in text for text in chat.texts())


@pytest.mark.parametrize(
    "failure",
    [
        TryLaterError("503", retry_after_s=0.0),
        OutcomeUnknownError("lost before it arrived"),
        OutcomeUnknownError("delivered"),
    ],
    ids=["told to try later", "cut before it arrived", "delivered, but the reply was lost"],
)
async def test_a_send_that_failed_is_neither_lost_nor_doubled(failure: DeliveryError, tmp_path: Path) -> None:
    chat = FakeChat()
    chat.fail_next(failure)
    async with opened(tmp_path) as database:
        await converse(database, replay_file(tmp_path), chat, STEER)
    assert [text.partition(": ")[2] for text in chat.texts()] == [POSTS[0]["text"], POSTS[2]["text"]]


async def test_a_refused_message_is_given_up_and_counted_and_the_next_one_sent(tmp_path: Path) -> None:
    chat = FakeChat()
    chat.fail_next(MessageRefusedError("too long"))
    async with opened(tmp_path) as database:
        replies = await converse(database, replay_file(tmp_path), chat, [*STEER, (OPS, "/wait"), (OPS, "/health")])
    assert len(chat.messages) == 1
    assert "1 failed" in replies[-1]


async def test_a_channel_that_is_gone_is_suspended_with_its_settings_and_others_go_on(tmp_path: Path) -> None:
    chat = FakeChat()
    chat.fail_next(ChannelGoneError("I was removed from #ops"))
    lines = [*STEER, (OPS, "/wait"), (DEV, "/watch @sec"), (OPS, "/health")]
    async with opened(tmp_path) as database:
        replies = await converse(database, replay_file(tmp_path), chat, lines)
        kept = await database.read(lambda connection: channels.load(connection, OPS))
        owed = await database.read(lambda connection: outbox.owed(connection, {"fake"}))
    assert kept is not None
    assert (kept.suspended, len(kept.labels), len(kept.watches)) == ("I was removed from #ops", 1, 1)
    assert (owed.waiting, owed.held) == (0, 2)
    assert "suspended: I was removed from #ops" in replies[-1]


@pytest.mark.parametrize("delivered", [True, False], ids=["the chat has it", "the chat does not have it"])
async def test_what_was_being_sent_when_the_program_died_is_looked_up_first(delivered: bool, tmp_path: Path) -> None:
    chat = FakeChat()

    class Dying(FakeChat):
        async def send(self, *arguments: Any) -> Any:
            if delivered:
                await chat.send(*arguments)
            raise KeyError("a bug that ends the program")

    async with opened(tmp_path) as database:
        with pytest.raises(TaskDiedError, match="deliver died"):
            await converse(database, replay_file(tmp_path), Dying(), STEER)
        await converse(database, replay_file(tmp_path), chat, [(OPS, "/wait")])
    assert [text.partition(": ")[2] for text in chat.texts()] == [POSTS[0]["text"], POSTS[2]["text"]]
    assert chat.sends == 2


async def test_a_model_that_cannot_be_loaded_ends_the_program_and_says_which(tmp_path: Path) -> None:
    def load() -> Classifier:
        raise ModelUnusableError("the folder no-model holds no model")

    clock = SystemClock()
    async with opened(tmp_path) as database:
        app = App(
            database=database,
            sources=[],
            batcher=Batcher(load, "{}"),
            platforms=[Talk(FakeChat(), [(OPS, "/test anything")])],
            clock=clock,
            gate=asyncio.Event(),
        )
        with pytest.raises(TaskDiedError, match="model died: the folder no-model holds no model"):
            await app.run()


async def test_an_answer_that_fails_by_our_fault_gets_a_code_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(KeywordClassifier):
        def logits(self, texts: Any, hypotheses: Any) -> Any:
            raise ZeroDivisionError("a bug")

    lines = [(OPS, "/labels set security"), (OPS, "/test some text"), (OPS, "/labels list")]
    async with opened(tmp_path) as database:
        replies = await converse(database, replay_file(tmp_path), FakeChat(), lines, Broken())
    assert replies[1].startswith("Sorry, that did not work and nothing was changed. Code ")
    code = replies[1].removesuffix(".").rpartition(" ")[2]
    assert f"code={code}" in caplog.text
    assert "security" in replies[2]
