"""A flood of alerts for one Slack channel, and a few for another: paced, in order, none lost, nobody kept waiting.

    python -m tests.benchmarks.slack_flood [--alerts 60] [--within 10] [--pace 1]

The real pipeline and adapter, the local Slack, and a model of words; times are those at which Slack kept a message.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.build import build
from bot.chat.slack.cards import key_in
from bot.chat.slack.incoming import PLATFORM
from bot.chat.slack.manifest import manifest
from bot.settings import Settings
from classifier.types import Label
from sources.types import Account
from storage import channels as channels_room
from storage.database import Connection, open_database
from storage.failpoints import Commit
from storage.types import Channel as Settled
from storage.types import ChannelKey, ChannelLabel, Watch
from tests.benchmarks.report import Figure, finish
from tests.fakes.lookout import Words
from tests.fakes.slack import HOME_TEAM, Channel, FakeSlack, Limits
from tests.fakes.slack_server import QuickSlack
from tests.fakes.trial import LONG_AGO

ALERTS, WITHIN_S, PACE_S, CALM = 60, 10.0, 1.0, 5
CALM_WITHIN_S = 2.0
"""How much later than its turn an alert of the other channel may come."""

_SLACK_S = 0.02
"""What a message may be faster on its way than the one before it."""

_SPARE_S = 30.0
_START = datetime(2026, 11, 2, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """What came: for each channel the posts in order, and when Slack kept each (seconds since 1970)."""

    flooded: Sequence[tuple[int, float]]
    calm: Sequence[tuple[int, float]]
    refused: int
    """Messages that Slack refused because they came too fast."""

    @property
    def gaps_s(self) -> list[float]:
        """Between one message and the next in the flooded channel."""
        return [after - before for (_, before), (_, after) in pairwise(self.flooded)]


async def flood(folder: Path, *, alerts: int, within_s: float, pace_s: float) -> Flood:
    """Play it and wait for all of it. What has not come in time is missing."""
    posts = [(number * within_s / alerts, "flooded", number) for number in range(alerts)]
    posts += [(number * within_s / CALM, "calm", number) for number in range(CALM)]
    _write(folder / "posts.jsonl", sorted(posts))
    limits = Limits(messages_per_s=1 / pace_s, burst=3)
    async with FakeSlack.running(manifest(), limits=limits) as slack:
        ada = slack.person("ada")
        channels = [slack.channel(name, ada) for name in ("flooded", "calm")]
        await _prepare(folder / "lapwing.db", channels)
        given: dict[str, Any] = {"database": folder / "lapwing.db", "replay_file": folder / "posts.jsonl"}
        given["replay_speed"] = 1.0
        settings = Settings(**given)
        platform = QuickSlack(slack.url, pace_s=pace_s)
        async with build(settings, scripted=False, platforms=[platform], choice=Words()) as app:
            running = asyncio.create_task(app.run(), name="lapwing")
            end_s = max(within_s, alerts * pace_s) + _SPARE_S
            try:
                await slack.until(lambda: len(_kept(channels[0])) + len(_kept(channels[1])) >= alerts + CALM, end_s)
                await slack.settled()
            finally:
                app.stop()
                await running
        return Flood(flooded=_kept(channels[0]), calm=_kept(channels[1]), refused=len(limits.refused))


def _write(path: Path, posts: Sequence[tuple[float, str, int]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for after_s, author, number in posts:
            at = (_START + timedelta(seconds=after_s)).isoformat()
            line = {"id": f"{author}{number}", "author": author, "text": f"security {number}", "created_at": at}
            file.write(json.dumps(line) + "\n")


async def _prepare(path: Path, channels: Sequence[Channel]) -> None:
    def save(connection: Connection) -> None:
        for one in channels:
            account = Account(source="x", id=one.name, handle=one.name)
            settled = Settled(
                key=ChannelKey(platform=PLATFORM, workspace=HOME_TEAM, channel=one.id),
                name=one.name,
                labels=(ChannelLabel(label=Label(name="security")),),
                watches=(Watch(account=account, added_by="Ada", added_at=LONG_AGO),),
            )
            channels_room.save(connection, settled)

    async with open_database(path) as database:
        await database.transaction(save, Commit.SETTINGS)


def _kept(channel: Channel) -> list[tuple[int, float]]:
    alerts = [message for message in channel.standing() if key_in({"metadata": message.metadata})]
    return [(int(message.text.rsplit(" ", 1)[1]), float(message.ts)) for message in alerts]


def figures(came: Flood, *, alerts: int, within_s: float, pace_s: float) -> list[Figure]:
    """What a flood must keep to."""
    numbers = [number for number, _ in came.flooded]
    began = came.calm[0][1] if came.calm else 0.0
    late = [at - began - number * within_s / CALM for number, at in came.calm]
    return [
        Figure(name="alerts in the flooded channel", value=len(set(numbers)), floor=alerts),
        Figure(name="messages in the flooded channel", value=len(numbers), ceiling=alerts),
        Figure(name="out of order", value=sum(after < before for before, after in pairwise(numbers)), ceiling=0),
        Figure(name="least gap s", value=min(came.gaps_s, default=0.0), floor=pace_s - _SLACK_S),
        Figure(name="refused for coming too fast", value=came.refused, ceiling=0),
        Figure(name="alerts in the calm channel", value=len(came.calm), floor=CALM, ceiling=CALM),
        Figure(name="latest in the calm channel s", value=max(late, default=0.0), ceiling=CALM_WITHIN_S),
    ]


def main() -> int:
    """Measure, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.slack_flood")
    parser.add_argument("--alerts", type=int, default=ALERTS)
    parser.add_argument("--within", type=float, default=WITHIN_S, help="seconds")
    parser.add_argument("--pace", type=float, default=PACE_S, help="seconds")
    given = parser.parse_args()
    size = {"alerts": given.alerts, "within_s": given.within, "pace_s": given.pace}
    with tempfile.TemporaryDirectory() as folder:
        came = asyncio.run(flood(Path(folder), **size))
    took_s = came.flooded[-1][1] - came.flooded[0][1]
    return finish("slack flood", figures(came, **size), took_s=round(took_s, 2), greatest_gap_s=max(came.gaps_s))


if __name__ == "__main__":
    sys.exit(main())
