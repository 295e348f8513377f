"""Feeds as a Source: each one read by itself, as often as it changes, for all who watch it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Sequence

from sources.accounts import RSS
from sources.clock import Clock
from sources.feeds.fetch import Aside, Fetches, is_about_feed
from sources.feeds.lookup import Lookup
from sources.feeds.news import latest
from sources.feeds.position import Position
from sources.feeds.reading import Feed, Reading, Readings
from sources.feeds.schedule import start_wait_s
from sources.types import Account, Arrival, Handle, Positions, Post, SourceError, SourceState, Wanted

logger = logging.getLogger("lapwing.sources.feeds")

AT_ONCE = 8
"""So many feeds are asked at the same time."""

_Found = asyncio.Queue[Reading | Exception]


class Feeds:
    """All feeds that are watched. Each has a task of its own while `posts` is iterated, one iteration at a time."""

    name = RSS
    serves = frozenset({RSS})
    finite = False

    def __init__(self, fetches: Fetches, *, clock: Clock, aside: Aside | None = None, at_once: int = AT_ONCE) -> None:
        """`fetches`: a Fetcher. `at_once`: how many feeds are asked at the same time."""
        self._clock = clock
        aside = aside or Aside()
        self._lookup = Lookup(fetches, aside, clock)
        self._readings = Readings(fetches, aside, clock, at_once=at_once)
        self._feeds: dict[str, Feed] = {}
        self._positions: dict[str, Position] = {}
        self._left: set[asyncio.Task[None]] = set()
        """Of feeds that nobody watches any more, until they have ended."""

        self._told = False
        self._found: _Found | None = None

    def trouble(self) -> str:
        """Which feeds cannot be read, and what lately came and was no feed."""
        return "; ".join(filter(None, [self._readings.troubles.words(), self._readings.tally.trouble()]))

    def state(self) -> SourceState:
        """Connected since the first answer after none could be read; a gap is a feed that shows nothing it showed."""
        return self._readings.tally.state()

    def refusal(self, wanted: Collection[Wanted]) -> str:  # noqa: ARG002  (a Source's signature)
        """Never: feeds have no limit of their own."""
        return ""

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """New ones are read at once; a feed that others watch already is not read again for those who join them."""
        accounts = {one.account.id: one.account for one in wanted}
        for part in [part for part in self._feeds if part not in accounts]:
            self._leave(part)
        for part, account in accounts.items():
            if part in self._feeds:
                self._feeds[part].account = account
                continue
            feed = Feed(account=account, resumed=not self._told, position=self._positions.get(part, Position()))
            self._feeds[part] = feed
            if self._found is not None:
                self._follow(feed, self._found, 0.0)
        self._told = True

    async def posts(self, after: Positions) -> AsyncGenerator[Arrival, None]:
        """Each reading's new posts, oldest first; between feeds in the order in which they were read. Never ends."""
        self._positions = _positions(after)
        found = self._found = _Found(1)
        for part, feed in self._feeds.items():
            feed.position, feed.failures = self._positions.get(part, Position()), 0
            read_before = feed.position.read
            self._follow(feed, found, start_wait_s(part, len(self._feeds)) if read_before else 0.0)
        try:
            while True:
                reading = await found.get()
                if isinstance(reading, Exception):
                    raise reading
                for arrival in reading.arrivals():
                    if self._feeds.get(reading.feed.account.id) is not reading.feed:
                        break  # nobody watches it any more
                    if arrival.post:
                        self._readings.tally.given()
                    yield arrival
        finally:
            self._found = None
            await _end([*self._left, *(feed.task for feed in self._feeds.values() if feed.task)])

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """What the feed shows now. Raises SourceError."""
        feed = self._feeds.get(account.id)
        position = feed.position if feed else self._positions.get(account.id, Position())
        try:
            document = await self._lookup.document(position.address or account.id)
        except SourceError as error:
            raise SourceError(f"{account} {error}") if is_about_feed(error) else error from None
        return latest(account, document, position, self._clock.now(), limit)

    async def resolve(self, handle: Handle) -> Account:
        """The feed at this address, or the one that the page at this address names.

        Raises AccountNotFoundError where nothing is there, SourceError where what is there is no feed.
        """
        return await self._lookup.account(handle)

    def _follow(self, feed: Feed, found: _Found, first_wait_s: float) -> None:
        """Read it from now on until its task is cancelled."""

        async def follow() -> None:
            try:
                await self._clock.sleep(first_wait_s)
                while True:
                    await self._clock.sleep(await self._read(feed, found))
            except Exception as error:  # a bug: it ends the iteration, where it is heard
                await found.put(error)

        feed.task = asyncio.create_task(follow(), name=f"feed {feed.account.id}")

    async def _read(self, feed: Feed, found: _Found) -> float:
        """For how many seconds to leave it alone then."""
        reading, wait_s = await self._readings.read(feed)
        if reading is not None:
            await found.put(reading)
            feed.position, feed.resumed = reading.after, True
            self._positions[feed.account.id] = reading.after
        elif self._readings.troubles.all_of(len(self._feeds)):
            self._readings.tally.disconnected()
        return wait_s

    def _leave(self, part: str) -> None:
        feed = self._feeds.pop(part)
        self._readings.troubles.well(part)
        if feed.task:
            feed.task.cancel()
            self._left.add(feed.task)
            feed.task.add_done_callback(self._left.discard)


def _positions(after: Positions) -> dict[str, Position]:
    """Those that can be read; a feed whose cannot is read as if for the first time."""
    found = {}
    for part, cursor in after.items():
        try:
            found[part] = Position.from_cursor(cursor)
        except ValueError as error:
            logger.warning("restart feed=%s reason=%r", part, str(error))
    return found


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
