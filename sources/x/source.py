"""X as a source."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sources.accounts import X as X_NAME
from sources.clock import Clock
from sources.tally import Tally
from sources.types import Account, Arrival, Handle, Positions, Post, SourceError, SourceState, Wanted
from sources.x.backoff import Connects
from sources.x.budget import Budget
from sources.x.deletions import LOOKS, Deletions
from sources.x.gap import LAG, Gaps
from sources.x.keeper import Keeper
from sources.x.outlet import Outlet
from sources.x.people import People
from sources.x.position import Position, from_cursor
from sources.x.rules import TooManyAccountsError, pack
from sources.x.stream import RULES_FIRST_S, Stream
from sources.x.transport import Transport
from sources.x.waiting import until
from sources.x.watched import Watched, unnumbered, wish_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How X is read, where that is a matter of choice."""

    monthly_posts: int = 0
    """The most posts read a month, of all kinds of reading; 0: no limit."""

    looks: Sequence[timedelta] = LOOKS
    """How long after a post was read to look whether it is still there; none: deletions are not followed."""

    looks_every_s: float = 60.0
    search_lag: timedelta = LAG
    """How long after it was posted a post is found by search."""


class X:
    """Posts of X by its filtered stream, what that misses by recent search. One run of `posts` at a time."""

    name = X_NAME
    serves = frozenset({X_NAME})
    finite = False

    def __init__(self, transport: Transport, *, clock: Clock, manner: Manner | None = None) -> None:
        self._transport = transport
        self._clock = clock
        self._manner = manner or Manner()
        self._tally = Tally(clock)
        self._budget = Budget(clock, limit=self._manner.monthly_posts)
        self._people = People(transport, clock, self._budget)
        self._watched = Watched()
        self._told = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._connects = Connects()
        self._deletions = Deletions(
            transport, clock, self._budget, looks=self._manner.looks, every_s=self._manner.looks_every_s
        )

    def trouble(self) -> str:
        """What keeps X from being read, what was lost, and that the month's limit is near or reached."""
        return "; ".join(filter(None, (self._tally.trouble(), self._budget.warning())))

    def state(self) -> SourceState:
        """How X fares; `lost` counts stretches of time, since nobody can tell how many posts were in them."""
        return self._tally.state(self._budget.words())

    def refusal(self, wanted: Collection[Wanted]) -> str:
        """Why the rules that X allows cannot name all of these."""
        try:
            pack(wish_of(wanted))
        except TooManyAccountsError as error:
            return str(error)
        return ""

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """The rules at X follow within moments. Raises SourceError for more accounts than fit."""
        if reason := self.refusal(wanted):
            raise SourceError(reason)
        self._tally.unknown(unnumbered(wanted))
        self._watched.replace(wanted, self._clock.now())
        self._told.set()

    async def posts(self, after: Positions) -> AsyncGenerator[Arrival, None]:
        """In the order X sends them; what search found in between. Reads nothing before `watch` was called once."""
        await self._end()  # of a reading that was let go of: X allows one connection
        outlet = Outlet(
            self._position(after), clock=self._clock, watched=self._watched, budget=self._budget, tally=self._tally
        )
        self._running = running = asyncio.create_task(self._run(outlet), name="x")
        try:
            while arrival := await _next(outlet.arrivals, running):
                yield arrival
        finally:
            if self._running is running:
                await self._end()

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """From X, or as it was up to 15 minutes ago. Raises SourceError."""
        return await self._people.recent(account, limit)

    async def resolve(self, handle: Handle) -> Account:
        """Raises AccountNotFoundError and SourceError."""
        return await self._people.find(handle, [account.handle for account in self._watched.known.values()])

    async def _end(self) -> None:
        """End the run under way, if there is one."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait({running})
            _ = running.cancelled() or running.exception()  # whatever it was, who reads has heard of it or is gone
            self._tally.disconnected()

    def _position(self, after: Positions) -> Position:
        try:
            position = from_cursor(after.get(""))
        except ValueError as error:
            log.warning("restart source=x reason=%r", str(error))
            position = Position()
        self._budget.resume(position.month, position.read)
        return position

    async def _run(self, outlet: Outlet) -> None:
        """Everything at once, until one of it fails, which is a bug, or all is cancelled."""
        await self._told.wait()
        stream = Stream(
            self._transport, self._clock, watched=self._watched, outlet=outlet, budget=self._budget,
            deletions=self._deletions, tally=self._tally, connects=self._connects,
        )  # fmt: skip
        gaps = Gaps(
            self._transport, self._clock, watched=self._watched, outlet=outlet, budget=self._budget,
            deletions=self._deletions, tally=self._tally, lag=self._manner.search_lag,
        )  # fmt: skip
        keeper = Keeper(self._transport, self._clock, watched=self._watched, outlet=outlet, tally=self._tally)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keeper.run(), name="x rules")
            await until(self._clock, RULES_FIRST_S, keeper.has_compared)
            tasks.create_task(stream.run(), name="x stream")
            tasks.create_task(gaps.run(), name="x search")
            tasks.create_task(self._deletions.run(outlet), name="x deletions")


async def _next(arrivals: asyncio.Queue[Arrival], running: "asyncio.Task[None]") -> Arrival | None:
    """What comes next; None where another reading took this one's place. Raises what ended the run."""
    if not arrivals.empty():
        return arrivals.get_nowait()
    getting = asyncio.ensure_future(arrivals.get())
    try:
        await asyncio.wait((getting, running), return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
    finally:
        getting.cancel()
    if not running.cancelled():
        running.result()
    return None


@asynccontextmanager
async def open_x(*, token: str, url: str, clock: Clock, manner: Manner | None = None) -> AsyncIterator[X]:
    """X behind `url`, asked with an app's bearer token; closed at the end."""
    from sources.x.over_http import OverHttp  # noqa: PLC0415  # tweepy takes half a second to import

    async with OverHttp.open(token=token, url=url) as transport:
        yield X(transport, clock=clock, manner=manner)
