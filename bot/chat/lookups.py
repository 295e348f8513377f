"""People, looked up by the ids that a chat tells."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

_Found = TypeVar("_Found")

_REMEMBERED_S = 300.0
_MOST_REMEMBERED = 10_000


class Lookups(Generic[_Found]):
    """The people of a chat, each asked for once in five minutes."""

    def __init__(self, ask: Callable[[str, str], Awaitable[_Found]]) -> None:
        """`ask`: who somebody is, by the ids of workspace and person. Raises DeliveryError."""
        self._ask = ask
        self._known: dict[tuple[str, str], tuple[float, _Found]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, person: str) -> asyncio.Lock:
        """What somebody does is done in the order they did it, however long each look-up takes."""
        return self._turns.setdefault(person, asyncio.Lock())

    async def find(self, workspace: str, person: str) -> _Found:
        """Who it is. Raises DeliveryError when the chat does not answer."""
        known = self._known.get((workspace, person))
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1]
        found = await self._ask(workspace, person)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[workspace, person] = (time.monotonic(), found)
        return found
