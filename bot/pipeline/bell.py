"""A bell: wakes the one task that waits for news."""

import asyncio

from sources.clock import Clock


class Bell:
    """Rings that come while nobody waits are kept as one, so none is missed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()
        self.rings = 0
        """How often it was rung."""

    def ring(self) -> None:
        self.rings += 1
        self._rung.set()

    async def wait(self, timeout_s: float | None = None) -> None:
        """Return at the next ring, or after `timeout_s` on the clock."""
        if timeout_s is None:
            await self._rung.wait()
        elif not self._rung.is_set():
            ends = [asyncio.ensure_future(self._rung.wait()), asyncio.ensure_future(self._clock.sleep(timeout_s))]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
        self._rung.clear()
