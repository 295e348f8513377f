"""Asking for a feed and reading what comes, one document at a time and off the event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b
from typing import Protocol, TypeVar

from sources.feeds.document import BrokenFeedError, Document
from sources.feeds.parse import parse
from sources.http import Fetched
from sources.types import SourceError

T = TypeVar("T")

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, text/html;q=0.5, */*;q=0.1"
)
_NOT_MODIFIED = 304

_REASONS = {
    401: "asks for a password",
    403: "does not let Lapwing in",
    404: "is not there",
    410: "is gone for good. /unwatch it",
    429: "asks to be asked less often",
}


class InThread(Protocol):
    """Runs something elsewhere, so that the event loop goes on meanwhile."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What `work` returns or raises."""


class Fetches(Protocol):
    """What a Fetcher does, as far as feeds need it."""

    async def get(self, url: str, *, headers: Mapping[str, str] = ..., etag: str = ..., modified: str = ...) -> Fetched:
        """As `Fetcher.get`."""


class AnsweredNoError(SourceError):
    """The server answered, and not with what was asked for."""

    def __init__(self, fetched: Fetched) -> None:
        reason = _REASONS.get(fetched.status, f"answers {fetched.status}")
        super().__init__(reason)
        self.fetched = fetched


def is_about_feed(error: SourceError) -> bool:
    """Whether its words go on where the feed's address ends: "… is not there"."""
    return isinstance(error, AnsweredNoError | BrokenFeedError)


async def fetch(fetches: Fetches, address: str, *, etag: str = "", modified: str = "") -> Fetched:
    """An answer with a document in it, or, where conditions were given, without one since it is the same.

    Raises AnsweredNoError and what `Fetcher.get` raises.
    """
    fetched = await fetches.get(address, headers={"Accept": _ACCEPT}, etag=etag, modified=modified)
    if (is_same(fetched) and (etag or modified)) or 200 <= fetched.status < 300:
        return fetched
    raise AnsweredNoError(fetched)


def is_same(fetched: Fetched) -> bool:
    """Whether the server says that nothing changed."""
    return fetched.status == _NOT_MODIFIED


def digest(body: bytes) -> str:
    """What tells one document from another."""
    return blake2b(body, digest_size=12).hexdigest()


class Aside:
    """Work that keeps a core busy, one piece at a time on another thread: two would keep the event loop waiting."""

    def __init__(self, in_thread: InThread = asyncio.to_thread) -> None:
        self._in_thread = in_thread
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises."""
        async with self._turn:
            return await self._in_thread(work)


def read_document(fetched: Fetched) -> Document:
    """What was fetched, as a feed. Raises BrokenFeedError."""
    return parse(fetched.body, fetched.headers, fetched.url)
