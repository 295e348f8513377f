"""Waiting by the Clock: what comes in time is had, what does not is ended, and nothing is left running."""

import asyncio

import pytest

from sources.x.waiting import until, within
from tests.fakes.clock import FakeClock


async def test_what_comes_in_time_is_had_and_no_time_passes_for_it() -> None:
    clock = FakeClock(held=True)

    async def answer() -> int:
        await asyncio.sleep(0)
        return 7

    assert await within(clock, 10, answer()) == 7


async def test_what_takes_too_long_is_ended() -> None:
    clock, ended = FakeClock(), asyncio.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    began = clock.now()
    with pytest.raises(TimeoutError):
        await within(clock, 10, never())
    assert ended.is_set()
    assert (clock.now() - began).total_seconds() == 10


async def test_what_fails_fails_as_it_would_by_itself() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await within(FakeClock(held=True), 10, fail())


async def test_who_is_cancelled_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    waiting = asyncio.ensure_future(within(FakeClock(held=True), 10, asyncio.Event().wait()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert asyncio.all_tasks() == before


async def test_waiting_for_an_event_ends_with_it_or_with_the_time() -> None:
    clock, happened = FakeClock(), asyncio.Event()
    began = clock.now()
    await until(clock, 5, happened)
    assert (clock.now() - began).total_seconds() == 5
    happened.set()
    await until(clock, 5, happened)
    assert (clock.now() - began).total_seconds() == 5
