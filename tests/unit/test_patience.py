"""Between a question and its answer."""

import asyncio

import pytest

from bot.chat import patience
from bot.chat.patience import Remembered, Seen, alerts_in, answered
from bot.commands.types import Reply
from storage.types import AlertId, ChannelKey, Receipt
from tests.fakes.inbound import Listener

OPS = ChannelKey(platform="slack", workspace="T1", channel="C1")


async def test_whoever_is_answered_at_once_is_told_nothing_else() -> None:
    said = []

    async def answer() -> Reply:
        return Reply(text="Done.")

    async def slow() -> None:
        said.append("Working on it…")

    assert await answered(answer(), slow) == Reply(text="Done.")
    assert said == []


async def test_whoever_waits_is_told_once_and_then_gets_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SLOW_S", 0.01)
    said: list[str] = []
    told = asyncio.Event()

    async def answer() -> Reply:
        await told.wait()
        return Reply(text="Done.")

    async def slow() -> None:
        said.append("Working on it…")
        told.set()

    assert await answered(answer(), slow) == Reply(text="Done.")
    assert said == ["Working on it…"]


async def test_an_error_in_the_answer_reaches_whoever_asked() -> None:
    async def answer() -> Reply:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await answered(answer(), lambda: asyncio.sleep(0))


async def test_whoever_gives_up_waiting_leaves_nobody_behind() -> None:
    ended = asyncio.Event()

    async def answer() -> Reply:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return Reply(text="Done.")

    asking = asyncio.create_task(answered(answer(), lambda: asyncio.sleep(0)))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert ended.is_set()


async def test_a_message_that_is_written_down_a_moment_later_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "_STORED_AFTER_S", 0.05)
    house = Listener()
    asyncio.get_running_loop().call_later(0.01, house.alerts.__setitem__, Receipt("1"), [AlertId(7)])
    assert await alerts_in(house, OPS, Receipt("1")) == [AlertId(7)]
    assert await alerts_in(house, OPS, Receipt("2")) == []


def test_the_oldest_is_forgotten_first() -> None:
    memory: Remembered[int] = Remembered(most=2)
    for number, name in enumerate(("a", "b", "c")):
        memory.put(name, number)
    assert memory.get("a") is None
    assert (memory.get("b"), memory.get("c")) == (1, 2)
    assert "c" in memory


def test_what_comes_twice_is_news_once() -> None:
    seen = Seen()
    assert [seen.is_news(name) for name in ("a", "b", "a")] == [True, True, False]
