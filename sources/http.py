"""The one guarded way out for what people name in a chat: feeds, profile pages, instances of Mastodon.

Every address is checked before it is gone to: as written, as resolved, and again at each redirect. The address that
was checked is the one that is connected to, so that a name cannot change its mind in between. Sizes and times are
bounded, and a body's size is counted as it is after decompression.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from sources.addresses import AddressRefusedError, check_ip, check_parsed, check_url, is_allowed
from sources.names import Resolver, SystemResolver
from sources.types import SourceError

__all__ = [
    "AddressRefusedError",
    "Fetched",
    "Fetcher",
    "TooLargeError",
    "UnreachableError",
    "check_ip",
    "check_url",
    "retry_after_s",
]

USER_AGENT = "Lapwing/0.1 (a team's lookout; reads feeds and public posts)"

MOST_BYTES = 2 * 1024 * 1024
TIMEOUT_S = 30.0
_CONNECT_S = 10.0
_SILENCE_S = 10.0  # without a byte
_MOST_HEADER = 64 * 1024  # bytes of one; some sites' Content-Security-Policy has more than the usual 8 KiB
_MOST_REDIRECTS = 5
_MOST_AT_ONCE = 64  # connections; two to one host, as a good guest
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LASTING = frozenset({301, 308})


class TooLargeError(SourceError):
    """There is more than Lapwing reads."""


class UnreachableError(SourceError):
    """It did not answer, not in time or not in HTTP; the message says which. Later it may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """An answer of whatever status, read whole; a redirect is followed and is none."""

    url: str
    """Where the answer came from, after redirects."""

    status: int
    headers: Mapping[str, str]
    """Without regard to the case of their names; the last one of those that share a name."""

    body: bytes = field(repr=False)
    moved_to: str
    """Where it has moved for good (301, 308 from the first step on); empty where it has not."""


class Fetcher:
    """Fetches over HTTP within the limits. Used in `async with`, on one event loop; keeps connections for a while."""

    def __init__(
        self, *, allow: frozenset[str] = frozenset(), user_agent: str = USER_AGENT, resolver: Resolver | None = None
    ) -> None:
        """`allow`: exact exceptions to the guard, as "host:port". `resolver`: in place of the system's."""
        self._allow = allow
        self._user_agent = user_agent
        self._system = SystemResolver()
        self._resolver = _Checked(resolver or self._system, allow)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=self._resolver, use_dns_cache=False, limit=_MOST_AT_ONCE, limit_per_host=2, keepalive_timeout=5
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy of the environment would go to addresses that nobody checked
            headers={"User-Agent": self._user_agent},
            max_field_size=_MOST_HEADER,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._system.close()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        etag: str = "",
        modified: str = "",
        most_bytes: int = MOST_BYTES,
        timeout_s: float = TIMEOUT_S,
    ) -> Fetched:
        """What is there, or a 304 where that is what `etag` or `modified` (its Last-Modified) say it was.

        `timeout_s` holds for all of it, redirects included. Raises AddressRefusedError, TooLargeError and
        UnreachableError.
        """
        asked = CIMultiDict(headers)
        if etag:
            asked["If-None-Match"] = etag
        if modified:
            asked["If-Modified-Since"] = modified
        here = check_url(url, self._allow)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(here, asked, most_bytes)
        except TimeoutError:
            raise UnreachableError(f"{here.host} did not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: aiohttp's word for a bad header
            raise UnreachableError(f"{here.host} cannot be read: {_reason(error)}") from error

    async def _follow(self, here: URL, headers: CIMultiDict[str], most_bytes: int) -> Fetched:
        moved_to, lasting = "", True
        for _ in range(_MOST_REDIRECTS + 1):
            async with self._request(here, headers) as response:
                if response.status not in _REDIRECTS or "Location" not in response.headers:
                    body = await _read(response, most_bytes)
                    kept = CIMultiDictProxy(CIMultiDict(dict(response.headers)))
                    return Fetched(url=str(here), status=response.status, headers=kept, body=body, moved_to=moved_to)
                there = self._next(here, response.headers["Location"])
                lasting = lasting and response.status in _LASTING
                moved_to = str(there) if lasting else moved_to
            if there.origin() != here.origin():
                headers = CIMultiDict((name, value) for name, value in headers.items() if name != "Authorization")
            here = there
        raise UnreachableError(f"{here.host} redirects more than {_MOST_REDIRECTS} times")

    def _request(self, url: URL, headers: CIMultiDict[str]) -> "aiohttp.client._RequestContextManager":
        if self._session is None:
            raise RuntimeError("a Fetcher is used in `async with`")
        # not `connect`, which counts the wait for others who are asking the same host, too
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
        return self._session.get(url, headers=headers, allow_redirects=False, timeout=timeout)

    def _next(self, here: URL, location: str) -> URL:
        """Where a redirect leads, checked like any other address."""
        try:
            there = here.join(URL(location))
        except ValueError as error:
            raise UnreachableError(f"{here.host} redirects to no address of the web ({error})") from None
        return check_parsed(there, self._allow)


class _Checked(AbstractResolver):
    """Asks a resolver and refuses what may not be gone to. aiohttp connects to what is returned and nothing else."""

    def __init__(self, resolver: Resolver, allow: frozenset[str]) -> None:
        self._resolver = resolver
        self._allow = allow

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  (the base's signature)
    ) -> list[ResolveResult]:
        """Nothing where any of the answers is refused: a name that stands for both sides is meant to deceive."""
        addresses = await self._resolver(host, port)
        if not addresses:
            raise OSError(f"{host} has no address")
        if not is_allowed(host, port, self._allow):
            for address in addresses:
                check_ip(address)
        return [_resolved(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Nothing is held."""


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float:
    """For how many seconds from `now` (aware) the server asks to be left alone; 0 where it does not, or not clearly."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, OverflowError):
        return 0.0


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body, as it is decompressed bit by bit. Raises TooLargeError as soon as it is known to be too large."""
    if (response.content_length or 0) > most_bytes:
        raise _too_large(response, most_bytes)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(response, most_bytes)
    return bytes(body)


def _too_large(response: aiohttp.ClientResponse, most_bytes: int) -> TooLargeError:
    response.close()  # nothing more of it is read, nor is the connection kept
    return TooLargeError(f"{response.url.host} sends more than the {most_bytes:,} bytes that are read")


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def _reason(error: Exception) -> str:
    """One line, without what a hostile server put into it."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "there is no such host"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    return type(error).__name__
