"""A source that reads from a local X over real sockets, and a test's hand on both, and on time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from sources.types import Account, Arrival, Positions, PostKind, Wanted
from sources.x.source import Manner, X, open_x
from tests.fakes.clock import FakeClock
from tests.fakes.x.passing import settle, step
from tests.fakes.x.server import TOKEN, FakeX

MOST_STEPS = 5_000


@dataclass
class Scene:
    """A source that reads from a local X, and what it gave."""

    x: FakeX
    source: X
    clock: FakeClock
    given: list[Arrival] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [arrival.post.text for arrival in self.given if arrival.post]

    @property
    def after(self) -> Positions:
        return {self.given[-1].part: self.given[-1].cursor}

    async def watch(self, *handles: str, without: frozenset[PostKind] = frozenset()) -> None:
        users = [self.x.world.user(handle) for handle in handles]
        accounts = [Account(source="x", id=user["id"], handle=user["username"]) for user in users]
        await self.source.watch([Wanted(account=account, without=without) for account in accounts])

    async def until(self, happened: Callable[[], object]) -> None:
        """Let time pass until it happened."""
        await settle()
        for _ in range(MOST_STEPS):
            if happened():
                return
            await step(self.clock)
        raise AssertionError(f"it did not happen; {self.source.trouble()!r}, {self.texts}")

    async def passes(self, seconds: float) -> None:
        end = self.clock.now() + timedelta(seconds=seconds)
        await self.until(lambda: self.clock.now() >= end)

    async def connected(self) -> None:
        await self.until(lambda: self.x.is_connected)

    @asynccontextmanager
    async def reading(self, after: Positions | None = None) -> AsyncIterator[None]:
        taking = asyncio.ensure_future(self._take(after or {}))
        try:
            yield
        finally:
            taking.cancel()
            with suppress(asyncio.CancelledError):
                await taking

    async def _take(self, after: Positions) -> None:
        arrivals = self.source.posts(after)
        try:
            async for arrival in arrivals:
                self.given.append(arrival)
        finally:
            await arrivals.aclose()


@asynccontextmanager
async def scene_with(manner: Manner | None = None, token: str = TOKEN) -> AsyncIterator[Scene]:
    clock = FakeClock(held=True)
    async with FakeX.running(clock) as x, open_x(token=token, url=x.url, clock=clock, manner=manner) as source:
        yield Scene(x, source, clock)
