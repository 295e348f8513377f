"""The inbox: posts not yet decided."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from sources.types import Cursor, Deletion, Post
from storage import decisions, deletions, logits, posts
from storage.database import Database
from storage.failpoints import Commit
from storage.schema import cursors, inbox
from storage.schema import posts as posts_table
from storage.sqlite import upsert
from storage.types import PostId, Settlement, StoredPost


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """How much waits, and since when: what /health shows of the inbox."""

    waiting: int
    set_aside: int
    oldest_seen_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Undecided:
    """A post's entry in the inbox."""

    set_aside: str
    """Why this post is not tried again; empty while it waits."""


class Inbox(Protocol):
    """Where posts wait to be decided. Whatever it has taken is not lost, and is decided once."""

    async def put(
        self,
        arrived: Sequence[Post],
        *,
        source: str,
        cursor: Cursor,
        seen_at: datetime,
        deleted: Collection[Deletion] = (),
    ) -> int:
        """Store posts and the position to read on from, together; returns how many had not been seen before.

        `deleted`, too, is done in this transaction. Its order among the posts does not matter: a post deleted is gone,
        whether it came before its deletion or comes after.
        """

    async def recover(self) -> None:
        """At the start of a sole owner: free what an earlier life had claimed when it died."""

    async def cursor(self, source: str) -> Cursor | None:
        """Where to read on; None when this source was never read."""

    async def claim(self, limit: int, *, lease: timedelta, now: datetime) -> list[StoredPost]:
        """Up to `limit` waiting posts, oldest first, that nobody else gets until the lease has run out."""

    async def settle(self, settlement: Settlement) -> int:
        """Store logits, decisions and the deliveries they owe, and end the claims: all in one transaction.

        Posts whose claim was lost meanwhile are left to whoever holds it now. Returns how many alerts are newly owed.
        """

    async def release(self, claimed: Sequence[PostId]) -> None:
        """Give claimed posts back at once, undecided."""

    async def set_aside(self, post: PostId, reason: str) -> None:
        """Stop trying a claimed post, and keep it with the reason; nothing when its claim was lost meanwhile."""

    async def backlog(self) -> Backlog:
        """What waits."""


def undecided(connection: sa.Connection, post: PostId) -> Undecided | None:
    """The inbox's entry of a post; None once it is decided for everyone who cared."""
    row = connection.execute(sa.select(inbox.c.set_aside).where(inbox.c.post == post)).one_or_none()
    return None if row is None else Undecided(set_aside=row.set_aside or "")


class SqlInbox:
    """The inbox in Lapwing's own database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = secrets.token_hex(8)

    async def put(
        self,
        arrived: Sequence[Post],
        *,
        source: str,
        cursor: Cursor,
        seen_at: datetime,
        deleted: Collection[Deletion] = (),
    ) -> int:
        def work(connection: sa.Connection) -> int:
            new = posts.add(connection, arrived, seen_at)
            if new:
                connection.execute(sa.insert(inbox), [{"post": post, "seen_at": seen_at} for post in new])
            deletions.apply(connection, deleted, seen_at)
            connection.execute(upsert(cursors), {"source": source, "cursor": cursor})
            return len(new)

        return await self._database.transaction(work, Commit.PUT_POSTS)

    async def recover(self) -> None:
        await self._database.execute(sa.update(inbox).values(claimed_by=None, claimed_until=None), Commit.FREE_CLAIMS)

    async def cursor(self, source: str) -> Cursor | None:
        query = sa.select(cursors.c.cursor).where(cursors.c.source == source)
        found = await self._database.read(lambda connection: connection.scalar(query))
        return None if found is None else Cursor(found)

    async def claim(self, limit: int, *, lease: timedelta, now: datetime) -> list[StoredPost]:
        free = sa.or_(inbox.c.claimed_until.is_(None), inbox.c.claimed_until <= now)
        next_up = sa.select(inbox.c.post).where(inbox.c.set_aside.is_(None), free).order_by(inbox.c.post).limit(limit)

        def work(connection: sa.Connection) -> list[StoredPost]:
            ids = list(connection.scalars(next_up))
            if not ids:
                return []
            claims = sa.update(inbox).where(inbox.c.post.in_(ids))
            connection.execute(claims.values(claimed_by=self._holder, claimed_until=now + lease))
            return posts.load(connection, ids)

        return await self._database.transaction(work, Commit.CLAIM_POSTS)

    async def settle(self, settlement: Settlement) -> int:
        def work(connection: sa.Connection) -> int:
            ours = sa.and_(inbox.c.post.in_(settlement.posts), inbox.c.claimed_by == self._holder)
            held = {PostId(post) for post in connection.scalars(sa.select(inbox.c.post).where(ours))}
            model = logits.model_number(connection, settlement.model, settlement.template)
            logits.add(connection, model, [found for found in settlement.logits if found.post in held])
            kept = [decision for decision in settlement.decisions if decision.post in held]
            owed = decisions.add(connection, model, kept, settlement.decided_at)
            connection.execute(sa.delete(inbox).where(ours))
            return owed

        return await self._database.transaction(work, Commit.SETTLE_POSTS)

    async def release(self, claimed: Sequence[PostId]) -> None:
        ours = sa.and_(inbox.c.post.in_(claimed), inbox.c.claimed_by == self._holder)
        free = sa.update(inbox).where(ours).values(claimed_by=None, claimed_until=None)
        await self._database.execute(free, Commit.RELEASE_POSTS)

    async def set_aside(self, post: PostId, reason: str) -> None:
        change = sa.update(inbox).where(inbox.c.post == post, inbox.c.claimed_by == self._holder)
        await self._database.execute(
            change.values(set_aside=reason, claimed_by=None, claimed_until=None), Commit.SET_ASIDE
        )

    async def backlog(self) -> Backlog:
        waits = inbox.c.set_aside.is_(None)
        query = sa.select(
            sa.func.count().filter(waits).label("waiting"),
            sa.func.count().filter(~waits).label("set_aside"),
            sa.func.min(posts_table.c.seen_at).filter(waits).label("oldest"),
        ).select_from(inbox.join(posts_table))
        row = await self._database.read(lambda connection: connection.execute(query).one())
        return Backlog(waiting=row.waiting, set_aside=row.set_aside, oldest_seen_at=row.oldest)
