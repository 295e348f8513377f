"""Waiting by the Clock: for so long at most, or until something happened."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sources.clock import Clock

T = TypeVar("T")


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives. Raises TimeoutError when it takes longer, and ends it."""
    working = asyncio.ensure_future(work)
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((working, alarm), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise TimeoutError
    finally:
        await _end(working, alarm)


async def until(clock: Clock, seconds: float, happened: asyncio.Event) -> None:
    """Return once `happened` is set, or after so many seconds."""
    try:
        await within(clock, seconds, happened.wait())
    except TimeoutError:
        return


async def _end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel what still runs, and wait for its end."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # whatever ended it, nobody waits for it any more
