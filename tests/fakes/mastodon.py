"""A local server of Mastodon: the methods of its public API that Lapwing uses, as docs.joinmastodon.org has them.

Statuses come newest first; `since_id` gives the newest after it, not the next ones; a deleted status answers 404; a
domain may leave its accounts to another server and say so by webfinger.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

Json = dict[str, Any]

_MOST = 40
_RECENT = 1_000  # statuses of an account that are looked through


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """How a request is answered."""

    status: int
    body: str = '{"error": "no"}'
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeMastodon:
    """Accounts and their statuses, and every request that was made."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.accounts: dict[str, Json] = {}
        self.statuses: dict[str, list[Json]] = {}
        self.asked: list[str] = []
        self.refuse: Answered | None = None
        """What everything is answered with."""

        self.in_place_of_api: Answered | None = None
        """What everything but webfinger is answered with: a domain whose accounts live on another server."""

        self.broken: Answered | None = None
        """What the next page of statuses is answered with, once."""

        self.headers: dict[str, str] = {}
        self.fingers: dict[str, str] = {}
        """name@domain -> the server that holds it, by webfinger."""

        self.searchable = True
        self.port = 0
        self._now = now
        self._last = 0
        self._doomed: list[str] = []

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def join(self, user: str, name: str = "") -> Json:
        """Somebody new."""
        account = {"id": str(100 + len(self.accounts)), "username": user, "acct": user, "display_name": name}
        self.accounts[user] = account
        self.statuses[account["id"]] = []
        return account

    def write(self, user: str, html: str, **fields: object) -> str:
        """A status; its id."""
        at = self._now()
        self._last = max(self._last + 1, round(at.timestamp() * 1000) << 16)
        status = {
            "id": str(self._last),
            "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "in_reply_to_id": None,
            "spoiler_text": "",
            "language": "en",
            "url": f"https://{self.name}/@{user}/{self._last}",
            "edited_at": None,
            "content": html,
            "reblog": None,
            "account": self.accounts[user],
        } | fields
        self.statuses[self.accounts[user]["id"]].append(status)
        return str(status["id"])

    def boost(self, user: str, status_id: str) -> str:
        """Pass a status on; the boost's id."""
        return self.write(user, "", reblog=self._find(status_id))

    def edit(self, status_id: str, html: str) -> None:
        """The same status with other words."""
        status = self._find(status_id)
        assert status
        status |= {"content": html, "edited_at": self._now().isoformat()}

    def delete(self, status_id: str) -> None:
        """Take a status back."""
        for statuses in self.statuses.values():
            statuses[:] = [status for status in statuses if status["id"] != status_id]

    def delete_later(self, status_id: str) -> None:
        """Take it back once a page has shown it."""
        self._doomed.append(status_id)

    def move(self, user: str, acct: str) -> None:
        """The account says that it is somewhere else now."""
        self.accounts[user]["moved"] = {"id": "9", "username": acct.partition("@")[0], "acct": acct}

    def asked_for(self, part: str) -> int:
        """How many requests had this in their address."""
        return sum(part in one for one in self.asked)

    def answer(self, address: str) -> Answered:
        """To any request; the address is its path and query."""
        self.asked.append(address)
        parts = urlsplit(address)
        steps, query = parts.path.strip("/").split("/"), dict(parse_qsl(parts.query))
        if steps[0] == "api" and self.in_place_of_api:
            return self.in_place_of_api
        if refusal := self.refuse or (self.broken if steps[-1] == "statuses" else None):
            self.broken = None
            return refusal
        found = self._found(steps, query)
        if found is None:
            return Answered(status=404, body='{"error": "Record not found"}')
        return Answered(status=200, body=json.dumps(found), headers=self.headers)

    def _found(self, steps: list[str], query: Mapping[str, str]) -> object | None:
        found: object | None = None
        match steps:
            case [".well-known", "webfinger"]:
                found = self._webfinger(query["resource"])
            case ["api", "v1", "accounts", "lookup"]:
                found = self.accounts.get(query["acct"].partition("@")[0])
            case ["api", "v1", "accounts", account_id]:
                found = next((one for one in self.accounts.values() if one["id"] == account_id), None)
            case ["api", "v1", "accounts", account_id, "statuses"]:
                found = self._page(account_id, query)
            case ["api", "v1", "statuses", status_id]:
                found = self._find(status_id)
            case ["api", "v2", "search"] if self.searchable:
                start = query["q"][:3]
                found = {"accounts": [one for user, one in self.accounts.items() if user.startswith(start)]}
        return found

    def _page(self, account_id: str, query: Mapping[str, str]) -> list[Json] | None:
        if account_id not in self.statuses:
            return None
        page = _page(self.statuses[account_id], query)
        for status_id in {status["id"] for status in page} & set(self._doomed):
            self.delete(status_id)
        return page

    def _webfinger(self, resource: str) -> Json | None:
        server = self.fingers.get(resource.removeprefix("acct:"))
        if server is None:
            return None
        href = f"https://{server}/users/{resource.removeprefix('acct:').partition('@')[0]}"
        return {"subject": resource, "links": [{"rel": "self", "type": "application/activity+json", "href": href}]}

    def _find(self, status_id: str) -> Json | None:
        everything = (status for statuses in self.statuses.values() for status in statuses)
        return next((status for status in everything if status["id"] == status_id), None)


@asynccontextmanager
async def mastodon(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> AsyncIterator[FakeMastodon]:
    """A server on a port of its own; `now` dates its statuses."""
    fake = FakeMastodon(now)

    async def call(request: web.Request) -> web.Response:
        answer = fake.answer(request.path_qs)
        return web.Response(status=answer.status, text=answer.body, headers=answer.headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", call)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.port = runner.addresses[0][1]
    try:
        yield fake
    finally:
        await runner.cleanup()


def _page(statuses: list[Json], query: Mapping[str, str]) -> list[Json]:
    since, before = int(query.get("since_id", "0")), int(query.get("max_id", "0")) or float("inf")
    found = [one for one in reversed(statuses[-_RECENT:]) if since < int(one["id"]) < before]
    if query.get("exclude_reblogs") == "true":
        found = [one for one in found if not one["reblog"]]
    if query.get("exclude_replies") == "true":
        found = [one for one in found if not one["in_reply_to_id"]]
    return found[: min(_MOST, int(query.get("limit", "20")))]
