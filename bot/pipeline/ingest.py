"""Ingest: from a source into the inbox, whatever waits in one commit."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from bot.pipeline.bell import Bell
from sources.clock import Clock
from sources.types import Arrival, Source
from storage.inbox import Inbox

log = logging.getLogger(__name__)

_MOST_WAITING = 1_000
"""How far a source may run ahead of the disk: bounds memory, and is a full batch for one commit."""


@dataclass
class Counts:
    """What came in since the start."""

    new: int = 0
    repeated: int = 0
    deleted: int = 0
    """Deletions, of posts that are known here and of others; an account with all its posts is one."""


class Ingest:
    """Reads one source for as long as it gives, and stores what it gave with the position to read on from."""

    def __init__(self, source: Source, inbox: Inbox, clock: Clock, *, stored: Bell, owed: Bell) -> None:
        self.source = source
        self.counts = Counts()
        self.ended = False
        """True once the source has no more to give and all it gave is stored."""

        self._inbox = inbox
        self._clock = clock
        self._stored = stored
        self._owed = owed
        self._arrived: asyncio.Queue[Arrival | None] = asyncio.Queue(_MOST_WAITING)

    async def run(self) -> None:
        """Returns when the source ends. Whatever an earlier run had read and not stored is read again."""
        self._arrived = asyncio.Queue(_MOST_WAITING)
        self._stored.ring()  # what an earlier run stored in the moment of its end nobody was told of
        self._owed.ring()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(), name=f"{self.source.name} reader")
            tasks.create_task(self._store(), name=f"{self.source.name} writer")
        self.ended = True
        self._stored.ring()

    async def _read(self) -> None:
        after = await self._inbox.positions(self.source.name)
        arrivals = self.source.posts(after)
        try:
            async for arrival in arrivals:
                await self._arrived.put(arrival)
        finally:  # who is cancelled here leaves no source reading for nobody
            if isinstance(arrivals, AsyncGenerator):
                await arrivals.aclose()
        await self._arrived.put(None)

    async def _store(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = await self._drain()
            if batch:
                await self._put(batch)

    async def _drain(self) -> tuple[list[Arrival], bool]:
        batch: list[Arrival] = []
        waiting: Arrival | None = await self._arrived.get()
        while waiting is not None:
            batch.append(waiting)
            if self._arrived.empty():
                return batch, True
            waiting = self._arrived.get_nowait()
        return batch, False

    async def _put(self, batch: list[Arrival]) -> None:
        posts = [arrival.post for arrival in batch if arrival.post is not None]
        deleted = [arrival.deleted for arrival in batch if arrival.deleted is not None]
        try:
            new = await self._inbox.put(
                posts,
                source=self.source.name,
                positions={arrival.part: arrival.cursor for arrival in batch},  # of each part the last
                seen_at=self._clock.now(),
                deleted=deleted,
            )
        finally:  # stored or not: whoever is cancelled in here may find it stored
            self._stored.ring()
            if deleted:
                self._owed.ring()  # messages that show them are to be redrawn
        self.counts.new += new
        self.counts.repeated += len(posts) - new
        self.counts.deleted += len(deleted)
        log.debug("stored source=%s posts=%d new=%d deleted=%d", self.source.name, len(posts), new, len(deleted))
