"""Bluesky's public API: accounts by their handles, their latest posts, and the posts that others passed on.

https://docs.bsky.app/docs/api: every method is GET {api}/xrpc/{method}, without a token.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sources.accounts import BLUESKY, fold
from sources.bluesky.records import REPOSTS, Address, to_address, to_post, to_repost
from sources.bluesky.transport import NoAnswerError, Transport
from sources.reading import Record, UnreadableError, load_record, moment, record, records, text, word
from sources.types import Account, AccountNotFoundError, Handle, Post, SourceError

_MOST_POSTS = 25  # that getPosts takes at once
_MOST_RECENT = 100  # that getAuthorFeed gives at once
_SUGGESTIONS = 3
_SHOWN = 100  # characters of what the API says of an error

_GONE = {
    "AccountTakedown": "was taken down",
    "AccountDeactivated": "is deactivated",
    "AccountSuspended": "is suspended",
}


class ApiRefusedError(SourceError):
    """The API answered with an error; `kind` is its name for it."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class Api:
    """Asks, and raises SourceError for whatever is not answered."""

    def __init__(self, transport: Transport, url: str) -> None:
        self._transport = transport
        self._url = url.rstrip("/")

    async def resolve(self, handle: Handle) -> Account:
        """The account behind a handle. Raises AccountNotFoundError, with accounts that are called something like it."""
        try:
            profile = await self._ask("app.bsky.actor.getProfile", {"actor": fold(handle).name})
        except ApiRefusedError as error:
            if gone := _GONE.get(error.kind):
                raise SourceError(f"{handle} {gone} on Bluesky") from error
            if error.kind == "InvalidRequest":
                raise AccountNotFoundError(handle, await self._suggestions(handle)) from None
            raise
        account = to_account(profile)
        if account is None:
            raise NoAnswerError("Bluesky's answer names no account")
        return account

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """Up to `limit` of the account's latest posts and reposts, newest first."""
        query = {"actor": account.id, "limit": str(min(limit, _MOST_RECENT)), "filter": "posts_with_replies"}
        answer = await self._ask("app.bsky.feed.getAuthorFeed", query)
        found = [_feed_post(one, account) for one in records(answer.get("feed"))]
        return [post for post in found if post is not None][:limit]

    async def posts(self, addresses: Collection[Address]) -> dict[Address, Post]:
        """These posts, as far as they are there and may be seen."""
        found: dict[Address, Post] = {}
        asked = list(dict.fromkeys(addresses))
        for start in range(0, len(asked), _MOST_POSTS):
            uris = [str(address) for address in asked[start : start + _MOST_POSTS]]
            answer = await self._ask("app.bsky.feed.getPosts", {"uris": uris})
            for view in records(answer.get("posts")):
                address, post = to_address(view.get("uri")), _view_post(view)
                if address is not None and post is not None:
                    found[address] = post
        return found

    async def _suggestions(self, handle: Handle) -> tuple[str, ...]:
        """None where the search fails: they are a help, and the answer stands without them."""
        query = {"q": handle.name.partition(".")[0], "limit": str(_SUGGESTIONS)}
        try:
            answer = await self._ask("app.bsky.actor.searchActorsTypeahead", query)
        except SourceError:
            return ()
        found = [word(actor.get("handle")) for actor in records(answer.get("actors"))]
        return tuple(name for name in found if name)[:_SUGGESTIONS]

    async def _ask(self, method: str, query: Mapping[str, str | list[str]]) -> Record:
        answer = await self._transport.get(f"{self._url}/xrpc/{method}", query)
        try:
            said = load_record(answer.body)
        except UnreadableError as error:  # such as the HTML of a proxy on the way
            raise NoAnswerError(f"Bluesky answered {answer.status}, and its answer {error}") from error
        if answer.status == 200:
            return said
        kind, message = text(said.get("error"))[:_SHOWN], text(said.get("message"))[:_SHOWN]
        raise ApiRefusedError(f"Bluesky answered {answer.status}: {message or kind or 'no reason given'}", kind)


def to_account(profile: Record) -> Account | None:
    """Whoever a profile is of; None where it names nobody."""
    did, handle = word(profile.get("did")), word(profile.get("handle"))
    if not did or not handle:
        return None
    return Account(source=BLUESKY, id=did, handle=handle, name=text(profile.get("displayName")))


def _view_post(view: Record) -> Post | None:
    address, author = to_address(view.get("uri")), to_account(record(view.get("author")))
    value = view.get("record")
    if address is None or author is None or not isinstance(value, dict):
        return None
    return to_post(address, value, author, _date(view))


def _feed_post(entry: Record, account: Account) -> Post | None:
    """An entry of an account's feed: a post of its own, or one that it passed on."""
    post = _view_post(record(entry.get("post")))
    reason = record(entry.get("reason"))
    if post is None or not str(reason.get("$type", "")).endswith("#reasonRepost"):
        return post if post is not None and post.author.id == account.id else None
    by = to_account(record(reason.get("by"))) or account
    if by.id != account.id:
        return None
    own = to_address(post.id)
    address = to_address(reason.get("uri")) or Address(did=by.id, collection=REPOSTS, rkey=own.rkey if own else "0")
    return to_repost(address, {}, post, by, _date(reason))


def _date(view: Record) -> datetime:
    return moment(view.get("indexedAt")) or datetime(1970, 1, 1, tzinfo=UTC)
