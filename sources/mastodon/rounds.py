"""All watched accounts of one server, one after the other: never two requests at once, never more than it wants."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sources.accounts import MASTODON
from sources.clock import Clock
from sources.http import TooLargeError
from sources.mastodon.poll import EVERY, Poll
from sources.mastodon.server import BusyError, NotThereError, PrivateError, Server
from sources.tally import Tally
from sources.types import Arrival, SourceError

log = logging.getLogger(__name__)

_ACCOUNT_PAUSE = timedelta(hours=1)  # where it is the account's own fault
_FIRST_PAUSE_S = 60.0
_MOST_PAUSE_S = 1_800.0

Deliver = Callable[[Arrival], Awaitable[None]]
Reached = Callable[[str, bool], None]
"""Is told a server's name, and whether it answered."""


class Rounds:
    """Goes through a server's accounts for as long as it runs. Whom it asks for may change at any time."""

    def __init__(self, server: Server, clock: Clock, tally: Tally, *, deliver: Deliver, reached: Reached) -> None:
        self.server = server
        self.polls: dict[str, Poll] = {}
        """An account's id -> its state; changed from outside, followed by `wake`."""

        self._clock = clock
        self._tally = tally
        self._deliver = deliver
        self._reached = reached
        self._changed = asyncio.Event()
        self._free_at = datetime(1970, 1, 1, tzinfo=UTC)
        self._failures = 0

    def wake(self) -> None:
        """Look again who is due."""
        self._changed.set()

    async def run(self) -> None:
        """Without end."""
        while True:
            self._changed.clear()
            poll = min(self.polls.values(), key=lambda one: one.due, default=None)
            if poll is None:
                await self._changed.wait()
            elif (due := max(poll.due, self._free_at)) > self._clock.now():
                await self._rest(due)
            else:
                await self._ask(poll)

    async def _rest(self, until: datetime) -> None:
        """Until that moment, or until somebody wakes us."""
        tasks = [
            asyncio.create_task(self._sleep(until), name=f"{self.server.name} pause"),
            asyncio.create_task(self._changed.wait(), name=f"{self.server.name} change"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _sleep(self, until: datetime) -> None:
        await self._clock.sleep((until - self._clock.now()).total_seconds())

    async def _ask(self, poll: Poll) -> None:
        began, before, late = self._clock.now(), self.server.requests, poll.late
        poll.due = began + EVERY
        try:
            arrivals = await poll.turn()
            self._tally.wrong(poll.wanted.account.id, "")
        except (NotThereError, PrivateError, TooLargeError) as error:
            self._account_failed(poll, error)
            arrivals = []
        except SourceError as error:
            self._server_failed(poll, error)
            return
        self._well()
        asked = self.server.requests - before
        self._free_at = began + timedelta(seconds=self.server.spacing_s * asked)
        for arrival in arrivals:
            if arrival.post is not None:
                self._tally.given()
                if late and arrival.post.published_at < began - EVERY:
                    self._tally.recovered()
            await self._deliver(arrival)

    def _well(self) -> None:
        """The server answered, be it that one account is not there."""
        self._failures = 0
        self._tally.wrong(self.server.name, "")
        self._tally.heard()
        self._reached(self.server.name, True)

    def _account_failed(self, poll: Poll, error: SourceError) -> None:
        account = poll.wanted.account
        poll.due = self._clock.now() + _ACCOUNT_PAUSE
        self._tally.wrong(account.id, f"{account} cannot be read: {error}")
        log.warning("failed account source=%s account=%s reason=%r", MASTODON, account.id, str(error))

    def _server_failed(self, poll: Poll, error: SourceError) -> None:
        """Others go first next time, in case it is this account's fault after all."""
        self._failures += 1
        asked_s = error.wait_s if isinstance(error, BusyError) else 0.0
        pause_s = pause(self._failures, asked_s)
        self._free_at = self._clock.now() + timedelta(seconds=pause_s)
        for one in self.polls.values():
            one.late = True
        poll.due = self._free_at
        self._tally.wrong(self.server.name, f"{error}, next try after {pause_s:g} s")
        self._reached(self.server.name, False)
        log.warning("failed server source=%s server=%s reason=%r", MASTODON, self.server.name, str(error))


def pause(failures: int, asked_s: float) -> float:
    """Seconds until a server is asked again: 1, 2, 4 … 30 minutes after failures in a row, or what it asks for."""
    return max(min(_MOST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10)), asked_s)
