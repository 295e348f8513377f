"""The whole way of a post, with a real database and replay, a fake chat and a fake classifier."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.cards import AlertCard, Card
from bot.chat.base import (
    ChannelGoneError,
    ChatGoneError,
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
from storage import channels, decisions, outbox
from storage.database import Database, open_database
from storage.types import ChannelKey, DeliveryKey, PostId, Reason, Receipt
from tests.fakes.chat import FakeChat
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.house import BEN, Rig, a_house, until

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
        self.name, self.grace, self.pace = chat.name, chat.grace, chat.pace
        self.send, self.edit, self.find = chat.send, chat.edit, chat.find
        self.can_send, self.direct = chat.can_send, chat.direct
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
            raise ChatGoneError("nobody reads this chat any more")

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


# --- retweets --------------------------------------------------------------------------------------------------------

ALARM = {"id": "1", "author": "sec", "text": "A security hole in ExampleDB https://example.org/a"}
REPEAT = {
    "id": "2",
    "author": "fan",
    "text": "RT @sec: A security hole in ExampleDB https://example.org/b",
    "kind": "retweet",
}
COPY = {"id": "2", "author": "fan", "text": "A security hole in ExampleDB"}
AFRESH = {"id": "2", "author": "fan", "text": "RT @sec: Another security hole", "kind": "retweet"}


async def reasons(rig: Rig, channel: ChannelKey) -> dict[PostId, Reason]:
    found = await rig.house.database.read(lambda connection: decisions.latest(connection, channel, 10))
    return {one.post: one.reason for one in found}


@pytest.mark.parametrize(
    ("second", "reason"),
    [(REPEAT, Reason.DUPLICATE), (COPY, Reason.ALERT), (AFRESH, Reason.ALERT)],
    ids=["a retweet of what alerted", "the same words, but no retweet", "a retweet of what did not alert"],
)
async def test_only_a_retweet_of_what_alerted_is_a_duplicate(
    second: dict[str, Any], reason: Reason, database: Database, tmp_path: Path
) -> None:
    async with a_house(database, tmp_path / "posts.jsonl", [ALARM, second]) as rig:
        await rig.say("/labels set security")
        await rig.say("/watch @sec @fan")
        await rig.play()
        assert await reasons(rig, OPS) == {1: Reason.ALERT, 2: reason}


async def test_a_retweet_is_a_duplicate_only_where_the_original_alerted(database: Database, tmp_path: Path) -> None:
    async with a_house(database, tmp_path / "posts.jsonl", [ALARM, REPEAT]) as rig:
        for channel, accounts in ((OPS, "@sec @fan"), (DEV, "@fan")):
            await rig.say("/labels set security", channel=channel)
            await rig.say(f"/watch {accounts}", channel=channel)
        await rig.play()
        assert await reasons(rig, OPS) == {1: Reason.ALERT, 2: Reason.DUPLICATE}
        assert await reasons(rig, DEV) == {2: Reason.ALERT}


@pytest.mark.parametrize(("hours", "reason"), [(23, Reason.DUPLICATE), (25, Reason.ALERT)])
async def test_a_retweet_a_day_later_is_news_again(
    hours: int, reason: Reason, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "posts.jsonl"
    async with a_house(database, path, [ALARM]) as rig:
        await rig.say("/labels set security")
        await rig.say("/watch @sec")
        await rig.play()
    async with a_house(database, path, [ALARM, REPEAT]) as rig:
        await rig.say("/watch @fan")
        await rig.advance(hours * 3600)
        await rig.play()
        assert await reasons(rig, OPS) == {1: Reason.ALERT, 2: reason}


# --- cards redrawn ---------------------------------------------------------------------------------------------------


class SlowChat(FakeChat):
    """A chat that notes edits and fails them as told; while its gates are shut no edit ends, and no vain look-up."""

    def __init__(self, grace: timedelta = timedelta(0)) -> None:
        super().__init__(grace=grace)
        self.edits: list[str] = []
        self.edit_failures: list[DeliveryError] = []
        self.may_edit, self.may_find = asyncio.Event(), asyncio.Event()
        self.may_edit.set()
        self.may_find.set()
        self.finds = 0

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        assert isinstance(card, AlertCard)
        self.edits.append(card.judged)
        await self.may_edit.wait()
        if self.edit_failures:
            raise self.edit_failures.pop(0)
        await super().edit(channel, receipt, card, key)

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        self.finds += 1
        found = await super().find(channel, key)
        if found is None:
            await self.may_find.wait()
        return found

    @property
    def judged(self) -> list[str]:
        """How each card says it was judged."""
        return self.texts(lambda card: card.judged if isinstance(card, AlertCard) else "")


@asynccontextmanager
async def alerting(database: Database, tmp_path: Path, chat: SlowChat) -> AsyncIterator[Rig]:
    """Two alerts, delivered, and delivering goes on."""
    async with a_house(database, tmp_path / "posts.jsonl", POSTS, chat=chat) as rig:
        await steer_and_play(rig)
        async with rig.delivering():
            await settled(rig)
            yield rig


async def steer_and_play(rig: Rig) -> None:
    """Two alerts, owed."""
    for text in ("/labels set security", "/watch @sec"):
        await rig.say(text)
    await rig.play()


async def settled(rig: Rig) -> None:
    async def nothing_owed() -> bool:
        return (await rig.owed()).waiting == 0

    await until(nothing_owed)


async def idle(rig: Rig) -> None:
    """Long enough for deliver to take what is due: a few rounds through the database."""
    for _ in range(4):
        await rig.owed()
        await asyncio.sleep(0.01)


async def test_judgements_given_in_one_breath_redraw_the_card_once_and_a_little_later(
    database: Database, tmp_path: Path
) -> None:
    chat = SlowChat()
    async with alerting(database, tmp_path, chat) as rig:
        await rig.say("-1 1")
        await rig.advance(1.5)
        await rig.say("-1 1", actor=BEN)
        await rig.say("+1 1")
        await idle(rig)
        assert chat.edits == [], "drawn before people had finished"
        await rig.advance(0.5)
        await settled(rig)
        assert chat.edits == ["not relevant by Ben; relevant by Ada"]
        await rig.say("0 1", actor=BEN)
        await rig.advance(2)
        await settled(rig)
        assert chat.judged == ["relevant by Ada", ""]
        assert chat.sends == 2


async def test_saying_the_same_again_redraws_nothing(database: Database, tmp_path: Path) -> None:
    chat = SlowChat()
    async with alerting(database, tmp_path, chat) as rig:
        for _ in range(2):
            await rig.say("+1 1")
            await rig.advance(2)
            await settled(rig)
        assert chat.edits == ["relevant by Ada"]


async def test_an_edit_that_hangs_holds_up_no_send_of_its_channel(database: Database, tmp_path: Path) -> None:
    chat = SlowChat()
    chat.may_edit.clear()
    chat.fail_next(OutcomeUnknownError("delivered"), TryLaterError("429", retry_after_s=60.0))
    async with a_house(database, tmp_path / "posts.jsonl", POSTS, chat=chat) as rig:
        await steer_and_play(rig)
        async with rig.delivering():
            await until(lambda: chat.sends == 2)
            await rig.say("+1 1")
            await rig.advance(2)
            await until(lambda: bool(chat.edits))
            await rig.advance(60)
            await until(lambda: len(chat.messages) == 2)
            assert chat.judged == ["", ""], "the edit was to hang until now"
            chat.may_edit.set()
            await settled(rig)
            assert chat.judged == ["relevant by Ada", ""]


async def test_an_edit_that_ends_while_another_message_is_looked_up_doubles_nothing(
    database: Database, tmp_path: Path
) -> None:
    chat = SlowChat()
    chat.may_find.clear()
    chat.fail_next(OutcomeUnknownError("delivered"), OutcomeUnknownError("lost before it arrived"))
    async with a_house(database, tmp_path / "posts.jsonl", POSTS, chat=chat) as rig:
        await steer_and_play(rig)
        async with rig.delivering():
            await until(lambda: chat.finds == 2)
            await rig.say("+1 1")
            await rig.advance(2)
            await until(lambda: chat.judged == ["relevant by Ada"])
            await idle(rig)
            chat.may_find.set()
            await settled(rig)
    assert (chat.finds, chat.sends, len(chat.messages)) == (2, 3, 2)


async def test_an_edit_whose_outcome_is_unknown_is_done_again_and_never_looked_up(
    database: Database, tmp_path: Path
) -> None:
    chat = SlowChat(grace=timedelta(seconds=30))  # which a look-up would wait for
    chat.edit_failures = [OutcomeUnknownError("timed out")]
    async with alerting(database, tmp_path, chat) as rig:
        await rig.say("+1 1")
        await rig.advance(2)
        await until(lambda: len(chat.edits) == 1)
        await idle(rig)
        await rig.advance(1)
        await settled(rig)
        assert chat.judged == ["relevant by Ada", ""]
        assert (len(chat.edits), chat.finds, chat.sends) == (2, 0, 2)


async def test_an_edit_that_the_chat_refuses_is_given_up_and_the_judgement_stays(
    database: Database, tmp_path: Path
) -> None:
    chat = SlowChat()
    chat.edit_failures = [MessageRefusedError("the message is older than an hour (30046)")]
    async with alerting(database, tmp_path, chat) as rig:
        await rig.say("+1 1")
        await rig.advance(2)
        await settled(rig)
        assert (await rig.owed()).failed == 1
        assert "relevant by Ada" in (await rig.say("/alerts")).text
        await rig.say("+1 2")
        await rig.advance(2)
        await settled(rig)
        assert chat.judged == ["", "relevant by Ada"]


async def test_what_is_judged_before_its_message_is_confirmed_is_drawn_once_it_is(
    database: Database, tmp_path: Path
) -> None:
    chat = SlowChat(grace=timedelta(seconds=30))
    chat.fail_next(OutcomeUnknownError("delivered"))
    async with a_house(database, tmp_path / "posts.jsonl", POSTS, chat=chat) as rig:
        await steer_and_play(rig)
        async with rig.delivering():
            await until(lambda: chat.sends == 1)
            await rig.say("+1 1")
            for _ in range(4):
                await rig.advance(29)
                await idle(rig)
            await settled(rig)
    assert chat.judged == ["relevant by Ada", ""]
    assert chat.sends == 2


async def test_an_edit_under_way_when_the_program_died_is_done_again(database: Database, tmp_path: Path) -> None:
    chat = SlowChat()
    chat.may_edit.clear()
    path = tmp_path / "posts.jsonl"
    async with a_house(database, path, POSTS, chat=chat) as rig:
        await steer_and_play(rig)
        async with rig.delivering():
            await settled(rig)
            await rig.say("+1 1")
            await rig.advance(2)
            await until(lambda: len(chat.edits) == 1)
    chat.may_edit.set()
    async with a_house(database, path, POSTS, chat=chat) as rig, rig.delivering():
        await settled(rig)
    assert chat.judged == ["relevant by Ada", ""]
    assert chat.sends == 2
