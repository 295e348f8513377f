"""Brings payloads to the app by socket or HTTP, times its acknowledgements, and brings events again."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tests.fakes.slack.world import Json

Kind = Literal["slash_commands", "interactive", "events_api"]
ACKNOWLEDGE_WITHIN_S = 3.0


@dataclass(kw_only=True)
class Attempt:
    """One time a payload was brought. Times are of time.monotonic(), in seconds.

    problem: None when acknowledged in time, else "timeout", "no_connection", "http_error", "connection_failed".
    """

    envelope_id: str
    sent_at: float
    acknowledged_at: float | None = None
    response: Json | None = None
    problem: str | None = None
    do_not_retry: bool = False

    @property
    def latency_s(self) -> float | None:
        """How long the acknowledgement took, also when it came too late; None while there is none."""
        return None if self.acknowledged_at is None else self.acknowledged_at - self.sent_at


@dataclass(kw_only=True)
class Delivery:
    """A payload on its way, with every attempt."""

    kind: Kind
    payload: Json
    accepts_response: bool
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        """In time, at some attempt."""
        return any(attempt.problem is None for attempt in self.attempts)

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def latency_s(self) -> float | None:
        """Of the first attempt."""
        return self.attempts[0].latency_s if self.attempts else None


@dataclass(frozen=True)
class Retry:
    """Which redelivery this is, and why: X-Slack-Retry-Num and -Reason, retry_attempt and retry_reason."""

    number: int
    reason: str


class Road(Protocol):
    """Socket Mode or HTTP."""

    @property
    def timeout_reason(self) -> str:
        """What retry_reason says when nobody answered in time."""
        ...

    async def attempt(self, delivery: Delivery, retry: Retry | None) -> Attempt:
        """Bring it once and wait for the acknowledgement, 3 s at most. Never raises for what the app does."""
        ...


class Courier:
    """Sends each payload once and events again: after `retry_after_s`, as docs.slack.dev/apis/events-api says,
    nearly at once, after a minute, after five."""

    def __init__(self) -> None:
        self.retry_after_s: tuple[float, ...] = (0.0, 60.0, 300.0)
        self.deliveries: list[Delivery] = []
        self.complaints: list[str] = []  # what the app did against the protocol
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failures: list[BaseException] = []

    async def bring(self, road: Road, kind: Kind, payload: Json, *, accepts_response: bool = False) -> Delivery:
        """Returns after the first attempt; the redeliveries of an event go on by themselves."""
        delivery = Delivery(kind=kind, payload=payload, accepts_response=accepts_response)
        self.deliveries.append(delivery)
        await self._attempt(road, delivery, None)
        if kind == "events_api" and not delivery.acknowledged and not delivery.last.do_not_retry:
            self.spawn(self._bring_again(road, delivery), f"redeliver {payload.get('event_id')}")
        return delivery

    async def again(self, road: Road, delivery: Delivery) -> Delivery:
        """Redeliver although it was acknowledged: Slack promises "at least once" only."""
        await self._attempt(road, delivery, Retry(len(delivery.attempts), _reason(road, delivery)))
        return delivery

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Work that nobody waits for. `close` ends it."""
        task = asyncio.create_task(work, name=f"slack: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def close(self) -> None:
        """Ends what still goes on, and raises what went wrong in it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # their callbacks have run
        if self._failures:
            raise self._failures[0]

    async def idle(self, timeout_s: float = 5.0) -> None:
        """Until nothing is on its way. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self._tasks:
                await asyncio.wait(set(self._tasks))

    async def _attempt(self, road: Road, delivery: Delivery, retry: Retry | None) -> None:
        attempt = await road.attempt(delivery, retry)
        delivery.attempts.append(attempt)
        if attempt.response is not None and not delivery.accepts_response:
            self.complaints.append(f"a payload came back for {delivery.kind}, which takes none: {attempt.response}")

    async def _bring_again(self, road: Road, delivery: Delivery) -> None:
        for number, seconds in enumerate(self.retry_after_s, start=1):
            await asyncio.sleep(seconds)
            await self._attempt(road, delivery, Retry(number, _reason(road, delivery)))
            if delivery.acknowledged or delivery.last.do_not_retry:
                return


def _reason(road: Road, delivery: Delivery) -> str:
    problem = delivery.last.problem
    return road.timeout_reason if problem in (None, "timeout", "no_connection") else problem


def now() -> float:
    """The clock of all attempts."""
    return time.monotonic()
