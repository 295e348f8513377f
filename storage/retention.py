"""Forgetting what is old. That a post was seen stays for ever, so that none is ever taken for a new one.

Of what it said, what the model answered, what was decided, alerted, sent and judged of it nothing stays. The numbers of
alerts are not given again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from storage import posts
from storage.schema import NOT_EXPIRED, alert_labels, alerts, decisions, deliveries, inbox, judgements, logits, notices
from storage.schema import posts as posts_table
from storage.types import DeliveryKind, DeliveryState, PostId, Removed

_UNSETTLED = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.AMBIGUOUS, DeliveryState.HELD)

_AT_ONCE = 1_000
"""Keys in one statement: SQLite takes so many values and more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far a pass has come: by when posts were seen, then by their numbers."""

    seen_at: datetime
    post: PostId


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """What one transaction of a pass came to."""

    forgotten: int
    mark: Mark | None
    """Where to go on; None when nothing older is left."""


def forget_posts(connection: sa.Connection, before: datetime, after: Mark | None, limit: int) -> Pass:
    """Look at the next `limit` posts that were seen before then, and forget those that are settled.

    What is not decided yet, or still owed to a chat, is passed over and forgotten by a later pass.
    """
    old = _next(connection, before, after, limit)
    if not old:
        return Pass(forgotten=0, mark=None)
    ids = [mark.post for mark in old]
    busy = _busy(connection, ids)
    settled = [post for post in ids if post not in busy]
    _forget_alerts(connection, settled)
    for table in (decisions, logits, inbox):
        connection.execute(sa.delete(table).where(table.c.post.in_(settled)))
    posts.remove(connection, settled, Removed.EXPIRED)
    return Pass(forgotten=len(settled), mark=old[-1])


def forget_notices(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Forget up to `limit` notices that were settled before then; returns how many."""
    old = (
        sa.select(deliveries.c.key)
        .join(notices, notices.c.delivery == deliveries.c.key)
        .where(deliveries.c.kind == DeliveryKind.NOTICE, deliveries.c.settled_at < before)
        .limit(limit)
    )
    keys = connection.scalars(old).all()
    _forget_deliveries(connection, keys)
    return len(keys)


def _next(connection: sa.Connection, before: datetime, after: Mark | None, limit: int) -> list[Mark]:
    place = sa.tuple_(posts_table.c.seen_at, posts_table.c.id)
    query = sa.select(posts_table.c.seen_at, posts_table.c.id).where(posts_table.c.seen_at < before, NOT_EXPIRED)
    if after is not None:
        query = query.where(posts_table.c.seen_at >= after.seen_at, place > (after.seen_at, after.post))
    rows = connection.execute(query.order_by(posts_table.c.seen_at, posts_table.c.id).limit(limit))
    return [Mark(seen_at=row.seen_at, post=PostId(row.id)) for row in rows]


def _busy(connection: sa.Connection, ids: Sequence[PostId]) -> set[PostId]:
    """The posts that wait to be decided, and those with something on its way to a chat."""
    waiting = sa.select(inbox.c.post).where(inbox.c.post.in_(ids), inbox.c.set_aside.is_(None))
    redraw = deliveries.alias()
    redrawn = sa.exists().where(redraw.c.edits == deliveries.c.key, redraw.c.state.in_(_UNSETTLED))
    owed = (
        sa.select(alerts.c.post)
        .join(deliveries, deliveries.c.key == alerts.c.delivery)
        .where(alerts.c.post.in_(ids), sa.or_(deliveries.c.state.in_(_UNSETTLED), redrawn))
    )
    return {PostId(post) for query in (waiting, owed) for post in connection.scalars(query)}


def _forget_alerts(connection: sa.Connection, ids: Sequence[PostId]) -> None:
    """The alerts of these posts, their judgements, and the messages that carry nothing else."""
    theirs = alerts.c.post.in_(ids)
    carriers = connection.scalars(sa.select(alerts.c.delivery).where(theirs).distinct()).all()
    numbers = sa.select(alerts.c.id).where(theirs)
    for table in (judgements, alert_labels):
        connection.execute(sa.delete(table).where(table.c.alert.in_(numbers)))
    connection.execute(sa.delete(alerts).where(theirs))
    _forget_deliveries(connection, carriers)


def _forget_deliveries(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Those of these that carry no alert any more, with their redrawings."""
    for some in _in_pieces(keys):
        still = set(connection.scalars(sa.select(alerts.c.delivery).where(alerts.c.delivery.in_(some))))
        gone = [key for key in some if key not in still]
        connection.execute(sa.delete(notices).where(notices.c.delivery.in_(gone)))
        connection.execute(sa.delete(deliveries).where(deliveries.c.edits.in_(gone)))
        connection.execute(sa.delete(deliveries).where(deliveries.c.key.in_(gone)))


def _in_pieces(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
