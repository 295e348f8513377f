"""Every task has a name, an owner and an end. One death is loud: it ends the program, with the name of what died."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping

log = logging.getLogger(__name__)


class TaskDiedError(Exception):
    """A task of the house ended with an error; `__cause__` is that error."""

    def __init__(self, name: str, cause: BaseException) -> None:
        super().__init__(f"{name} died: {cause}")
        self.name = name


async def run_until_one_ends(leading: Mapping[str, Awaitable[None]], others: Mapping[str, Awaitable[None]]) -> None:
    """Run all tasks until one of the leading ones returns, then end the rest.

    The others may return when they like; any that raises ends all, and TaskDiedError says which. All are ended when
    this returns, however it returns.
    """
    leaders = {asyncio.ensure_future(_named(name, task)) for name, task in leading.items()}
    everyone = leaders | {asyncio.ensure_future(_named(name, task)) for name, task in others.items()}
    pending = everyone
    try:
        while leaders <= pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*everyone, return_exceptions=True)  # of two that die at once, the second is taken note of


async def _named(name: str, task: Awaitable[None]) -> None:
    current = asyncio.current_task()
    assert current is not None
    current.set_name(name)
    try:
        await task
    except asyncio.CancelledError as error:
        if current.cancelling():
            raise
        raise TaskDiedError(name, error) from error  # nobody ended it: something it waited for was cancelled
    except Exception as error:
        cause = _first_leaf(error)
        log.debug("died task=%s", name, exc_info=cause)
        raise TaskDiedError(name, cause) from cause


def _first_leaf(error: BaseException) -> BaseException:
    """What went wrong inside a TaskGroup's bundle."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
