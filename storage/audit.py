"""Every change of a channel's settings: who, when, before, after."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import keys
from storage.schema import audit
from storage.types import Channel, ChannelKey


def record(
    connection: sa.Connection,
    *,
    before: Channel,
    after: Channel,
    actor: str,
    actor_name: str,
    command: str,
    at: datetime,
) -> bool:
    """Note what a command changed; False, and nothing noted, when it changed nothing."""
    old, new = _settings(before), _settings(after)
    changed = [part for part in old if old[part] != new[part]]
    if not changed:
        return False
    values = {
        **keys.columns(after.key),
        "at": at,
        "actor": actor,
        "actor_name": actor_name,
        "command": command,
        "before": {part: old[part] for part in changed},
        "after": {part: new[part] for part in changed},
    }
    connection.execute(sa.insert(audit), values)
    return True


def log(connection: sa.Connection, channel: ChannelKey, limit: int) -> list[Any]:
    """The channel's latest changes, newest first, as rows of `audit`."""
    query = sa.select(audit).where(keys.matches(audit, channel)).order_by(audit.c.id.desc()).limit(limit)
    return list(connection.execute(query))


def _settings(channel: Channel) -> dict[str, Any]:
    """A channel's settings in plain values; whether it can be reached is no setting."""
    return {
        "mode": channel.mode.value,
        "threshold": channel.threshold,
        "alerts": channel.alerts.value,
        "paused_until": channel.paused_until.isoformat() if channel.paused_until else None,
        "labels": [
            {"name": label.name, "description": label.label.description, "threshold": label.threshold}
            for label in channel.labels
        ],
        "watches": [
            {
                "source": watch.account.source,
                "id": watch.account.id,
                "handle": watch.account.handle,
                "name": watch.account.name,
                "added_by": watch.added_by,
                "added_at": watch.added_at.isoformat(),
            }
            for watch in channel.watches
        ],
    }
