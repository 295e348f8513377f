"""A bell: wakes the one task that waits for news."""

import asyncio


class Bell:
    """Rings that come while nobody waits are kept as one, so none is missed and none is counted."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, timeout_s: float | None = None) -> None:
        """Return at the next ring, or after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()
