"""What a program left behind, as plain rows: the store and the chat. Read with SQL of its own."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class PostRow:
    """A post in the store; times in seconds since 1970."""

    id: int
    source_id: str
    account: str
    text: str
    published_s: float
    seen_s: float
    waits: bool = False
    """Whether it is in the inbox still."""

    set_aside: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRow:
    post: int
    channel: str
    reason: str
    detail: str
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRow:
    id: int
    post: int
    channel: str
    delivery: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryRow:
    key: str
    channel: str
    verb: str
    kind: str
    state: str
    receipt: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRow:
    """A line of the log."""

    channel: str
    at_s: float
    actor: str
    command: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRow:
    """A message as the chat has it."""

    receipt: str
    channel: str
    key: str
    alerts: tuple[int, ...]
    total: int
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WordRow:
    """A request to send that the chat was told, whatever came of it."""

    channel: str
    key: str
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """All that the store holds of what is checked."""

    posts: tuple[PostRow, ...]
    decisions: tuple[DecisionRow, ...]
    alerts: tuple[AlertRow, ...]
    deliveries: tuple[DeliveryRow, ...]
    changes: tuple[ChangeRow, ...]
    suspended: tuple[str, ...]
    damage: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching:
    """From when to when a channel watched an account."""

    channel: str
    account: str
    start_s: float
    end_s: float
    added_s: float
    """From when on posts count. Before `start_s` where someone took an /unwatch back."""


def watchings(changes: Iterable[ChangeRow]) -> list[Watching]:
    """When who watched whom, by the log, oldest change first."""
    begun: dict[tuple[str, str], tuple[float, float]] = {}
    found = []
    for change in changes:
        for item in (one for one in change.after if one.startswith("watch ")):
            place = change.channel, item.removeprefix("watch ").split(" ", 1)[1]
            if change.after[item] is not None:
                added_s = datetime.fromisoformat(change.after[item]["added_at"]).timestamp()
                begun.setdefault(place, (change.at_s, added_s))
            elif place in begun:
                found.append(_watching(place, begun.pop(place), change.at_s))
    return [*found, *(_watching(place, start, float("inf")) for place, start in begun.items())]


def _watching(place: tuple[str, str], begun: tuple[float, float], end_s: float) -> Watching:
    channel, account = place
    start_s, added_s = begun
    return Watching(channel=channel, account=account, start_s=start_s, end_s=end_s, added_s=added_s)


def read_book(path: Path) -> Book:
    """All that the store at this path holds of it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return Book(
            posts=tuple(
                PostRow(
                    id=number,
                    source_id=at_source,
                    account=account,
                    text=text,
                    published_s=published / 1e6,
                    seen_s=seen / 1e6,
                    waits=bool(entry and not why),
                    set_aside=why or "",
                )
                for number, at_source, account, text, published, seen, entry, why in connection.execute(_POSTS)
            ),
            decisions=tuple(
                DecisionRow(post=post, channel=channel, reason=reason, detail=detail, at_s=at / 1e6)
                for post, channel, reason, detail, at in connection.execute(_DECISIONS)
            ),
            alerts=tuple(
                AlertRow(id=number, post=post, channel=channel, delivery=delivery)
                for number, post, channel, delivery in connection.execute(
                    "SELECT id, post, channel, delivery FROM alerts"
                )
            ),
            deliveries=tuple(
                DeliveryRow(key=key, channel=channel, verb=verb, kind=kind, state=state, receipt=receipt)
                for key, channel, verb, kind, state, receipt in connection.execute(_DELIVERIES)
            ),
            changes=tuple(
                ChangeRow(
                    channel=channel,
                    at_s=at / 1e6,
                    actor=actor,
                    command=command,
                    before=json.loads(before),
                    after=json.loads(after),
                )
                for channel, at, actor, command, before, after in connection.execute(_CHANGES)
            ),
            suspended=tuple(row[0] for row in connection.execute("SELECT channel FROM channels WHERE suspended <> ''")),
            damage=tuple(row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"),
        )


_POSTS = (
    "SELECT posts.id, post_id, account_id, text, published_at, posts.seen_at, inbox.post, set_aside"
    " FROM posts LEFT JOIN inbox ON inbox.post = posts.id"
)
_DECISIONS = "SELECT post, channel, reason, detail, decided_at FROM decisions"
_DELIVERIES = "SELECT key, channel, verb, kind, state, receipt FROM deliveries"
_CHANGES = "SELECT channel, at, actor, command, before, after FROM audit ORDER BY id"
