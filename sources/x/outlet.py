"""The one way out of the source: what is given, each time with the position from which reading goes on."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sources.clock import Clock
from sources.tally import Tally
from sources.types import Arrival, Deletion
from sources.x.budget import Budget
from sources.x.objects import Tweet
from sources.x.position import AFTER, BEFORE, Position, Stretch
from sources.x.watched import Watched

Move = Callable[[Position], Position]

_MOST_WAITING = 1_000
_AT_ONCE = timedelta(seconds=5)  # posts take longer than that to the stream, so it missed none
_REMEMBERED = 20_000
"""Ids of late, to tell what search found and the stream had not brought."""


class Outlet:
    """Keeps the position, and gives what came with it. One for each run of `posts`."""

    def __init__(self, position: Position, *, clock: Clock, watched: Watched, budget: Budget, tally: Tally) -> None:
        self.arrivals: asyncio.Queue[Arrival] = asyncio.Queue(_MOST_WAITING)
        self.gap_opened = asyncio.Event()
        """Set when there is a stretch to search; who waits for it clears it."""

        self._position = position
        self._compared_before = position.compared
        self._clock = clock
        self._watched = watched
        self._budget = budget
        self._tally = tally
        self._given: OrderedDict[str, None] = OrderedDict()
        self._turn = asyncio.Lock()
        if position.gaps:
            self.gap_opened.set()

    @property
    def gaps(self) -> tuple[Stretch, ...]:
        """What is still to be searched."""
        return self._position.gaps

    @property
    def compared_at(self) -> datetime | None:
        """When the rules were last as they should be, in this life of the program or an earlier one."""
        return self._position.compared

    def compared(self) -> None:
        """The rules are as they should be."""
        self._position = replace(self._position, compared=self._clock.now())

    async def streamed(self, tweet: Tweet) -> bool:
        """A tweet came by the stream just now. Whether anybody wanted it."""
        self._budget.count((tweet.id,))
        return await self._give(tweet, self._heard_now)

    async def found(self, tweet: Tweet) -> bool:
        """A tweet was found by search. Whether anybody wanted it and the stream had not brought it."""
        self._budget.count((tweet.id,))
        if tweet.id in self._given or not await self._give(tweet, _unmoved):
            return False
        self._tally.recovered()
        return True

    async def deleted(self, deletion: Deletion) -> None:
        """Word of a deletion."""
        await self._put(_unmoved, deleted=deletion)

    async def kept_alive(self) -> None:
        """The stream was heard, and there was no post."""
        await self._put(self._heard_now)

    def resumed(self, connected_at: datetime, needed_since: datetime) -> None:
        """The stream is heard again: what it did not bring since it was last heard is to be searched.

        After a start, since the rules were last seen to be right: an earlier life may have put them right and died
        before it could say so. After a rest, since it was needed again, where X was not there at once.
        """
        heard, compared = self._position.heard, self._compared_before
        self._compared_before = None
        if heard is not None:
            self._open(min(heard - BEFORE, compared or heard), connected_at + AFTER)
        elif connected_at - needed_since > _AT_ONCE:
            self._open(needed_since, connected_at + AFTER)

    async def rested(self) -> None:
        """Nothing is to be read for a while, on purpose: there is nothing to go on from afterwards."""
        if self._position.heard is not None:
            await self._put(lambda position: replace(position, heard=None))

    def missed(self, since: datetime | None = None) -> None:
        """Something was missed though the stream is up: since then, or just now."""
        now = self._clock.now()
        self._open((since or now - BEFORE), now + AFTER)

    async def searched(self, stretch: Stretch) -> None:
        """A stretch was searched, or is given up."""
        await self._put(lambda position: position.without(stretch))

    def _open(self, start: datetime, end: datetime) -> None:
        self._position = self._position.with_gap(Stretch(start=start, end=max(end, start + timedelta(seconds=1))))
        self._tally.gap()
        self.gap_opened.set()

    async def _give(self, tweet: Tweet, move: Move) -> bool:
        if not self._watched.wants(tweet):
            return False
        self._given[tweet.id] = None
        if len(self._given) > _REMEMBERED:
            self._given.popitem(last=False)
        self._tally.given()
        await self._put(move, tweet=tweet)
        return True

    async def _put(self, move: Move, *, tweet: Tweet | None = None, deleted: Deletion | None = None) -> None:
        """The position moves once what it covers waits to be taken, and not before."""
        async with self._turn:
            position = replace(move(self._position), month=self._budget.month, read=self._budget.read)
            post = tweet.post if tweet else None
            await self.arrivals.put(Arrival(cursor=position.to_cursor(), post=post, deleted=deleted))
            self._position = move(self._position)  # which may have got a gap meanwhile

    def _heard_now(self, position: Position) -> Position:
        return replace(position, heard=self._clock.now())


def _unmoved(position: Position) -> Position:
    return position
