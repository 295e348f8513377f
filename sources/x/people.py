"""Who somebody is at X, and what they posted of late: for whoever types /watch."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from sources.clock import Clock
from sources.types import Account, AccountNotFoundError, Handle, Post, SourceError
from sources.x.budget import Budget
from sources.x.objects import accounts, read
from sources.x.transport import MOST_A_PAGE, Transport, XError, XRefusedError

KEPT = timedelta(minutes=15)
"""For so long an account's latest posts are not asked for again: a preview of 20 costs about $0.10."""

_MOST_KEPT = 200  # accounts
_SUGGESTIONS = 3  # a user read costs twice as much as a post
_NOT_FOUND = 404


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recent:
    at: datetime
    limit: int
    posts: list[Post]


class People:
    """Asks X, counts what it costs, and remembers for a while."""

    def __init__(self, transport: Transport, clock: Clock, budget: Budget) -> None:
        self._transport = transport
        self._clock = clock
        self._budget = budget
        self._recent: dict[str, _Recent] = {}

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """Up to `limit` of the account's latest posts, newest first. Raises SourceError."""
        kept = self._recent.get(account.id)
        if kept is None or kept.limit < limit or self._clock.now() - kept.at > KEPT:
            kept = await self._ask_recent(account, limit)
        return kept.posts[:limit]

    async def find(self, handle: Handle, known: Iterable[str]) -> Account:
        """The account behind a handle. `known`: handles that may be meant instead. Raises AccountNotFoundError."""
        try:
            found = accounts(await self._transport.user(handle.name))
        except XRefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            found = ()
        if not found:
            raise AccountNotFoundError(handle, await self._suggestions(handle.name, known))
        return found[0]

    async def _ask_recent(self, account: Account, limit: int) -> _Recent:
        if self._budget.room() < min(limit, MOST_A_PAGE):
            raise SourceError("this month's limit of posts read from X is reached, or would be")
        found = read(await self._transport.timeline(account.id, limit), {account.id: account})
        self._budget.count([tweet.id for tweet in found.tweets])
        newest_first = sorted(found.tweets, key=lambda tweet: int(tweet.id), reverse=True)
        own = [tweet.post for tweet in newest_first if tweet.post.author.id == account.id]
        kept = _Recent(at=self._clock.now(), limit=limit, posts=own)
        self._recent.pop(account.id, None)
        self._recent[account.id] = kept
        while len(self._recent) > _MOST_KEPT:
            del self._recent[next(iter(self._recent))]
        return kept

    async def _suggestions(self, name: str, known: Iterable[str]) -> tuple[str, ...]:
        """The nearest handles that are known here; where none is near, those that X's own search finds."""
        handles = {handle.lower(): handle for handle in known}
        if near := get_close_matches(name.lower(), handles, n=_SUGGESTIONS):
            return tuple(handles[handle] for handle in near)
        try:
            found = await self._transport.find_users(name, _SUGGESTIONS)
        except XError:  # a nicety, which not every plan has
            return ()
        return tuple(account.handle for account in accounts(found))[:_SUGGESTIONS]
