"""Channels with their settings. A channel's settings are one value: read whole, changed purely, saved whole."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from classifier.types import Label, Mode
from sources.types import Account
from storage import keys, sqlite
from storage.schema import channels, labels, pauses, watches
from storage.settings_items import account_from_json, account_to_json, filters_from_json, filters_to_json, pause_target
from storage.types import AlertState, Channel, ChannelKey, ChannelLabel, Manager, Pause, Watch

_Groups = dict[ChannelKey, list[Any]]


def load_all(connection: sa.Connection) -> list[Channel]:
    """Every channel Lapwing knows."""
    return _load(connection, None)


def load(connection: sa.Connection, key: ChannelKey) -> Channel | None:
    """One channel; None when nothing was ever set there."""
    found = _load(connection, key)
    return found[0] if found else None


def save(connection: sa.Connection, channel: Channel) -> None:
    """Store a channel as it now is, in place of what was stored of it."""
    connection.execute(
        sqlite.upsert(channels),
        {
            **keys.columns(channel.key),
            "name": channel.name,
            "mode": channel.mode,
            "threshold": channel.threshold,
            "alerts": channel.alerts,
            "suspended": channel.suspended,
            "managers": [{"id": manager.id, "name": manager.name} for manager in channel.managers],
        },
    )
    _replace(connection, labels, channel.key, [_label_row(at, label) for at, label in enumerate(channel.labels)])
    _replace(connection, watches, channel.key, [_watch_row(watch) for watch in channel.watches])
    _replace(connection, pauses, channel.key, [_pause_row(pause) for pause in channel.pauses])


def resume(connection: sa.Connection, key: ChannelKey) -> None:
    """The channel can be sent to again."""
    connection.execute(sa.update(channels).where(keys.matches(channels, key)).values(suspended=""))


def suspend(connection: sa.Connection, key: ChannelKey, why: str) -> None:
    """Remember that nothing can be sent to a channel; its settings stay."""
    connection.execute(sa.update(channels).where(keys.matches(channels, key)).values(suspended=why))


def _load(connection: sa.Connection, only: ChannelKey | None) -> list[Channel]:
    rows = _rows(connection, channels, [], only)
    label_rows = _grouped(_rows(connection, labels, [labels.c.position], only))
    watch_rows = _grouped(_rows(connection, watches, [watches.c.added_at], only))
    pause_rows = _grouped(_rows(connection, pauses, [pauses.c.target], only))
    return [_channel(row, label_rows, watch_rows, pause_rows) for row in rows]


def _rows(
    connection: sa.Connection, table: sa.Table, order: list[sa.Column[Any]], only: ChannelKey | None
) -> Sequence[Any]:
    query = sa.select(table).order_by(*order, *table.primary_key)
    return connection.execute(query if only is None else query.where(keys.matches(table, only))).all()


def _grouped(rows: Sequence[Any]) -> _Groups:
    groups: _Groups = defaultdict(list)
    for row in rows:
        groups[keys.of_row(row)].append(row)
    return groups


def _channel(row: Any, label_rows: _Groups, watch_rows: _Groups, pause_rows: _Groups) -> Channel:
    key = keys.of_row(row)
    return Channel(
        key=key,
        name=row.name,
        mode=Mode(row.mode),
        threshold=row.threshold,
        alerts=AlertState(row.alerts),
        suspended=row.suspended,
        managers=tuple(Manager(**manager) for manager in row.managers),
        labels=tuple(map(_label, label_rows[key])),
        watches=tuple(map(_watch, watch_rows[key])),
        pauses=tuple(map(_pause, pause_rows[key])),
    )


def _label(row: Any) -> ChannelLabel:
    return ChannelLabel(label=Label(name=row.name, description=row.description), threshold=row.threshold)


def _watch(row: Any) -> Watch:
    account = Account(source=row.source, id=row.account_id, handle=row.handle, name=row.account_name)
    filters = filters_from_json(row.filters)
    return Watch(account=account, added_by=row.added_by, added_at=row.added_at, filters=filters)


def _pause(row: Any) -> Pause:
    return Pause(until=row.until, account=account_from_json(row.account), label=row.label)


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
        "filters": filters_to_json(watch.filters),
    }


def _pause_row(pause: Pause) -> dict[str, Any]:
    return {
        "target": pause_target(pause),
        "until": pause.until,
        "account": account_to_json(pause.account),
        "label": pause.label,
    }


def _replace(connection: sa.Connection, table: sa.Table, key: ChannelKey, rows: list[dict[str, Any]]) -> None:
    connection.execute(sa.delete(table).where(keys.matches(table, key)))
    if rows:
        connection.execute(sa.insert(table), [keys.columns(key) | row for row in rows])
