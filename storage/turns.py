"""Whose turn it is in the inbox: what is fresh before what is old, and what the program died with last of all.

Posts that were claimed when the program died are claimed again in ever smaller company, until one that kills it stands
alone and is set aside. A program that is killed at random dies with posts that are innocent, so it takes many deaths.
"""

import logging
from datetime import datetime

import sqlalchemy as sa

from storage.schema import WAITS, inbox
from storage.types import PostId

log = logging.getLogger(__name__)

_AFTER_ONE_DEATH = 16
"""So many posts at most are claimed together once the program died while they were claimed."""

_SUSPECT = 2
"""Deaths after which a post is claimed alone, and only when nothing else waits: one that kills delays no other."""

MOST_DEATHS = 10
"""Deaths after which a post is set aside. Each kill at random hits a post that innocently waits its turn: of a lone try
of 8 to 20 ms, lives of 100 to 500 ms cut short one in 10 to 60. Simulated, 200 such kills brought the unluckiest of
10,000 posts to 5 deaths in most runs and to 7 in one of fifty at worst; each death more is 15 times as rare."""


def next_posts(connection: sa.Connection, limit: int, *, now: datetime, fresh_since: datetime) -> list[PostId]:
    """The posts to claim next, at most `limit` of them: those seen since `fresh_since` first, each oldest first.

    Sets those aside that the program died with too often.
    """
    return _next_together(connection, limit, now, fresh_since) or _next_suspect(connection, now)


def _next_together(connection: sa.Connection, limit: int, now: datetime, fresh_since: datetime) -> list[PostId]:
    """The posts to claim next that can be tried together: those of the same number of deaths as the first."""
    fresh, older = inbox.c.seen_at >= fresh_since, inbox.c.seen_at < fresh_since
    candidates = _calm(connection, fresh, limit, now)
    if len(candidates) < limit:
        candidates += _calm(connection, older, limit - len(candidates), now)
    if not candidates:
        return []
    deaths = candidates[0].tries
    together = [PostId(row.post) for row in candidates if row.tries == deaths]
    return together[:_AFTER_ONE_DEATH] if deaths else together


def _calm(
    connection: sa.Connection, seen: sa.ColumnElement[bool], limit: int, now: datetime
) -> list[sa.Row[tuple[int, int]]]:
    """Posts that may be tried together, oldest first: one walk along the index, which ends at the limit."""
    query = sa.select(inbox.c.post, inbox.c.tries).where(WAITS, seen, _free(now), inbox.c.tries < _SUSPECT)
    return list(connection.execute(query.order_by(inbox.c.seen_at, inbox.c.post).limit(limit)))


def _next_suspect(connection: sa.Connection, now: datetime) -> list[PostId]:
    """One that has died least, and so is most likely innocent; those that died too often are set aside."""
    died_too_often = sa.and_(WAITS, _free(now), inbox.c.tries >= MOST_DEATHS)
    reason = sa.literal("Lapwing died ") + sa.cast(inbox.c.tries, sa.Text) + " times while classifying it"
    given_up = (
        sa.update(inbox)
        .where(died_too_often)
        .values(claimed_by=None, claimed_until=None, set_aside=reason)
        .returning(inbox.c.post)
    )
    for post in connection.scalars(given_up):
        log.warning("set aside post=%d reason='died %d times while classifying it'", post, MOST_DEATHS)
    query = sa.select(inbox.c.post).where(WAITS, _free(now), inbox.c.tries >= _SUSPECT)
    found = connection.scalar(query.order_by(inbox.c.tries, inbox.c.seen_at, inbox.c.post).limit(1))
    return [] if found is None else [PostId(found)]


def _free(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(inbox.c.claimed_until.is_(None), inbox.c.claimed_until <= now)
