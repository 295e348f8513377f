"""A Clock whose time passes only in the test."""

import asyncio
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

_ROUNDS = 10  # of the event loop: what a woken task starts at once gets to sleep before the next one wakes


class FakeClock:
    """Virtual time: it stands still while anybody works and jumps to the next sleeper once all have had their turn.

    Sleepers wake one by one, ordered by when they are due, then by when they lay down. Work on other threads is not
    waited for: a test whose tasks do such work while others sleep takes `held=True`, and time passes in `advance` only.
    """

    def __init__(self, start: datetime = datetime(2026, 11, 2, 9, tzinfo=UTC), *, held: bool = False) -> None:
        self._now = start
        self._held = held
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        due = self._now + timedelta(seconds=max(0.0, seconds))
        heappush(self._sleepers, (due, next(self._numbers), woken))
        if len(self._sleepers) == 1 and not self._held:
            self._wake_next_after(_ROUNDS)
        await woken

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, waking in their order those who are due by then."""
        assert self._held, "the time of this clock passes by itself; take FakeClock(held=True)"
        end = self._now + timedelta(seconds=seconds)
        await _rounds()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._wake_next()
            await _rounds()
        self._now = end

    def _wake_next_after(self, rounds: int) -> None:
        """Runs by itself for as long as anybody sleeps."""
        if rounds:
            asyncio.get_running_loop().call_soon(self._wake_next_after, rounds - 1)
            return
        self._wake_next()
        if self._sleepers:
            self._wake_next_after(_ROUNDS)

    def _wake_next(self) -> None:
        due, _, woken = heappop(self._sleepers)
        if not woken.done():  # who was cancelled moves no time
            self._now = max(self._now, due)
            woken.set_result(None)


async def _rounds() -> None:
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
