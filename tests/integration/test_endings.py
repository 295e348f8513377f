"""How the whole house ends: told to stop, or because a task keeps dying."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import App
from bot.cards import Card
from bot.chat.base import Inbound
from bot.cli.failures import BROKE, explained
from bot.commands.types import Actor, Asked
from bot.pipeline.supervise import TaskDiedError
from classifier.batching import Batcher
from sources.clock import SystemClock
from sources.replay import Replay
from sources.types import Arrival, Cursor, Positions, Source
from storage import channels, decisions, logits, outbox, posts
from storage.database import Connection, Database, open_database
from storage.outbox import Owed
from storage.types import ChannelKey, DeliveryKey, PostId, Receipt
from tests.fakes.builders import MODEL, NOW, TEMPLATE, a_channel, a_decision, a_key, a_post
from tests.fakes.chat import FakeChat
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.clock import FakeClock
from tests.fakes.house import until

OPS = a_key("ops", platform="fake")


class SlowChat(FakeChat):
    """A chat that goes on until it is cancelled, and takes a message when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.began = asyncio.Event()
        self.may_take = asyncio.Event()

    async def run(self, inbound: Inbound) -> None:
        await asyncio.Event().wait()

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        self.began.set()
        await self.may_take.wait()
        return await super().send(channel, card, key)


class BrokenReplay(Replay):
    """A source that dies whenever it is read."""

    async def posts(self, after: Positions) -> AsyncGenerator[Arrival, None]:
        if self.finite:  # as every replay is
            raise ValueError("the line cannot be read")
        yield Arrival(cursor=Cursor("never"))


async def a_replay(tmp_path: Path, kind: type[Replay] = Replay) -> Replay:
    path = tmp_path / "posts.jsonl"
    path.touch()
    return await kind.open(path, clock=FakeClock(), speed=1)


@asynccontextmanager
async def an_app(
    tmp_path: Path, chat: FakeChat, sources: Sequence[Source], clock: SystemClock | FakeClock | None = None
) -> AsyncIterator[tuple[App, Database]]:
    engine = KeywordClassifier()
    async with open_database(tmp_path / "lapwing.db") as database, asyncio.timeout(20):
        app = App(
            database=database,
            sources=sources,
            batcher=Batcher(lambda: engine, engine.template),
            platforms=[chat],
            clock=clock or SystemClock(),
            gate=asyncio.Event(),
        )
        yield app, database


async def owe(database: Database, count: int) -> None:
    """Alerts that an earlier life of the program still owes."""

    def work(connection: Connection) -> None:
        channels.save(connection, a_channel("ops", key=OPS))
        ids = posts.add(connection, [a_post(id=str(number)) for number in range(count)], SystemClock().now())
        model = logits.model_number(connection, MODEL, TEMPLATE)
        decisions.add(connection, model, [a_decision(PostId(post), OPS) for post in ids], NOW)

    await database.transaction(work)


@pytest.mark.parametrize("with_source", [True, False], ids=["with a source", "with no source set up"])
async def test_told_to_stop_it_lets_the_send_under_way_end_and_keeps_the_rest(
    with_source: bool, tmp_path: Path
) -> None:
    chat = SlowChat()
    async with an_app(tmp_path, chat, [await a_replay(tmp_path)] if with_source else []) as (app, database):
        await owe(database, 3)
        running = asyncio.ensure_future(app.run())
        await chat.began.wait()
        app.stop()
        await asyncio.sleep(0.1)
        assert not running.done(), "ended while a message was on its way"
        chat.may_take.set()
        await running
        assert len(chat.messages) == 1
        assert await database.read(lambda connection: outbox.owed(connection, ["fake"])) == Owed(
            waiting=2, held=0, failed=0
        )
    next_chat = SlowChat()
    next_chat.may_take.set()
    async with an_app(tmp_path, next_chat, []) as (app, database):
        running = asyncio.ensure_future(app.run())
        await until(lambda: len(next_chat.messages) == 2)
        app.stop()
        await running
    assert not {message.key for message in chat.messages.values()} & {
        message.key for message in next_chat.messages.values()
    }


async def test_told_to_stop_with_nothing_under_way_it_ends_at_once(tmp_path: Path) -> None:
    async with an_app(tmp_path, SlowChat(), [await a_replay(tmp_path)]) as (app, _):
        running = asyncio.ensure_future(app.run())
        await asyncio.sleep(0.05)
        app.stop()
        async with asyncio.timeout(5):
            await running


async def test_told_to_stop_before_it_began_it_ends_at_once(tmp_path: Path) -> None:
    async with an_app(tmp_path, SlowChat(), []) as (app, _):
        app.stop()
        async with asyncio.timeout(5):
            await app.run()


async def test_nothing_is_left_running_when_it_has_ended(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with an_app(tmp_path, SlowChat(), [await a_replay(tmp_path)]) as (app, _):
        running = asyncio.ensure_future(app.run())
        await asyncio.sleep(0.05)
        app.stop()
        await running
    assert asyncio.all_tasks() == before


async def test_a_source_that_keeps_dying_ends_the_program_and_is_named_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock(held=True)
    async with an_app(tmp_path, SlowChat(), [await a_replay(tmp_path, BrokenReplay)], clock) as (app, _):
        running = asyncio.ensure_future(app.run())
        while not running.done():
            await asyncio.sleep(0.005)
            await clock.advance(0.5)
        with pytest.raises(TaskDiedError) as died:
            await running
    with pytest.raises(SystemExit) as ended, explained():
        raise died.value
    assert ended.value.code == BROKE
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        "lapwing: stopped because ingest replay died 5 times in 10 minutes, the last time of: the line cannot be read"
    )


async def test_a_task_that_died_once_is_told_by_health_and_the_house_goes_on(tmp_path: Path) -> None:
    deaths = 0

    class OnceBroken(Replay):
        async def posts(self, after: Positions) -> AsyncGenerator[Arrival, None]:
            nonlocal deaths
            deaths += 1
            if deaths == 1:
                raise ValueError("the line cannot be read")
            async for arrival in super().posts(after):
                yield arrival

    async with an_app(tmp_path, SlowChat(), [await a_replay(tmp_path, OnceBroken)]) as (app, _):
        running = asyncio.ensure_future(app.run())
        await until(lambda: deaths == 2)
        assert not running.done()
        asked = Asked(actor=Actor(id="U1", name="Ada"), channel=OPS, channel_name="ops", text="/health")
        (told,) = [line for line in (await app.answer(asked)).text.splitlines() if line.startswith("task ")]
        assert told.startswith("task ingest replay: died 1 time since the start, last ")
        assert told.endswith(": the line cannot be read")
        app.stop()
        await running
