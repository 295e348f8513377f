"""What a reading of a feed adds to what is known of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sources.accounts import RSS
from sources.feeds.document import Document, Entry
from sources.feeds.identity import Known, identify, identify_deleted
from sources.feeds.position import Position
from sources.feeds.text import text_of
from sources.types import Account, Post

_REST_OF_A_DAY = timedelta(days=1, seconds=-1)


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """New posts, oldest first, then new deletions, and all that the document shows."""

    posts: tuple[tuple[Known, Post], ...]
    deleted: tuple[str, ...]
    shown: tuple[Known, ...]
    missed: bool
    """Whether nothing of what was there before is there still, so that more may have come and gone in between."""


NO_NEWS = News(posts=(), deleted=(), shown=(), missed=False)


def news(account: Account, document: Document, before: Position, now: datetime, *, resumed: bool) -> News:
    """What the document holds that was not given before.

    Entries without a date, or with one that is still to come, count as published `now` when they turn up; those with
    only a day as published as late as that day allows, or a watch added on it would be younger than they are. Not so on
    a feed's first reading, or on the first after nobody watched it for a while (not `resumed`): what has no date is old
    then, and only remembered, and what has only a day is from its beginning.
    """
    shown = identify(account.id, document, before.known)
    gone = identify_deleted(account.id, document.deleted, before.known)
    seen = {one.id for one in before.known}
    passed_by = seen | set(gone) | set(before.deleted)
    fresh: dict[str, tuple[Known, Entry]] = {}
    for known, entry in zip(shown, document.entries, strict=True):
        if known.id not in passed_by:
            fresh.setdefault(known.id, (known, entry))
    first = not before.read or not resumed
    posts = [
        (known, post_of(account, entry if first else _at_latest(entry, now), known.id, now))
        for known, entry in reversed(fresh.values())
        if not (first and _is_undated(entry, now))
    ]
    return News(
        posts=tuple(sorted(posts, key=lambda given: given[1].published_at)),
        deleted=tuple(one for one in dict.fromkeys(gone) if one not in before.deleted),
        shown=tuple(shown),
        missed=before.read and bool(seen) and bool(shown) and all(one.id not in seen for one in shown),
    )


def latest(account: Account, document: Document, before: Position, now: datetime, limit: int) -> list[Post]:
    """The document's posts, newest first, without those that are said to be deleted."""
    shown = identify(account.id, document, before.known)
    gone = {*identify_deleted(account.id, document.deleted, before.known), *before.deleted}
    posts: dict[str, Post] = {}
    for known, entry in zip(shown, document.entries, strict=True):
        if known.id not in gone:
            posts.setdefault(known.id, post_of(account, entry, known.id, now))
    return sorted(posts.values(), key=lambda post: post.published_at, reverse=True)[:limit]


def post_of(account: Account, entry: Entry, own_id: str, now: datetime) -> Post:
    """The entry as a post of the feed."""
    return Post(
        source=RSS,
        id=own_id,
        author=account,
        text=text_of(entry),
        published_at=now if entry.published_at is None else min(entry.published_at, now),
        lang=entry.lang,
        url=entry.link,
    )


def dates(document: Document, now: datetime) -> Sequence[datetime]:
    """When its entries were published, as far as that can be."""
    return [entry.published_at for entry in document.entries if entry.published_at and entry.published_at <= now]


def _at_latest(entry: Entry, now: datetime) -> Entry:
    """As of the last moment that its date leaves open."""
    if not entry.only_the_day or entry.published_at is None or entry.published_at > now:
        return entry
    return replace(entry, published_at=min(entry.published_at + _REST_OF_A_DAY, now))


def _is_undated(entry: Entry, now: datetime) -> bool:
    return entry.published_at is None or entry.published_at > now
