"""Summaries: alerts that an outage made old share one message, so that nobody is buried when it ends."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from storage import keys
from storage.schema import OWED, alerts, deliveries, posts
from storage.types import ChannelKey, Delivery, DeliveryKey, DeliveryKind, DeliveryState, DeliveryVerb

_MOST_CARRIED = 5_000
"""Alerts in one summary: it is drawn from all of them, and a statement takes so many keys and not many times more."""


def old(connection: sa.Connection, waiting: Collection[Delivery], seen_before: datetime) -> list[Delivery]:
    """Those that carry the alert of a post seen before then."""
    if not waiting:
        return []
    keyed = {delivery.key: delivery for delivery in waiting}
    query = sa.select(alerts.c.delivery).join(posts, posts.c.id == alerts.c.post)
    found = connection.scalars(query.where(alerts.c.delivery.in_(list(keyed)), posts.c.seen_at < seen_before))
    return [keyed[DeliveryKey(key)] for key in found]


def sum_up(connection: sa.Connection, channel: ChannelKey, seen_before: datetime) -> None:
    """Let one delivery carry all alerts of posts seen before then that wait to be sent to a channel.

    It is the summary that waits there already and has room, or else the oldest of their own deliveries. The others
    cease to be: the chat has none of them, since only pending ones are taken.
    """
    waits = sa.and_(
        OWED,
        keys.matches(deliveries, channel),
        deliveries.c.verb == DeliveryVerb.SEND,
        deliveries.c.state == DeliveryState.PENDING,
    )
    carries = sa.select(deliveries.c.key).join(alerts, alerts.c.delivery == deliveries.c.key).join(posts)
    is_old = sa.and_(waits, deliveries.c.kind == DeliveryKind.ALERT, posts.c.seen_at < seen_before)
    carried = sa.select(sa.func.count()).where(alerts.c.delivery == deliveries.c.key).scalar_subquery()
    has_room = sa.and_(waits, deliveries.c.kind == DeliveryKind.SUMMARY, carried < _MOST_CARRIED)
    there = connection.execute(
        sa.select(deliveries.c.key, carried.label("carried")).where(has_room).order_by(deliveries.c.id).limit(1)
    ).first()
    summary, room = (None, _MOST_CARRIED) if there is None else (there.key, _MOST_CARRIED - there.carried)
    single = list(connection.scalars(carries.where(is_old).order_by(deliveries.c.id).limit(room)))
    if summary is None and single:
        summary = single.pop(0)
        connection.execute(sa.update(deliveries).where(deliveries.c.key == summary).values(kind=DeliveryKind.SUMMARY))
    if single:
        connection.execute(sa.update(alerts).where(alerts.c.delivery.in_(single)).values(delivery=summary))
        connection.execute(sa.delete(deliveries).where(deliveries.c.key.in_(single)))
