"""A local chat on a thread of its own, for tests that kill the program again and again."""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A message as people find it."""

    id: str
    channel: str
    key: str
    text: str


class Served(ABC):
    """Serves between `with` and its end. `messages` and `answered` are whole after; channels are named by their ids."""

    slowest_commit_s: float

    def __init__(self, channels: Sequence[str], seed: int) -> None:
        self.url = ""
        self.messages: list[Kept] = []
        self.answered: Counter[str] = Counter()
        """How many calls met what: "chat.postMessage ok", "chat.postMessage cut"."""

        self.channels = channels
        self.seed = seed
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="local chat")
        self._listening, self._loop = threading.Event(), asyncio.new_event_loop()
        self._ended = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    @abstractmethod
    async def serve(self) -> None:
        """Be there, wait with `until_ended`, and note what was kept."""

    async def until_ended(self, url: str) -> None:
        """The chat listens at this address; returns when nobody needs it any more."""
        self.url = url
        self._listening.set()
        await self._ended.wait()

    async def _live(self) -> None:
        self._loop.close()
        self._loop = asyncio.get_running_loop()
        try:
            await self.serve()
        finally:
            self._listening.set()  # whatever went wrong, nobody waits for it
