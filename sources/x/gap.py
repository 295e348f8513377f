"""What the stream missed, found by recent search."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from sources.clock import Clock
from sources.tally import Tally
from sources.x.asking import Asking
from sources.x.budget import Budget, seconds_until
from sources.x.deletions import Deletions
from sources.x.objects import read
from sources.x.outlet import Outlet
from sources.x.position import Stretch, due
from sources.x.rules import queries
from sources.x.transport import MOST_A_PAGE, Search, Transport, XRefusedError
from sources.x.watched import Watched

log = logging.getLogger(__name__)

LAG = timedelta(seconds=30)
"""So long after it was posted a post is found by search."""

_PATIENCE = timedelta(minutes=5)  # a gap that keeps growing is searched in pieces of this length
_REACH = timedelta(days=7) - timedelta(minutes=5)  # recent search knows the last seven days
_LOOK_S = 5.0
_BAD_REQUEST = 400
_LEAST_A_PAGE = 10


class Gaps:
    """Searches every stretch of time that the outlet has open, and says what cannot be found any more."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        watched: Watched,
        outlet: Outlet,
        budget: Budget,
        deletions: Deletions,
        tally: Tally,
        lag: timedelta = LAG,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._watched = watched
        self._outlet = outlet
        self._budget = budget
        self._deletions = deletions
        self._tally = tally
        self._lag = lag
        self._asking = Asking(clock, tally, "search")

    async def run(self) -> None:
        """For ever."""
        while True:
            stretch = due(self._outlet.gaps, self._clock.now(), self._lag, _PATIENCE)
            if stretch is not None:
                await self._search(stretch)
            elif self._outlet.gaps:
                await self._clock.sleep(self._wait_s())
            else:
                self._outlet.gap_opened.clear()
                await self._outlet.gap_opened.wait()

    def _wait_s(self) -> float:
        """Until the first gap's end is old enough, or for a moment where that is not its end yet."""
        left_s = (self._outlet.gaps[0].end + self._lag - self._clock.now()).total_seconds()
        return max(0.0, min(left_s, _LOOK_S))

    async def _search(self, stretch: Stretch) -> None:
        """Everybody's posts of that time."""
        reachable = self._reachable(stretch)
        if reachable is not None and self._watched.wish:
            for query in queries(self._watched.wish):
                await self._pages(Search(query=query, start=reachable.start, end=reachable.end))
        await self._outlet.searched(stretch)
        log.info("searched source=x start=%s end=%s", stretch.start.isoformat(), stretch.end.isoformat())

    def _reachable(self, stretch: Stretch) -> Stretch | None:
        """The part of it that search still knows; the rest is lost, and told."""
        first = self._clock.now() - _REACH
        if stretch.start >= first:
            return stretch
        self._lose(stretch.start, min(first, stretch.end), "search reaches back seven days")
        return Stretch(start=first, end=stretch.end) if first < stretch.end else None

    def _lose(self, start: datetime, end: datetime, reason: str) -> None:
        """How many posts those are nobody can tell: the stretch counts as one."""
        self._tally.lost()
        self._tally.missed(f"posts from {start:%d %B %H:%M} to {end:%d %B %H:%M} UTC are lost: {reason}")

    async def _pages(self, search: Search) -> None:
        """All pages of a query, however often one has to be asked for."""
        page: str | None = ""
        while page is not None:
            await self._until_affordable()
            most = min(max(self._budget.room(), _LEAST_A_PAGE), MOST_A_PAGE)
            page = await self._page(replace(search, page=page, most=most))

    async def _page(self, search: Search) -> str | None:
        """Give a page's posts, oldest first; what leads to the next page, None after the last."""
        try:
            payload = await self._asking.until_answered(
                lambda: self._transport.search(search), gives_up=lambda error: error.status == _BAD_REQUEST
            )
        except XRefusedError as error:
            self._lose(search.start, search.end, str(error))
            return None
        found = read(payload, self._watched.known)
        for what in found.skipped:
            self._tally.skipped(what)
        for tweet in reversed(found.tweets):
            if await self._outlet.found(tweet):
                self._deletions.watch(tweet)
        meta = payload.get("meta")
        following = meta.get("next_token") if isinstance(meta, dict) else None
        return following if isinstance(following, str) and following else None

    async def _until_affordable(self) -> None:
        while self._budget.is_spent:
            await self._clock.sleep(seconds_until(self._budget.next_month(), self._clock.now()))
