"""Alerts as people see them: a post, the labels it matched, and how it was judged."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from classifier.types import Mode
from storage import judgements, keys, posts
from storage.decisions import scores_from_json
from storage.schema import alerts, models
from storage.schema import posts as posts_table
from storage.types import Alert, AlertId, ChannelKey, DeliveryKey, Judgement


def load(connection: sa.Connection, alert: AlertId) -> Alert | None:
    """One alert by the number people say."""
    found = _load(connection, alerts.c.id == alert)
    return found[0] if found else None


def carried_by(connection: sa.Connection, delivery: DeliveryKey) -> list[Alert]:
    """The alerts that one message carries, in order of their numbers."""
    return _load(connection, alerts.c.delivery == delivery)


def latest(connection: sa.Connection, channel: ChannelKey, limit: int) -> list[Alert]:
    """A channel's newest alerts, newest first."""
    newest = sa.select(alerts.c.id).where(keys.matches(alerts, channel))
    found = _load(connection, alerts.c.id.in_(newest.order_by(alerts.c.id.desc()).limit(limit)))
    return found[::-1]


def _load(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Alert]:
    query = (
        sa.select(
            posts_table,
            alerts.c.id.label("alert"),
            *keys.all_of(alerts),
            *(alerts.c[name] for name in ("matched", "mode", "decided_at")),
            models.c.engine,
            models.c.name.label("model_name"),
        )
        .select_from(alerts)
        .join(posts_table, posts_table.c.id == alerts.c.post)
        .join(models, models.c.id == alerts.c.model)
        .where(where)
        .order_by(alerts.c.id)
    )
    rows = connection.execute(query).all()
    judged = judgements.of_alerts(connection, [AlertId(row.alert) for row in rows])
    return [_from_row(row, judged.get(AlertId(row.alert), ())) for row in rows]


def _from_row(row: Any, judged: Sequence[Judgement]) -> Alert:
    return Alert(
        id=AlertId(row.alert),
        channel=keys.of_row(row),
        post=posts.from_row(row),
        matched=scores_from_json(row.matched),
        mode=Mode(row.mode),
        model=f"{row.engine}:{row.model_name}",
        decided_at=row.decided_at,
        judgements=tuple(judged),
    )
