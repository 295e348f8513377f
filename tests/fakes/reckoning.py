"""What came of a trial: the alerts that must exist, those in the database, and the messages in the chat."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.fakes.trial import World, read_only


@dataclass(frozen=True, kw_only=True, slots=True)
class Reckoning:
    """What is wrong, each a line for people; all empty when nothing is."""

    lost: tuple[str, ...]
    """Alerts that must exist and do not, or that no message carries."""

    doubled: tuple[str, ...]
    """Alerts that more than one message carries."""

    strange: tuple[str, ...]
    """Alerts that must not exist, messages that carry none, and messages that say something else."""

    undecided: tuple[str, ...]
    """Posts not decided for a channel that watches, or decided for one that does not."""

    unsettled: tuple[str, ...]
    """Deliveries still owed, and posts still claimed or waiting."""

    damage: tuple[str, ...]
    """What SQLite finds wrong with the file."""

    alerts: int
    messages: int

    @property
    def problems(self) -> tuple[str, ...]:
        return self.lost + self.doubled + self.strange + self.undecided + self.unsettled + self.damage


class Kept(Protocol):
    """A message as a chat keeps it; the first of the same key comes first."""

    @property
    def id(self) -> int | str: ...

    @property
    def channel(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Alert:
    post: str
    channel: str
    key: str
    receipt: str | None


def reckon(path: Path, world: World, messages: Sequence[Kept], unreachable: Collection[str] = frozenset()) -> Reckoning:
    """`unreachable`: the channels that take no message; their alerts must exist all the same."""
    with closing(read_only(path)) as connection:
        alerts = [_Alert(*row) for row in connection.execute(_ALERTS)]
        notices = {str(key) for (key,) in connection.execute("SELECT key FROM deliveries WHERE kind = 'notice'")}
        decided = {(str(post), str(channel)) for post, channel in connection.execute(_DECIDED)}
        unsettled = _unsettled(connection)
        damage = tuple(row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok")
    stored = Counter((alert.post, alert.channel) for alert in alerts)
    carried = Counter((message.channel, message.key) for message in messages)
    reached = [alert for alert in alerts if alert.channel not in unreachable]
    owed, known = world.owed(), {(alert.channel, alert.key) for alert in alerts}
    strangers = [one for one in messages if (one.channel, one.key) not in known and one.key not in notices]
    return Reckoning(
        lost=(
            *(f"no alert of post {post} in {channel}" for post, channel in sorted(owed - stored.keys())),
            *(f"no message: {alert}" for alert in reached if not carried[alert.channel, alert.key]),
        ),
        doubled=(
            *(f"alerted {count} times: {alert}" for alert, count in stored.items() if count > 1),
            *(f"two messages: {alert}" for alert in reached if carried[alert.channel, alert.key] > 1),
        ),
        strange=(
            *(f"not owed: post {post} in {channel}" for post, channel in sorted(stored.keys() - owed)),
            *(f"nothing owes it: {message}" for message in strangers),
            *_saying_something_else(reached, messages),
        ),
        undecided=tuple(f"undecided, or of no concern: {one}" for one in sorted(decided ^ world.watched())),
        unsettled=unsettled,
        damage=damage,
        alerts=len(alerts),
        messages=len(messages),
    )


_ALERTS = (
    "SELECT posts.post_id, alerts.channel, alerts.delivery, deliveries.receipt FROM alerts"
    " JOIN posts ON posts.id = alerts.post JOIN deliveries ON deliveries.key = alerts.delivery"
)
_DECIDED = "SELECT posts.post_id, decisions.channel FROM decisions JOIN posts ON posts.id = decisions.post"


def _unsettled(connection: sqlite3.Connection) -> tuple[str, ...]:
    owed = connection.execute(
        "SELECT key, channel, verb, state FROM deliveries WHERE state IN ('pending', 'sending', 'ambiguous')"
    )
    waiting = connection.execute("SELECT post, claimed_by, set_aside FROM inbox")
    return (*(f"still owed: {row}" for row in owed), *(f"still in the inbox: {row}" for row in waiting))


def _saying_something_else(alerts: Sequence[_Alert], messages: Sequence[Kept]) -> list[str]:
    """Messages that are not about the post of the alert they carry, and receipts that are not of its message."""
    first = {(message.channel, message.key): message for message in reversed(messages)}
    wrong = []
    for alert in alerts:
        message = first.get((alert.channel, alert.key))
        if message and not message.text.endswith(f"/{alert.post}"):
            wrong.append(f"not about post {alert.post}: {message}")
        elif message and alert.receipt != str(message.id):
            wrong.append(f"receipt {alert.receipt} of {message}")
    return wrong
