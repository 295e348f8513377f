"""Decisions, and the alerts with the deliveries that they owe."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from classifier.types import Mode
from storage import facts, keys, sqlite
from storage.delivery_keys import delivery_key
from storage.facts import Fact
from storage.schema import alert_labels, alerts, decisions, deliveries, models, posts
from storage.types import (
    ChannelKey,
    Decision,
    DeliveryKind,
    DeliveryState,
    DeliveryVerb,
    LabelScore,
    PostId,
    Reason,
)

PERHAPS_SENT = "perhaps sent after this copy was made"
"""What stands beside a delivery that the original of this copy may have settled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """A decision as it stands in the store: what was decided, when, and which model spoke."""

    post: PostId
    reason: Reason
    detail: str
    mode: Mode
    scores: tuple[LabelScore, ...]
    model: str
    decided_at: datetime


def add(connection: sa.Connection, model: int, made: Sequence[Decision], decided_at: datetime) -> int:
    """Store decisions, and for each alert among them the one delivery that it owes; returns how many are newly owed.

    A (post, channel) that was decided before keeps its first decision.
    """
    if not made:
        return 0
    rows = [_row(decision, model, decided_at) for decision in made]
    statement = sqlite.insert_new(decisions).returning(decisions.c.post, *keys.all_of(decisions))
    new = {tuple(row) for row in connection.execute(statement, rows)}
    owing = [decision for decision in made if decision.reason is Reason.ALERT and _identity(decision) in new]
    _owe(connection, model, owing, decided_at)
    return len(owing)


def load(connection: sa.Connection, channel: ChannelKey, post: PostId) -> Decided | None:
    """What was decided of a post for a channel; None when nothing was."""
    row = connection.execute(_decided().where(keys.matches(decisions, channel), decisions.c.post == post)).one_or_none()
    return None if row is None else _from_row(row)


def latest(connection: sa.Connection, channel: ChannelKey, limit: int) -> list[Decided]:
    """A channel's newest decisions, newest first; of those made in one round, the post that came last first."""
    newest = (decisions.c.decided_at.desc(), decisions.c.post.desc())
    query = _decided().where(keys.matches(decisions, channel)).order_by(*newest).limit(limit)
    return [_from_row(row) for row in connection.execute(query)]


def counts_since(connection: sa.Connection, channel: ChannelKey, since: datetime) -> dict[Reason, int]:
    """How many posts were decided for a channel since then, by reason."""
    mine = sa.and_(keys.matches(decisions, channel), decisions.c.decided_at >= since)
    query = sa.select(decisions.c.reason, sa.func.count().label("n")).where(mine).group_by(decisions.c.reason)
    return {Reason(row.reason): row.n for row in connection.execute(query)}


def _decided() -> sa.Select[Any]:
    return sa.select(decisions, models.c.engine, models.c.name.label("model_name")).join(
        models, models.c.id == decisions.c.model
    )


def _from_row(row: Any) -> Decided:
    return Decided(
        post=PostId(row.post),
        reason=Reason(row.reason),
        detail=row.detail,
        mode=Mode(row.mode),
        scores=tuple(
            LabelScore(label=label, score=score, threshold=threshold, threshold_source=source)
            for label, score, threshold, source in row.scores
        ),
        model=f"{row.engine}:{row.model_name}",
        decided_at=row.decided_at,
    )


def _owe(connection: sa.Connection, model: int, owing: Sequence[Decision], decided_at: datetime) -> None:
    if not owing:
        return
    secret, resumed_at = facts.delivery_secret(connection), facts.instant(connection, Fact.RESUMED_AT)
    named = _identities(connection, {decision.post for decision in owing})
    sends = [_send(decision.channel, named[decision.post], secret, resumed_at, decided_at) for decision in owing]
    connection.execute(sa.insert(deliveries), sends)
    rows = [
        {
            **keys.columns(decision.channel),
            "post": decision.post,
            "delivery": send["key"],
            "mode": decision.mode,
            "model": model,
            "decided_at": decided_at,
        }
        for send, decision in zip(sends, owing, strict=True)
    ]
    # Paired by delivery: to return them in the order given SQLAlchemy would insert row by row, at half the speed.
    added = connection.execute(sa.insert(alerts).returning(alerts.c.delivery, alerts.c.id), rows)
    numbers = {row.delivery: row.id for row in added}
    connection.execute(
        sa.insert(alert_labels),
        [
            {
                "alert": numbers[send["key"]],
                "place": place,
                "label": one.label,
                "score": one.score,
                "threshold": one.threshold,
                "threshold_source": one.threshold_source,
            }
            for send, decision in zip(sends, owing, strict=True)
            for place, one in enumerate(decision.matched)
        ],
    )


def _identities(connection: sa.Connection, ids: Collection[PostId]) -> dict[PostId, Any]:
    """Of each post the columns that its deliveries' keys and states follow from."""
    columns = (posts.c.id, posts.c.source, posts.c.post_id, posts.c.published_at, posts.c.played_at)
    return {PostId(row.id): row for row in connection.execute(sa.select(*columns).where(posts.c.id.in_(ids)))}


def _send(
    channel: ChannelKey, post: Any, secret: bytes, resumed_at: datetime | None, decided_at: datetime
) -> dict[str, Any]:
    """The delivery that an alert owes; where this is a copy come to life, the original may have settled it."""
    send = {
        "key": delivery_key(secret, channel, post.source, post.post_id),
        **keys.columns(channel),
        "verb": DeliveryVerb.SEND,
        "kind": DeliveryKind.ALERT,
        "attempts": 0,
    }
    if resumed_at is None or not _may_be_read_twice(post, resumed_at):
        return send | {"state": DeliveryState.PENDING, "due_at": decided_at, "problem": None}
    due_at = max(decided_at, resumed_at)
    return send | {"state": DeliveryState.AMBIGUOUS, "due_at": due_at, "problem": PERHAPS_SENT}


def _may_be_read_twice(post: Any, resumed_at: datetime) -> bool:
    """Whether the original can have read this post before its copy came to life. What a replay plays bears any date."""
    return bool(post.played_at is not None or post.published_at <= resumed_at)


def _row(decision: Decision, model: int, decided_at: datetime) -> dict[str, Any]:
    return {
        "post": decision.post,
        **keys.columns(decision.channel),
        "reason": decision.reason,
        "detail": decision.detail,
        "mode": decision.mode,
        "model": model,
        "scores": [[one.label, one.score, one.threshold, one.threshold_source] for one in decision.scores],
        "decided_at": decided_at,
    }


def _identity(decision: Decision) -> tuple[int, str, str, str]:
    key = decision.channel
    return (decision.post, key.platform, key.workspace, key.channel)
