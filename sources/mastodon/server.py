"""One server's public API, and how it wants to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

from sources.clock import Clock
from sources.http import Fetched, retry_after_s
from sources.reading import Record, UnreadableError, load, load_record, moment, records
from sources.types import PostKind, SourceError

PAGE = 40
"""The most statuses a server gives at once."""

_SUGGESTIONS = 3
_LEAST_S = 1.0  # between two requests to one server: a little below its usual limit of 300 in 5 minutes
_MOST_S = 3_600.0
_REFUSALS = {401, 403, 422}


class AnsweredError(SourceError):
    """A server answered, and not with what was asked for."""


class NotThereError(AnsweredError):
    """Nothing is there (any more)."""

    def __init__(self, message: str, *, by_api: bool) -> None:
        super().__init__(message)
        self.by_api = by_api
        """Whether the API says so, in JSON; otherwise there may be no API."""


class PrivateError(AnsweredError):
    """It shows this to people who are logged in, and not to us."""


class BusyError(AnsweredError):
    """It cannot, or will not, answer now; `wait_s` is how long it asks to be left alone, 0 where it does not say."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class NotMastodonError(BusyError):
    """What answers is something else, now at least: a page of an error, of a proxy, or of another kind of site."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} does not answer as a Mastodon server: {reason}", 0)


class Getter(Protocol):
    """The way out, which `sources.http.Fetcher` is."""

    async def get(self, url: str) -> Fetched:
        """What is there, redirects followed. Raises SourceError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An account as its own server shows it."""

    server: str
    record: Record


class Server:
    """Asks one server. Every method raises SourceError: one of the above, or that it could not be reached."""

    def __init__(self, getter: Getter, name: str, clock: Clock, *, plain: bool = False) -> None:
        """`name` is its host, with a port where it has one; `plain`: it is spoken to without TLS."""
        self.name = name
        self.spacing_s = _LEAST_S
        """How far apart requests should be, by what the server said last."""

        self.requests = 0
        """Made so far."""

        self._getter = getter
        self._clock = clock
        self._scheme = "http" if plain else "https"

    async def lookup(self, user: str) -> Found:
        """A local account by its name; from the server that a redirect leads to, where there is one."""
        fetched = await self._get("/api/v1/accounts/lookup", {"acct": user})
        return Found(server=urlsplit(fetched.url).netloc, record=_object(fetched, self.name))

    async def account(self, account_id: str) -> Record:
        """An account by its id."""
        return _object(await self._get(f"/api/v1/accounts/{quote(account_id, safe='')}", {}), self.name)

    async def status(self, status_id: str) -> Record:
        """One status."""
        return _object(await self._get(f"/api/v1/statuses/{quote(status_id, safe='')}", {}), self.name)

    async def statuses(
        self,
        account_id: str,
        *,
        since_id: str = "",
        max_id: str = "",
        limit: int = PAGE,
        without: frozenset[PostKind] = frozenset(),
    ) -> list[Record]:
        """An account's latest statuses, newest first: later than `since_id`, earlier than `max_id`."""
        query = {
            "limit": str(limit),
            "since_id": since_id,
            "max_id": max_id,
            "exclude_reblogs": "true" if PostKind.RETWEET in without else "",
            "exclude_replies": "true" if PostKind.REPLY in without else "",
        }
        path = f"/api/v1/accounts/{quote(account_id, safe='')}/statuses"
        fetched = await self._get(path, {name: value for name, value in query.items() if value})
        found = _json(fetched, self.name)
        if not isinstance(found, list):
            raise NotMastodonError(self.name, "its answer is no list of statuses")
        return records(found)

    async def search(self, user: str) -> list[Record]:
        """Accounts that are called something like it, as far as the server lets strangers search."""
        query = {"q": user, "type": "accounts", "limit": str(_SUGGESTIONS)}
        return records(_object(await self._get("/api/v2/search", query), self.name).get("accounts"))

    async def webfinger(self, user: str) -> str:
        """The server that really holds USER@NAME: a domain may leave that to another one. "" where it does not say.

        https://docs.joinmastodon.org/spec/webfinger/
        """
        fetched = await self._get("/.well-known/webfinger", {"resource": f"acct:{user}@{self.name}"})
        for link in records(_object(fetched, self.name).get("links")):
            if link.get("rel") == "self" and "json" in str(link.get("type", "")):
                return _netloc(str(link.get("href", "")))
        return ""

    async def _get(self, path: str, query: Mapping[str, str]) -> Fetched:
        url = f"{self._scheme}://{self.name}{path}"
        self.requests += 1
        fetched = await self._getter.get(f"{url}?{urlencode(query)}" if query else url)
        now = self._clock.now()
        self.spacing_s = spacing_s(fetched.headers, now)
        _refuse(fetched, self.name, now)
        return fetched


def spacing_s(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds between requests so that what is left of the server's limit lasts until it is renewed: 1 to 3600."""
    remaining, reset = headers.get("X-RateLimit-Remaining", ""), _reset(headers)
    if reset is None or not (remaining.isascii() and remaining.isdigit() and len(remaining) < 10):
        return _LEAST_S
    left_s = max(0.0, (reset - now).total_seconds())
    return min(_MOST_S, max(_LEAST_S, left_s / max(1, int(remaining))))


def _reset(headers: Mapping[str, str]) -> datetime | None:
    """When the limit is renewed: a date, as Mastodon writes it, or seconds since 1970, as some others do."""
    value = headers.get("X-RateLimit-Reset", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 12:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(value))
    return moment(value)


def _refuse(fetched: Fetched, name: str, now: datetime) -> None:
    """Raise what a status other than 200 means."""
    status = fetched.status
    if status == 200:
        return
    if status in (404, 410):
        raise NotThereError(f"{name} knows nothing of it ({status})", by_api=_is_record(fetched.body))
    if status in _REFUSALS:
        raise PrivateError(f"{name} shows it only to people who are logged in there ({status})")
    wait_s = retry_after_s(fetched.headers, now)
    if status == 429 and not wait_s and (reset := _reset(fetched.headers)):
        wait_s = max(0.0, (reset - now).total_seconds())
    raise BusyError(f"{name} answered {status}", min(wait_s, _MOST_S))


def _is_record(body: bytes) -> bool:
    try:
        load_record(body)
    except UnreadableError:
        return False
    return True


def _json(fetched: Fetched, name: str) -> object:
    try:
        return load(fetched.body)
    except UnreadableError as error:  # such as the page of an error, of a proxy, or of a server of another kind
        raise NotMastodonError(name, f"its answer {error}") from error


def _object(fetched: Fetched, name: str) -> Record:
    try:
        return load_record(fetched.body)
    except UnreadableError as error:
        raise NotMastodonError(name, f"its answer {error}") from error


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
