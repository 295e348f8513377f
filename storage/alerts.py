"""Alerts as people see them: a post, the labels it matched, and how it was judged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from classifier.types import Mode
from sources.types import Account
from storage import judgements, keys, posts
from storage.schema import alert_labels, alerts, models
from storage.schema import judgements as judgements_table
from storage.schema import posts as posts_table
from storage.types import Alert, AlertId, ChannelKey, DeliveryKey, Judged, Judgement, LabelScore, PostId


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelCounts:
    """How one label did: alerts it stood first in, and how these were judged."""

    label: str
    alerts: int
    relevant: int
    not_relevant: int


def load(connection: sa.Connection, alert: AlertId) -> Alert | None:
    """One alert by the number people say."""
    found = _load(connection, alerts.c.id == alert)
    return found[0] if found else None


def of_post(connection: sa.Connection, channel: ChannelKey, post: PostId) -> Alert | None:
    """The alert of a post in a channel."""
    found = _load(connection, sa.and_(keys.matches(alerts, channel), alerts.c.post == post))
    return found[0] if found else None


def of_posts(connection: sa.Connection, channel: ChannelKey, ids: Collection[PostId]) -> dict[PostId, Alert]:
    """The alerts of these posts in a channel; posts that did not alert there are missing."""
    # The numbers first: by itself SQLite walks through all alerts of the channel, since they come in the order asked.
    theirs = sa.select(alerts.c.id).where(keys.matches(alerts, channel), alerts.c.post.in_(list(ids)))
    found = _load(connection, alerts.c.id.in_(theirs))
    return {alert.post.id: alert for alert in found}


def carried_by(connection: sa.Connection, delivery: DeliveryKey) -> list[Alert]:
    """The alerts that one message carries, in order of their numbers."""
    return _load(connection, alerts.c.delivery == delivery)


def delivery_of(connection: sa.Connection, alert: AlertId) -> DeliveryKey | None:
    """The delivery whose message carries an alert."""
    key = connection.scalar(sa.select(alerts.c.delivery).where(alerts.c.id == alert))
    return None if key is None else DeliveryKey(key)


def latest(connection: sa.Connection, channel: ChannelKey, limit: int, label: str = "") -> list[Alert]:
    """A channel's newest alerts, newest first; of one label only where it is named, whatever its case."""
    newest = sa.select(alerts.c.id).where(keys.matches(alerts, channel))
    if label:
        named = sa.select(alert_labels.c.alert).where(sa.func.lower(alert_labels.c.label) == label.lower())
        newest = newest.where(alerts.c.id.in_(named))
    found = _load(connection, alerts.c.id.in_(newest.order_by(alerts.c.id.desc()).limit(limit)))
    return found[::-1]


def of_texts(
    connection: sa.Connection, fingerprints: Collection[str], since: datetime
) -> dict[tuple[ChannelKey, str], AlertId]:
    """Which channels were alerted of posts with these fingerprints since then, and by which alert."""
    query = (
        sa.select(posts_table.c.fingerprint, alerts.c.id, *keys.all_of(alerts))
        .join(posts_table, posts_table.c.id == alerts.c.post)
        .where(posts_table.c.fingerprint.in_(list(fingerprints)), alerts.c.decided_at >= since)
        .order_by(alerts.c.id.desc())
    )
    return {(keys.of_row(row), row.fingerprint): AlertId(row.id) for row in connection.execute(query)}


def count_of(connection: sa.Connection, channel: ChannelKey, account: Account, since: datetime) -> int:
    """How many alerts of an account's posts a channel had since then."""
    query = (
        sa.select(sa.func.count())
        .select_from(alerts)
        .join(posts_table, posts_table.c.id == alerts.c.post)
        .where(
            keys.matches(alerts, channel),
            alerts.c.decided_at >= since,
            posts_table.c.source == account.source,
            posts_table.c.account_id == account.id,
        )
    )
    return int(connection.execute(query).scalar_one())


def counts_since(connection: sa.Connection, channel: ChannelKey, since: datetime) -> list[LabelCounts]:
    """How each label did in a channel since then, most alerts first."""
    recent = sa.and_(keys.matches(alerts, channel), alerts.c.decided_at >= since)
    said = judgements_table.c.judged
    query = (
        sa.select(
            alert_labels.c.label,
            sa.func.count(alerts.c.id.distinct()).label("alerts"),
            sa.func.count().filter(said == Judged.RELEVANT).label("relevant"),
            sa.func.count().filter(said == Judged.NOT_RELEVANT).label("not_relevant"),
        )
        .select_from(alerts)
        .join(alert_labels, sa.and_(alert_labels.c.alert == alerts.c.id, alert_labels.c.place == 0))
        .outerjoin(judgements_table, judgements_table.c.alert == alerts.c.id)
        .where(recent)
        .group_by(alert_labels.c.label)
        .order_by(sa.desc("alerts"), alert_labels.c.label)
    )
    return [
        LabelCounts(label=row.label, alerts=row.alerts, relevant=row.relevant, not_relevant=row.not_relevant)
        for row in connection.execute(query)
    ]


def _load(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Alert]:
    query = (
        sa.select(
            posts_table,
            alerts.c.id.label("alert"),
            *keys.all_of(alerts),
            *(alerts.c[name] for name in ("mode", "decided_at")),
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
    numbers = [AlertId(row.alert) for row in rows]
    judged, matched = judgements.of_alerts(connection, numbers), _matched(connection, numbers)
    return [_from_row(row, matched[AlertId(row.alert)], judged.get(AlertId(row.alert), ())) for row in rows]


def _matched(connection: sa.Connection, numbers: Sequence[AlertId]) -> dict[AlertId, list[LabelScore]]:
    query = sa.select(alert_labels).where(alert_labels.c.alert.in_(numbers)).order_by(*alert_labels.primary_key)
    found: dict[AlertId, list[LabelScore]] = {number: [] for number in numbers}
    for row in connection.execute(query):
        found[AlertId(row.alert)].append(
            LabelScore(label=row.label, score=row.score, threshold=row.threshold, threshold_source=row.threshold_source)
        )
    return found


def _from_row(row: Any, matched: Sequence[LabelScore], judged: Sequence[Judgement]) -> Alert:
    return Alert(
        id=AlertId(row.alert),
        channel=keys.of_row(row),
        post=posts.from_row(row),
        matched=tuple(matched),
        mode=Mode(row.mode),
        model=f"{row.engine}:{row.model_name}",
        decided_at=row.decided_at,
        judgements=tuple(judged),
    )
