"""How long to wait before the stream is connected to again, as X documents it. Pure but for its own memory.

https://docs.x.com/x-api/fundamentals/handling-disconnections: at once after an established connection dropped; then
250 ms more each time up to 16 s for network errors, 5 s doubling to 320 s for HTTP errors, a minute doubling for 429.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Cause(StrEnum):
    """Why there is no connection."""

    DROPPED = "dropped"
    """An established one ended: something had come from it."""

    NETWORK = "network"
    """None came about, or it ended before anything came from it."""

    HTTP = "http"
    """X answered with an error, or sent one on the stream."""

    RATE_LIMIT = "rate limit"
    """X answered 429."""


_NETWORK_STEP_S, _NETWORK_MOST_S = 0.25, 16.0
_HTTP_FIRST_S, _HTTP_MOST_S = 5.0, 320.0
_RATE_FIRST_S, _RATE_MOST_S = 60.0, 960.0  # no end is documented; X counts in windows of 15 minutes
_RESET_MOST_S = 3_600.0  # whatever X says, ask again after an hour
_SLACK_S = 1.0  # the reset is given in whole seconds


class Backoff:
    """Remembers what went wrong since the stream was last heard."""

    def __init__(self) -> None:
        self._failures: dict[Cause, int] = {}

    def heard(self) -> None:
        """Something came: the next failure is a first one."""
        self._failures.clear()

    def after_s(self, cause: Cause, now: datetime, reset_at: datetime | None = None) -> float:
        """Seconds to wait; `reset_at` is when X says that the limit ends (x-rate-limit-reset)."""
        count = self._failures.get(cause, 0)
        self._failures[cause] = count + 1
        if cause is Cause.DROPPED:
            return 0.0
        if cause is Cause.NETWORK:
            return min(_NETWORK_STEP_S * (count + 1), _NETWORK_MOST_S)
        if cause is Cause.HTTP:
            return min(_HTTP_FIRST_S * 2.0 ** min(count, 16), _HTTP_MOST_S)
        if reset_at is not None and reset_at > now:
            return min((reset_at - now).total_seconds() + _SLACK_S, _RESET_MOST_S)
        return min(_RATE_FIRST_S * 2.0 ** min(count, 16), _RATE_MOST_S)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How often X may be connected to: `at_once` times as fast as the back-off wants, then one each `apart_s`.

    Never more than 50 within any 15 minutes, which is X's limit: up to the last connection that did not keep the
    distance there are at most `at_once`, and after it at most 15 minutes / apart_s = 20.
    """

    window: timedelta = timedelta(minutes=15)
    at_once: int = 30
    apart_s: float = 45.0

    def wait_s(self, connects: Iterable[datetime], now: datetime) -> float:
        """Seconds until the next connect may be; `connects` are the past ones in their order."""
        recent = [moment for moment in connects if now - moment < self.window]
        if len(recent) < self.at_once:
            return 0.0
        return max(0.0, self.apart_s - (now - recent[-1]).total_seconds())


class Connects:
    """The connects of late, those that reached X; as many as matter."""

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._moments: deque[datetime] = deque(maxlen=self._pace.at_once + 20)

    def wait_s(self, now: datetime) -> float:
        """Seconds until the next one may be."""
        return self._pace.wait_s(self._moments, now)

    def add(self, now: datetime) -> None:
        """One was made."""
        self._moments.append(now)
