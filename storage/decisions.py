"""Decisions, and the alerts with the deliveries that they owe."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import keys, sqlite
from storage.schema import alerts, decisions, deliveries
from storage.types import Decision, DeliveryKey, DeliveryKind, DeliveryState, LabelScore, Reason


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


def scores_to_json(scores: Sequence[LabelScore]) -> list[dict[str, Any]]:
    """Label scores as the `matched` column of `alerts` keeps them."""
    return [
        {
            "label": score.label,
            "score": score.score,
            "threshold": score.threshold,
            "threshold_source": score.threshold_source,
        }
        for score in scores
    ]


def scores_from_json(stored: Sequence[dict[str, Any]]) -> tuple[LabelScore, ...]:
    """The way back."""
    return tuple(LabelScore(**score) for score in stored)


def _owe(connection: sa.Connection, model: int, owing: Sequence[Decision], decided_at: datetime) -> None:
    if not owing:
        return
    tokens = [DeliveryKey(secrets.token_urlsafe(15)) for _ in owing]
    connection.execute(
        sa.insert(deliveries),
        [
            {
                "key": key,
                **keys.columns(decision.channel),
                "kind": DeliveryKind.ALERT,
                "state": DeliveryState.PENDING,
                "attempts": 0,
                "due_at": decided_at,
            }
            for key, decision in zip(tokens, owing, strict=True)
        ],
    )
    connection.execute(
        sa.insert(alerts),
        [
            {
                **keys.columns(decision.channel),
                "post": decision.post,
                "delivery": key,
                "matched": scores_to_json(decision.matched),
                "mode": decision.mode,
                "model": model,
                "decided_at": decided_at,
            }
            for key, decision in zip(tokens, owing, strict=True)
        ],
    )


def _row(decision: Decision, model: int, decided_at: datetime) -> dict[str, Any]:
    top = decision.scores[0] if decision.scores else None
    return {
        "post": decision.post,
        **keys.columns(decision.channel),
        "reason": decision.reason,
        "mode": decision.mode,
        "model": model,
        "label": top.label if top else None,
        "score": top.score if top else None,
        "decided_at": decided_at,
    }


def _identity(decision: Decision) -> tuple[int, str, str, str]:
    key = decision.channel
    return (decision.post, key.platform, key.workspace, key.channel)
