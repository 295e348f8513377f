"""The bell that wakes the one task that waits for news."""

import asyncio

import pytest

from bot.pipeline.bell import Bell
from sources.clock import SystemClock

AT_ONCE_S = 0.01
SOON_S = 5.0  # never reached unless the bell is broken


async def is_silent(bell: Bell) -> bool:
    """Whether nobody has rung: a wait with no time-out goes on."""
    waiting = asyncio.ensure_future(bell.wait())
    await asyncio.sleep(AT_ONCE_S)
    silent = not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return silent


async def test_a_bell_that_nobody_rang_is_silent() -> None:
    assert await is_silent(Bell(SystemClock()))


async def test_a_ring_wakes_the_one_who_waits() -> None:
    bell = Bell(SystemClock())
    waiting = asyncio.ensure_future(bell.wait())
    await asyncio.sleep(0)

    bell.ring()

    await asyncio.wait_for(waiting, SOON_S)
    assert await is_silent(bell)


async def test_a_ring_that_comes_while_nobody_waits_is_kept() -> None:
    bell = Bell(SystemClock())
    bell.ring()

    await asyncio.wait_for(bell.wait(), SOON_S)


async def test_many_rings_are_kept_as_one() -> None:
    bell = Bell(SystemClock())
    for _ in range(3):
        bell.ring()

    await asyncio.wait_for(bell.wait(), SOON_S)

    assert await is_silent(bell)


async def test_a_ring_is_kept_for_a_wait_of_no_time() -> None:
    bell = Bell(SystemClock())
    bell.ring()

    await bell.wait(timeout_s=0)

    assert await is_silent(bell)


@pytest.mark.parametrize("timeout_s", [0, AT_ONCE_S])
async def test_a_wait_that_ends_by_itself_leaves_the_next_ring_for_the_next_wait(timeout_s: float) -> None:
    bell = Bell(SystemClock())
    await asyncio.wait_for(bell.wait(timeout_s), SOON_S)

    bell.ring()

    assert not await is_silent(bell)


async def test_a_wait_that_is_cancelled_says_so_and_takes_no_ring() -> None:
    bell = Bell(SystemClock())
    waiting = asyncio.ensure_future(bell.wait(SOON_S))
    await asyncio.sleep(0)

    bell.ring()
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not await is_silent(bell)
