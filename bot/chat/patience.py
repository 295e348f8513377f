"""What every chat needs between a question and its answer: patience, a second look, and a short memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.chat.base import Inbound
from bot.commands.types import Reply
from storage.types import AlertId, ChannelKey, Receipt

SLOW_S = 2.0
"""After so long without an answer people are told that it is being worked on."""

WORKING = Reply(text="Working on it…")

_STORED_AFTER_S = 0.5

_MOST_REMEMBERED = 10_000

_T = TypeVar("_T")


async def answered(asking: Awaitable[Reply], slow: Callable[[], Awaitable[None]]) -> Reply:
    """The answer; `slow` is called once where it is long in coming."""
    answer = asyncio.ensure_future(asking)
    try:
        await asyncio.wait({answer}, timeout=SLOW_S)
        if not answer.done():
            await slow()
        return await answer
    finally:  # whoever gives up waiting leaves nobody behind who goes on
        answer.cancel()
        await asyncio.gather(answer, return_exceptions=True)


async def alerts_in(inbound: Inbound, channel: ChannelKey, message: Receipt) -> list[AlertId]:
    """The alerts in a message, which may be seen a moment before we have written down that it was sent."""
    found = await inbound.alerts_of(channel, message)
    if not found:
        await asyncio.sleep(_STORED_AFTER_S)
        found = await inbound.alerts_of(channel, message)
    return found


class Remembered(Generic[_T]):
    """The last things that were named, the oldest forgotten first."""

    def __init__(self, most: int = _MOST_REMEMBERED) -> None:
        self._things: OrderedDict[str, _T] = OrderedDict()
        self._most = most

    def __contains__(self, name: str) -> bool:
        return name in self._things

    def get(self, name: str) -> _T | None:
        """What was remembered under this name; None where nothing was, or it was forgotten."""
        return self._things.get(name)

    def put(self, name: str, thing: _T) -> None:
        """Remember it under this name."""
        self._things[name] = thing
        while len(self._things) > self._most:
            self._things.popitem(last=False)


class Seen:
    """The last things that came: whatever comes twice is done once."""

    def __init__(self) -> None:
        self._names: Remembered[None] = Remembered()

    def is_news(self, name: str) -> bool:
        """Whether nothing came under this name before."""
        if name in self._names:
            return False
        self._names.put(name, None)
        return True
