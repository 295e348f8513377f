"""Every task has a name, an owner and an end. One that dies is started again; one that keeps dying ends the program."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.pipeline.retry import back_off_s
from sources.clock import Clock

log = logging.getLogger(__name__)

MOST_DEATHS = 5
WITHIN = timedelta(minutes=10)
"""A task that dies so often in so short a time will not do better the next time."""

Make = Callable[[], Awaitable[None]]
"""Starts a task, anew each time."""


class TaskDiedError(Exception):
    """A task of the house ended with an error for good; `__cause__` is that error."""

    def __init__(self, name: str, cause: BaseException, deaths: int = 1) -> None:
        often = f" {deaths} times in {WITHIN.total_seconds() / 60:.0f} minutes, the last time of" if deaths > 1 else ""
        super().__init__(f"{name} died{often}: {words(cause)}")
        self.name = name


@dataclass
class Life:
    """How a task has fared since the start."""

    name: str
    deaths: int = 0
    last_death: datetime | None = None
    last_cause: str = ""
    recent: deque[datetime] = field(default_factory=deque)


class Supervisor:
    """Starts tasks, starts those again that die, and ends them all."""

    def __init__(self, clock: Clock, *, fatal: tuple[type[Exception], ...] = ()) -> None:
        """`fatal`: errors that a new start would only meet again: they end the program at once."""
        self._clock = clock
        self._fatal = fatal
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lives: dict[str, Life] = {}
        self._ending: set[str] = set()

    @property
    def lives(self) -> Collection[Life]:
        """Of every task, in the order they were started."""
        return self._lives.values()

    def start(self, name: str, make: Make) -> None:
        """Keep this task running until it returns by itself."""
        self._lives[name] = Life(name)
        self._tasks[name] = asyncio.create_task(self._keep(name, make), name=name)

    async def until_one_ends(self, leading: Collection[str], stop: asyncio.Event) -> None:
        """Return when one of the leading tasks has returned, or `stop` is set. Others may return when they like.

        Raises TaskDiedError when any has died for good.
        """
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            while not stop.is_set():
                ended = [task for task in self._tasks.values() if task.done()]
                for task in ended:
                    task.result()
                if any(self._tasks[name].done() for name in leading):
                    return
                running = set(self._tasks.values()) - set(ended)
                await asyncio.wait({stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()

    async def end(self, *names: str, within_s: float = 0) -> None:
        """Give these tasks so long to return by themselves, then cancel them."""
        tasks = [self._tasks[name] for name in names]
        if within_s and tasks:
            await asyncio.wait(tasks, timeout=within_s)
        self._ending.update(names)
        for task in tasks:
            if not task.done():
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # whatever a task dies of now, its end was wanted

    async def end_all(self) -> None:
        """Cancel every task."""
        await self.end(*self._tasks)

    async def _keep(self, name: str, make: Make) -> None:
        while True:
            try:
                await make()
            except asyncio.CancelledError as error:
                if is_being_cancelled():
                    raise
                await self._died(name, error)  # nobody ended it: something it waited for was cancelled
            except Exception as error:
                if name in self._ending:  # its end was wanted: it is not started again for what it dies of now
                    log.warning("died task=%s while it was ended reason=%r", name, words(error))
                    return
                await self._died(name, self._what_went_wrong(error))
            else:
                return

    def _what_went_wrong(self, error: Exception) -> BaseException:
        """Of those that several parts of a task died of at once, the one that ends the program, if there is one."""
        leaves = list(_leaves(error))
        return next((leaf for leaf in leaves if isinstance(leaf, self._fatal)), leaves[0])

    async def _died(self, name: str, cause: BaseException) -> None:
        """Wait for as long as the task may rest before it is started again. Raises TaskDiedError for good."""
        now, life = self._clock.now(), self._lives[name]
        life.deaths, life.last_death, life.last_cause = life.deaths + 1, now, words(cause)
        life.recent.append(now)
        while life.recent[0] < now - WITHIN:
            life.recent.popleft()
        log.error("died task=%s deaths=%d reason=%r", name, life.deaths, life.last_cause)
        log.debug("died task=%s", name, exc_info=cause)
        if isinstance(cause, self._fatal) or len(life.recent) >= MOST_DEATHS:
            raise TaskDiedError(name, cause, len(life.recent)) from cause
        await self._clock.sleep(back_off_s(len(life.recent), 1))


def words(cause: BaseException) -> str:
    """What an error says; its name where it says nothing."""
    return str(cause) or type(cause).__name__


def is_being_cancelled() -> bool:
    """Whether somebody wants this task to end; a CancelledError that comes otherwise is an error like any other."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside a TaskGroup's bundle; an error that is none, itself."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error
