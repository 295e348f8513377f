"""64 people at once before the default model: how long each waits, and whether the event loop notices."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median, quantiles

from classifier.batching import Batcher, Lane
from classifier.hypothesis import EMBEDDING_TEMPLATE
from classifier.registry import choose
from tests.benchmarks.classifier.scene import LABELS, Scene, hypotheses
from tests.benchmarks.report import Figure

_CALLERS = 64
_QUESTIONS = 12
"""By each, one after the other."""

_GIVE_UP_EVERY = 5
_TICK_S = 0.002


def measure(scene: Scene) -> tuple[list[Figure], dict[str, object]]:
    """Every fifth question is given up half-way; two of three callers have the same labels."""
    return asyncio.run(_measure())


async def _measure() -> tuple[list[Figure], dict[str, object]]:
    waits: list[float] = []
    lags: list[float] = []
    async with _running() as batcher:
        await batcher.logits(["warm"], _asked(0), lane=Lane.STREAM)
        ticking = asyncio.create_task(_tick(lags))
        started = time.perf_counter()
        await asyncio.gather(*(_caller(batcher, number, waits) for number in range(_CALLERS)))
        took_s = time.perf_counter() - started
        ticking.cancel()
        left = sum(map(len, batcher._lanes.values()))
    middle_ms, last_ms = median(waits) * 1_000, quantiles(waits, n=100)[98] * 1_000
    fair_ms = took_s * 1_000 / _QUESTIONS  # of all callers together, each one question
    return [
        Figure(name="callers_longest_pause_of_the_loop_ms", value=max(lags) * 1_000, ceiling=50.0),
        Figure(name="callers_p99_wait_over_a_round_of_all", value=last_ms / fair_ms, ceiling=2.5),
        Figure(name="callers_left_waiting", value=left, ceiling=0),
    ], {
        "questions_a_second": round(len(waits) / took_s),
        "wait_ms_p50": round(middle_ms),
        "wait_ms_p99": round(last_ms),
    }


async def _caller(batcher: Batcher, number: int, waits: list[float]) -> None:
    for question in range(_QUESTIONS):
        text = f"Question {question} of caller {number}: is the harbour road under water tonight, or is it only rain?"
        started = time.perf_counter()
        asking = asyncio.ensure_future(batcher.logits([text], _asked(number), lane=Lane.PEOPLE))
        if (number + question) % _GIVE_UP_EVERY == 0:
            await asyncio.sleep(0.01)
            asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
            waits.append(time.perf_counter() - started)


def _asked(number: int) -> list[str]:
    return hypotheses(LABELS[:5] if number % 3 else LABELS[5:10], EMBEDDING_TEMPLATE)


async def _tick(lags: list[float]) -> None:
    """How much later than it should the loop comes back."""
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
