"""The outbox: deliveries not yet settled. Intent is written before anything is sent, the outcome after."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import keys
from storage.schema import OWED, deliveries, notices
from storage.types import ChannelKey, Delivery, DeliveryKey, DeliveryKind, DeliveryState, DeliveryVerb, Lane, Receipt

_OWED = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.AMBIGUOUS)

_LANE = (*keys.NAMES, "verb", "kind")
"""The columns that name a lane."""

# By the index on what is owed: it reads one row, whatever the lane owes.
_HEAD = (
    sa.select(deliveries)
    .where(*(deliveries.c[name] == sa.bindparam(name) for name in _LANE), OWED)
    .order_by(deliveries.c.id)
    .limit(1)
)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """Lanes in which something is owed, and how far the outbox was read to know it."""

    lanes: tuple[Lane, ...]
    newest: int


# --- what is to be done next -----------------------------------------------------------------------------------------


def news(connection: sa.Connection, since: int, platforms: Collection[str]) -> News:
    """The lanes of these platforms in which deliveries newer than `since` (0: all) are owed."""
    newest = connection.scalar(sa.select(sa.func.max(deliveries.c.id))) or 0
    if newest == since:
        return News(lanes=(), newest=newest)
    found = sa.select(*(deliveries.c[name] for name in _LANE)).where(OWED).distinct()
    if since == 0:
        rows = connection.execute(found.where(deliveries.c.platform.in_(platforms)))
    else:  # without the platforms: SQLite would go by their index, through all that is owed
        rows = connection.execute(found.where(deliveries.c.id > since))
    return News(lanes=tuple(_lane(row) for row in rows if row.platform in platforms), newest=newest)


def heads(connection: sa.Connection, lanes: Collection[Lane]) -> list[Delivery]:
    """The oldest delivery still owed in each of these lanes; lanes that owe nothing have none."""
    # A question a lane, always the same: one for all of them would be compiled anew each time, which costs 1 to 25 ms.
    asked = ({**keys.columns(lane.channel), "verb": lane.verb, "kind": lane.kind} for lane in lanes)
    found = (connection.execute(_HEAD, lane).one_or_none() for lane in asked)
    return [_from_row(row) for row in sorted((row for row in found if row is not None), key=lambda row: row.id)]


def mark_sending(connection: sa.Connection, pending: Collection[Delivery]) -> list[Delivery]:
    """Mark pending deliveries as being sent, and count the attempt, before a word is said to the chat."""
    if pending:
        mine = deliveries.c.key.in_([delivery.key for delivery in pending])
        values = {"state": DeliveryState.SENDING, "attempts": deliveries.c.attempts + 1}
        connection.execute(sa.update(deliveries).where(mine).values(values))
    return [replace(one, state=DeliveryState.SENDING, attempts=one.attempts + 1) for one in pending]


def postpone(connection: sa.Connection, waiting: Collection[Delivery], due_at: datetime) -> None:
    """Let pending deliveries wait, without an attempt."""
    mine = deliveries.c.key.in_([delivery.key for delivery in waiting])
    connection.execute(sa.update(deliveries).where(mine).values(due_at=due_at))


# --- what is owed newly ----------------------------------------------------------------------------------------------


def owe_edit(connection: sa.Connection, channel: ChannelKey, edits: DeliveryKey, due_at: datetime) -> None:
    """Redraw the message of a delivery when due. Several wishes that wait for the same message are one."""
    not_begun = deliveries.c.state.in_([DeliveryState.PENDING, DeliveryState.HELD])
    waiting = sa.select(deliveries.c.id).where(deliveries.c.edits == edits, not_begun)
    if connection.execute(waiting).first() is not None:
        return
    _owe(connection, channel, DeliveryVerb.EDIT, DeliveryKind.ALERT, due_at=due_at, edits=edits)


def owe_notice(connection: sa.Connection, channel: ChannelKey, text: str, due_at: datetime) -> None:
    """Say something of Lapwing's own in a channel that is stored."""
    key = _owe(connection, channel, DeliveryVerb.SEND, DeliveryKind.NOTICE, due_at=due_at)
    connection.execute(sa.insert(notices), {"delivery": key, "text": text})


def has_notice(connection: sa.Connection, channel: ChannelKey, text: str, since: datetime) -> bool:
    """Whether the same was said, or owed to be said, in a channel since then."""
    same = sa.and_(keys.matches(deliveries, channel), notices.c.text == text, deliveries.c.due_at > since)
    query = sa.select(notices.c.delivery).join(deliveries, deliveries.c.key == notices.c.delivery).where(same).limit(1)
    return connection.execute(query).first() is not None


def notice(connection: sa.Connection, key: DeliveryKey) -> str:
    """What a notice says."""
    found: str = connection.execute(sa.select(notices.c.text).where(notices.c.delivery == key)).scalar_one()
    return found


# --- what became of it -----------------------------------------------------------------------------------------------


def receipt_of(connection: sa.Connection, key: DeliveryKey) -> Receipt | None:
    """The message that a delivery became; None while it is none."""
    found = connection.scalar(sa.select(deliveries.c.receipt).where(deliveries.c.key == key))
    return None if found is None else Receipt(found)


def sent_as(connection: sa.Connection, channel: ChannelKey, receipt: Receipt) -> DeliveryKey | None:
    """The delivery that became this message; None when it is none of ours."""
    mine = sa.and_(keys.matches(deliveries, channel), deliveries.c.receipt == receipt)
    key = connection.scalar(sa.select(deliveries.c.key).where(mine, deliveries.c.verb == DeliveryVerb.SEND))
    return None if key is None else DeliveryKey(key)


def sent_since(
    connection: sa.Connection, platform: str, since: datetime, limit: int
) -> list[tuple[ChannelKey, Receipt]]:
    """The newest messages of a platform that carry alerts, sent since then; oldest first."""
    carries = deliveries.c.kind.in_([DeliveryKind.ALERT, DeliveryKind.SUMMARY])
    sent = sa.and_(deliveries.c.verb == DeliveryVerb.SEND, deliveries.c.state == DeliveryState.SENT, carries)
    mine = sa.and_(deliveries.c.platform == platform, deliveries.c.receipt.is_not(None))
    newest = sa.select(deliveries).where(mine, sent, deliveries.c.settled_at >= since)
    rows = connection.execute(newest.order_by(deliveries.c.id.desc()).limit(limit)).all()
    return [(keys.of_row(row), Receipt(row.receipt)) for row in reversed(rows)]


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
    """Keep what waits for a channel that cannot be reached, without trying.

    Not what is ambiguous or being sent in another lane: nobody knows yet whether that is still owed.
    """
    waits = sa.and_(OWED, keys.matches(deliveries, channel), deliveries.c.state == DeliveryState.PENDING)
    connection.execute(sa.update(deliveries).where(waits).values(state=DeliveryState.HELD, problem=problem))


def release(connection: sa.Connection, channel: ChannelKey, due_at: datetime) -> int:
    """Owe again what was held for a channel; returns how many deliveries that is."""
    held = sa.and_(keys.matches(deliveries, channel), deliveries.c.state == DeliveryState.HELD)
    change = sa.update(deliveries).where(held).values(state=DeliveryState.PENDING, due_at=due_at)
    return connection.execute(change).rowcount


def recover(connection: sa.Connection, platform: str, due_at: datetime) -> int:
    """At the start: what was being sent when the last life ended has an unknown outcome. Returns how many.

    The attempt does not count: that it was cut short says nothing of the chat, and waits grow with the chat's failures.
    """
    interrupted = sa.and_(deliveries.c.platform == platform, deliveries.c.state == DeliveryState.SENDING)
    change = sa.update(deliveries).where(interrupted)
    values = {"state": DeliveryState.AMBIGUOUS, "due_at": due_at, "problem": "interrupted while being sent"}
    return connection.execute(change.values(**values, attempts=deliveries.c.attempts - 1)).rowcount


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


def _owe(
    connection: sa.Connection,
    channel: ChannelKey,
    verb: DeliveryVerb,
    kind: DeliveryKind,
    *,
    due_at: datetime,
    edits: DeliveryKey | None = None,
) -> DeliveryKey:
    key = DeliveryKey(secrets.token_urlsafe(15))
    values = {
        "key": key,
        **keys.columns(channel),
        "verb": verb,
        "kind": kind,
        "edits": edits,
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "due_at": due_at,
    }
    connection.execute(sa.insert(deliveries), values)
    return key


def _set(connection: sa.Connection, key: DeliveryKey, **values: Any) -> None:
    connection.execute(sa.update(deliveries).where(deliveries.c.key == key).values(**values))


def _lane(row: Any) -> Lane:
    return Lane(channel=keys.of_row(row), verb=DeliveryVerb(row.verb), kind=DeliveryKind(row.kind))


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
