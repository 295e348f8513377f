"""Judgements: one a person an alert, the last one wins."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from storage import keys, sqlite
from storage.schema import judgements
from storage.types import AlertId, ChannelKey, Judged, Judgement


def give(connection: sa.Connection, channel: ChannelKey, judgement: Judgement) -> bool:
    """Store a person's judgement in place of their earlier one; False when it says what that one said.

    The same once more with another reason takes the place of the first; without a reason it changes nothing.
    """
    before = of_person(connection, judgement.alert, judgement.actor)
    if before is not None and before.judged is judgement.judged and judgement.reason in {"", before.reason}:
        return False
    connection.execute(
        sqlite.upsert(judgements),
        {
            "alert": judgement.alert,
            "actor": judgement.actor,
            **keys.columns(channel),
            "actor_name": judgement.actor_name,
            "judged": judgement.judged,
            "given_at": judgement.given_at,
            "reason": judgement.reason,
            "reaction": judgement.reaction,
        },
    )
    return True


def withdraw(connection: sa.Connection, alert: AlertId, actor: str) -> bool:
    """Take a person's judgement back; False when there is none."""
    mine = sa.and_(judgements.c.alert == alert, judgements.c.actor == actor)
    return connection.execute(sa.delete(judgements).where(mine)).rowcount > 0


def of_alerts(connection: sa.Connection, ids: Sequence[AlertId]) -> dict[AlertId, list[Judgement]]:
    """How these alerts were judged, oldest judgement first; alerts nobody judged are missing."""
    query = sa.select(judgements).where(judgements.c.alert.in_(ids)).order_by(judgements.c.given_at, judgements.c.actor)
    found: dict[AlertId, list[Judgement]] = {}
    for row in connection.execute(query):
        found.setdefault(AlertId(row.alert), []).append(_from_row(row))
    return found


def of_person(connection: sa.Connection, alert: AlertId, actor: str) -> Judgement | None:
    """How a person judged an alert; None when they did not."""
    mine = sa.and_(judgements.c.alert == alert, judgements.c.actor == actor)
    row = connection.execute(sa.select(judgements).where(mine)).one_or_none()
    return None if row is None else _from_row(row)


def _from_row(row: Any) -> Judgement:
    return Judgement(
        alert=AlertId(row.alert),
        actor=row.actor,
        actor_name=row.actor_name,
        judged=Judged(row.judged),
        given_at=row.given_at,
        reason=row.reason,
        reaction=row.reaction,
    )
