"""One reading of one feed: asked, parsed, compared with what is known, and when to ask again."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sources.clock import Clock
from sources.feeds.document import BrokenFeedError
from sources.feeds.fetch import AnsweredNoError, Aside, Fetches, digest, fetch, is_about_feed, is_same, read_document
from sources.feeds.news import NO_NEWS, News, dates, news
from sources.feeds.position import Position, after_reading, is_worth_keeping
from sources.feeds.schedule import failed_wait_s, first_interval_s, least_wait_s, next_interval_s, wait_s
from sources.feeds.troubles import Troubles
from sources.http import Fetched, TooLargeError, retry_after_s
from sources.tally import Tally
from sources.types import Account, Arrival, Deletion, SourceError

logger = logging.getLogger("lapwing.sources.feeds")

_MOVED_BACK_AFTER = 3
"""After so many failures in a row a feed is sought again where it was before it moved."""

_MOST_VALIDATOR = 500  # characters of an ETag


@dataclass
class Feed:
    """A feed that is watched."""

    account: Account
    resumed: bool
    """Whether it was watched ever since it was last read, as far as anybody knows."""

    position: Position
    failures: int = 0
    """In a row."""

    task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where it is now."""
        return self.position.address or self.account.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a reading brought, to be given one by one."""

    feed: Feed
    before: Position
    news: News
    after: Position

    def arrivals(self) -> Iterator[Arrival]:
        """The new posts and deletions. Each cursor covers what was given so far, the last one all of the document."""
        part, position = self.feed.account.id, self.before
        left = len(self.news.posts) + len(self.news.deleted)
        for known, post in self.news.posts:
            left -= 1
            position = position.with_given(known) if left else self.after
            yield Arrival(cursor=position.to_cursor(), part=part, post=post)
        for gone in self.news.deleted:
            left -= 1
            position = position.with_deleted(gone) if left else self.after
            yield Arrival(
                cursor=position.to_cursor(), part=part, deleted=Deletion(source=self.feed.account.source, id=gone)
            )
        if position is self.before and is_worth_keeping(self.before, self.after):
            yield Arrival(cursor=self.after.to_cursor(), part=part)


class Readings:
    """Reads feeds, so many at once, and keeps count of what came and what is wrong."""

    def __init__(self, fetches: Fetches, aside: Aside, clock: Clock, *, at_once: int) -> None:
        self.tally = Tally(clock)
        self.troubles = Troubles()
        self._fetches = fetches
        self._aside = aside
        self._clock = clock
        self._at_once = asyncio.Semaphore(at_once)

    async def read(self, feed: Feed) -> tuple[Reading | None, float]:
        """What came, None where the feed cannot be read, and for how many seconds to leave it alone then."""
        async with self._at_once:
            try:
                fetched = await fetch(
                    self._fetches, feed.address, etag=feed.position.etag, modified=feed.position.modified
                )
                self.tally.heard()
                reading = await self._taken(feed, fetched)
            except SourceError as error:
                return None, self._failed(feed, error)
        feed.failures = 0
        self.troubles.well(feed.account.id)
        self.tally.connected()
        least_s = least_wait_s(fetched.headers, reading.after.ttl_s, self._clock.now())
        return reading, wait_s(feed.account.id, reading.after.interval_s, least_s=least_s)

    async def _taken(self, feed: Feed, fetched: Fetched) -> Reading:
        before, moved = feed.position, replace(feed.position, address=fetched.moved_to or feed.position.address)
        if is_same(fetched) or digest(fetched.body) == before.digest:
            after = replace(moved, interval_s=next_interval_s(before.interval_s, changed=False))
            return Reading(feed=feed, before=before, news=NO_NEWS, after=after)
        reading = await self._aside.run(partial(_read, feed, fetched, moved, self._clock.now()))
        if reading.news.missed:
            self.tally.gap()
        return reading

    def _failed(self, feed: Feed, error: SourceError) -> float:
        """How long to leave it alone."""
        feed.failures += 1
        if feed.failures >= _MOVED_BACK_AFTER:
            feed.position = replace(feed.position, address="")
        told = f"{feed.account.id} {error}" if is_about_feed(error) else f"{feed.account.id}: {error}"
        self.troubles.wrong(feed.account.id, told)
        if feed.failures == 1:  # what stays broken is no news each time it is read
            logger.warning("failed feed=%s reason=%r", feed.account.id, str(error))
            if isinstance(error, BrokenFeedError | TooLargeError):
                self.tally.skipped(told)
        answered = error.fetched if isinstance(error, AnsweredNoError) else None
        return failed_wait_s(
            feed.position.interval_s,
            feed.failures,
            status=answered.status if answered else 0,
            asked_s=retry_after_s(answered.headers, self._clock.now()) if answered else 0.0,
        )


def _read(feed: Feed, fetched: Fetched, before: Position, now: datetime) -> Reading:
    """The document and what is new in it; keeps a core busy. Raises BrokenFeedError."""
    document = read_document(fetched)
    found = news(feed.account, document, before, now, resumed=feed.resumed)
    interval_s = (
        next_interval_s(before.interval_s, changed=bool(found.posts or found.deleted))
        if before.read
        else first_interval_s(dates(document, now))
    )
    after = replace(
        after_reading(before, found.shown, found.deleted),
        etag=_validator(fetched, "ETag"),
        modified=_validator(fetched, "Last-Modified"),
        digest=digest(fetched.body),
        interval_s=interval_s,
        ttl_s=document.ttl_s,
    )
    return Reading(feed=feed, before=feed.position, news=found, after=after)


def _validator(fetched: Fetched, name: str) -> str:
    """What to send back the next time, unless no server can have meant it."""
    value = fetched.headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and len(value) < _MOST_VALIDATOR else ""
