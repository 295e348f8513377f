"""Feeds that a test writes, edits, moves and breaks: as a transport of its own, and behind a local web server.

What servers do with conditions, redirects and requests to wait is RFC 9110's; RSS 2.0, RSS 1.0 (RDF) and Atom (RFC
4287, tombstones RFC 6721) are written as their specifications show them.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

from sources.http import Fetched, UnreachableError

HOST = "https://news.example"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """An entry as its writer means it; None is left out."""

    guid: str | None = None
    link: str | None = None
    title: str | None = None
    summary: str | None = None
    """HTML."""

    published_at: datetime | None = None


def rss(items: Sequence[Item], *, title: str = "News", link: str = HOST, more: str = "", lang: str = "en") -> str:
    """RSS 2.0. `more`: elements of the channel."""
    written = "".join(f"<item>{_rss_item(item)}</item>" for item in items)
    head = f"<title>{escape(title)}</title><link>{escape(link)}</link><language>{lang}</language>{more}"
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{written}</channel></rss>'


def _rss_item(item: Item) -> str:
    guid = None if item.guid is None else f'<guid isPermaLink="false">{escape(item.guid)}</guid>'
    date = None if item.published_at is None else f"<pubDate>{format_datetime(item.published_at)}</pubDate>"
    return "".join(filter(None, [guid, _tag("link", item.link), _tag("title", item.title), date, _summary(item)]))


def rdf(items: Sequence[Item], *, title: str = "News", link: str = HOST) -> str:
    """RSS 1.0."""
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    written = "".join(
        f"<item rdf:about={quoteattr(item.guid or item.link or '')}>{_tag('title', item.title)}"
        f"{_tag('link', item.link)}{_tag('dc:date', _iso(item))}{_summary(item)}</item>"
        for item in items
    )
    return f"<rdf:RDF {spaces}><channel rdf:about={quoteattr(link)}>{_tag('title', title)}</channel>{written}</rdf:RDF>"


def atom(items: Sequence[Item], *, title: str = "News", link: str = HOST, deleted: Sequence[str] = ()) -> str:
    """Atom 1.0. `deleted`: ids of entries that there were."""
    written = "".join(
        f"<entry>{_tag('id', item.guid)}{_tag('title', item.title)}{_atom_link(item)}"
        f"{_tag('published', _iso(item))}{_tag('updated', _iso(item))}{_atom_summary(item)}</entry>"
        for item in items
    )
    gone = "".join(f'<at:deleted-entry ref={quoteattr(one)} when="2026-11-02T09:00:00Z"/>' for one in deleted)
    spaces = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0" xml:lang="en"'
    return f"<feed {spaces}><title>{escape(title)}</title><link href={quoteattr(link)}/>{gone}{written}</feed>"


def _atom_link(item: Item) -> str:
    return "" if item.link is None else f"<link href={quoteattr(item.link)}/>"


def _atom_summary(item: Item) -> str:
    return "" if item.summary is None else f'<summary type="html">{escape(item.summary)}</summary>'


def _tag(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def _summary(item: Item) -> str:
    return _tag("description", item.summary)


def _iso(item: Item) -> str | None:
    return None if item.published_at is None else item.published_at.isoformat()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What is at an address."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    knows_conditions: bool = True
    """Whether it answers 304 to who has it already."""

    then: tuple[str, ...] = ()
    """What is there instead once it was asked for."""


class FakeFeeds:
    """Addresses and what is there. It is a `Fetches`, with no network in between; or serve it with `serving`."""

    def __init__(self) -> None:
        self.host = HOST
        self.asked: Counter[str] = Counter()
        """How often each path was asked for."""

        self.told: list[tuple[str, Mapping[str, str]]] = []
        """With which headers, one after another; names in small letters."""

        self.at_once = 0
        """How many were asked for at the same time at most."""

        self.takes_s = 0.0
        self._pages: dict[str, Page] = {}
        self._asking = 0

    def address(self, path: str) -> str:
        """The whole address of a path."""
        return urljoin(self.host, path)

    def put(self, path: str, body: str | bytes, *, kind: str = "application/rss+xml", **headers: str) -> None:
        """This is there from now on; `headers` with _ in place of -."""
        written = body if isinstance(body, bytes) else body.encode()
        told = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self._pages[path] = Page(body=written, headers=told)

    def put_in_turn(self, path: str, *bodies: str) -> None:
        """One after another as it is asked for; the last one stays."""
        self._pages[path] = Page(body=bodies[0].encode(), then=bodies[1:])

    def put_forgetful(self, path: str, body: str) -> None:
        """As `put`, on a server that knows nothing of conditions."""
        self._pages[path] = Page(body=body.encode(), knows_conditions=False)

    def move(self, path: str, to: str, *, status: int = 301) -> None:
        """It is elsewhere from now on; a path, or an address."""
        self._pages[path] = Page(status=status, headers={"Location": to})

    def fail(self, path: str, status: int, **headers: str) -> None:
        """It answers no from now on."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self._pages[path] = Page(status=status, headers=told, body=b"<html>no</html>")

    def body(self, path: str) -> bytes:
        """What is there now."""
        return self._pages[path].body

    def page(self, path: str, asked: Mapping[str, str]) -> Page:
        """What it answers to a request with these headers."""
        low = {name.lower(): value for name, value in asked.items()}
        self.asked[path] += 1
        self.told.append((path, low))
        page = self._pages.get(path, Page(status=404))
        if page.then:
            self.put_in_turn(path, *page.then)
        if page.status != 200 or not page.knows_conditions:
            return page
        etag = f'"{sha256(page.body).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT", **page.headers}
        if low.get("if-none-match") == etag:
            return Page(status=304, headers={name: value for name, value in headers.items() if name != "Content-Type"})
        return Page(body=page.body, headers=headers)

    async def get(self, url: str, *, headers: Mapping[str, str] = {}, etag: str = "", modified: str = "") -> Fetched:
        """As `Fetcher.get`: redirects are followed; an address elsewhere is not reached."""
        asked = {**headers, "If-None-Match": etag, "If-Modified-Since": modified}
        self._asking += 1
        self.at_once = max(self.at_once, self._asking)
        try:
            await asyncio.sleep(self.takes_s)
            return self._follow(url, {name: value for name, value in asked.items() if value})
        finally:
            self._asking -= 1

    def _follow(self, url: str, asked: Mapping[str, str]) -> Fetched:
        moved_to, lasting = "", True
        for _ in range(5):
            if not url.startswith(self.host):
                raise UnreachableError(f"{urlsplit(url).hostname} cannot be read: there is no such host")
            page = self.page(urlsplit(url).path, asked)
            if "Location" not in page.headers:
                return Fetched(url=url, status=page.status, headers=page.headers, body=page.body, moved_to=moved_to)
            url = urljoin(url, page.headers["Location"])
            lasting = lasting and page.status in (301, 308)
            moved_to = url if lasting else moved_to
        raise UnreachableError("redirects more than 5 times")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[frozenset[str]]:
        """Behind a web server on 127.0.0.1; what is given is what a Fetcher has to allow."""

        async def answer(request: web.Request) -> web.Response:
            page = self.page(request.path, request.headers)
            return web.Response(body=page.body or None, status=page.status, headers=page.headers)

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            place = f"127.0.0.1:{runner.addresses[0][1]}"
            self.host = f"http://{place}"
            yield frozenset({place})
        finally:
            await runner.cleanup()


def at(hour: int, minute: int = 0) -> datetime:
    """On the day on which the clocks of tests start, at nine."""
    return datetime(2026, 11, 2, hour, tzinfo=UTC) + timedelta(minutes=minute)
