"""The outbox: deliveries not yet settled. Intent is written before anything is sent, the outcome after."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import keys
from storage.schema import OWED, deliveries
from storage.types import ChannelKey, Delivery, DeliveryKey, DeliveryKind, DeliveryState, DeliveryVerb, Lane, Receipt

_OWED = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.AMBIGUOUS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """What is not settled, and what failed: what /health shows of the outbox."""

    waiting: int
    held: int
    failed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far one delivery has come, and what went wrong with it last, if anything."""

    state: DeliveryState
    problem: str
    settled_at: datetime | None


def take_due(
    connection: sa.Connection, now: datetime, busy: Collection[Lane], limit: int, platforms: Collection[str]
) -> list[Delivery]:
    """The next delivery of each lane that is not busy, if due; a pending one comes back marked as being sent.

    One at a time, oldest first, keeps a channel's messages in order: a delivery that has to wait holds up its own
    lane and no other. An ambiguous one comes back as it is, to be looked up before anything is sent.
    """
    due = [delivery for delivery in _next_up(connection, busy, platforms) if delivery.due_at <= now][:limit]
    sending = [delivery.key for delivery in due if delivery.state is DeliveryState.PENDING]
    if sending:
        change = sa.update(deliveries).where(deliveries.c.key.in_(sending))
        connection.execute(change.values(state=DeliveryState.SENDING, attempts=deliveries.c.attempts + 1))
    return [
        replace(delivery, state=DeliveryState.SENDING, attempts=delivery.attempts + 1)
        if delivery.state is DeliveryState.PENDING
        else delivery
        for delivery in due
    ]


def next_due(connection: sa.Connection, busy: Collection[Lane], platforms: Collection[str]) -> datetime | None:
    """When the next delivery of a lane that is not busy falls due; None when nothing is owed there."""
    return min((delivery.due_at for delivery in _next_up(connection, busy, platforms)), default=None)


def owe_edit(connection: sa.Connection, channel: ChannelKey, edits: DeliveryKey, due_at: datetime) -> None:
    """Redraw the message of a delivery when due. Several wishes that wait for the same message are one."""
    waiting = sa.select(deliveries.c.id).where(deliveries.c.edits == edits, deliveries.c.state == DeliveryState.PENDING)
    if connection.execute(waiting).first() is not None:
        return
    values = {
        "key": secrets.token_urlsafe(15),
        **keys.columns(channel),
        "verb": DeliveryVerb.EDIT,
        "kind": DeliveryKind.ALERT,
        "edits": edits,
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "due_at": due_at,
    }
    connection.execute(sa.insert(deliveries), values)


def receipt_of(connection: sa.Connection, key: DeliveryKey) -> Receipt | None:
    """The message that a delivery became; None while it is none."""
    found = connection.scalar(sa.select(deliveries.c.receipt).where(deliveries.c.key == key))
    return None if found is None else Receipt(found)


def progress_of(connection: sa.Connection, key: DeliveryKey) -> Progress | None:
    """How far a delivery has come; None when there is none of this key."""
    columns = (deliveries.c.state, deliveries.c.problem, deliveries.c.settled_at)
    row = connection.execute(sa.select(*columns).where(deliveries.c.key == key)).one_or_none()
    if row is None:
        return None
    return Progress(state=DeliveryState(row.state), problem=row.problem or "", settled_at=row.settled_at)


def settle_sent(connection: sa.Connection, key: DeliveryKey, receipt: Receipt, now: datetime) -> None:
    """The chat has the message."""
    _set(connection, key, state=DeliveryState.SENT, receipt=receipt, settled_at=now, problem=None)


def settle_failed(connection: sa.Connection, key: DeliveryKey, problem: str, now: datetime) -> None:
    """The chat will never take this message."""
    _set(connection, key, state=DeliveryState.FAILED, problem=problem, settled_at=now)


def try_again(connection: sa.Connection, key: DeliveryKey, problem: str, due_at: datetime) -> None:
    """The chat does not have the message; send it when due."""
    _set(connection, key, state=DeliveryState.PENDING, problem=problem, due_at=due_at)


def look_up(connection: sa.Connection, key: DeliveryKey, problem: str, due_at: datetime) -> None:
    """Nobody knows whether the chat has the message; look it up when due. Counts as an attempt, so that waits grow."""
    attempts = deliveries.c.attempts + 1
    _set(connection, key, state=DeliveryState.AMBIGUOUS, problem=problem, due_at=due_at, attempts=attempts)


def hold(connection: sa.Connection, channel: ChannelKey, problem: str) -> None:
    """Keep what is owed to a channel that cannot be reached, without trying.

    Not what is ambiguous: nobody knows yet whether that is still owed.
    """
    known = deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.SENDING])
    mine = sa.and_(keys.matches(deliveries, channel), known)
    connection.execute(sa.update(deliveries).where(mine).values(state=DeliveryState.HELD, problem=problem))


def recover(connection: sa.Connection, platform: str, due_at: datetime) -> int:
    """At the start: what was being sent when the last life ended has an unknown outcome. Returns how many."""
    interrupted = sa.and_(deliveries.c.platform == platform, deliveries.c.state == DeliveryState.SENDING)
    change = sa.update(deliveries).where(interrupted)
    values = change.values(state=DeliveryState.AMBIGUOUS, due_at=due_at, problem="interrupted while being sent")
    return connection.execute(values).rowcount


def owed(connection: sa.Connection, platforms: Collection[str]) -> Owed:
    """How much is not settled on these platforms."""
    counted = sa.select(deliveries.c.state, sa.func.count().label("n")).where(deliveries.c.platform.in_(platforms))
    query = counted.group_by(deliveries.c.state)
    counts = {row.state: row.n for row in connection.execute(query)}
    return Owed(
        waiting=sum(counts.get(state, 0) for state in _OWED),
        held=counts.get(DeliveryState.HELD, 0),
        failed=counts.get(DeliveryState.FAILED, 0),
    )


def _next_up(connection: sa.Connection, busy: Collection[Lane], platforms: Collection[str]) -> list[Delivery]:
    """Each lane's oldest delivery still owed, oldest of all first; none where one is being sent."""
    still_owed = sa.and_(OWED, deliveries.c.platform.in_(platforms))
    oldest = sa.select(sa.func.min(deliveries.c.id)).where(still_owed)
    heads = deliveries.c.id.in_(oldest.group_by(*keys.all_of(deliveries), deliveries.c.verb))
    found = connection.execute(sa.select(deliveries).where(heads).order_by(deliveries.c.id))
    return [head for head in map(_from_row, found) if head.state is not DeliveryState.SENDING and head.lane not in busy]


def _set(connection: sa.Connection, key: DeliveryKey, **values: Any) -> None:
    connection.execute(sa.update(deliveries).where(deliveries.c.key == key).values(**values))


def _from_row(row: Any) -> Delivery:
    return Delivery(
        key=DeliveryKey(row.key),
        channel=keys.of_row(row),
        verb=DeliveryVerb(row.verb),
        kind=DeliveryKind(row.kind),
        edits=None if row.edits is None else DeliveryKey(row.edits),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        due_at=row.due_at,
    )
