"""Posts: what was read, once for ever."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sources.types import Account, Deletion, Post, PostKind
from storage import sqlite
from storage.schema import Instant, posts
from storage.types import PostId, Removed, StoredPost


def add(connection: sa.Connection, new: Sequence[Post], seen_at: datetime) -> list[PostId]:
    """Store the posts not seen before and return their numbers, in the order given; the others are passed over."""
    if not new:
        return []
    statement = sqlite.insert_new(posts).returning(posts.c.id, sort_by_parameter_order=False)
    found = connection.execute(statement, [_row(post, seen_at) for post in new])
    return sorted(PostId(row.id) for row in found)


def remove(connection: sa.Connection, ids: Sequence[PostId], why: Removed) -> None:
    """Blank all that these posts say; what tells them from others stays, so that none is ever taken for a new one."""
    blank = dict.fromkeys(("text", "author_name", "lang", "fingerprint"), "")
    connection.execute(sa.update(posts).where(posts.c.id.in_(ids)).values(removed=why, **blank))


def add_tombstone(connection: sa.Connection, deletion: Deletion, seen_at: datetime) -> None:
    """A post that was deleted before it came: when it comes it has been seen, and is shown to nobody."""
    nobody = Account(source=deletion.source, id="", handle="")
    post = Post(source=deletion.source, id=deletion.id, author=nobody, text="", published_at=seen_at)
    connection.execute(sqlite.insert_new(posts), _row(post, seen_at) | {"removed": Removed.DELETED})


def load(connection: sa.Connection, ids: Iterable[PostId]) -> list[StoredPost]:
    """The posts with these numbers, oldest number first."""
    rows = connection.execute(sa.select(posts).where(posts.c.id.in_(list(ids))).order_by(posts.c.id))
    return [from_row(row) for row in rows]


def ids_at_source(connection: sa.Connection, source: str) -> set[str]:
    """The ids, at their source, of all posts of it that we hold."""
    return set(connection.scalars(sa.select(posts.c.post_id).where(posts.c.source == source)))


def last_published(connection: sa.Connection, account: Account) -> datetime | None:
    """When the newest post of this account that we hold was published."""
    newest = sa.select(sa.func.max(posts.c.published_at, type_=Instant)).where(
        posts.c.source == account.source, posts.c.account_id == account.id
    )
    found: datetime | None = connection.scalar(newest)
    return found


def find(connection: sa.Connection, source: str, post_id: str) -> StoredPost | None:
    """The post with this id at its source."""
    query = sa.select(posts).where(posts.c.source == source, posts.c.post_id == post_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else from_row(row)


def at_url(connection: sa.Connection, url: str) -> StoredPost | None:
    """The newest post that its source says stands at this address."""
    query = sa.select(posts).where(posts.c.url == url).order_by(posts.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else from_row(row)


def seen_at(connection: sa.Connection, post: PostId) -> datetime:
    """When a post that we hold came in."""
    found: datetime = connection.execute(sa.select(posts.c.seen_at).where(posts.c.id == post)).scalar_one()
    return found


def fingerprint(text: str) -> str:
    """A checksum that a retweet shares with its original: of the words, without links, handles in front, and case.

    Empty where nothing is left. For telling repeats only, never for display.
    """
    words = _LINK.sub(" ", _RETWEET.sub("", text)).casefold().split()
    return hashlib.blake2s(" ".join(words).encode("utf-8", "replace"), digest_size=16).hexdigest() if words else ""


_RETWEET = re.compile(r"^\s*RT\s+@\S+\s*:?\s*")
_LINK = re.compile(r"https?://\S+")


def from_row(row: Any) -> StoredPost:
    """The post in a row that holds the columns of `posts`."""
    return StoredPost(
        id=PostId(row.id),
        post=Post(
            source=row.source,
            id=row.post_id,
            author=Account(source=row.source, id=row.account_id, handle=row.handle, name=row.author_name),
            text=row.text,
            published_at=row.published_at,
            kinds=frozenset(PostKind(kind) for kind in row.kinds.split(",") if kind),
            lang=row.lang,
            url=row.url,
            played_at=row.played_at,
        ),
        removed=None if row.removed is None else Removed(row.removed),
    )


def _row(post: Post, seen_at: datetime) -> dict[str, Any]:
    return {
        "source": post.source,
        "post_id": post.id,
        "account_id": post.author.id,
        "handle": post.author.handle,
        "author_name": post.author.name,
        "text": post.text,
        "kinds": ",".join(sorted(post.kinds)),
        "lang": post.lang,
        "url": post.url,
        "fingerprint": fingerprint(post.text),
        "published_at": post.published_at,
        "played_at": post.played_at,
        "seen_at": seen_at,
    }
