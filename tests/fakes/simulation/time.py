"""Time that jumps: an event loop that never waits, and the Clock that goes with it.

Whenever a loop has nothing left to run it asks its selector to wait until the next timer. This one does not wait: it
moves its own time to that timer. So time passes exactly when nobody works, and two runs of one script are the same.

It is sound only while everybody works on the loop: a thread would be left behind. What the program gives to a thread of
its own (the model) therefore runs on the loop, and `block` says how long it took. A word from any other thread is an
error, and so is a world in which everybody waits for ever.
"""

import asyncio
import math
import selectors
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVarTuple

START = datetime(2026, 11, 2, tzinfo=UTC)
_MICROSECONDS = 1_000_000

_Arguments = TypeVarTuple("_Arguments")


class _Jump(selectors.SelectSelector):
    """Nothing ever arrives from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.microseconds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing is left that could wake anyone")
        if timeout > 0:  # never early, and never by nothing: a timer less than a tick away would be waited for for ever
            self.microseconds += max(1, math.ceil(timeout * _MICROSECONDS - 1e-3))
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing can be run."""

    def __init__(self) -> None:
        self._jump = _Jump()
        self._home = threading.get_ident()
        self._blocked_s = 0.0
        super().__init__(self._jump)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jump.microseconds / _MICROSECONDS

    def block(self, seconds: float) -> None:
        """For work given to a thread: it takes so long. The loop goes on meanwhile."""
        self._blocked_s += seconds

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> Future[Any]:  # type: ignore[override]  # the base is a coroutine by name only
        """Run it at once, and answer once the time is up that it says it took."""
        answer: Future[Any] = self.create_future()
        self._blocked_s = 0.0
        try:
            result, problem = func(*args), None
        except Exception as error:
            result, problem = None, error  # handed to whoever waits
        self.call_later(self._blocked_s, _answer, answer, result, problem)
        return answer

    def call_soon_threadsafe(
        self,
        callback: Callable[[*_Arguments], object],
        *args: *_Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Refuses other threads: their work takes real time, of which there is none here."""
        if threading.get_ident() != self._home:
            raise RuntimeError(f"{threading.current_thread().name} works beside a simulated loop")
        return super().call_soon_threadsafe(callback, *args, context=context)


class SimulatedClock:
    """The Clock of a simulated loop."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(microseconds=round(self._loop.time() * _MICROSECONDS))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _answer(answer: Future[Any], result: Any, problem: Exception | None) -> None:
    if answer.done():  # whoever asked is gone
        return
    if problem is None:
        answer.set_result(result)
    else:
        answer.set_exception(problem)
