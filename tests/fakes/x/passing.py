"""Time that passes beside real sockets: from one moment at which somebody wakes to the next, with both ends heard."""

import asyncio
from contextlib import suppress

from tests.fakes.clock import FakeClock

LONGEST_STEP_S = 5.0
"""An answer that is on its way may take several steps before whoever waits for it gives up."""


async def settle() -> None:
    """Let what is on its way over sockets arrive: both ends are on this loop."""
    for turn in range(20):
        await asyncio.sleep(0 if turn % 10 else 0.001)


async def step(clock: FakeClock) -> None:
    """Time passes until the next sleeper wakes, who then does what there is to do."""
    now = clock.now()
    due = min((due for due, _, woken in clock._sleepers if not woken.done()), default=now)
    await clock.advance(min(max((due - now).total_seconds(), 0.001), LONGEST_STEP_S))
    await settle()


class Passing:
    """`async with Passing(clock)`: time passes by itself while others work."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    async def __aenter__(self) -> None:
        self._running = asyncio.ensure_future(self._run())

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running

    async def _run(self) -> None:
        while True:
            await step(self._clock)
