"""Who listens to a Source in a test."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

from sources.types import Arrival, Cursor, Deletion, Positions, Post, Source

_PATIENCE_S = 10.0


async def holds(condition: Callable[[], bool], *, within_s: float = _PATIENCE_S) -> None:
    """Return once it holds; it is about what real sockets bring, so there is no event to wait for."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Ear:
    """Reads a source in the background, as the pipeline does, and keeps its positions."""

    def __init__(self, source: Source, after: Positions | None = None) -> None:
        self.heard: list[Arrival] = []
        self.positions: dict[str, Cursor] = dict(after or {})
        self._source = source

    @property
    def posts(self) -> list[Post]:
        return [arrival.post for arrival in self.heard if arrival.post]

    @property
    def texts(self) -> list[str]:
        return [post.text for post in self.posts]

    @property
    def deleted(self) -> list[str]:
        return [arrival.deleted.id for arrival in self.heard if isinstance(arrival.deleted, Deletion)]

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Ear"]:
        task = asyncio.create_task(self._read())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, count: int) -> None:
        """Return once so many arrivals were posts or deletions."""
        await holds(lambda: len(self.texts) + len(self.deleted) >= count)

    async def _read(self) -> None:
        posts = self._source.posts(self.positions)
        assert isinstance(posts, AsyncGenerator), "it has to be closed"
        async with aclosing(posts) as arrivals:
            async for arrival in arrivals:
                self.heard.append(arrival)
                self.positions[arrival.part] = arrival.cursor
