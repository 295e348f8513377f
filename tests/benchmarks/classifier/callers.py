"""64 people at once before the default model: how long each waits, and whether the event loop notices; then a large
question of the stream, whose answer must not hold the loop either."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

from bot.pipeline.heard import Heard
from bot.pipeline.questions import put
from classifier.batching import Batcher, Lane
from classifier.hypothesis import EMBEDDING_TEMPLATE
from classifier.registry import choose
from storage.types import PostId
from tests.benchmarks.classifier.scene import LABELS, Scene, hypotheses
from tests.benchmarks.report import Figure

_CALLERS = 64
_QUESTIONS = 12
"""By each, one after the other."""

_TEXTS = 4
"""In each question, so that all of them together are more than a window."""

_LABEL_SETS = 8
_GIVE_UP_EVERY = 5
_ALONE = 24
"""Questions that show how long one takes when nobody else asks."""

_WINDOW_S = 0.25
"""What `classifier.windows` takes for a batch of a quick model."""

_POSTS, _HYPOTHESES = 256, 250
_TICK_S = 0.002


@dataclass(kw_only=True, slots=True)
class _Queue:
    """Who waits, and what came of it."""

    waiting: int = 0
    waits: list[float] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    """Of each that waited: how many questions stood before it when it came."""

    def shares(self, alone_s: float) -> list[float]:
        """Of each: its wait over what the work ahead, its own and a window take."""
        return [wait / ((ahead + 1) * alone_s + _WINDOW_S) for wait, ahead in zip(self.waits, self.ahead, strict=True)]


def measure(scene: Scene) -> tuple[list[Figure], dict[str, object]]:
    """Callers with eight sets of labels take turns; every fifth question is given up half-way."""
    return asyncio.run(_measure())


async def _measure() -> tuple[list[Figure], dict[str, object]]:
    async with _running() as batcher:
        queue, alone_s = _Queue(), await _alone_s(batcher)
        async with _lags() as lags:
            started = time.perf_counter()
            await asyncio.gather(*(_caller(batcher, number, queue) for number in range(_CALLERS)))
            took_s = time.perf_counter() - started
        left = sum(map(len, batcher._lanes.values()))
        alone_s = max(alone_s, await _alone_s(batcher))  # the machine is others' as well
        shares = queue.shares(alone_s)
        async with _lags() as lags_of_stream:
            await _stream(batcher)
    return [
        Figure(name="callers_longest_pause_of_the_loop_ms", value=max(lags) * 1_000, ceiling=50.0),
        Figure(name="callers_p99_wait_over_the_work_ahead_and_a_window", value=_p99(shares), ceiling=1.0),
        Figure(name="callers_left_waiting", value=left, ceiling=0),
        Figure(name="stream_longest_pause_of_the_loop_ms", value=max(lags_of_stream) * 1_000, ceiling=50.0),
    ], {
        "questions_a_second": round(len(queue.waits) / took_s),
        "question_alone_ms": round(alone_s * 1_000, 1),
        "wait_ms_p50": round(median(queue.waits) * 1_000),
        "wait_ms_p99": round(_p99(queue.waits) * 1_000),
        "longest_wait_over_the_work_ahead_and_a_window": round(max(shares), 2),
    }


async def _alone_s(batcher: Batcher) -> float:
    """In the middle. The first of each label set is not counted: its vectors are made."""
    took: list[float] = []
    for number in range(_LABEL_SETS + _ALONE):
        started = time.perf_counter()
        await batcher.logits(_texts(number, 0), _asked(number), lane=Lane.PEOPLE)
        took.append(time.perf_counter() - started)
    return median(took[_LABEL_SETS:])


async def _caller(batcher: Batcher, number: int, queue: _Queue) -> None:
    for question in range(1, _QUESTIONS + 1):
        started, ahead = time.perf_counter(), queue.waiting
        queue.waiting += 1
        asking = asyncio.ensure_future(batcher.logits(_texts(number, question), _asked(number), lane=Lane.PEOPLE))
        if (number + question) % _GIVE_UP_EVERY == 0:
            await asyncio.sleep(0.01)
            asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
            queue.waits.append(time.perf_counter() - started)
            queue.ahead.append(ahead)
        queue.waiting -= 1


async def _stream(batcher: Batcher) -> None:
    """As the pipeline asks about a round of posts."""
    labels = [f"{LABELS[number % len(LABELS)]} {number}" for number in range(_HYPOTHESES)]
    asked = tuple(hypotheses(labels, EMBEDDING_TEMPLATE))
    said = await put(batcher, [text for number in range(_POSTS // _TEXTS) for text in _texts(number, 0)], asked)
    posts = [PostId(number) for number in range(_POSTS)]
    Heard(posts).take(posts, asked, said)


def _texts(number: int, question: int) -> list[str]:
    return [
        f"Question {question}.{text} of caller {number}: is the harbour road under water tonight, or is it only rain?"
        for text in range(_TEXTS)
    ]


def _asked(number: int) -> list[str]:
    first = number % _LABEL_SETS * 2
    return hypotheses(LABELS[first : first + 5], EMBEDDING_TEMPLATE)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


@asynccontextmanager
async def _lags() -> AsyncIterator[list[float]]:
    """How much later than it should the loop comes back, until the end."""
    lags: list[float] = []
    ticking = asyncio.create_task(_tick(lags))
    try:
        yield lags
        await asyncio.sleep(_TICK_S)  # the last pause shows with the next tick
    finally:
        ticking.cancel()


async def _tick(lags: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await asyncio.sleep(_TICK_S)
        lags.append(time.perf_counter() - started - _TICK_S)


@asynccontextmanager
async def _running() -> AsyncIterator[Batcher]:
    choice = choose("embedding")
    batcher = Batcher(choice.load, choice.template)
    task = asyncio.create_task(batcher.run())
    await batcher.ready()
    try:
        yield batcher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
