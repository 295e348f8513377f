"""How Bluesky is reached: the seam below which `web.py` speaks aiohttp, and tests speak for themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sources.types import SourceError


class CutError(Exception):
    """A connection that is no more, or that never came about; `wait_s` is how long the server asks to be left alone."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class NoAnswerError(SourceError):
    """A request that was not answered; later it may be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a request was answered with, whatever its status."""

    status: int
    body: bytes = field(repr=False)


class Socket(Protocol):
    """One open websocket. Closing twice is no error."""

    async def send(self, text: str) -> None:
        """Send a text message. Raises CutError."""

    async def ping(self) -> None:
        """Ask for a sign of life. Raises CutError."""

    async def receive(self) -> str:
        """The next text message; "" for a mere sign of life. Raises CutError when there will be none."""

    async def close(self) -> None:
        """Let go of it; whoever waits in `receive` gets a CutError."""


class Transport(Protocol):
    """The two ways to Bluesky."""

    async def connect(self, url: str) -> Socket:
        """Open a websocket. Raises CutError."""

    async def get(self, url: str, query: Mapping[str, str | list[str]]) -> Answer:
        """Ask for a page, following no redirect. Raises NoAnswerError."""
