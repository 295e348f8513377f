"""Bluesky as a Source: one Jetstream connection that follows whoever is watched."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta

from sources.accounts import BLUESKY, is_did
from sources.bluesky.api import Api
from sources.bluesky.line import MOST_DIDS, MOST_IN_ADDRESS, Line
from sources.bluesky.reader import Reader
from sources.bluesky.transport import CutError, Transport
from sources.bluesky.web import open_web
from sources.clock import Clock
from sources.tally import Tally
from sources.types import Account, Arrival, Handle, Positions, Post, SourceError, SourceState, Wanted

log = logging.getLogger(__name__)

JETSTREAM_URL = "wss://jetstream2.us-east.bsky.network/subscribe"
API_URL = "https://public.api.bsky.app"

_MOST_PAUSE_S = 60.0
_LONGEST_PAUSE_S = 900.0  # where the server asks to be left alone
_SOUND = timedelta(seconds=60)  # a connection that lasted so long was one


class Bluesky:
    """Follows accounts by their DIDs, which never change; handles are learnt from the stream as they change."""

    name = "bluesky"
    serves = frozenset({BLUESKY})
    finite = False

    def __init__(self, transport: Transport, *, jetstream_url: str, api_url: str, clock: Clock) -> None:
        self._transport = transport
        self._url = jetstream_url
        self._api = Api(transport, api_url)
        self._clock = clock
        self._tally = Tally(clock)
        self._reader = Reader(self._api, self._tally, clock)
        self._listening = asyncio.Event()
        self._line: Line | None = None
        self._failures = 0
        self._anew = False
        """We ended the connection ourselves, and the next one is due at once."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, clock: Clock, jetstream_url: str = JETSTREAM_URL, api_url: str = API_URL
    ) -> AsyncIterator["Bluesky"]:
        """The source with connections of its own, which are closed at the end."""
        async with open_web() as web:
            yield cls(web, jetstream_url=jetstream_url, api_url=api_url, clock=clock)

    def trouble(self) -> str:
        """Where the stream is broken, what was skipped, and who of the watched is not there any more."""
        return "; ".join(filter(None, [self._tally.trouble(), *self._reader.gone()]))

    def state(self) -> SourceState:
        """In numbers; it costs nothing."""
        return self._tally.state()

    def refusal(self, wanted: Collection[Wanted]) -> str:
        """Jetstream follows 10,000 accounts at most."""
        count = len(_followed(wanted))
        if count <= MOST_DIDS:
            return ""
        return f"Bluesky's stream follows {MOST_DIDS:,} accounts at most, and these would be {count:,}"

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """Tells the open connection, or the next one. Raises SourceError where they are too many."""
        if refused := self.refusal(wanted):
            raise SourceError(refused)
        self._tally.unknown(one.account for one in wanted if not is_did(one.account.id))
        before, self._reader.wanted = self._reader.wanted, _followed(wanted)
        if not self._reader.wanted:
            await self._rest(anyone=bool(before))
            return
        self._listening.set()
        if self._line is not None and before.keys() != self._reader.wanted.keys():
            await self._tell(self._line)

    async def posts(self, after: Positions) -> AsyncGenerator[Arrival, None]:
        """Without end. What happened while nobody listened comes first, as far back as Jetstream keeps it."""
        self._reader.resume(after.get(""))
        while True:
            await self._listening.wait()
            began = self._clock.now()
            pause_s = 0.0
            try:
                async with aclosing(self._connection()) as arrivals:
                    async for arrival in arrivals:
                        yield arrival
            except CutError as error:
                pause_s = self._cut(error, began)
            await self._clock.sleep(pause_s)

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """Asks the public API. Raises SourceError."""
        return await self._api.recent(account, limit)

    async def resolve(self, handle: Handle) -> Account:
        """Asks the public API. Raises AccountNotFoundError and SourceError."""
        return await self._api.resolve(handle)

    async def _rest(self, *, anyone: bool) -> None:
        """Nobody is watched: hang up, and forget the position where someone was. Who is watched next starts anew."""
        self._listening.clear()
        if anyone:
            self._reader.forget()
        if self._line is not None:
            await self._line.close()

    async def _tell(self, line: Line) -> None:
        """A few are said in the address of a new connection, which goes on where this one ends; many in a message."""
        if len(self._reader.wanted) <= MOST_IN_ADDRESS:
            self._anew = True
            await line.close()
            return
        try:
            await line.follow(self._reader.wanted)
        except CutError as error:  # the next connection is told
            log.info("cut source=%s reason=%r", self.name, str(error))

    async def _connection(self) -> AsyncGenerator[Arrival, None]:
        """All arrivals of one connection. Ends with CutError."""
        told = self._reader.wanted
        line = await Line.open(self._transport, self._url, from_us=self._reader.from_us(), dids=told, clock=self._clock)
        self._line = line
        self._tally.connected()
        self._tally.wrong("stream", "")
        log.info("connected source=%s accounts=%d", self.name, len(told))
        since = self._clock.now()
        first = self._reader.connected()
        try:
            await self._catch_up(line, told)
            if first is not None:
                yield first
            async with aclosing(line.batches()) as batches:
                async for batch in batches:
                    self._tally.heard()
                    async with aclosing(self._reader.arrivals(batch, since)) as arrivals:
                        async for arrival in arrivals:
                            yield arrival
        finally:
            self._line = None
            self._tally.disconnected()

    async def _catch_up(self, line: Line, told: Mapping[str, Wanted]) -> None:
        """What was said to `watch` while this connection was made."""
        if not self._reader.wanted:
            await line.close()
        elif self._reader.wanted.keys() != told.keys():
            await self._tell(line)

    def _cut(self, error: CutError, began: datetime) -> float:
        """For how many seconds to pause after this end of a connection, which began then."""
        anew, self._anew = self._anew, False
        if anew or not self._listening.is_set():
            return 0.0
        self._failures = 0 if self._clock.now() - began >= _SOUND else self._failures + 1
        pause_s = pause(self._failures, error.wait_s)
        self._tally.wrong("stream", f"Bluesky's stream broke off ({error}), next try after {pause_s:g} s")
        log.warning("cut source=%s reason=%r pause_s=%g", self.name, str(error), pause_s)
        return pause_s


def pause(failures: int, asked_s: float) -> float:
    """Seconds before the next connection: 1, 2, 4 … 60 after so many failures in a row, or what the server asks for."""
    doubled: float = min(_MOST_PAUSE_S, 2.0 ** min(max(0, failures - 1), 10))
    return max(doubled, min(asked_s, _LONGEST_PAUSE_S))


def _followed(wanted: Collection[Wanted]) -> dict[str, Wanted]:
    """did -> who can be followed. Whoever has no DID, as a replay names accounts, makes Jetstream hang up on all."""
    return {one.account.id: one for one in wanted if is_did(one.account.id)}
