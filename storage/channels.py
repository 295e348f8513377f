"""Channels with their settings. A channel's settings are one value: read whole, changed purely, saved whole."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from classifier.types import Label, Mode
from sources.types import Account
from storage import keys, sqlite
from storage.schema import channels, labels, watches
from storage.types import AlertState, Channel, ChannelKey, ChannelLabel, Watch


def load_all(connection: sa.Connection) -> list[Channel]:
    """Every channel Lapwing knows."""
    return _load(connection, None)


def load(connection: sa.Connection, key: ChannelKey) -> Channel | None:
    """One channel; None when nothing was ever set there."""
    found = _load(connection, key)
    return found[0] if found else None


def save(connection: sa.Connection, channel: Channel) -> None:
    """Store a channel as it now is, in place of what was stored of it."""
    key = keys.columns(channel.key)
    connection.execute(
        sqlite.upsert(channels),
        {
            **key,
            "name": channel.name,
            "mode": channel.mode,
            "threshold": channel.threshold,
            "alerts": channel.alerts,
            "paused_until": channel.paused_until,
            "suspended": channel.suspended,
        },
    )
    _replace(connection, labels, channel.key, [_label_row(at, label) for at, label in enumerate(channel.labels)])
    _replace(connection, watches, channel.key, [_watch_row(watch) for watch in channel.watches])


def suspend(connection: sa.Connection, key: ChannelKey, why: str) -> None:
    """Remember that nothing can be sent to a channel; its settings stay."""
    connection.execute(sa.update(channels).where(keys.matches(channels, key)).values(suspended=why))


def _load(connection: sa.Connection, only: ChannelKey | None) -> list[Channel]:
    rows = _rows(connection, channels, [], only)
    label_rows = _grouped(_rows(connection, labels, [labels.c.position], only))
    watch_rows = _grouped(_rows(connection, watches, [watches.c.added_at], only))
    return [_channel(row, label_rows[keys.of_row(row)], watch_rows[keys.of_row(row)]) for row in rows]


def _rows(
    connection: sa.Connection, table: sa.Table, order: list[sa.Column[Any]], only: ChannelKey | None
) -> Sequence[Any]:
    query = sa.select(table).order_by(*order, *table.primary_key)
    return connection.execute(query if only is None else query.where(keys.matches(table, only))).all()


def _grouped(rows: Sequence[Any]) -> dict[ChannelKey, list[Any]]:
    groups: dict[ChannelKey, list[Any]] = defaultdict(list)
    for row in rows:
        groups[keys.of_row(row)].append(row)
    return groups


def _channel(row: Any, label_rows: list[Any], watch_rows: list[Any]) -> Channel:
    return Channel(
        key=keys.of_row(row),
        name=row.name,
        mode=Mode(row.mode),
        threshold=row.threshold,
        alerts=AlertState(row.alerts),
        paused_until=row.paused_until,
        suspended=row.suspended,
        labels=tuple(
            ChannelLabel(label=Label(name=found.name, description=found.description), threshold=found.threshold)
            for found in label_rows
        ),
        watches=tuple(
            Watch(
                account=Account(source=found.source, id=found.account_id, handle=found.handle, name=found.account_name),
                added_by=found.added_by,
                added_at=found.added_at,
            )
            for found in watch_rows
        ),
    )


def _label_row(position: int, label: ChannelLabel) -> dict[str, Any]:
    return {
        "folded": label.name.casefold(),
        "name": label.name,
        "description": label.label.description,
        "threshold": label.threshold,
        "position": position,
    }


def _watch_row(watch: Watch) -> dict[str, Any]:
    return {
        "source": watch.account.source,
        "account_id": watch.account.id,
        "handle": watch.account.handle,
        "account_name": watch.account.name,
        "added_by": watch.added_by,
        "added_at": watch.added_at,
    }


def _replace(connection: sa.Connection, table: sa.Table, key: ChannelKey, rows: list[dict[str, Any]]) -> None:
    connection.execute(sa.delete(table).where(keys.matches(table, key)))
    if rows:
        connection.execute(sa.insert(table), [keys.columns(key) | row for row in rows])
