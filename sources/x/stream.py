"""Keeps the filtered stream connected and reads it. Whatever comes, it goes on."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sources.clock import Clock
from sources.tally import Tally
from sources.x.backoff import Backoff, Cause, Connects
from sources.x.budget import Budget, seconds_until
from sources.x.deletions import Deletions
from sources.x.lines import Line, Lines, read_line
from sources.x.outlet import Outlet
from sources.x.problems import Problem
from sources.x.transport import Connection, Transport, XRefusedError, XUnreachableError
from sources.x.waiting import until, within
from sources.x.watched import Watched

log = logging.getLogger(__name__)

SILENCE_S = 20.5
"""X sends a byte at least every 20 s. A connection that is silent for longer is dead, whatever it looks like."""

RULES_FIRST_S = 10.0
"""So long the stream waits for its rules; those X holds from before will do."""

_CONNECT_S = 40.0  # until X answers; the real transport gives up sooner by itself
_HTTP_CONFLICT = 409
_HTTP_RATE_LIMIT = 429


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """Why a connection ended or never was, and what follows from it."""

    cause: Cause | None
    """None when it was ended on purpose."""

    reason: str = ""
    """For people."""

    reset_at: datetime | None = None


@dataclass
class _Call:
    """One connection while it lasts."""

    since: datetime
    is_well: bool = False
    problem: Problem | None = None

    def ended(self, reason: str) -> End:
        """What its end means."""
        if self.problem:
            return End(cause=Cause.HTTP, reason=self.problem.advice)
        return End(cause=Cause.DROPPED if self.is_well else Cause.NETWORK, reason=reason)


class Stream:
    """The one connection, kept for as long as somebody is wished for and the budget lasts."""

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
        connects: Connects,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._watched = watched
        self._outlet = outlet
        self._budget = budget
        self._deletions = deletions
        self._tally = tally
        self._connects = connects
        self._backoff = Backoff()
        self._needed_since = clock.now()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._until_needed()
            await self._clock.sleep(self._connects.wait_s(self._clock.now()))
            end = await self._listen()
            self._tally.disconnected()
            if end.cause is None:
                continue
            wait_s = self._backoff.after_s(end.cause, self._clock.now(), end.reset_at)
            if end.cause is not Cause.DROPPED:
                self._tally.wrong("stream", end.reason)
            log.warning("disconnected source=x cause=%r reason=%r wait_s=%.2f", end.cause.value, end.reason, wait_s)
            await self._clock.sleep(wait_s)

    def _is_needed(self) -> bool:
        return self._watched.anyone.is_set() and not self._budget.is_spent

    async def _until_needed(self) -> None:
        """Return once there is somebody to hear and something left to spend."""
        if self._is_needed():
            return
        while not self._is_needed():
            await self._outlet.rested()
            self._tally.wrong("stream", "")
            if not self._watched.anyone.is_set():
                await self._watched.anyone.wait()
                continue
            log.warning("rest source=x reason=%r", self._budget.warning())
            await self._clock.sleep(seconds_until(self._budget.next_month(), self._clock.now()))
        self._needed_since = self._clock.now()
        await until(self._clock, RULES_FIRST_S, self._watched.ruled)  # X refuses a stream without rules

    async def _listen(self) -> End:
        """One connection, from its beginning to its end."""
        began = self._clock.now()
        try:
            connection = await within(self._clock, _CONNECT_S, self._transport.connect())
        except TimeoutError:
            self._connects.add(began)
            return End(cause=Cause.NETWORK, reason=f"X did not answer within {_CONNECT_S:g} s")
        except XUnreachableError as error:
            if error.reached:
                self._connects.add(began)
            return End(cause=Cause.NETWORK, reason=str(error))
        except XRefusedError as error:
            self._connects.add(began)
            return self._refused(error)
        self._connects.add(began)
        self._tally.connected()
        try:
            return await self._read(connection, _Call(since=self._clock.now()))
        finally:
            await connection.close()

    def _refused(self, error: XRefusedError) -> End:
        if error.status == _HTTP_CONFLICT:
            self._watched.changed.set()  # there are no rules at X: whoever keeps them looks again
        cause = Cause.RATE_LIMIT if error.status == _HTTP_RATE_LIMIT else Cause.HTTP
        return End(cause=cause, reason=str(error), reset_at=error.reset_at)

    async def _read(self, connection: Connection, call: _Call) -> End:
        """Until the connection ends, or is not needed any more."""
        lines = Lines()
        while True:
            try:
                chunk = await within(self._clock, SILENCE_S, connection.read())
            except TimeoutError:
                return call.ended(f"X was silent for {SILENCE_S:g} s")
            except XUnreachableError as error:
                return call.ended(str(error))
            if not chunk:
                return call.ended("X ended the stream")
            self._tally.heard()
            for line in lines.feed(chunk):
                await self._take(read_line(line, self._watched.known), call)
                if call.problem and call.problem.ends_stream:
                    return call.ended("")
                if not self._is_needed():
                    return End(cause=None)

    async def _take(self, line: Line, call: _Call) -> None:
        """Give what a line brought; note what it said is wrong."""
        if line.problem:
            call.problem = line.problem
            log.warning("problem source=x kind=%r detail=%r", line.problem.kind, line.problem.detail)
            return
        if not line.skipped:
            self._is_well(call)
        for what in line.skipped:
            self._tally.skipped(what)
        if line.broken:
            self._outlet.missed()
        for tweet in line.tweets:
            if await self._outlet.streamed(tweet):
                self._deletions.watch(tweet)
        for deletion in line.deleted:
            await self._outlet.deleted(deletion)
        if call.is_well and not line.tweets:  # before that, what was missed is not known to be searched for
            await self._outlet.kept_alive()

    def _is_well(self, call: _Call) -> None:
        """Something came that only a good connection brings."""
        self._backoff.heard()
        if not call.is_well:
            call.is_well = True
            self._tally.wrong("stream", "")
            self._outlet.resumed(call.since, self._needed_since)
