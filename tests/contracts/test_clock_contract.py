"""What every Clock keeps, the fake one included."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import UTC, timedelta
from functools import partial
from typing import Any

import pytest

from sources.clock import Clock, SystemClock
from tests.fakes.clock import FakeClock
from tests.fakes.simulation.time import SimulatedClock, SimulatedLoop


@pytest.fixture(params=[SystemClock, FakeClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_now_is_aware_and_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


async def test_after_a_sleep_at_least_that_much_time_has_passed(clock: Clock) -> None:
    before = clock.now()
    await clock.sleep(0.02)
    assert clock.now() - before >= timedelta(seconds=0.019)  # the system's timers round to a millisecond


async def test_who_is_due_first_wakes_first(clock: Clock) -> None:
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    await asyncio.gather(sleeper("late", 0.06), sleeper("early", 0.02), sleeper("middle", 0.04))
    assert woken == ["early", "middle", "late"]


async def test_a_short_sleep_repeated_wakes_before_one_long_sleep(clock: Clock) -> None:
    woken: list[str] = []

    async def thrice() -> None:
        for turn in ("first", "second", "third"):
            await clock.sleep(0.001)
            woken.append(turn)

    async def once() -> None:
        await clock.sleep(0.25)
        woken.append("long")

    await asyncio.gather(once(), thrice())
    assert woken == ["first", "second", "third", "long"]


@pytest.mark.parametrize("seconds", [0, -5])
async def test_a_sleep_of_no_time_lets_the_others_run(clock: Clock, seconds: float) -> None:
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    await clock.sleep(seconds)
    assert ran.is_set()


async def test_a_cancelled_sleeper_holds_nobody_up(clock: Clock) -> None:
    cancelled = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    cancelled.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await cancelled
    async with asyncio.timeout(5):
        await clock.sleep(0.01)


@pytest.mark.parametrize(
    "kept",
    [
        test_after_a_sleep_at_least_that_much_time_has_passed,
        test_who_is_due_first_wakes_first,
        test_a_short_sleep_repeated_wakes_before_one_long_sleep,
        partial(test_a_sleep_of_no_time_lets_the_others_run, seconds=0),
        partial(test_a_sleep_of_no_time_lets_the_others_run, seconds=-5),
        test_a_cancelled_sleeper_holds_nobody_up,
    ],
)
def test_a_simulated_clock_keeps_it_on_its_own_loop(kept: Callable[[Clock], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        clock = SimulatedClock(runner.get_loop())
        test_now_is_aware_and_in_utc(clock)
        runner.run(kept(clock))


async def test_a_held_fake_clock_moves_only_when_it_is_told_to() -> None:
    clock = FakeClock(held=True)
    start = clock.now()
    sleeper = asyncio.create_task(clock.sleep(60))
    await clock.advance(59)
    assert not sleeper.done()
    await clock.advance(1)
    assert sleeper.done()
    assert clock.now() - start == timedelta(seconds=60)


async def test_who_sleeps_again_in_a_held_fake_clock_wakes_as_often_as_the_time_allows() -> None:
    clock = FakeClock(held=True)
    start = clock.now()
    woken: list[float] = []

    async def every_ten_seconds() -> None:
        while True:
            await clock.sleep(10)
            woken.append((clock.now() - start).total_seconds())

    task = asyncio.create_task(every_ten_seconds())
    await clock.advance(35)
    assert woken == [10, 20, 30]
    task.cancel()
