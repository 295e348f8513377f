"""Every change of a channel's settings: who, when, before, after, and whether it was taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import keys
from storage.schema import audit
from storage.settings_items import ORDER, Items, difference
from storage.types import Channel, ChannelKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One entry of a channel's log."""

    id: int
    at: datetime
    actor: str
    actor_name: str
    command: str
    before: Items
    after: Items
    undoes: int | None
    undone_by: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class By:
    """Who changed something, with which words, and when."""

    actor: str
    actor_name: str
    command: str
    at: datetime


def record(
    connection: sa.Connection, *, before: Channel, after: Channel, by: By, undoes: int | None = None
) -> int | None:
    """Note what a command changed; the entry's number, or None, and nothing noted, when it changed nothing."""
    old, new = difference(before, after)
    if not old and undoes is None:
        return None
    values: dict[str, Any] = {
        **keys.columns(after.key),
        "at": by.at,
        "actor": by.actor,
        "actor_name": by.actor_name,
        "command": by.command,
        "before": old,
        "after": new,
        "undoes": undoes,
    }
    number = int(connection.execute(sa.insert(audit).returning(audit.c.id), values).scalar_one())
    if undoes is not None:
        connection.execute(sa.update(audit).where(audit.c.id == undoes).values(undone_by=number))
    return number


def log(connection: sa.Connection, channel: ChannelKey, limit: int) -> list[Change]:
    """The channel's latest changes, newest first."""
    query = sa.select(audit).where(keys.matches(audit, channel)).order_by(audit.c.id.desc()).limit(limit)
    return [_change(row) for row in connection.execute(query)]


def load(connection: sa.Connection, channel: ChannelKey, number: int) -> Change | None:
    """One entry of the channel's log."""
    query = sa.select(audit).where(keys.matches(audit, channel), audit.c.id == number)
    row = connection.execute(query).one_or_none()
    return None if row is None else _change(row)


def newest_to_undo(connection: sa.Connection, channel: ChannelKey) -> Change | None:
    """The newest change that is neither undone nor an undoing itself."""
    query = _standing(channel).order_by(audit.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _change(row)


def later_in_the_way(connection: sa.Connection, channel: ChannelKey, change: Change) -> Change | None:
    """A later change, still standing, that touched a setting of this one too."""
    query = _standing(channel).where(audit.c.id > change.id).order_by(audit.c.id)
    mine = _touched(change.before)
    for row in connection.execute(query):
        if mine & _touched(row.before):
            return _change(row)
    return None


def _standing(channel: ChannelKey) -> sa.Select[Any]:
    not_undone = sa.and_(audit.c.undone_by.is_(None), audit.c.undoes.is_(None))
    return sa.select(audit).where(keys.matches(audit, channel), not_undone)


def _touched(before: Mapping[str, Any]) -> set[str]:
    return set(before) - {ORDER}


def _change(row: Any) -> Change:
    return Change(
        id=row.id,
        at=row.at,
        actor=row.actor,
        actor_name=row.actor_name,
        command=row.command,
        before=row.before,
        after=row.after,
        undoes=row.undoes,
        undone_by=row.undone_by,
    )
