"""Keeping: once an hour what is older than the retention is forgotten, a little at a time, so that no alert waits."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sources.clock import Clock
from storage import retention
from storage.database import Connection, Database
from storage.failpoints import Commit

log = logging.getLogger(__name__)

_EVERY_S = 3_600.0
_BREATH_S = 0.05
"""Between two transactions, so that others come to write."""

_FEWEST, _MOST = 25, 100
_QUICK_S, _SLOW_S = 0.015, 0.040
"""A transaction is to take no longer than a screen takes to draw: others that commit wait for it."""


class Keeping:
    """One task. `days`: for so long posts, and what became of them, are kept; 0: for ever."""

    def __init__(self, database: Database, clock: Clock, days: int) -> None:
        self._database = database
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """For ever, a pass an hour; where everything is kept, returns at once."""
        while self._days:
            before = self._clock.now() - timedelta(days=self._days)
            forgotten, notices = await self._forget_posts(before), await self._forget_notices(before)
            if forgotten or notices:
                log.info("forgot posts=%d notices=%d before=%s", forgotten, notices, before.isoformat())
            await self._clock.sleep(_EVERY_S)

    async def _forget_posts(self, before: datetime) -> int:
        forgotten, size = 0, _FEWEST
        mark: retention.Mark | None = None
        while True:
            step = partial(_timed, partial(retention.forget_posts, before=before, after=mark, limit=size))
            done, took_s = await self._database.transaction(step, Commit.FORGET)
            forgotten, mark = forgotten + done.forgotten, done.mark
            if mark is None:
                return forgotten
            size = _next_size(size, took_s)
            await self._clock.sleep(_BREATH_S)

    async def _forget_notices(self, before: datetime) -> int:
        forgotten = 0
        step = partial(retention.forget_notices, before=before, limit=_MOST)
        while done := await self._database.transaction(step, Commit.FORGET):
            forgotten += done
            await self._clock.sleep(_BREATH_S)
        return forgotten


def _timed(step: Callable[[Connection], retention.Pass], connection: Connection) -> tuple[retention.Pass, float]:
    """The step's own seconds, without the wait for the writer and the disk: a slow disk asks for fewer commits."""
    started = time.monotonic()
    return step(connection), time.monotonic() - started


def _next_size(size: int, took_s: float) -> int:
    """How many posts to look at next: one that alerted hundreds of channels is as much work as hundreds of others."""
    if took_s < _QUICK_S:
        return min(size * 2, _MOST)
    return max(size // 2, 1) if took_s > _SLOW_S else size
