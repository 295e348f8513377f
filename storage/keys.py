"""How a channel's key stands in tables: three columns, the same in each."""

from typing import Any

import sqlalchemy as sa

from storage.types import ChannelKey

NAMES = ("platform", "workspace", "channel")


def columns(key: ChannelKey) -> dict[str, str]:
    """The key as column values."""
    return {"platform": key.platform, "workspace": key.workspace, "channel": key.channel}


def of_row(row: Any) -> ChannelKey:
    """The key in a row that holds the three columns."""
    return ChannelKey(platform=row.platform, workspace=row.workspace, channel=row.channel)


def matches(table: sa.Table, key: ChannelKey) -> sa.ColumnElement[bool]:
    """That a row of this table belongs to the channel."""
    return sa.and_(*(table.c[name] == value for name, value in columns(key).items()))


def all_of(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    """The three columns of a table."""
    return tuple(table.c[name] for name in NAMES)
