"""Time that jumps: what the simulated loop promises beyond what every Clock does."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.simulation.time import SimulatedLoop


@pytest.fixture
def loop() -> Iterator[SimulatedLoop]:
    made = SimulatedLoop()
    yield made
    made.close()


def test_a_day_passes_in_no_time(loop: SimulatedLoop) -> None:
    started = time.monotonic()
    loop.run_until_complete(asyncio.sleep(86_400))
    assert loop.time() == 86_400
    assert time.monotonic() - started < 5


def test_work_given_to_a_thread_takes_the_time_that_it_says_and_holds_nobody_up(loop: SimulatedLoop) -> None:
    seen: list[float] = []

    def work() -> str:
        loop.block(60)
        return "done"

    async def both() -> str:
        working = loop.run_in_executor(ThreadPoolExecutor(1), work)
        await asyncio.sleep(1)
        seen.append(loop.time())
        return str(await working)

    assert loop.run_until_complete(both()) == "done"
    assert seen == [1]
    assert loop.time() == 60


def test_what_such_work_raises_is_raised_where_it_is_waited_for(loop: SimulatedLoop) -> None:
    def work() -> None:
        raise ValueError("no")

    async def ask() -> None:
        await loop.run_in_executor(None, work)

    with pytest.raises(ValueError, match="no"):
        loop.run_until_complete(ask())


def test_a_world_in_which_everybody_waits_for_ever_is_an_error(loop: SimulatedLoop) -> None:
    with pytest.raises(RuntimeError, match="everybody waits"):
        loop.run_until_complete(asyncio.wait_for(loop.create_future(), None))


def test_a_word_from_another_thread_is_refused(loop: SimulatedLoop) -> None:
    refused: list[RuntimeError] = []

    def speak() -> None:
        try:
            loop.call_soon_threadsafe(lambda: None)
        except RuntimeError as error:
            refused.append(error)

    other = threading.Thread(target=speak, name="a thread beside it")
    other.start()
    other.join()
    assert "a thread beside it" in str(refused[0])


@pytest.mark.parametrize("start_s", [1.1, 3.3, 56_254.699446, 86_399.999999])
def test_a_timer_less_than_a_tick_away_is_reached(loop: SimulatedLoop, start_s: float) -> None:
    """As near as the loop's own resolution, where rounding decides whether it is due."""
    loop.run_until_complete(asyncio.sleep(start_s))
    reached = loop.create_future()
    loop.call_at(loop.time() + 1e-9, reached.set_result, None)
    loop.run_until_complete(reached)
    assert loop.time() == pytest.approx(start_s + 1e-6, abs=1e-9)
