"""Work that nobody waits for, with an owner and an end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")


class Errands:
    """Tasks running by themselves. What goes wrong in one is raised by `close`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failures: list[BaseException] = []

    def spawn(self, work: Coroutine[Any, Any, Found], name: str) -> "asyncio.Task[Found]":
        task = asyncio.create_task(work, name=f"discord: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def idle(self, timeout_s: float) -> None:
        """Until all are done. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self._tasks:
                await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Ends what still goes on, and raises what went wrong."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # their callbacks have run
        if self._failures:
            raise self._failures[0]

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)
