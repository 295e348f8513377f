"""Whether 200 channels each get one message a second, no faster and no slower, also while 20 others are failing.

A whole house with a real database; the chat takes as long for a message as a real one does. What is compared is when
the slowest healthy channel had its last message, with the failing ones there and without them, in turn.
"""

import asyncio
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from bot.app import App
from bot.cards import Card
from bot.chat.base import DeliveryError, OutcomeUnknownError, TryLaterError
from classifier.batching import Batcher
from classifier.registry import choose
from sources.clock import SystemClock
from storage.database import open_database
from storage.types import ChannelKey, DeliveryKey, Receipt, StoredPost
from tests.benchmarks.pipeline.scene import (
    Came,
    FastChat,
    alert,
    channel_key,
    folder_on_disk,
    post_of,
    put,
    save,
    watching,
)
from tests.benchmarks.report import Figure

HEALTHY, FAILING = 200, 20
MESSAGES = 8
PACE_S = 1.0
TAKES_S = 0.15
TIME_OUT_S = 10.0
"""Longer than a run: who hangs keeps a place for as long as the others need."""

LEAST_A_SECOND = 0.9
MOST_LATER = 1.1

WAYS = ("hang", "answer 503", "answer 429")


class PartlyFailingChat(FastChat):
    """Some of its channels fail in one way, and no other channel ever does."""

    def __init__(self, way: str) -> None:
        super().__init__(pace_s=PACE_S, takes_s=TAKES_S, expects=HEALTHY * MESSAGES)
        self.failed = 0
        self._way = way
        self._failing = {channel_key(number) for number in range(HEALTHY, HEALTHY + FAILING)}

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        if channel in self._failing:
            self.failed += 1
            await asyncio.sleep(TIME_OUT_S if self._way == "hang" else TAKES_S)
            raise _failure(self._way)
        return await super().send(channel, card, key)


def _failure(way: str) -> DeliveryError:
    if way == "hang":
        return OutcomeUnknownError("time-out")
    return TryLaterError("the chat answers 429", 1.0) if way == "answer 429" else TryLaterError("the chat answers 503")


def measure() -> list[Figure]:
    """Each way of failing beside a run without any."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    later: dict[str, float] = {}
    undisturbed: list[list[Came]] = []
    with folder_on_disk() as folder:
        for way in WAYS:
            undisturbed.append(await _play(folder / f"no {way}.db", ""))
            later[way] = _took_s(await _play(folder / f"{way}.db", way)) / _took_s(undisturbed[-1])
    slowest_s = max(map(_took_s, undisturbed))
    least_gap_s = min(map(_least_gap_s, undisturbed))
    return [
        Figure(
            name="messages/s, the slowest of 200 channels", value=MESSAGES / (slowest_s + PACE_S), floor=LEAST_A_SECOND
        ),
        Figure(name="least time between two in a channel, s", value=least_gap_s, floor=PACE_S),
        *(
            Figure(name=f"slowest healthy channel while 20 {way}, times", value=value, ceiling=MOST_LATER)
            for way, value in later.items()
        ),
    ]


async def _play(path: Path, way: str) -> list[Came]:
    """What came to the healthy channels, in order. Without a way nothing is owed to the others."""
    count = HEALTHY + (FAILING if way else 0)
    choice = choose("null")
    chat = PartlyFailingChat(way)
    async with open_database(path) as database:
        await save(database, [watching(number, [f"account{number}"]) for number in range(count)])
        posts = [post_of(f"account{number % count}", number) for number in range(count * MESSAGES)]
        await put(database, posts)
        await alert(database, lambda stored: _channel_of(stored, count))
        app = App(
            database=database,
            sources=[],
            batcher=Batcher(choice.load, choice.template),
            platforms=[chat],
            clock=SystemClock(),
            gate=asyncio.Event(),
        )
        running = asyncio.create_task(app.run(), name="house")
        async with asyncio.timeout(10 * MESSAGES * PACE_S):
            await chat.done.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert bool(chat.failed) == bool(way)
    return chat.came


def _channel_of(stored: StoredPost, count: int) -> int:
    return int(stored.post.id) % count


def _took_s(came: list[Came]) -> float:
    """From the first message of all to the last: the slowest channel's finishing time."""
    return came[-1].at - came[0].at


def _least_gap_s(came: list[Came]) -> float:
    """Between two messages of one channel."""
    moments: dict[ChannelKey, list[float]] = defaultdict(list)
    for message in came:
        moments[message.channel].append(message.at)
    return min(later - earlier for times in moments.values() for earlier, later in pairwise(times))
