"""Feeds as people ask for them: by an address, of a feed or of a page that names one."""

from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urljoin

from sources.accounts import RSS, fold
from sources.clock import Clock
from sources.feeds.discover import feeds_in
from sources.feeds.document import BrokenFeedError, Document
from sources.feeds.fetch import AnsweredNoError, Aside, Fetches, fetch, read_document
from sources.feeds.guard import is_page
from sources.http import Fetched
from sources.types import Account, AccountNotFoundError, Handle, SourceError

_FRESH_FOR = timedelta(minutes=1)
"""Who asks for a feed asks what it shows right after."""

_MOST_KEPT = 16
_MOST_TRIED = 3  # feeds of one page


class Lookup:
    """Fetches for people, apart from the readings of what is watched."""

    def __init__(self, fetches: Fetches, aside: Aside, clock: Clock) -> None:
        self._fetches = fetches
        self._aside = aside
        self._clock = clock
        self._lately: dict[str, tuple[datetime, Document]] = {}

    async def document(self, address: str) -> Document:
        """What the feed shows, as of a minute ago at most. Raises SourceError."""
        kept = self._lately.get(address)
        if kept and self._clock.now() - kept[0] < _FRESH_FOR:
            return kept[1]
        return await self._read(address, await fetch(self._fetches, address))

    async def account(self, handle: Handle) -> Account:
        """The feed of this address. Raises AccountNotFoundError and SourceError."""
        try:
            fetched = await fetch(self._fetches, handle.name)
        except AnsweredNoError as error:
            if error.fetched.status in (404, 410):
                raise AccountNotFoundError(handle, await self._suggestions(handle.name)) from error
            raise SourceError(f"{handle.name} {error}") from error
        if is_page(fetched.body):
            return await self._named_by(handle, fetched)
        return await self._account(handle.name, fetched)

    async def _named_by(self, handle: Handle, page: Fetched) -> Account:
        """The first feed that the page names and that can be read."""
        named = feeds_in(page.body, page.url)
        for address in named[:_MOST_TRIED]:
            try:
                return await self._account(address, await fetch(self._fetches, address))
            except SourceError as error:
                last = error
        if not named:
            raise SourceError(f"{handle.name} is a page that names no feed. Give the address of a feed itself")
        raise SourceError(f"{handle.name} is a page that names the feed {named[0]}, which cannot be read ({last})")

    async def _suggestions(self, address: str) -> tuple[str, ...]:
        """The feeds that the site's first page names."""
        home = urljoin(address, "/")
        try:
            page = await fetch(self._fetches, home)
        except SourceError:  # then there are none; what is wrong was found already
            return ()
        return tuple(feeds_in(page.body, page.url)[:_MOST_TRIED])

    async def _account(self, address: str, fetched: Fetched) -> Account:
        """Where the feed has moved to for good is where it is."""
        address = fetched.moved_to or address
        own_id = fold(Handle(source=RSS, name=address)).name
        try:
            document = await self._read(own_id, fetched)
        except BrokenFeedError as error:
            raise SourceError(f"{address} {error}") from error
        return Account(source=RSS, id=own_id, handle=address, name=document.title)

    async def _read(self, address: str, fetched: Fetched) -> Document:
        document = await self._aside.run(partial(read_document, fetched))
        self._lately.pop(address, None)
        self._lately[address] = (self._clock.now(), document)
        if len(self._lately) > _MOST_KEPT:
            del self._lately[next(iter(self._lately))]
        return document
