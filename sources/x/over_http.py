"""X over HTTP: tweepy asks the questions, aiohttp reads the stream.

tweepy writes the requests of API v2 (paths, parameters, bodies). Two things of it are replaced. `request`, because it
hard-codes its host and expects JSON in every error. And the whole of its stream loop: it reconnects without delay after
a clean close, ends silently for good on a malformed line, and waits by itself. All that would be left of it is one GET,
which is made here; keeping the stream is the work of `stream.py`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
from tweepy import StreamRule
from tweepy.asynchronous import AsyncClient, AsyncStreamingClient

from sources.x.problems import problem_in
from sources.x.rules import Rule
from sources.x.transport import MOST_A_PAGE, Connection, Payload, Search, XRefusedError, XUnreachableError

USER_AGENT = "Lapwing"

_FIELDS = {
    "tweet_fields": ["author_id", "created_at", "edit_history_tweet_ids", "lang", "note_tweet", "referenced_tweets"],
    "user_fields": ["name", "username"],
    "expansions": ["author_id", "referenced_tweets.id"],
}
_ANSWER_S = 30.0  # for a whole answer
_CONNECT_S = 10.0
_HEADERS_S = 20.0  # until the stream's first line of an answer
_LEAST_OF_TIMELINE = 5
_TAG = "lapwing"
_NEVER_ARRIVED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class OverHttp:
    """The Transport of the real X, or of whatever answers at `url`. Make it with `open`."""

    def __init__(self, session: aiohttp.ClientSession, *, token: str, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._client = _Client(self, token)
        self._rules = _Rules(self, token)
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": USER_AGENT}

    @classmethod
    @asynccontextmanager
    async def open(cls, *, token: str, url: str = "https://api.x.com") -> "AsyncIterator[OverHttp]":
        """One that is closed at the end."""
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S, sock_connect=_CONNECT_S))
        async with session:
            yield cls(session, token=token, url=url)

    async def rules(self) -> list[Rule]:
        found = _list(await self._rules.get_rules())
        return [Rule(id=str(one.get("id", "")), value=str(one.get("value", ""))) for one in found]

    async def add_rules(self, values: Sequence[str]) -> Payload:
        return _object(await self._rules.add_rules([StreamRule(value=value, tag=_TAG) for value in values]))

    async def delete_rules(self, ids: Sequence[str]) -> None:
        await self._rules.delete_rules(list(ids))

    async def search(self, search: Search) -> Payload:
        answer = await self._client.search_recent_tweets(
            search.query,
            start_time=search.start,
            end_time=search.end,
            next_token=search.page or None,
            max_results=search.most,
            **_FIELDS,
        )
        return _object(answer)

    async def timeline(self, account_id: str, limit: int) -> Payload:
        count = min(max(limit, _LEAST_OF_TIMELINE), MOST_A_PAGE)
        return _object(await self._client.get_users_tweets(account_id, max_results=count, **_FIELDS))

    async def posts(self, ids: Sequence[str]) -> Payload:
        return _object(await self._client.get_tweets(list(ids), tweet_fields=_FIELDS["tweet_fields"]))

    async def user(self, handle: str) -> Payload:
        return _object(await self._client.get_user(username=handle, user_fields=_FIELDS["user_fields"]))

    async def find_users(self, words: str, limit: int) -> Payload:
        return await self.ask("GET", "/2/users/search", {"query": words, "max_results": limit})

    async def ask(self, method: str, route: str, params: Mapping[str, Any], body: Any = None) -> Payload:
        """One request and its answer. Raises XUnreachableError and XRefusedError."""
        try:
            async with self._session.request(
                method, self._url + route, params=params, json=body, headers=self._headers, allow_redirects=False
            ) as response:
                answer = _json(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(error) from error
        if not 200 <= response.status < 300:
            raise _refused(response, answer)
        if not isinstance(answer, Mapping):
            raise XUnreachableError("its answer is no JSON", reached=True)
        return answer

    async def connect(self) -> Connection:
        params = {name.replace("_fields", ".fields"): ",".join(values) for name, values in _FIELDS.items()}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)  # silence is the stream keeper's to judge
        try:
            async with asyncio.timeout(_CONNECT_S + _HEADERS_S):
                response = await self._session.get(
                    f"{self._url}/2/tweets/search/stream",
                    params=params,
                    headers=self._headers,
                    timeout=timeout,
                    allow_redirects=False,
                )
                if response.status == 200:
                    return _Stream(response)
                answer = _json(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(error) from error
        raise _refused(response, answer)

    async def close(self) -> None:
        await self._session.close()


class _Stream:
    """A connected stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def read(self) -> bytes:
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(error) from error

    async def close(self) -> None:
        self._response.close()


class _Answered:
    """An answer as tweepy wants to take it."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload

    async def json(self) -> Payload:
        return self._payload


class _Asking:
    """tweepy's `request`, put in the place of its own."""

    _over: OverHttp

    async def request(self, method: str, route: str, params: Any = None, json: Any = None, **_: Any) -> _Answered:
        return _Answered(await self._over.ask(method, route, params or {}, json))


class _Client(_Asking, AsyncClient):  # type: ignore[misc]  # tweepy has no types
    """Posts and users."""

    def __init__(self, over: OverHttp, token: str) -> None:
        super().__init__(token, return_type=dict)
        self._over = over


class _Rules(_Asking, AsyncStreamingClient):  # type: ignore[misc]
    """The stream's rules; its stream is not used."""

    def __init__(self, over: OverHttp, token: str) -> None:
        super().__init__(token, return_type=dict)
        self._over = over


def _refused(response: aiohttp.ClientResponse, answer: object) -> XRefusedError:
    return XRefusedError(response.status, problem_in(answer), _reset_at(response.headers))


def _reset_at(headers: Mapping[str, str]) -> datetime | None:
    """x-rate-limit-reset is in seconds since 1970; None where it is missing or no such number.

    None as well where requests are left in its window: that limit is not what X complains of, and its end ends nothing.
    X answers so while it still holds an earlier connection to the stream.
    """
    if headers.get("x-rate-limit-remaining", "0") != "0":
        return None
    text = headers.get("x-rate-limit-reset", "")
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _unreachable(error: BaseException) -> XUnreachableError:
    return XUnreachableError(str(error) or type(error).__name__, reached=not isinstance(error, _NEVER_ARRIVED))


def _json(body: bytes) -> object:
    """None for what is no JSON, as the pages are that X's outer servers answer with."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _object(answer: object) -> Payload:
    return answer if isinstance(answer, Mapping) else {}


def _list(answer: object) -> list[Mapping[str, Any]]:
    data = _object(answer).get("data")
    return [one for one in data if isinstance(one, Mapping)] if isinstance(data, list) else []
