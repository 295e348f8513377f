"""What was deleted at its source is forgotten here: in the store, and in every message that shows it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from sources.types import AccountDeletion, Deletion
from storage import keys, outbox, posts
from storage.schema import alerts, deliveries, inbox
from storage.schema import posts as posts_table
from storage.types import DeliveryKey, DeliveryKind, DeliveryState, DeliveryVerb, PostId, Removed

T = TypeVar("T")

_NOT_SENT = (DeliveryState.PENDING, DeliveryState.HELD)
_IN_THE_CHAT_PERHAPS = (DeliveryState.SENDING, DeliveryState.AMBIGUOUS, DeliveryState.SENT)

_AT_ONCE = 500
"""Posts in one statement: SQLite takes so many values and more."""


def apply(connection: sa.Connection, deletions: Iterable[Deletion | AccountDeletion], now: datetime) -> None:
    """Forget what these posts, and all posts of these accounts, said, and see to it that nobody reads it any more.

    A post not yet decided leaves the inbox; an alert not yet sent is withdrawn; a message in the chat, or perhaps
    there, is redrawn. A message that carries several alerts is redrawn, never withdrawn. A deletion of a post that
    never came leaves a tombstone; one told twice changes nothing.
    """
    gone: list[PostId] = []
    by_source: dict[str, list[str]] = {}
    for deletion in dict.fromkeys(deletions):
        if isinstance(deletion, AccountDeletion):
            gone += _all_of(connection, deletion)
        else:
            posts.add_tombstone(connection, deletion, now)
            by_source.setdefault(deletion.source, []).append(deletion.id)
    for source, ids in by_source.items():
        for some in _in_pieces(ids):
            gone += _still_there(connection, source, posts_table.c.post_id.in_(some))
    for numbers in _in_pieces(list(dict.fromkeys(gone))):
        _remove(connection, numbers, now)


def _all_of(connection: sa.Connection, deletion: AccountDeletion) -> list[PostId]:
    """What an account had published by the time it was deleted, as far as it came."""
    theirs = posts_table.c.account_id == deletion.account_id
    return _still_there(connection, deletion.source, theirs, posts_table.c.published_at <= deletion.until)


def _still_there(connection: sa.Connection, source: str, *which: sa.ColumnElement[bool]) -> list[PostId]:
    """Posts of a source that are not deleted yet; an expired one may still stand in the chat."""
    not_yet = posts_table.c.removed.is_distinct_from(Removed.DELETED)
    query = sa.select(posts_table.c.id).where(posts_table.c.source == source, *which, not_yet)
    return [PostId(found) for found in connection.scalars(query)]


def _in_pieces(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def _remove(connection: sa.Connection, ids: Sequence[PostId], now: datetime) -> None:
    posts.remove(connection, ids, Removed.DELETED)
    connection.execute(sa.delete(inbox).where(inbox.c.post.in_(ids)))
    carriers = (
        sa.select(deliveries.c.key, deliveries.c.kind, deliveries.c.state, *keys.all_of(deliveries))
        .join(alerts, alerts.c.delivery == deliveries.c.key)
        .where(alerts.c.post.in_(ids))
        .distinct()
    )
    for row in connection.execute(carriers).all():
        state, key = DeliveryState(row.state), DeliveryKey(row.key)
        if row.kind == DeliveryKind.ALERT and state in _NOT_SENT:
            withdraw(connection, key, now)
        elif state in _IN_THE_CHAT_PERHAPS:
            outbox.owe_edit(connection, keys.of_row(row), key, now)


def withdraw(connection: sa.Connection, key: DeliveryKey, now: datetime) -> None:
    """Owe a message no more, nor what would redraw it: its post was deleted before it was sent."""
    redraws = sa.and_(deliveries.c.edits == key, deliveries.c.state == DeliveryState.PENDING)
    its_own = sa.and_(deliveries.c.key == key, deliveries.c.verb == DeliveryVerb.SEND)
    change = sa.update(deliveries).where(sa.or_(its_own, redraws))
    connection.execute(change.values(state=DeliveryState.WITHDRAWN, settled_at=now, problem=Removed.DELETED.words))
