"""The inbox: posts not yet decided."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from sources.types import AccountDeletion, Cursor, Deletion, Positions, Post
from storage import decisions, deletions, logits, posts, turns
from storage.database import Database
from storage.failpoints import Commit
from storage.schema import WAITS, Instant, cursors, inbox
from storage.sqlite import upsert
from storage.types import PostId, Settlement, StoredPost

FRESH_FOR = timedelta(minutes=30)
"""For so long after it was seen a post goes before older ones, unless set otherwise."""


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
    """Where posts wait to be decided. Whatever it has taken is not lost, and is decided once.

    A claim is the intent to try, written first: one that is neither settled, released, postponed nor set aside counts
    as a death of the program, so that a post which kills it is found out.
    """

    async def put(
        self,
        arrived: Sequence[Post],
        *,
        source: str,
        positions: Positions,
        seen_at: datetime,
        deleted: Collection[Deletion | AccountDeletion] = (),
    ) -> int:
        """Store posts and the positions to read on from, together; returns how many had not been seen before.

        Parts of the source that `positions` does not name stay where they were.

        `deleted`, too, is done in this transaction. Its order among the posts does not matter: a post deleted is gone,
        whether it came before its deletion or comes after. Of an account deleted it takes what had been published by
        then, and came.
        """

    async def recover(self) -> None:
        """At the start of a sole owner: free what an earlier life had claimed when it died. Its deaths stay counted."""

    async def positions(self, source: str) -> Positions:
        """Where to read on in each part of a source that was ever read."""

    async def claim(self, limit: int, *, lease: timedelta, now: datetime) -> list[StoredPost]:
        """Up to `limit` waiting posts that nobody else gets until the lease has run out; in the order they came.

        What was seen lately goes before what an outage left, each oldest first. Posts that the program died with are
        claimed with few others, later alone and after all others, and in the end set aside: see `storage.turns`.
        """

    async def settle(self, settlement: Settlement) -> int:
        """Store logits, decisions and the deliveries they owe, and end the claims: all in one transaction.

        Posts whose claim was lost meanwhile are left to whoever holds it now. Returns how many alerts are newly owed.
        """

    async def release(self, claimed: Sequence[PostId]) -> None:
        """Give claimed posts back at once, undecided, as if they had not been claimed."""

    async def release_all(self) -> None:
        """Release whatever this inbox holds."""

    async def failures(self, post: PostId) -> int:
        """How often a waiting post was postponed, as far as that was counted."""

    async def postpone(self, post: PostId, until: datetime, *, counted: bool = True) -> None:
        """Give back a claimed post that the model failed on; nobody gets it before `until`.

        `counted`: whether that is a failure of the post.
        """

    async def set_aside(self, post: PostId, reason: str) -> None:
        """Stop trying a claimed post, and keep it with the reason; nothing when its claim was lost meanwhile."""

    async def next_free(self) -> datetime | None:
        """When the first of the posts that are claimed or postponed can be claimed again; None when none is."""

    async def waits_from_before(self, moment: datetime) -> bool:
        """Whether a post seen before this moment is still undecided. Quick, whatever waits."""

    async def backlog(self) -> Backlog:
        """What waits."""


def undecided(connection: sa.Connection, post: PostId) -> Undecided | None:
    """The inbox's entry of a post; None once it is decided for everyone who cared."""
    row = connection.execute(sa.select(inbox.c.set_aside).where(inbox.c.post == post)).one_or_none()
    return None if row is None else Undecided(set_aside=row.set_aside or "")


class SqlInbox:
    """The inbox in Lapwing's own database."""

    def __init__(self, database: Database, *, fresh_for: timedelta = FRESH_FOR) -> None:
        self._database = database
        self._fresh_for = fresh_for
        self._holder = secrets.token_hex(8)

    async def put(
        self,
        arrived: Sequence[Post],
        *,
        source: str,
        positions: Positions,
        seen_at: datetime,
        deleted: Collection[Deletion | AccountDeletion] = (),
    ) -> int:
        def work(connection: sa.Connection) -> int:
            new = posts.add(connection, arrived, seen_at)
            if new:
                connection.execute(sa.insert(inbox), [{"post": post, "seen_at": seen_at} for post in new])
            deletions.apply(connection, deleted, seen_at)
            if positions:
                rows = [{"source": source, "part": part, "cursor": cursor} for part, cursor in positions.items()]
                connection.execute(upsert(cursors), rows)
            return len(new)

        return await self._database.transaction(work, Commit.PUT_POSTS)

    async def recover(self) -> None:
        free = sa.update(inbox).where(inbox.c.claimed_by.is_not(None)).values(_FREE)
        await self._database.execute(free, Commit.FREE_CLAIMS)

    async def positions(self, source: str) -> Positions:
        query = sa.select(cursors.c.part, cursors.c.cursor).where(cursors.c.source == source)
        found = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.part: Cursor(row.cursor) for row in found}

    async def claim(self, limit: int, *, lease: timedelta, now: datetime) -> list[StoredPost]:
        def work(connection: sa.Connection) -> list[StoredPost]:
            ids = turns.next_posts(connection, limit, now=now, fresh_since=now - self._fresh_for)
            if not ids:
                return []
            claims = sa.update(inbox).where(inbox.c.post.in_(ids))
            connection.execute(
                claims.values(claimed_by=self._holder, claimed_until=now + lease, tries=inbox.c.tries + 1)
            )
            return posts.load(connection, ids)

        return await self._database.transaction(work, Commit.CLAIM_POSTS)

    async def settle(self, settlement: Settlement) -> int:
        def work(connection: sa.Connection) -> int:
            ours = self._ours(inbox.c.post.in_(settlement.posts))
            held = {PostId(post) for post in connection.scalars(sa.select(inbox.c.post).where(ours))}
            model = logits.model_number(connection, settlement.model, settlement.template)
            logits.add(connection, model, [found for found in settlement.logits if found.post in held])
            kept = [decision for decision in settlement.decisions if decision.post in held]
            owed = decisions.add(connection, model, kept, settlement.decided_at)
            connection.execute(sa.delete(inbox).where(ours))
            return owed

        return await self._database.transaction(work, Commit.SETTLE_POSTS)

    async def release(self, claimed: Sequence[PostId]) -> None:
        await self._release(inbox.c.post.in_(claimed))

    async def release_all(self) -> None:
        await self._release(sa.true())

    async def _release(self, which: sa.ColumnElement[bool]) -> None:
        free = sa.update(inbox).where(self._ours(which)).values(_FREE | _NO_DEATH)
        await self._database.execute(free, Commit.RELEASE_POSTS)

    async def failures(self, post: PostId) -> int:
        query = sa.select(inbox.c.failures).where(inbox.c.post == post)
        return await self._database.read(lambda connection: connection.scalar(query)) or 0

    async def postpone(self, post: PostId, until: datetime, *, counted: bool = True) -> None:
        later = {"claimed_by": None, "claimed_until": until, "failures": inbox.c.failures + counted}
        change = sa.update(inbox).where(self._ours(inbox.c.post == post)).values(later | _NO_DEATH)
        await self._database.execute(change, Commit.POSTPONE)

    async def set_aside(self, post: PostId, reason: str) -> None:
        change = sa.update(inbox).where(self._ours(inbox.c.post == post)).values(_FREE | {"set_aside": reason})
        await self._database.execute(change, Commit.SET_ASIDE)

    async def next_free(self) -> datetime | None:
        query = sa.select(sa.func.min(inbox.c.claimed_until, type_=Instant)).where(WAITS)
        found: datetime | None = await self._database.read(lambda connection: connection.scalar(query))
        return found

    async def waits_from_before(self, moment: datetime) -> bool:
        query = sa.select(sa.exists().where(WAITS, inbox.c.seen_at < moment))
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    async def backlog(self) -> Backlog:
        waiting = sa.select(sa.func.count()).select_from(inbox).where(WAITS).scalar_subquery()
        all_there_are = sa.select(sa.func.count()).select_from(inbox).scalar_subquery()
        oldest = sa.select(sa.func.min(inbox.c.seen_at, type_=Instant)).where(WAITS).scalar_subquery()
        query = sa.select(waiting.label("waiting"), all_there_are.label("all"), oldest.label("oldest"))
        row = await self._database.read(lambda connection: connection.execute(query).one())
        return Backlog(waiting=row.waiting, set_aside=row.all - row.waiting, oldest_seen_at=row.oldest)

    def _ours(self, which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        return sa.and_(which, inbox.c.claimed_by == self._holder)


_FREE = {"claimed_by": None, "claimed_until": None}
_NO_DEATH = {"tries": inbox.c.tries - 1}
